"""RabbitMQ's definitions files: read, policies applied, and an account of every key.

Nothing is dropped without a word, and nothing is refused whole for one queue that is wrong.

Source: RabbitMQ's documentation of definitions and of virtual hosts (default queue type).
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from mqsim.errors import UsageError
from mqsim.scenario.policies import (
    LIMITS,
    NO_EFFECT,
    NOT_MODELLED,
    WORDS,
    State,
    Table,
    apply_policy,
    policy_of,
)

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

_TOP = {
    "users": "clients are not asked who they are",
    "permissions": "every client may do everything",
    "topic_permissions": "every client may do everything",
    "rabbit_version": "the profile says whose rules apply, not the file",
    "rabbitmq_version": "the profile says whose rules apply, not the file",
    "rabbitmq_definition_format": "it describes the file",
    "product_name": "it describes the file",
    "product_version": "it describes the file",
    "original_cluster_name": "it is a name",
    "original_vhost_name": "it is a name",
    "description": "it is a text",
    "metadata": "it describes the file",
    "explanation": "it describes the file",
    "limits": "limits on connections and queues are never reached here",
    "tags": "it is a text",
    "tracing": "tracing takes no time here",
    "name": "it is a name",
}
_MOVES = "nothing moves messages between brokers here"
_USED = (
    "queues",
    "exchanges",
    "bindings",
    "policies",
    "vhosts",
    "parameters",
    "global_parameters",
    "operator_policies",
)
_OBJECTS = {
    "queues": ("name", "vhost", "durable", "auto_delete", "arguments", "type"),
    "exchanges": ("name", "vhost", "type", "durable", "auto_delete", "internal", "arguments"),
    "bindings": ("source", "vhost", "destination", "destination_type", "routing_key", "arguments"),
    "policies": ("vhost", "name", "pattern", "apply-to", "definition", "priority"),
    "operator_policies": ("vhost", "name", "pattern", "apply-to", "definition", "priority"),
    "vhosts": ("name", "default_queue_type"),
}
"""Fields of each object that are read, or that name it."""
_HARMLESS = {
    "exclusive": "a scenario's clients live as long as it says",
    "properties_key": "it repeats the key and the arguments",
    "description": "it is a text",
    "tags": "it is a text",
    "metadata": "it describes the virtual host; its default queue type is used",
    "limits": "limits on connections and queues are never reached here",
    "tracing": "tracing takes no time here",
    "cluster_state": "it tells how the broker was when the file was written",
    "state": "it tells how the broker was when the file was written",
    "message_stats": "it tells how the broker was when the file was written",
    "messages": "it tells how the broker was when the file was written (ready fills a queue here)",
    "node": "it tells how the broker was when the file was written",
    "leader": "which node a queue begins on is the scenario's to say (leader)",
    "policy": "which policy applies is found by its pattern",
    "effective_policy_definition": "which policy applies is found by its pattern",
    "user_who_performed_action": "clients are not asked who they are",
}
EXCHANGES = ("direct", "fanout", "topic", "headers")
_ARGUMENTS = {*LIMITS.values(), *WORDS.values(), "x-max-priority", "x-single-active-consumer", "x-queue-type"}
_ARGUMENTS |= {"x-quorum-initial-group-size"}


@dataclass(frozen=True)
class Entry:
    """One key of the file, and what became of it.

    Attributes:
        where: its place, such as `queues orders`.
        key: the key itself, with its value where it is short.
        state: `used`, `no effect`, or `not modelled`.
        why: the reason, where it is not simply used.
    """

    where: str
    key: str
    state: State
    why: str = ""


@dataclass(frozen=True)
class DefinedQueue:
    """A queue as a file declares it.

    Attributes:
        name, durable, auto_delete: as declared.
        table: its own arguments, with the type that the virtual host gives it.
        effective: with what its policies add.
        policies: those that apply to it.
    """

    name: str
    durable: bool
    auto_delete: bool
    table: Table
    effective: Table
    policies: tuple[str, ...] = ()


@dataclass(frozen=True)
class DefinedExchange:
    """An exchange as a file declares it; `alternate` is its own or its policy's."""

    name: str
    type: str
    durable: bool
    auto_delete: bool
    internal: bool
    arguments: Table
    alternate: str | None = None


@dataclass(frozen=True)
class DefinedBinding:
    """A binding as a file declares it."""

    source: str
    destination: str
    to_queue: bool
    key: str
    arguments: Table


@dataclass
class Definitions:
    """What a file declares in one virtual host, and the account of its keys."""

    vhost: str
    queues: list[DefinedQueue] = field(default_factory=list)
    exchanges: list[DefinedExchange] = field(default_factory=list)
    bindings: list[DefinedBinding] = field(default_factory=list)
    account: list[Entry] = field(default_factory=list)

    def note(self, where: str, key: str, state: State, why: str = "") -> None:
        """Add an entry to the account, once."""
        entry = Entry(where, key, state, why)
        if entry not in self.account:
            self.account.append(entry)

    def withdraw(self, where: str, key: str) -> None:
        """Take back that something is used."""
        self.account = [each for each in self.account if each != Entry(where, key, "used")]

    def replace(self, key: str, state: State, why: str) -> None:
        """Say otherwise of a key of a policy that is noted as used."""
        self.account = [
            Entry(each.where, each.key, state, why) if each.key == key and each.state == "used" else each
            for each in self.account
        ]

    def told(self) -> list[str]:
        """Sentences about what was not used: one for each reason."""
        by: dict[tuple[str, str], list[str]] = {}
        for entry in self.account:
            if entry.state != "used":
                by.setdefault((entry.state, entry.why), []).append(f"{entry.where} {entry.key}".strip())
        return [
            f"{'Without effect' if state == 'no effect' else 'Not modelled'}: {_some(names)} ({why})."
            for (state, why), names in by.items()
        ]


def _some(names: list[str]) -> str:
    unique = list(dict.fromkeys(names))
    return ", ".join(unique) if len(unique) <= 4 else f"{', '.join(unique[:3])} and {len(unique) - 3} more"


def read_definitions(path: Path, vhost: str | None = None) -> Definitions:
    """Read a definitions file.

    Args:
        path: JSON, as `rabbitmqctl export_definitions` or the management page writes it.
        vhost: whose queues; by default `/`, or the only one that has any.

    Raises:
        UsageError: the file can't be read or is none of that kind, or it isn't clear which virtual host.
    """
    given = _given(path)
    return _read(given, _chosen(path, given, vhost))


def _given(path: Path) -> dict[str, Any]:
    """What the file holds, as far as its outer form is that of definitions."""
    try:
        given = json.loads(path.read_text(encoding="utf-8-sig"))
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(f"{path}: it can't be read ({getattr(error, 'strerror', None) or error}).") from None
    except ValueError as error:
        raise UsageError(f"{path}: this is no JSON ({error}).") from None
    if isinstance(given, dict):
        given = {key: [] if value is None and key in _USED else value for key, value in given.items()}
    if not isinstance(given, dict) or not any(key in given for key in (*_USED, *_TOP)):
        raise UsageError(f"{path}: a definitions file is an object with queues, exchanges and bindings.")
    for key in _USED:
        if not isinstance(given.get(key, []), list):
            raise UsageError(f"{path}: {key}: a list is wanted here.")
    return given


def virtual_hosts(path: Path) -> list[str]:
    """The virtual hosts that a definitions file declares or puts something into, in its order.

    Raises:
        UsageError: the file can't be read or is none of that kind.
    """
    given = _given(path)
    named = [each.get("name") for each in _objects(given, "vhosts")]
    for kind in ("queues", "exchanges", "bindings", "policies"):
        named += [each.get("vhost") for each in _objects(given, kind)]
    return list(dict.fromkeys(name for name in named if isinstance(name, str))) or ["/"]


def _chosen(path: Path, given: Mapping[str, Any], vhost: str | None) -> str:
    hosts: dict[str, int] = {}
    for kind in ("queues", "exchanges", "bindings"):
        for each in _objects(given, kind):
            host = str(each.get("vhost", "/"))
            hosts[host] = hosts.get(host, 0) + 1
    declared = [str(each.get("name")) for each in _objects(given, "vhosts")]
    if vhost is not None:
        if vhost not in hosts and vhost not in declared:
            known = ", ".join(dict.fromkeys([*hosts, *declared])) or "none"
            raise UsageError(f"--vhost {vhost}: {path} has no such virtual host; it has {known}.")
        return vhost
    if "/" in hosts or not hosts:
        return "/"
    if len(hosts) == 1:
        return next(iter(hosts))
    raise UsageError(
        f"--vhost: {path} has several virtual hosts and none called /: {', '.join(hosts)}. Name one."
    )


def _objects(given: Mapping[str, Any], kind: str) -> Iterator[dict[str, Any]]:
    return (each for each in given.get(kind, []) if isinstance(each, dict))


def _read(given: Mapping[str, Any], vhost: str) -> Definitions:
    found = Definitions(vhost)
    for key, value in given.items():
        if key in _TOP and key not in ("name",):
            if value not in (None, [], {}, ""):
                found.note("", key, "no effect", _TOP[key])
        elif key not in _USED and key not in ("name", "default_queue_type"):
            found.note("", key, "not modelled", "this key is not known")
    here = {
        kind: [each for each in _well_formed(found, given, kind) if str(each.get("vhost", vhost)) == vhost]
        for kind in ("queues", "exchanges", "bindings", "policies", "operator_policies")
    }
    _elsewhere(found, given, vhost)
    operator = here["operator_policies"] + list(_parameters(found, given, vhost))
    usual = _default_type(found, given, vhost)
    _exchanges(found, here["exchanges"], here["policies"])
    _queues(found, here["queues"], here["policies"], operator, usual)
    _bindings(found, here["bindings"])
    _unused(found, here["policies"], operator)
    return found


_FIELDS: dict[str, tuple[str, ...]] = {
    "queues": ("name",),
    "exchanges": ("name", "type"),
    "bindings": ("source", "destination", "destination_type"),
    "policies": ("name", "pattern"),
    "operator_policies": ("name", "pattern"),
}


def _well_formed(found: Definitions, given: Mapping[str, Any], kind: str) -> Iterator[dict[str, Any]]:
    """The items that have what each must have; the others are told."""
    for number, each in enumerate(given.get(kind, [])):
        where = f"{kind}[{number}]"
        if not isinstance(each, dict):
            found.note(where, "", "not modelled", "an object is wanted here")
            continue
        lacks = [name for name in _FIELDS[kind] if not isinstance(each.get(name), str)]
        odd = [name for name in ("arguments", "definition") if not isinstance(each.get(name) or {}, dict)]
        if lacks or odd:
            why = f"{lacks[0]}: a text is wanted here" if lacks else f"{odd[0]}: an object is wanted here"
            found.note(where, str(each.get("name", "")), "not modelled", why)
            continue
        called = f"{each['source']} to {each['destination']}" if kind == "bindings" else each["name"]
        _other_fields(found, kind, f"{kind} {called}", each)
        yield each


def _other_fields(found: Definitions, kind: str, where: str, each: Mapping[str, Any]) -> None:
    """Fields of an object that change nothing here, or that nobody knows."""
    for name, value in each.items():
        if name in _OBJECTS[kind] or value in (None, [], {}, "", False):
            continue
        why = _HARMLESS.get(name)
        found.note(where, name, "no effect" if why else "not modelled", why or "this field is not known")


def _elsewhere(found: Definitions, given: Mapping[str, Any], vhost: str) -> None:
    """What belongs to other virtual hosts."""
    others: dict[str, int] = {}
    for kind in ("queues", "exchanges", "bindings", "policies"):
        for each in _objects(given, kind):
            host = str(each.get("vhost", vhost))
            if host != vhost:
                others[host] = others.get(host, 0) + 1
    for host, count in others.items():
        why = f"only virtual host {vhost} is taken; name another with --vhost"
        found.note(f"virtual host {host}", f"({count} items)", "not modelled", why)


def _parameters(found: Definitions, given: Mapping[str, Any], vhost: str) -> Iterator[dict[str, Any]]:
    """Operator policies among the parameters; the others (shovels, federation, limits) are told."""
    for each in [*_objects(given, "parameters"), *_objects(given, "global_parameters")]:
        component, name = str(each.get("component", "")), str(each.get("name", ""))
        value = each.get("value")
        if component == "operator_policy" and isinstance(value, dict):
            if str(each.get("vhost", vhost)) == vhost:
                yield {"name": name, **value}
        elif component == "vhost-limits":
            found.note("parameter", name, "no effect", _TOP["limits"])
        elif not component and name in ("cluster_name", "internal_cluster_id"):
            found.note("parameter", name, "no effect", "it is a name")
        else:
            moves = component == "shovel" or component.startswith("federation")
            why = _MOVES if moves else "this parameter is not known"
            found.note("parameter", f"{component} {name}".strip(), "not modelled", why)


def _default_type(found: Definitions, given: Mapping[str, Any], vhost: str) -> str | None:
    # An export of one virtual host says at its top what others say of each.
    for each in [*_objects(given, "vhosts"), {"name": vhost, **_top_type(given)}]:
        if each.get("name") != vhost:
            continue
        _other_fields(found, "vhosts", f"vhosts {vhost}", each)
        metadata = each.get("metadata")
        inside = metadata.get("default_queue_type") if isinstance(metadata, dict) else None
        told = each.get("default_queue_type") or inside
        if isinstance(told, str) and told not in ("undefined", ""):
            found.note(f"vhosts {vhost}", f"default_queue_type {told}", "used")
            return told
    return None


def _top_type(given: Mapping[str, Any]) -> dict[str, Any]:
    return {"default_queue_type": given["default_queue_type"]} if "default_queue_type" in given else {}


def _exchanges(found: Definitions, given: list[dict[str, Any]], policies: list[dict[str, Any]]) -> None:
    for each in given:
        name, kind = each["name"], each["type"]
        if name == "" or name.startswith("amq."):
            continue
        if kind not in EXCHANGES:
            found.note(f"exchanges {name}", f"type {kind}", "not modelled", "it needs a plugin")
            continue
        arguments = dict(each.get("arguments") or {})
        policy = policy_of(name, ("exchanges",), policies)
        definition = dict((policy or {}).get("definition") or {})
        alternate = arguments.get("alternate-exchange", definition.get("alternate-exchange"))
        for key in definition:
            where = f"policy {(policy or {})['name']}"
            if key == "alternate-exchange":
                state: State = "no effect" if key in arguments else "used"
                why = "the exchange's own argument counts" if key in arguments else ""
                found.note(where, f"{key} on {name}", state, why)
            elif key.startswith("federation"):
                found.note(where, f"{key} on {name}", "not modelled", _MOVES)
        found.note(f"exchanges {name}", f"type {kind}", "used")
        for key in arguments.keys() - {"alternate-exchange"}:
            found.note(f"exchanges {name}", key, "not modelled", "this argument is not known")
        found.exchanges.append(
            DefinedExchange(
                name,
                kind,
                bool(each.get("durable", True)),
                bool(each.get("auto_delete", False)),
                bool(each.get("internal", False)),
                arguments,
                alternate if isinstance(alternate, str) else None,
            )
        )


def _queues(
    found: Definitions,
    given: list[dict[str, Any]],
    policies: list[dict[str, Any]],
    operator: list[dict[str, Any]],
    usual: str | None,
) -> None:
    for each in given:
        name = each["name"]
        if any(queue.name == name for queue in found.queues):
            found.note(f"queues {name}", "", "not modelled", "it is declared twice; the first counts")
            continue
        table = dict(each.get("arguments") or {})
        durable, fleeting = bool(each.get("durable", True)), bool(each.get("auto_delete", False))
        if "x-queue-type" not in table and isinstance(each.get("type"), str):
            table["x-queue-type"] = each["type"]
        if (
            "x-queue-type" not in table
            and usual is not None
            and durable
            and not fleeting
            and not each.get("exclusive")
        ):
            table["x-queue-type"] = usual
        kind = str(table.get("x-queue-type", "classic"))
        if kind not in ("classic", "quorum"):
            found.note(
                f"queues {name}", f"type {kind}", "not modelled", "there are classic and quorum queues only"
            )
            continue
        if kind == "classic":
            table.pop("x-queue-type", None)  # said or not, it is the same; clients seldom say it
        own = {key: value for key, value in table.items() if _known(found, name, key)}
        kinds = (f"{kind}_queues", "queues")
        applied = []
        effective = dict(own)
        for each_kind, limits in ((policies, False), (operator, True)):
            policy = policy_of(name, kinds, each_kind)
            if policy is not None:
                applied.append(policy["name"])
                apply_policy(found.note, name, kind, effective, policy, limits)
        found.note(f"queues {name}", f"type {kind}", "used")
        found.queues.append(DefinedQueue(name, durable, fleeting, table, effective, tuple(applied)))


def _known(found: Definitions, queue: str, key: str) -> bool:
    if key in _ARGUMENTS:
        if key != "x-queue-type":
            found.note(f"queues {queue}", key, "used")
        return True
    without = NO_EFFECT.get(key) or NO_EFFECT.get(key.removeprefix("x-"))
    if without is not None:
        found.note(f"queues {queue}", key, "no effect", without)
    else:
        why = NOT_MODELLED.get(key.removeprefix("x-"), "this argument is not known")
        found.note(f"queues {queue}", key, "not modelled", why)
    return False


def _bindings(found: Definitions, given: list[dict[str, Any]]) -> None:
    queues = {queue.name for queue in found.queues}
    exchanges = {exchange.name for exchange in found.exchanges}
    for each in given:
        source, destination = each["source"], each["destination"]
        to_queue = each["destination_type"] == "queue"
        if source == "":
            continue  # every queue is bound to the default exchange
        where = f"bindings {source} to {destination}"
        if source not in exchanges and not source.startswith("amq."):
            found.note(where, "", "not modelled", f"there is no exchange {source} here")
        elif destination not in (queues if to_queue else exchanges) and not destination.startswith("amq."):
            found.note(
                where, "", "not modelled", f"there is no {each['destination_type']} {destination} here"
            )
        else:
            found.note(where, "", "used")
            key = str(each.get("routing_key", ""))
            found.bindings.append(
                DefinedBinding(source, destination, to_queue, key, dict(each.get("arguments") or {}))
            )


def _unused(found: Definitions, policies: list[dict[str, Any]], operator: list[dict[str, Any]]) -> None:
    """Policies that nothing uses."""
    used = {name for queue in found.queues for name in queue.policies}
    told = {entry.where for entry in found.account}
    for each in [*policies, *operator]:
        name = str(each.get("name"))
        if name in used or f"policy {name}" in told:
            continue
        try:
            re.compile(str(each.get("pattern", "")))
            why = _beaten(found, each, operator if each in operator else policies)
        except re.error as error:
            why = f"its pattern can't be read ({error})"
        found.note("policy", name, "no effect", why)


def _beaten(found: Definitions, policy: dict[str, Any], others: list[dict[str, Any]]) -> str:
    """Why a policy applies to nothing: nothing has such a name, or another policy stands before it."""
    things: list[tuple[str, tuple[str, ...]]] = [
        (queue.name, (f"{queue.effective.get('x-queue-type', 'classic')}_queues", "queues"))
        for queue in found.queues
    ]
    things += [(exchange.name, ("exchanges",)) for exchange in found.exchanges]
    winners = [
        policy_of(name, kinds, others)
        for name, kinds in things
        if policy_of(name, kinds, [policy]) is not None
    ]
    names = list(
        dict.fromkeys(str(each["name"]) for each in winners if each is not None and each is not policy)
    )
    if names:
        return f"only the policy of the highest priority applies to a name, and that is {' or '.join(names)}"
    return "no queue or exchange here has such a name"
