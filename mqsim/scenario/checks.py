"""What has to fit together across the parts of a scenario: its names."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from mqsim.scenario.ending import check_ending
from mqsim.scenario.faults import ALARMS, FAULTS, SERVICES, Fault
from mqsim.scenario.problems import Problem, did_you_mean, one_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from mqsim.scenario.destinations import Target
    from mqsim.scenario.scenario import Scenario

Path = tuple[str | int, ...]
_NAME = re.compile(r"[a-zA-Z][a-zA-Z0-9_-]*")
_NUMBERED = re.compile(r"(.+)-([0-9]+)")
_BUILT_IN = ("", "amq.direct", "amq.fanout", "amq.topic", "amq.headers", "amq.match")
_LONGEST = 255


class Names:
    """The names that a scenario declares, and the problems of names that it does not."""

    def __init__(self, scenario: Scenario) -> None:
        self.queues = list(scenario.broker.queues)
        self.exchanges = [*scenario.broker.exchanges, *_BUILT_IN]
        self.nodes = ["broker", *scenario.broker.node_names()]
        self.groups: dict[str, int] = {name: spec.count for name, spec in scenario.producers.items()}
        self.groups |= {name: spec.most for name, spec in scenario.consumers.items()}
        self.programs = list(scenario.programs)
        self.groups |= {name: spec.count for name, spec in scenario.programs.items()}
        self.consumers = scenario.consumers

    def queue(self, where: Path, name: str, hint: str = "") -> Iterator[Problem]:
        """Problems of a queue's name."""
        if name not in self.queues:
            yield _unknown(where, name, "a queue of broker.queues", self.queues, hint)

    def exchange(self, where: Path, name: str) -> Iterator[Problem]:
        """Problems of an exchange's name."""
        if name not in self.exchanges:
            yield _unknown(where, name, "an exchange of broker.exchanges", [n for n in self.exchanges if n])

    def node(self, where: Path, name: str) -> Iterator[Problem]:
        """Problems of the name of one broker node."""
        if name not in self.nodes[1:]:
            yield _unknown(where, name, "a node", self.nodes[1:])

    def actor(self, where: Path, name: str) -> Iterator[Problem]:
        """Problems of a name that stands for one actor or for a group."""
        if name in self.groups:
            if self.groups[name] == 0:
                yield Problem(where, name, "a group with a count above 0")
            return
        numbered = _NUMBERED.fullmatch(name)
        if numbered and (most := self.groups.get(numbered[1])) is not None:
            if not (1 <= int(numbered[2]) <= most and str(int(numbered[2])) == numbered[2]):
                last = (
                    f"{numbered[1]}-1 to {numbered[1]}-{most}"
                    if most
                    else "another group: this one has a count of 0"
                )
                yield Problem(where, name, f"one of {last}" if most else last)
            return
        yield _unknown(where, name, "an actor NAME-k or a group NAME", self._known_actors(name))

    def host(self, where: Path, name: str) -> Iterator[Problem]:
        """Problems of a name that stands for an actor, a group or a broker node."""
        if name in self.nodes:
            return
        if re.fullmatch(r"broker-?[0-9]*", name):
            yield _unknown(where, name, "a node", self.nodes)
            return
        for problem in self.actor(where, name):
            numbered = problem.allowed.startswith("one of ")  # the group is right, and only its number wrong
            near = problem.hint or ("" if numbered else did_you_mean(name, self.nodes))
            yield Problem(where, name, f"{problem.allowed}, or broker", near)

    def _known_actors(self, like: str) -> list[str]:
        """Groups, or, for a name with a number, actors with that number."""
        numbered = _NUMBERED.fullmatch(like)
        if numbered:
            return [f"{group}-{numbered[2]}" for group in self.groups] + list(self.groups)
        return list(self.groups)


def _unknown(where: Path, name: str, what: str, known: list[str], hint: str = "") -> Problem:
    allowed = (
        f"{what} ({one_of(known[:8])}{' ...' if len(known) > 8 else ''})"
        if known
        else f"{what}, and there is none"
    )
    near = did_you_mean(name, known)
    return Problem(where, name, allowed, ". ".join(text for text in (near, hint) if text))


def check(scenario: Scenario) -> list[Problem]:
    """Every problem between the parts of a scenario, in the order of its fields."""
    names = Names(scenario)
    return [
        *check_ending(scenario),
        *_until(scenario, names),
        *_declared(scenario),
        *_broker(scenario, names),
        *_links(scenario, names),
        *_actor_names(scenario),
        *_actors(scenario, names),
        *(
            problem
            for i, fault in enumerate(scenario.faults)
            for problem in _fault(("faults", i), fault, names)
        ),
    ]


def _until(scenario: Scenario, names: Names) -> Iterator[Problem]:
    if scenario.until is not None and scenario.until != "drained":
        yield from names.queue(("until", "empty"), scenario.until.empty)


def _declared(scenario: Scenario) -> Iterator[Problem]:
    """Problems of the names that queues and exchanges are given."""
    for kind, declared in (("queues", scenario.broker.queues), ("exchanges", scenario.broker.exchanges)):
        for name in declared:
            where = ("broker", kind, name)
            if not name or len(name.encode()) > _LONGEST:
                yield Problem(where, name, f"named with 1 to {_LONGEST} bytes")
            elif name.startswith("amq."):
                yield Problem(
                    where, name, "named otherwise: RabbitMQ keeps names that start with amq. for itself"
                )


def _broker(scenario: Scenario, names: Names) -> Iterator[Problem]:
    broker = scenario.broker
    for name, queue in broker.queues.items():
        where: Path = ("broker", "queues", name)
        if queue.leader is not None:
            yield from names.node((*where, "leader"), queue.leader)
        if queue.members is not None and queue.members > broker.nodes:
            hint = "Give the broker more nodes"
            yield Problem((*where, "members"), queue.members, f"at most broker.nodes, {broker.nodes}", hint)
        if (dead := queue.dead_letter) is not None:
            yield from names.exchange((*where, "dead_letter", "exchange"), dead.exchange)
            if dead.exchange == "" and dead.key is not None:
                yield from names.queue((*where, "dead_letter", "key"), dead.key)
    for name, exchange in broker.exchanges.items():
        if exchange.alternate is not None:
            yield from names.exchange(("broker", "exchanges", name, "alternate"), exchange.alternate)
    for i, binding in enumerate(broker.bindings):
        at: Path = ("broker", "bindings", i)
        yield from _bound(at, "exchange", binding.exchange, names)
        if binding.queue is not None:
            yield from names.queue((*at, "queue"), binding.queue)
        if binding.to_exchange is not None:
            yield from _bound(at, "to_exchange", binding.to_exchange, names)


def _bound(where: Path, field: str, exchange: str, names: Names) -> Iterator[Problem]:
    if exchange == "":
        yield Problem(
            (*where, field),
            "",
            "another exchange: every queue is bound to the default one by its name already",
        )
    yield from names.exchange((*where, field), exchange)


def _links(scenario: Scenario, names: Names) -> Iterator[Problem]:
    for i, link in enumerate(scenario.network.links):
        yield from _ends(("network", "links", i, "between"), link.between, names)


def _ends(where: Path, ends: Iterable[str], names: Names) -> Iterator[Problem]:
    ends = tuple(ends)
    found = [problem for k, end in enumerate(ends) for problem in names.host((*where, k), end)]
    if not found and not set(ends) & set(names.nodes):
        yield Problem(where, list(ends), "a link with a broker at one end: actors speak to brokers only")
    yield from found


def _actor_names(scenario: Scenario) -> Iterator[Problem]:
    seen: dict[str, str] = {}
    parts = {"producers": scenario.producers, "consumers": scenario.consumers, "programs": scenario.programs}
    groups = [(part, name) for part, specs in parts.items() for name in specs]  # type: ignore[attr-defined]
    everyone = {name for _, name in groups}
    for part, name in groups:
        where = (part, name)
        numbered = _NUMBERED.fullmatch(name)
        if not _NAME.fullmatch(name) or len(name) > _LONGEST:
            yield Problem(where, name, "named with letters, digits, - and _, a letter first")
        elif name == "broker" or (numbered and numbered[1] == "broker"):
            yield Problem(where, name, "named otherwise: that is the broker's name")
        elif name in seen:
            yield Problem(where, name, f"named otherwise: there is {seen[name]}.{name} already")
        elif numbered and numbered[1] in everyone:
            yield Problem(
                where,
                name,
                f"named otherwise: the actors of {numbered[1]} are {numbered[1]}-1, -2 and so on",
            )
        seen.setdefault(name, part)


def _actors(scenario: Scenario, names: Names) -> Iterator[Problem]:
    for name, producer in scenario.producers.items():
        yield from _targets(("producers", name, "to"), producer.to, names)
    for name, consumer in scenario.consumers.items():
        yield from names.queue(("consumers", name, "queue"), consumer.queue)
        for i, forward in enumerate(consumer.publish):
            yield from _targets(("consumers", name, "publish", i, "to"), forward.to, names)


def _targets(where: Path, targets: tuple[Target, ...], names: Names) -> Iterator[Problem]:
    for i, target in enumerate(targets):
        at = where if len(targets) == 1 else (*where, i)
        if target.queue is not None:
            hint = f'To watch a message get lost on its way, write {{exchange: "", key: {target.queue}}}'
            yield from names.queue(at, target.queue, hint)
        else:
            yield from names.exchange((*at, "exchange"), target.exchange)


def _fault(where: Path, fault: Fault, names: Names) -> Iterator[Problem]:
    aim, at = FAULTS[fault.kind].target, (*where, fault.kind)
    if aim == "link":
        yield from _ends(at, fault.targets, names)
        return
    name = fault.targets[0]
    if aim == "consumer":
        yield from _outage(where, fault, names)
        return
    if aim == "alarm":
        if name not in ALARMS:
            yield Problem(at, name, one_of(ALARMS), did_you_mean(name, ALARMS))
    elif aim == "service":
        if name not in SERVICES:
            yield Problem(at, name, one_of(SERVICES), did_you_mean(name, SERVICES))
        elif not names.programs:
            says = f"only programs use the {name}, and the scenario has none"
            yield Problem(at, name, "left out without programs", says=says)
    elif name in names.nodes:
        if aim == "actor":
            yield Problem(
                at, name, "an actor or a group", f"For a broker write `restart: {name}` or `kill: {name}`"
            )
        elif fault.kind in ("kill", "restart") and fault.restart_after is not None:
            yield Problem(
                (*where, "restart_after"), fault.restart_after, "left out for a broker", "Write down"
            )
    elif aim == "actor":
        yield from names.actor(at, name)
    else:
        yield from names.host(at, name)
        if fault.kind == "kill" and fault.down is not None:
            yield Problem((*where, "down"), fault.down, "left out for an actor", "Write restart_after")


def _outage(where: Path, fault: Fault, names: Names) -> Iterator[Problem]:
    """Problems of a `fail`: it is aimed at consumers, and what was acknowledged can't be given back."""
    at, name = (*where, fault.kind), fault.targets[0]
    group = name if name in names.groups else name.rpartition("-")[0]
    spec = names.consumers.get(group)
    if spec is None and (name in names.nodes or group in names.groups):
        hint = "Only modelled consumers have work that can fail"
        yield Problem(at, name, "a consumer NAME-k or a group of consumers", hint)
        return
    found = list(names.actor(at, name))
    yield from found
    if not found and spec is not None and spec.ack != "manual" and fault.then in ("nack", "reject"):
        hint = "What was acknowledged before it failed can't be given back"
        yield Problem((*where, "then"), fault.then, f"drop or crash with ack: {spec.ack}", hint)
