"""One queue with all that decides which formula fits it, and what no formula here takes into account."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from mqsim.distributions import Listed
from mqsim.matching.records import Fit, Match, Shifted
from mqsim.matching.settling import settling_time, short_run
from mqsim.matching.staff import Staff, narrow
from mqsim.theory import Law, Queue

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from mqsim.matching.streams import Stream
    from mqsim.matching.work import Work
    from mqsim.scenario import ConsumerSpec, Fault, ProducerSpec, QueueSpec, Scenario

RARE = 1e-7
"""A share of messages that makes no difference to any mean."""


@dataclass(frozen=True)
class Setting:
    """One queue with its arrivals, its work and its consumers.

    Attributes:
        scenario: the whole.
        name, spec: the queue.
        stream: what comes to it.
        staff: who serves it.
        work: what they have to do for a message.
        sending: seconds one way from its producers to the broker.
    """

    scenario: Scenario
    name: str
    spec: QueueSpec
    stream: Stream
    staff: Staff
    work: Work
    sending: float

    @property
    def plain_line(self) -> bool:
        """Whether all who wait are in the queue itself, and the next free consumer takes the next of them."""
        return self.staff.line == "shared" and self.staff.ready_is_waiting

    @property
    def consumers(self) -> tuple[ConsumerSpec, ...]:
        """The specs of the groups that serve it."""
        return tuple(self.scenario.consumers[name] for name in self.staff.groups)

    @property
    def producers(self) -> tuple[ProducerSpec, ...]:
        """The specs of the groups that publish to it."""
        return tuple(self.scenario.producers[name] for name in self.stream.producers)

    def match(
        self,
        queue: Queue | None,
        values: Mapping[str, float],
        laws: Mapping[str, Shifted],
        *why: str,
        model: str = "",
        exact: bool | None = None,
    ) -> Match:
        """A match of this queue; values that the formula leaves open are left out."""
        fits = (queue is None or queue.exact) if exact is None else exact
        if self.stream.nearly:
            fits, why = False, (*why, self.stream.nearly)
        return Match(
            self.name,
            Fit.EXACT if fits else Fit.APPROXIMATE,
            model or (queue.name if queue is not None else ""),
            why,
            tuple(cautions(self)),
            queue,
            {name: value for name, value in values.items() if not math.isnan(value)},
            {"service": Shifted(Law(self.work.tail, self.work.mean))} | dict(laws),
            self.staff.groups,
        )

    def none(self, *why: str) -> Match:
        """No match, and why."""
        return no_match(self.name, *why, groups=self.staff.groups)


def no_match(queue: str, *why: str, groups: tuple[str, ...] = ()) -> Match:
    """No formula, and why."""
    return Match(queue, Fit.NONE, "", why, groups=groups)


def obstacles(setting: Setting) -> Iterator[str]:
    """Sentences about what no formula here takes into account."""
    scenario, spec = setting.scenario, setting.spec
    yield from everywhere(scenario)
    if spec.type == "quorum":
        yield from _of_a_quorum_queue(setting)
    if spec.max_bytes is not None:
        yield "Its room is counted in bytes (max_bytes)."
    if spec.expires is not None:
        yield "The queue can go away (expires)."
    if any(spec.slots > 1 for spec in setting.consumers) and next(faults_at(setting), None) is not None:
        yield "The slots of a pool fail together."
    if any(isinstance(law, Listed) and len(set(law.values)) > 1 for _, law in setting.work.parts):
        yield "The work follows a list in its order, and not by chance."
    for name in setting.staff.groups:
        yield from _of_consumers(name, scenario.consumers[name], scenario, setting.work)
    for name in setting.stream.producers:
        yield from _of_producers(name, scenario.producers[name], setting)


def _of_a_quorum_queue(setting: Setting) -> Iterator[str]:
    """What a quorum queue does otherwise than a classic one. On one node it has no replicas to wait for."""
    if setting.scenario.broker.nodes > 1:
        yield "A quorum queue waits for its replicas."
    if setting.spec.max_length is not None:
        yield "A quorum queue takes messages again only when it is well below its limit."
    if len({level for level, _, _ in setting.stream.priorities}) > 1:
        yield "A quorum queue has priorities of its own, by RabbitMQ's version."
    fails = setting.staff.spec.fails
    counts = fails is not None and (fails.then == "crash" or setting.scenario.broker.profile == "4.0")
    limited = setting.spec.delivery_limit is not None or setting.scenario.broker.profile != "3.10"
    if fails is not None and fails.probability > 0 and counts and limited:
        yield "A quorum queue counts what comes back, and gives it up at its delivery limit."


def everywhere(scenario: Scenario) -> Iterator[str]:
    """Sentences about what no formula here takes into account, wherever in the scenario it looks."""
    costs = scenario.broker.costs
    if costs.publish.mean > 0 or costs.deliver.mean > 0:
        yield "The broker's own time (costs) makes it a queue before the queue."
    if scenario.broker.memory.limit is not None:
        yield "The memory alarm can hold producers back."
    if scenario.broker.disk.free is not None:
        yield "The disk alarm can hold producers back."
    if scenario.broker.nodes > 1:
        yield "A cluster's nodes take time to agree."
    if scenario.programs:
        yield "Real programs do as they please."
    if (link := narrow(scenario)) is not None:
        yield f"The narrow link {' - '.join(link.between)} (bandwidth) is a queue of its own."


def _of_consumers(name: str, spec: ConsumerSpec, scenario: Scenario, work: Work) -> Iterator[str]:
    if spec.start > 0 or spec.stop is not None:
        yield f"Consumers of {name} come or go during the run (start, stop)."
    if spec.blocking and spec.heartbeat > 0:
        yield f"Work of {name} that lasts longer than two heartbeats costs it its connection (blocking)."
    longest = scenario.broker.consumer_timeout * work.speed
    if spec.ack == "manual" and any(
        1.0 - float(law.cdf(np.array([longest]))[0]) > RARE for _, law in work.parts
    ):
        yield "Some work takes longer than consumer_timeout allows."


def _of_producers(name: str, spec: ProducerSpec, setting: Setting) -> Iterator[str]:
    if spec.poison > 0:
        yield f"Some messages of {name} fail whenever they are tried (poison)."
    slow = setting.sending > 0 or setting.scenario.broker.costs.sync.mean > 0
    if spec.confirms is not None and slow:
        yield (
            f"{name} waits for confirms when {spec.confirms.window} are missing, which takes part of its "
            "messages back."
        )


def faults_at(setting: Setting) -> Iterator[Fault]:
    """The faults that strike this queue: its consumers, its producers, or the broker."""
    hit = {*setting.staff.groups, *setting.stream.producers}
    hit |= {
        f"{name}-{k}"
        for name in setting.staff.groups
        for k in range(1, setting.scenario.consumers[name].most + 1)
    }
    hit |= {
        f"{name}-{k}"
        for name in setting.stream.producers
        for k in range(1, setting.scenario.producers[name].count + 1)
    }
    for fault in setting.scenario.faults:
        late = fault.at is not None and fault.at >= setting.scenario.horizon
        of_broker = (
            any(target.split("-")[0] == "broker" for target in fault.targets) and fault.kind != "partition"
        )
        if not late and (of_broker or fault.kind == "alarm" or hit & set(fault.targets)):
            yield fault


def cautions(setting: Setting) -> Iterator[str]:
    """Sentences about what keeps a run from the steady state that the formula is about."""
    scenario = setting.scenario
    if scenario.until is not None:
        yield "Mind that the run ends by itself (until), and the formula is about one that goes on for ever."
    elif any(
        spec.messages is not None or spec.stop is not None or spec.start > 0 for spec in setting.producers
    ):
        yield (
            "Mind that the producers come late or stop, and the formula is about a run that goes on for ever."
        )
    elif setting.spec.ready > 0:
        yield (
            "Mind that the run starts with messages in the queue; leave the time until they are gone out "
            "(warmup)."
        )
    elif scenario.duration is not None:
        yield from _too_short(setting, scenario.duration)


def _too_short(setting: Setting, duration: float) -> Iterator[str]:
    warmup = setting.scenario.warmup
    counted = duration - (0.0 if warmup == "auto" else float(warmup))
    capacity = setting.staff.servers / setting.work.mean
    load = setting.stream.rate / capacity
    square = setting.stream.cv**2 + setting.work.cv**2
    variation = square / 2.0 if math.isfinite(square) else 1.0
    if says := short_run(setting.name, load, settling_time(load, capacity, variation), counted):
        yield says
