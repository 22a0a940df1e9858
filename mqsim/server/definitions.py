"""Queues, exchanges and bindings from a definitions file, declared on a broker, with its policies applied.

What is there already has to be the same. One item that is refused does not keep out the others; it is told.
"""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING

from mqsim.amqp.fields import MalformedTableError, as_carried
from mqsim.errors import BrokerError
from mqsim.scenario.definitions import (
    DefinedBinding,
    DefinedExchange,
    DefinedQueue,
    read_definitions,
    virtual_hosts,
)
from mqsim.server.accounts import Accounts

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from mqsim.broker import Broker, Channel
    from mqsim.protocol.access import Access
    from mqsim.server.vhosts import VirtualHosts

_SERVED = ("users", "permissions")
"""What a scenario has no use for, and a broker that clients log in to has."""


def access_of(path: Path) -> Access:
    """Who may log in by a definitions file, and to which virtual host: the one that `load` takes.

    Raises:
        UsageError: the file can't be read, or is none of that kind.
    """
    chosen = read_definitions(path).vhost
    access = Accounts.read(path).access([chosen])
    return replace(access, others=frozenset(virtual_hosts(path)) - {chosen})


def load_all(path: Path, vhosts: VirtualHosts) -> list[str]:
    """Declare what a definitions file holds, in each of its virtual hosts.

    Args:
        path: the file.
        vhosts: where; those that are not there yet are made.

    Returns:
        Sentences about what was refused, has no effect here or is not modelled.

    Raises:
        UsageError: the file can't be read, or is none of that kind.
    """
    told: list[str] = []
    for name in virtual_hosts(path):
        told += vhosts.add(name)
        told += load(path, vhosts.brokers[name], name, alone=False)
    return list(dict.fromkeys(told))


def load(path: Path, broker: Broker, vhost: str | None = None, *, alone: bool = True) -> list[str]:
    """Declare what a definitions file holds.

    Args:
        path: the file.
        broker: where it is declared.
        vhost: whose queues; by default `/`, or the only one that has any.
        alone: whether that is the only one here, so that it is told what belongs to others.

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
        except MalformedTableError as error:
            refused.append(f"Refused: {where} (no frame can carry its arguments: {error}).")

    try:
        for exchange in found.exchanges:
            attempt(f"exchange {exchange.name}", partial(_exchange, exchange))
        for queue in found.queues:
            attempt(f"queue {queue.name}", partial(_queue, broker, queue))
        for binding in found.bindings:
            attempt(f"binding {binding.source} to {binding.destination}", partial(_bind, binding))
    finally:
        link.close()
    found.account = [
        entry
        for entry in found.account
        if (entry.where or entry.key not in _SERVED)
        and (alone or not entry.where.startswith("virtual host "))
    ]
    return [*refused, *found.told()]


def _queue(broker: Broker, each: DefinedQueue, channel: Channel) -> None:
    """Declare it with what its policies add; clients know it by its own arguments alone."""
    table = as_carried(each.table)
    there = broker.queues.get(each.name)
    if there is not None and there.table != each.effective:
        channel.declare_queue(each.name, durable=each.durable, auto_delete=each.auto_delete, arguments=table)
        return
    queue = channel.declare_queue(
        each.name, durable=each.durable, auto_delete=each.auto_delete, arguments=each.effective
    )
    queue.table = table


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
    bind(each.destination, each.source, each.key, as_carried(each.arguments))
