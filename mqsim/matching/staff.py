"""Who serves a queue, and how deliveries reach them: what decides whether servers share one line."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from mqsim.scenario import ConsumerSpec, LinkSpec, Scenario

Line = Literal["shared", "dealt", "held", "stuck"]


@dataclass(frozen=True)
class Staff:
    """The consumers of a queue, all alike.

    Attributes:
        groups: the groups that they belong to.
        servers: how many messages they work on at a time; a pool counts as often as it can work at once.
        speed: work done per second, each.
        spec: the first group's, which stands for all.
        latency: seconds one way between the broker and each of them.
        line: "shared": they take from one line, each message by the next that is free. "dealt": the broker
            deals messages out as they come, and each has a line of its own. "held": shared, and a delivery's
            way there and back holds its consumer. "stuck": messages wait with a consumer while another is
            free, or the network makes pauses.
    """

    groups: tuple[str, ...]
    servers: int
    speed: float
    spec: ConsumerSpec
    latency: float
    line: Line

    @property
    def ready_is_waiting(self) -> bool:
        """Whether all who wait are ready messages, and not in a consumer's hands."""
        return self.spec.ack == "manual" and 0 < self.spec.prefetch <= self.spec.slots


def staff_of(scenario: Scenario, queue: str) -> Staff | str:
    """Who serves a queue; or a sentence that says why they can't be described as equal servers."""
    groups = {
        name: spec for name, spec in scenario.consumers.items() if spec.queue == queue and spec.most > 0
    }
    if not groups:
        return "Nobody takes messages from it."
    first = next(iter(groups.values()))
    for name, spec in groups.items():
        if spec.autoscale is not None:
            return f"Consumers of {name} come and go with the backlog."
        if isinstance(spec.speed, list) and len(set(spec.speed)) > 1:
            return f"The consumers of {name} are not equally fast."
        if spec.factor is not None and {factor for _, factor in spec.factor} != {1.0}:
            return f"The work of {name} is stretched over time (factor)."
    if len({_ways(spec) for spec in groups.values()}) > 1:
        return f"The groups {', '.join(groups)} differ in how they work."
    latencies = {
        latency_of(scenario, actor, name) for name, spec in groups.items() for actor in _actors(name, spec)
    }
    if len(latencies) > 1:
        return "Its consumers are not equally far from the broker."
    count = sum(spec.count for spec in groups.values())
    if scenario.broker.queues[queue].single_active_consumer:
        count = 1
    latency = latencies.pop()
    line = _line(first, count, latency)
    if line == "dealt" and first.slots > 1:
        return "Messages are dealt out among pools, or wait on their way to one; that has no formula here."
    servers = count * at_once(first)
    return Staff(tuple(groups), servers, _speed(first), first, latency, line)


def at_once(spec: ConsumerSpec) -> int:
    """How many messages one consumer can work on at a time."""
    unlimited = spec.prefetch == 0 or spec.ack != "manual"
    return spec.slots if unlimited else min(spec.slots, spec.prefetch)


def _speed(spec: ConsumerSpec) -> float:
    return spec.speed[0] if isinstance(spec.speed, list) else spec.speed


def _ways(spec: ConsumerSpec) -> tuple[object, ...]:
    fails = None if spec.fails is None else tuple(spec.fails.to_data().items())
    service = None if spec.service is None else repr(spec.service.spec())
    way = (_speed(spec), spec.prefetch, spec.slots, spec.ack, service)
    return (*way, spec.redraw, spec.priority, repr(fails))


def _actors(name: str, spec: ConsumerSpec) -> list[str]:
    return [f"{name}-{k}" for k in range(1, spec.count + 1)]


def _line(spec: ConsumerSpec, count: int, latency: float) -> Line:
    unlimited = spec.prefetch == 0 or spec.ack == "auto"
    if unlimited and (count > 1 or latency > 0):
        return "dealt"
    none_waits_at_one = spec.ack == "manual" and 0 < spec.prefetch <= spec.slots
    if latency == 0:
        return "shared" if count == 1 or none_waits_at_one else "stuck"
    return "held" if none_waits_at_one else "stuck"


def latency_of(scenario: Scenario, actor: str, group: str) -> float:
    """Seconds one way between an actor and the broker; its own link counts before its group's."""
    latency = scenario.network.latency
    for link in sorted(scenario.network.links, key=lambda link: actor in link.between):
        if actor in link.between or group in link.between:
            latency = latency if link.latency is None else link.latency
    return latency


def producer_latency(scenario: Scenario, queue_producers: list[str]) -> float | None:
    """Seconds one way between these groups of producers and the broker; None where they differ."""
    found = {
        latency_of(scenario, f"{name}-{k}", name)
        for name in queue_producers
        for k in range(1, scenario.producers[name].count + 1)
    }
    return found.pop() if len(found) == 1 else None if found else 0.0


def narrow(scenario: Scenario) -> LinkSpec | None:
    """A link whose bandwidth is limited, or None."""
    return next((link for link in scenario.network.links if link.bandwidth is not None), None)
