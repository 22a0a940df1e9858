"""A scenario's broker from a definitions file, and a definitions file from a scenario's broker."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from mqsim.errors import ScenarioError
from mqsim.scenario.brokerspec import BrokerSpec, QueueSpec
from mqsim.scenario.problems import InvalidScenarioError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from mqsim.scenario.definitions import DefinedQueue, Definitions
    from mqsim.scenario.scenario import Scenario

_BUILT_IN = ("", "amq.direct", "amq.fanout", "amq.topic", "amq.headers", "amq.match")
_PLAIN = {
    "x-max-length": "max_length",
    "x-max-length-bytes": "max_bytes",
    "x-overflow": "overflow",
    "x-max-priority": "max_priority",
    "x-single-active-consumer": "single_active_consumer",
    "x-delivery-limit": "delivery_limit",
    "x-quorum-initial-group-size": "members",
}
_MILLISECONDS = {"x-message-ttl": "message_ttl", "x-expires": "expires"}
_ARGUMENT_OF = {name: argument for argument, name in (_PLAIN | _MILLISECONDS).items()}


def broker_of(found: Definitions, profile: str = "4.3") -> dict[str, Any]:
    """The broker's part of a scenario that a definitions file describes.

    What the scenario can't say is left out, and noted in the account of `found`.

    Args:
        found: what the file declares.
        profile: which RabbitMQ's rules.
    """
    exchanges = {exchange.name for exchange in found.exchanges} | set(_BUILT_IN)
    queues = {queue.name: _queue(found, queue, exchanges) for queue in found.queues}
    data: dict[str, Any] = {"profile": profile, "queues": queues, "exchanges": {}, "bindings": []}
    for each in found.exchanges:
        data["exchanges"][each.name] = {
            "type": each.type,
            "durable": each.durable,
            "internal": each.internal,
            "auto_delete": each.auto_delete,
        }
        if each.alternate is not None and each.alternate in exchanges:
            data["exchanges"][each.name]["alternate"] = each.alternate
        elif each.alternate is not None:
            why = "there is no such exchange, so what can't be routed is lost"
            found.note(f"exchanges {each.name}", f"alternate-exchange {each.alternate}", "no effect", why)
    for binding in found.bindings:
        scalars = {
            k: v for k, v in binding.arguments.items() if v is None or isinstance(v, str | int | float)
        }
        for name in binding.arguments.keys() - scalars.keys():
            where = f"bindings {binding.source} to {binding.destination}"
            found.note(where, f"argument {name}", "not modelled", "a header is a text, a number or a switch")
        end = {"queue" if binding.to_queue else "to_exchange": binding.destination}
        data["bindings"].append({"exchange": binding.source, **end, "key": binding.key, "arguments": scalars})
    return data


def _queue(found: Definitions, queue: DefinedQueue, exchanges: set[str]) -> dict[str, Any]:
    where = f"queues {queue.name}"
    table = queue.effective
    data: dict[str, Any] = {"durable": queue.durable, "type": table.get("x-queue-type", "classic")}
    data |= {name: table[argument] for argument, name in _PLAIN.items() if argument in table}
    for argument, name in _MILLISECONDS.items():
        if isinstance(table.get(argument), int | float):
            data[name] = table[argument] / 1000.0
    exchange = table.get("x-dead-letter-exchange")
    if isinstance(exchange, str) and exchange in exchanges:
        data["dead_letter"] = {"exchange": exchange, "key": table.get("x-dead-letter-routing-key")}
    elif exchange is not None:
        why = "there is no such exchange, so dead letters are lost"
        if "x-dead-letter-exchange" in queue.table:
            found.withdraw(where, "x-dead-letter-exchange")
            found.note(where, f"x-dead-letter-exchange {exchange}", "no effect", why)
        else:
            found.replace(f"dead-letter-exchange {exchange} on {queue.name}", "no effect", why)
    elif "x-dead-letter-routing-key" in table:
        found.withdraw(where, "x-dead-letter-routing-key")
        found.note(where, "x-dead-letter-routing-key", "no effect", "there is no dead-letter exchange")
    if data.get("members", 1) != 1:
        argument = _ARGUMENT_OF["members"]
        found.withdraw(where, argument)
        why = "the scenario has one node; write broker.nodes, and members of the queue"
        found.note(where, f"{argument} {data.pop('members')}", "not modelled", why)
    if queue.auto_delete:
        found.note(where, "auto_delete", "no effect", "the scenario's consumers say when they go")
    return _accepted(found, where, data)


def _accepted(found: Definitions, where: str, data: dict[str, Any]) -> dict[str, Any]:
    """The fields that a queue of this type can have; the others are noted."""
    for _ in range(len(data)):
        try:
            QueueSpec.model_validate(data)
        except (ScenarioError, ValueError) as error:
            wrong = _wrong_fields(data)
            for name in wrong or list(data)[-1:]:
                argument = _ARGUMENT_OF.get(name, name)
                found.withdraw(where, argument)
                value = data.pop(name)
                shown = round(1000.0 * value) if argument in _MILLISECONDS else value
                found.note(where, f"{argument} {shown}", "not modelled", _reason(error))
        else:
            break
    return data


def _wrong_fields(data: Mapping[str, Any]) -> list[str]:
    """The fields that are wrong by themselves, or else beside the queue's type."""
    found = []
    for name in data.keys() - {"type"}:
        try:
            QueueSpec.model_validate({"type": data["type"], name: data[name]})
        except (ScenarioError, ValueError):
            found.append(name)
    return found


def _reason(error: Exception) -> str:
    return (
        "a queue of this type can't have this value"
        if not isinstance(error, InvalidScenarioError)
        else str(error)
    )


def definitions_of(scenario: Scenario) -> dict[str, Any]:
    """A definitions file, as data, that declares a scenario's queues, exchanges and bindings.

    Args:
        scenario: whose broker is written down.
    """
    broker: BrokerSpec = scenario.broker
    here = {"vhost": "/"}
    queues = [
        {"name": name, **here, "durable": spec.durable, "auto_delete": False, "arguments": _arguments(spec)}
        for name, spec in broker.queues.items()
    ]
    exchanges = [
        {
            "name": name,
            **here,
            "type": spec.type,
            "durable": spec.durable,
            "auto_delete": spec.auto_delete,
            "internal": spec.internal,
            "arguments": {} if spec.alternate is None else {"alternate-exchange": spec.alternate},
        }
        for name, spec in broker.exchanges.items()
    ]
    bindings = [
        {
            "source": each.exchange,
            **here,
            "destination": each.queue if each.queue is not None else each.to_exchange,
            "destination_type": "queue" if each.queue is not None else "exchange",
            "routing_key": each.key,
            "arguments": dict(each.arguments),
        }
        for each in broker.bindings
    ]
    return {"vhosts": [{"name": "/"}], "queues": queues, "exchanges": exchanges, "bindings": bindings}


def _arguments(spec: QueueSpec) -> dict[str, Any]:
    found: dict[str, Any] = {"x-queue-type": spec.type}
    for name, argument in _ARGUMENT_OF.items():
        value = getattr(spec, name)
        if value is None or value is False or (name == "overflow" and value == "drop-head"):
            continue
        found[argument] = round(1000.0 * value) if argument in _MILLISECONDS else value
    if spec.dead_letter is not None:
        found["x-dead-letter-exchange"] = spec.dead_letter.exchange
        if spec.dead_letter.key is not None:
            found["x-dead-letter-routing-key"] = spec.dead_letter.key
    return found
