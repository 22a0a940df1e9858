"""Which scenarios the twin can play: a list of what it knows, so that whatever is new is left to `sim` by
itself.

`KNOWN` names, for each part of a scenario, the fields that the twin reads, or that change nothing in a run. A
field that is not there has to be as it is by default. `RULES` say what the fields that it reads must not
hold. The page docs/twin.md is made from these two.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from mqsim.scenario.arrivals import Saturate
from mqsim.scenario.spec import Spec
from mqsim.twin import codes
from mqsim.twin.pipelines import MOST_WAYS, ways_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from mqsim.scenario import Scenario

KNOWN: dict[str, str] = {
    "Scenario": "name seed duration until max_duration warmup broker network producers consumers "
    "programs faults base",
    "Empty": "empty",
    "BrokerSpec": "profile nodes queues exchanges bindings costs memory consumer_timeout",
    "CostsSpec": "publish deliver sync election",
    "MemorySpec": "limit per_message",
    "QueueSpec": "type durable max_length overflow message_ttl dead_letter max_priority ready leader",
    "DeadLetterSpec": "exchange key",
    "NetworkSpec": "latency links",
    "LinkSpec": "between latency bandwidth",
    "ProducerSpec": "count to arrivals work messages start stop size priority persistent expiration poison "
    "confirms retry when_blocked reconnect heartbeat",
    "Target": "weight exchange key direct",
    "Key": "kind values weights n",
    "Confirms": "window timeout",
    "Retry": "on delay factor limit",
    "ConsumerSpec": "count queue speed factor prefetch ack service fails publish idempotent priority start "
    "stop heartbeat reconnect autoscale",
    "Fails": "probability after then attempts restart_after",
    "Forward": "to probability when size",
    "Autoscale": "every backlog_per min max start_delay stop",
    "Fault": "kind target at restart_after every repair factor for_ down grace",
    "Poisson": "rate",
    "Every": "interval",
    "Renewal": "law",
    "At": "times",
    "Mmpp": "rates switch start",
    "Batches": "every size",
    "ProfileArrivals": "points shape law",
    "Closed": "users think",
    "Saturate": "ready",
    "TraceArrivals": "file column",
}
"""The fields that the twin knows, by part of a scenario."""

_UNREAD = {"ExchangeSpec", "BindingSpec", "ProgramSpec"}
"""Parts that the twin need not know: only messages to a named exchange meet the first two, and a rule refuses
all programs."""

WORDS: dict[str, tuple[object, ...]] = {
    "profile": ("3.10", "4.0", "4.3"),
    "type": ("classic",),
    "overflow": codes.OVERFLOWS,
    "ack": codes.ACKS,
    "then": codes.THEN,
    "when": ("before_ack", "after_ack"),
    "when_blocked": ("wait", "drop"),
}
"""What may stand in fields that hold one of a few words, whatever else they may hold one day."""

FAULTS = codes.FAULT_KINDS


@dataclass(frozen=True, slots=True)
class Rule:
    """One thing that the twin does not play.

    Attributes:
        about: what it is, as a heading.
        why: the sentence that `eligible` answers with.
        found: whether a scenario has it.
    """

    about: str
    why: str
    found: Callable[[Scenario], bool]


def _nodes(scenario: Scenario) -> bool:
    return scenario.broker.nodes != 1


def _programs(scenario: Scenario) -> bool:
    return bool(scenario.programs)


def _costs(scenario: Scenario) -> bool:
    costs = scenario.broker.costs
    return any(law.mean > 0 for law in (costs.publish, costs.deliver, costs.sync))


def _memory(scenario: Scenario) -> bool:
    return scenario.broker.memory.limit is not None


def _bandwidth(scenario: Scenario) -> bool:
    return any(link.bandwidth is not None for link in scenario.network.links)


def _exchanges(scenario: Scenario) -> bool:
    targets = [target for spec in scenario.producers.values() for target in spec.to]
    targets += [target for spec in scenario.consumers.values() for one in spec.publish for target in one.to]
    queues = scenario.broker.queues
    return any(
        target.exchange != "" or target.key.kind == "hash" or not set(target.key.values) <= set(queues)
        for target in targets
    )


def _dead_letters(scenario: Scenario) -> bool:
    queues = scenario.broker.queues
    for begins in queues:
        name, seen = begins, set()
        while (dead := queues[name].dead_letter) is not None:
            seen.add(name)
            if dead.exchange != "" or dead.key is None or dead.key not in queues or dead.key in seen:
                return True
            name = dead.key
    return len(queues) > 1 and max(_depth(scenario, name) for name in queues) > _MOST_DEAD_LETTERS


_MOST_DEAD_LETTERS = 15


def _depth(scenario: Scenario, name: str) -> int:
    """How often a message of this queue can be dead-lettered."""
    depth = 0
    while (dead := scenario.broker.queues[name].dead_letter) is not None and dead.key is not None:
        name, depth = dead.key, depth + 1
    return depth


def _expiring_priorities(scenario: Scenario) -> bool:
    expirations = any(spec.expiration is not None for spec in scenario.producers.values())
    return any(
        spec.max_priority and (expirations or spec.message_ttl is not None)
        for spec in scenario.broker.queues.values()
    )


def _ready(scenario: Scenario) -> bool:
    return any(
        spec.ready
        and (
            spec.message_ttl == 0
            or (spec.max_length is not None and spec.ready > spec.max_length and spec.dead_letter is not None)
        )
        for spec in scenario.broker.queues.values()
    )


def _forwards(scenario: Scenario) -> bool:
    forwards = [one for spec in scenario.consumers.values() for one in spec.publish]
    return any(len(one.to) != 1 or one.to[0].key.kind != "fixed" for one in forwards)


def _ways(scenario: Scenario) -> bool:
    return ways_of(scenario) is None


def _saturation(scenario: Scenario) -> bool:
    return any(
        isinstance(spec.arrivals, Saturate)
        and (
            len(spec.to) != 1
            or spec.to[0].key.kind != "fixed"
            or not isinstance(spec.priority, int)
            or spec.confirms is not None
            or spec.expiration is not None
        )
        for spec in scenario.producers.values()
    )


def _fault_kinds(scenario: Scenario) -> bool:
    nodes = ("broker", *scenario.broker.node_names())
    return any(fault.kind not in FAULTS or fault.targets[0] in nodes for fault in scenario.faults)


def _ended_producers(scenario: Scenario) -> bool:
    confirming = {name for name, spec in scenario.producers.items() if spec.confirms is not None}
    ends = [fault for fault in scenario.faults if fault.kind in ("stop", "restart", "terminate")]
    return any(
        fault.targets[0] in confirming or fault.targets[0].rpartition("-")[0] in confirming for fault in ends
    )


def _returned(scenario: Scenario) -> bool:
    retries = [spec.retry for spec in scenario.producers.values() if spec.retry is not None]
    return any(not set(retry.on) <= {"nack", "timeout", "closed"} for retry in retries)


RULES = (
    Rule("a cluster", "The broker has several nodes, and clusters run in the SimPy model.", _nodes),
    Rule("programs", "Real programs take part, and they run in the SimPy model.", _programs),
    Rule(
        "the broker's own time",
        "Publishes, deliveries or writes take the broker's time (broker.costs).",
        _costs,
    ),
    Rule("a memory limit", "The broker has a memory limit (broker.memory).", _memory),
    Rule("bandwidth", "A link has a bandwidth (network.links).", _bandwidth),
    Rule(
        "exchanges",
        "Messages go to an exchange by name, to a key that is picked by a hash, or to no queue.",
        _exchanges,
    ),
    Rule(
        "dead letters that go elsewhere",
        "Dead letters do not go straight to one other queue: there is an exchange, no key, or a circle.",
        _dead_letters,
    ),
    Rule(
        "dead letters at the start",
        "Messages that wait at the start (ready) are dead-lettered at once.",
        _ready,
    ),
    Rule(
        "expiry in queues with priorities",
        "Messages expire (message_ttl, expiration) in a queue with priorities.",
        _expiring_priorities,
    ),
    Rule("forwards to several places", "A consumer's publish has several destinations.", _forwards),
    Rule("pipelines in a circle", f"Forwards go round in a circle, or in over {MOST_WAYS} ways.", _ways),
    Rule(
        "saturation of several queues",
        "A producer that saturates has several queues, priorities by chance, confirms or an expiration.",
        _saturation,
    ),
    Rule(
        "faults of the broker and the network",
        f"There is a fault other than {', '.join(FAULTS)} of an actor.",
        _fault_kinds,
    ),
    Rule(
        "the end of a producer with confirms",
        "A producer that waits for confirms is stopped or restarted in order.",
        _ended_producers,
    ),
    Rule(
        "returned messages", "A producer publishes returned messages again (retry.on: returned).", _returned
    ),
)
"""What is not played although its fields are known, in the order in which `eligible` looks for it."""


def eligible(scenario: Scenario) -> str:
    """Why the twin can't play a scenario, in one sentence; empty where it can."""
    for path, value in unknown(scenario, ""):
        return f"{path} is {value!r}, which the compiled twin does not know."
    return next((rule.why for rule in RULES if rule.found(scenario)), "")


def unknown(part: Spec, path: str) -> Iterator[tuple[str, Any]]:
    """Fields that the twin does not know and that are not as by default, and words that it does not know."""
    kind = type(part).__name__
    if kind in _UNREAD:
        return
    if kind not in KNOWN:
        yield path, kind
        return
    known = KNOWN[kind].split()
    for name, field in type(part).model_fields.items():
        value = getattr(part, name)
        where = f"{path}.{name}" if path else name
        if name not in known:
            if value != field.get_default(call_default_factory=True):
                yield where, value
        elif name in WORDS and value not in WORDS[name]:
            yield where, value
        else:
            yield from _inside(value, where)


def _inside(value: Any, path: str) -> Iterator[tuple[str, Any]]:
    """The same for what a field holds."""
    if isinstance(value, Spec):
        yield from unknown(value, path)
    elif isinstance(value, dict):
        for key, each in value.items():
            yield from _inside(each, f"{path}.{key}")
    elif isinstance(value, list | tuple):
        for k, each in enumerate(value):
            yield from _inside(each, f"{path}.{k}")
