"""Queues, exchanges and bindings from a definitions file, declared on a broker, with its policies applied.

What is there already has to be the same. One item that is refused does not keep out the others; it is told.
"""

from __future__ import annotations

import json
from functools import partial
from typing import TYPE_CHECKING

from mqsim.amqp.access import DEFAULT_HASH, Access, Password
from mqsim.errors import BrokerError
from mqsim.scenario.definitions import (
    DefinedBinding,
    DefinedExchange,
    DefinedQueue,
    read_definitions,
)

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from mqsim.broker import Broker, Channel


def access_of(path: Path) -> Access:
    """Who may log in by a definitions file, and to which virtual host.

    Raises:
        UsageError: the file can't be read, or is none of that kind.
    """
    chosen = read_definitions(path).vhost
    given = json.loads(path.read_text(encoding="utf-8-sig"))
    users = {}
    for each in given.get("users") or ():
        text = each.get("password_hash", each.get("password")) if isinstance(each, dict) else None
        if isinstance(text, str):
            algorithm = each.get("hashing_algorithm", DEFAULT_HASH) if "password_hash" in each else ""
            users[str(each.get("name"))] = Password(text, str(algorithm))
    vhosts = frozenset({chosen})
    named = {str(each.get("name")) for each in given.get("vhosts") or () if isinstance(each, dict)}
    others = frozenset(named - vhosts)
    return Access(users, vhosts, others) if users else Access(vhosts=vhosts, others=others)


def load(path: Path, broker: Broker, vhost: str | None = None) -> list[str]:
    """Declare what a definitions file holds.

    Args:
        path: the file.
        broker: where it is declared.
        vhost: whose queues; by default `/`, or the only one that has any.

    Returns:
        Sentences about what was refused, has no effect here or is not modelled.

    Raises:
        UsageError: the file can't be read, or is none of that kind.
    """
    found = read_definitions(path, vhost)
    refused: list[str] = []
    link = broker.connect("definitions")

    def attempt(where: str, act: Callable[[Channel], None]) -> None:
        try:
            act(link.channel())
        except BrokerError as error:
            refused.append(f"Refused: {where} ({error.text}).")

    try:
        for exchange in found.exchanges:
            attempt(f"exchange {exchange.name}", partial(_exchange, exchange))
        for queue in found.queues:
            attempt(f"queue {queue.name}", partial(_queue, broker, queue))
        for binding in found.bindings:
            attempt(f"binding {binding.source} to {binding.destination}", partial(_bind, binding))
    finally:
        link.close()
    return [*refused, *found.told()]


def _queue(broker: Broker, each: DefinedQueue, channel: Channel) -> None:
    """Declare it with what its policies add; clients know it by its own arguments alone."""
    there = broker.queues.get(each.name)
    if there is not None and there.table != each.effective:
        channel.declare_queue(
            each.name, durable=each.durable, auto_delete=each.auto_delete, arguments=each.table
        )
        return
    queue = channel.declare_queue(
        each.name, durable=each.durable, auto_delete=each.auto_delete, arguments=each.effective
    )
    queue.table = dict(each.table)


def _exchange(each: DefinedExchange, channel: Channel) -> None:
    arguments = dict(each.arguments)
    if each.alternate is not None:
        arguments["alternate-exchange"] = each.alternate
    channel.declare_exchange(
        each.name,
        each.type,
        durable=each.durable,
        auto_delete=each.auto_delete,
        internal=each.internal,
        arguments=arguments,
    )


def _bind(each: DefinedBinding, channel: Channel) -> None:
    bind = channel.bind_queue if each.to_queue else channel.bind_exchange
    bind(each.destination, each.source, each.key, each.arguments)
