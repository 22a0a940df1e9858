"""Whether a scenario can end: its `duration` or `until`, and a clock that does not stand still."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mqsim.distributions import Constant
from mqsim.scenario.arrivals import Closed, Saturate
from mqsim.scenario.problems import Problem

if TYPE_CHECKING:
    from collections.abc import Iterator

    from mqsim.scenario.actors import ConsumerSpec, ProducerSpec
    from mqsim.scenario.scenario import Scenario

_NOTHING = Constant(0.0)


def check_ending(scenario: Scenario) -> Iterator[Problem]:
    """Problems of `duration`, `until`, `max_duration` and `warmup`, and of arrivals that stop the clock."""
    if (scenario.duration is None) == (scenario.until is None):
        says = "has no end" if scenario.until is None else "has both a duration and until"
        allowed = "given exactly one of duration: SECONDS, until: drained and until: {empty: QUEUE}"
        yield Problem((), None, allowed, says=says)
        return
    if scenario.duration is not None and scenario.max_duration is not None:
        hint = "It is the longest wait for until"
        yield Problem(("max_duration",), scenario.max_duration, "left out beside duration", hint)
    if scenario.warmup != "auto" and scenario.warmup >= scenario.horizon:
        yield Problem(("warmup",), scenario.warmup, f"shorter than the run ({scenario.horizon:g} s)")
    if scenario.until == "drained":
        yield from _never_drained(scenario)
    elif scenario.until is not None:
        yield from _never_empty(scenario, scenario.until.empty)
    for name, producer in scenario.producers.items():
        yield from _stands_still(scenario, name, producer)


def _never_drained(scenario: Scenario) -> Iterator[Problem]:
    says = "'drained' can never come true"
    instead = "or write duration in place of until"
    for name, producer in scenario.producers.items():
        if producer.endless:
            allowed = f"drained only when every producer ends, and producers.{name} never does"
            hint = f"Give producers.{name} `messages: N` or `stop: SECONDS`, {instead}"
            yield Problem(("until",), "drained", allowed, hint, says)
    for name in scenario.broker.queues:
        if _fed(scenario, name) and _kept_for_ever(scenario, name):
            allowed = f"drained only when every queue is, and nobody takes messages from '{name}'"
            yield Problem(
                ("until",), "drained", allowed, f"Add a consumer with queue: {name}, {instead}", says
            )


def _never_empty(scenario: Scenario, queue: str) -> Iterator[Problem]:
    if queue in scenario.broker.queues and _kept_for_ever(scenario, queue):
        hint = f"Add a consumer with queue: {queue}, or write duration in place of until"
        says = f"'{queue}' never gets empty"
        yield Problem(("until", "empty"), queue, "a queue that a consumer takes messages from", hint, says)


def _fed(scenario: Scenario, queue: str) -> bool:
    """Whether messages wait in the queue at the start, or a producer names it and never lets them expire."""
    senders = [
        producer for producer in scenario.producers.values() if producer.count and producer.expiration is None
    ]
    return scenario.broker.queues[queue].ready > 0 or any(
        target.queue == queue for producer in senders for target in producer.to
    )


def _kept_for_ever(scenario: Scenario, queue: str) -> bool:
    """Whether nobody takes messages from the queue and they do not go by themselves."""
    spec = scenario.broker.queues[queue]
    leaves = spec.message_ttl is not None or spec.expires is not None or spec.max_length == 0
    return not leaves and not _takers(scenario, queue) and not scenario.programs


def _takers(scenario: Scenario, queue: str) -> list[ConsumerSpec]:
    return [
        consumer for consumer in scenario.consumers.values() if consumer.queue == queue and consumer.most > 0
    ]


def _stands_still(scenario: Scenario, name: str, producer: ProducerSpec) -> Iterator[Problem]:
    """Arrivals that answer to the consumers, where those take no time: endless messages at one moment."""
    arrivals = producer.arrivals
    if producer.messages is not None or producer.count == 0 or not isinstance(arrivals, Closed | Saturate):
        return
    takers = [taker for target in producer.to if target.queue for taker in _takers(scenario, target.queue)]
    where = ("producers", name, "arrivals", arrivals.kind)
    if isinstance(arrivals, Saturate) and any(taker.ack == "auto" or taker.prefetch == 0 for taker in takers):
        hint = "Give the consumer ack: manual and a prefetch above 0"
        allowed = "met by consumers that leave messages in the queue, or it never fills"
        yield Problem(where, arrivals.ready, allowed, hint)
    costs = scenario.broker.costs
    free = (
        scenario.network.latency == 0
        and not scenario.network.links
        and costs.publish == costs.deliver == _NOTHING
    )
    waits = isinstance(arrivals, Closed) and arrivals.think != _NOTHING
    if free and not waits and any((taker.service or producer.work) == _NOTHING for taker in takers):
        hint = f"Give producers.{name} some work, or `messages: N`"
        yield Problem(where, 0, "met by work that takes time", hint, "here time would stand still")
