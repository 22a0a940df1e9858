"""Queues, exchanges and bindings from a definitions file, as RabbitMQ exports it.

What is there already has to be the same. Users may log in (`access_of`), and virtual hosts be opened, which
are all one here. Permissions and policies are passed over, and that is said. Source: RabbitMQ's documentation
of definitions.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Final

from mqsim.amqp.access import VHOST, Access, Password
from mqsim.broker import Broker, Channel
from mqsim.errors import BrokerError, UsageError

_PASSED_OVER: Final = ("policies", "parameters", "global_parameters", "topic_permissions")
_KINDS: Final[Mapping[str, tuple[str, ...]]] = {
    "queues": ("name",),
    "exchanges": ("name", "type"),
    "bindings": ("source", "destination", "destination_type"),
}
"""What is taken, and which fields each must have."""


def load(path: Path, broker: Broker) -> list[str]:
    """Declare what a definitions file holds.

    Returns:
        Sentences about what was passed over.

    Raises:
        UsageError: the file can't be read, is none of that kind, or asks for what can't be.
    """
    given = _read(path)
    told = []
    link = broker.connect("definitions")
    acts: dict[str, Callable[[Channel, Mapping[str, Any]], None]] = {
        "exchanges": _exchange,
        "queues": _queue,
        "bindings": _bind,
    }
    try:
        for kind, act in acts.items():
            for number, each in enumerate(_list(path, given, kind)):
                where = f"{kind}[{number}]"
                _check(path, where, each, _KINDS[kind])
                _carry_out(path, where, link.channel(), act, each)
    finally:
        link.close()
    if len(hosts := access_of(path).vhosts) > 1:
        told.append(
            f"the virtual hosts {', '.join(sorted(hosts))} are one here: they share queues and exchanges."
        )
    if ignored := [name for name in _PASSED_OVER if given.get(name)]:
        told.append(f"passed over, for they change nothing here: {', '.join(ignored)}.")
    return told


def access_of(path: Path) -> Access:
    """Who may log in by a definitions file, and which virtual hosts there are.

    Raises:
        UsageError: the file can't be read, or is none of that kind.
    """
    given = _read(path)
    users = {}
    for number, each in enumerate(_list(path, given, "users")):
        _check(path, f"users[{number}]", each, ("name",))
        text = each.get("password_hash", each.get("password"))
        hashed = "password_hash" in each
        algorithm = each.get("hashing_algorithm", "rabbit_password_hashing_sha256") if hashed else ""
        if isinstance(text, str):
            users[each["name"]] = Password(text, str(algorithm))
    named = {
        each["name"] for each in _list(path, given, "vhosts") if isinstance(each, dict) and "name" in each
    }
    used = {
        str(each.get("vhost", VHOST))
        for kind in _KINDS
        for each in _list(path, given, kind)
        if isinstance(each, dict)
    }
    chosen = frozenset(map(str, named | used)) or frozenset({VHOST})
    return Access(users, chosen) if users else Access(vhosts=chosen)


def _read(path: Path) -> dict[str, Any]:
    try:
        given = json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise UsageError(f"{path}: it can't be read ({error.strerror}).") from None
    except ValueError as error:
        raise UsageError(f"{path}: this is no JSON ({error}).") from None
    if not isinstance(given, dict):
        raise UsageError(f"{path}: a definitions file is an object with queues, exchanges and bindings.")
    return given


def _list(path: Path, given: Mapping[str, Any], kind: str) -> list[Any]:
    found = given.get(kind, [])
    if not isinstance(found, list):
        raise UsageError(f"{path}: {kind}: a list is wanted here.")
    return found


def _check(path: Path, where: str, each: object, fields: tuple[str, ...]) -> None:
    if not isinstance(each, dict):
        raise UsageError(f"{path}: {where}: an object is wanted here.")
    for field in fields:
        if not isinstance(each.get(field), str):
            raise UsageError(f"{path}: {where}.{field}: a text is wanted here.")
    if not isinstance(each.get("arguments") or {}, dict):
        raise UsageError(f"{path}: {where}.arguments: an object is wanted here.")


def _carry_out(
    path: Path,
    where: str,
    channel: Channel,
    act: Callable[[Channel, Mapping[str, Any]], None],
    each: Mapping[str, Any],
) -> None:
    try:
        act(channel, each)
    except BrokerError as error:
        raise UsageError(f"{path}: {where}: {error.text}.") from None


def _queue(channel: Channel, each: Mapping[str, Any]) -> None:
    arguments = dict(each.get("arguments") or {})
    if "type" in each:
        arguments.setdefault("x-queue-type", each["type"])
    if arguments.get("x-queue-type") == "classic":
        # Said or not, it is the same; clients seldom say it.
        del arguments["x-queue-type"]
    channel.declare_queue(
        each["name"],
        durable=bool(each.get("durable", True)),
        auto_delete=bool(each.get("auto_delete", False)),
        arguments=arguments,
    )


def _exchange(channel: Channel, each: Mapping[str, Any]) -> None:
    if each["name"] == "" or each["name"].startswith("amq."):
        return
    channel.declare_exchange(
        each["name"],
        each["type"],
        durable=bool(each.get("durable", True)),
        auto_delete=bool(each.get("auto_delete", False)),
        internal=bool(each.get("internal", False)),
        arguments=each.get("arguments") or {},
    )


def _bind(channel: Channel, each: Mapping[str, Any]) -> None:
    if each["source"] == "":
        return
    bind = channel.bind_queue if each["destination_type"] == "queue" else channel.bind_exchange
    bind(each["destination"], each["source"], each.get("routing_key", ""), each.get("arguments") or {})
