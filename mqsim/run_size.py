"""How large a run would be, judged from its scenario: what can't fit is refused before it starts.

And who keeps time from moving on, where a run goes on for ever at one instant.
"""

from __future__ import annotations

from collections import Counter
from itertools import pairwise
from typing import TYPE_CHECKING

from mqsim.broker.broker import TIMEOUT_CHECK_EVERY
from mqsim.errors import ScenarioError, UsageError
from mqsim.scenario import (
    At,
    Batches,
    Closed,
    Every,
    Mmpp,
    Poisson,
    ProducerSpec,
    ProfileArrivals,
    Renewal,
    Routing,
    Saturate,
    Scenario,
    TraceArrivals,
)
from mqsim.trace.event_kinds import EventKind

if TYPE_CHECKING:
    from collections.abc import Iterator

    from mqsim.trace import Trace

MOST_MESSAGES = 10_000_000
"""Copies of messages in one run; each takes about 300 bytes."""
MOST_COUNTED = 20 * MOST_MESSAGES
"""Messages in a run of which a few numbers are kept and no tables; each takes about 8 bytes."""
MOST_TICKS = 10_000_000
"""Times that an autoscaler looks, that a fault comes back, or that the broker looks for overdue
acknowledgements."""
MOST_SECONDS = MOST_TICKS * TIMEOUT_CHECK_EVERY
"""Simulated time: the broker looks every minute, also when nothing else happens."""
MOST_ACTORS = 20_000
MOST_QUEUES = 10_000
MOST_ATTEMPTS = 1_000_000
"""Deliveries of one message in its queue."""
MOST_RETRIES = 1_000_000
"""Times that the producers of one run publish again what failed."""
_RECENT = 1000
_LOOKS = "The broker looks every minute for overdue acknowledgements, even when nothing else happens"


def refuse_what_is_too_large(scenario: Scenario, most: int = MOST_MESSAGES) -> None:
    """Refuse a scenario that would take more memory or time than a machine has.

    Args:
        scenario: what is to be run.
        most: how many messages a run can have.

    Raises:
        ScenarioError: it names the field, and what is allowed there.
    """
    if len(scenario.broker.queues) > MOST_QUEUES:
        raise ScenarioError("broker.queues", len(scenario.broker.queues), f"{MOST_QUEUES:,} queues at most")
    for where, value, count in _messages(scenario):
        if count > most:
            allowed = f"so low that a run has {most:,} messages at most, not {count:.3g}"
            raise ScenarioError(where, value, allowed, "Lower it, or shorten the duration")
    for where, value, times in _ticks(scenario):
        if times > MOST_TICKS:
            allowed = f"such that this happens {MOST_TICKS:,} times at most, not {times:.3g}"
            raise ScenarioError(where, value, allowed, "Let it happen less often, or shorten the duration")
    if scenario.duration is not None and scenario.duration > MOST_SECONDS:
        raise ScenarioError("duration", scenario.duration, f"{MOST_SECONDS:,.0f} seconds at most", _LOOKS)
    actors = sum(spec.count for spec in scenario.producers.values())
    actors += sum(spec.most for spec in scenario.consumers.values())
    if actors > MOST_ACTORS:
        allowed = f"{MOST_ACTORS:,} producers and consumers together at most"
        raise ScenarioError("count", actors, allowed, "Let fewer of them do the same: raise rate or speed")


def refuse_more_copies(copies: int) -> None:
    """Stop a run that makes more copies of messages than a machine can hold.

    Raises:
        UsageError: there are too many.
    """
    if copies > MOST_MESSAGES:
        raise UsageError(
            f"the run has made over {MOST_MESSAGES:,} copies of messages, and more would fill the "
            "memory. Shorten it, or look for what publishes or copies each message more than once."
        )


def refuse_more_time(now: float) -> None:
    """Stop a run with `until` whose end does not come.

    Raises:
        UsageError: more simulated time has passed than a run can have.
    """
    if now > MOST_SECONDS:
        raise UsageError(
            f"the run has gone on for {MOST_SECONDS:,.0f} simulated seconds, and its until has not come. "
            f"{_LOOKS}. Lower max_duration, or see what keeps the messages."
        )


def expected_messages(scenario: Scenario) -> float:
    """About how many messages a run brings; for what answers to the system, a rough upper bound."""
    found = sum(float(queue.ready) for queue in scenario.broker.queues.values())
    for spec in scenario.producers.values():
        count = _arrivals(scenario, spec)
        if isinstance(spec.arrivals, Closed | Saturate):
            count = float("inf") if spec.messages is None else spec.messages
        elif isinstance(spec.arrivals, At | TraceArrivals):
            count = len(spec.arrivals.times)
        found += spec.count * count
    return found


def refuse_more_attempts(attempts: int, consumer: str) -> None:
    """Stop a run in which one message comes back again and again.

    Raises:
        UsageError: always.
    """
    raise UsageError(
        f"one message has been delivered {attempts - 1:,} times, lastly to {consumer}, and comes back each "
        "time. Give fails a number of attempts, or its work more time, or shorten the run."
    )


def refuse_more_retries(retries: int, producer: str) -> None:
    """Stop a run whose producers try again and again what can't succeed soon.

    Raises:
        UsageError: they did so too often.
    """
    if retries > MOST_RETRIES:
        raise UsageError(
            f"the run's producers have published again {MOST_RETRIES:,} times, lastly {producer}: more comes "
            "than can be taken, and what is refused comes back. Give retry a factor above 1, a longer delay "
            "or a smaller limit, or shorten the run."
        )


def _messages(scenario: Scenario) -> Iterator[tuple[str, object, float]]:
    """What brings messages into a run: its field, what stands there, and how many it brings."""
    for name, queue in scenario.broker.queues.items():
        yield f"broker.queues.{name}.ready", queue.ready, queue.ready
    routing = Routing(scenario.broker)
    for name, spec in scenario.producers.items():
        where = f"producers.{name}.arrivals"
        if isinstance(spec.arrivals, Closed):
            yield f"{where}.closed.users", spec.arrivals.users, spec.arrivals.users * spec.count
            if spec.arrivals.think.mean > 0.0 and spec.messages is None:
                pace = min(
                    _pace(scenario, routing, spec),
                    spec.count * spec.arrivals.users / spec.arrivals.think.mean,
                )
                yield where, spec.arrivals.kind, _seconds(scenario, spec) * pace
        elif isinstance(spec.arrivals, Saturate):
            yield f"{where}.saturate.ready", spec.arrivals.ready, spec.arrivals.ready * spec.count
            if spec.messages is None:
                yield where, spec.arrivals.kind, _seconds(scenario, spec) * _pace(scenario, routing, spec)
        else:
            # One that ends when it is drained may do so long before its max_duration.
            likely = 1.0 if scenario.duration is not None or spec.messages is not None else 1e-6
            copies = _copies(routing, spec)
            yield where, spec.arrivals.kind, spec.count * _arrivals(scenario, spec) * likely * copies


def _seconds(scenario: Scenario, spec: ProducerSpec) -> float:
    """How long a producer sends; a run that ends by itself may end long before its max_duration."""
    if scenario.duration is None:
        return 0.0
    end = scenario.horizon if spec.stop is None else min(spec.stop, scenario.horizon)
    return max(0.0, end - spec.start)


def _pace(scenario: Scenario, routing: Routing, spec: ProducerSpec) -> float:
    """Messages a second that consumers can take of what keeps up with them; 0 where that can't be told."""
    reached = {
        queue
        for target in spec.to
        for key in target.key.possible()[:1]
        for queue in routing.queues(target.exchange, key)
    }
    pace = 0.0
    for group in scenario.consumers.values():
        if group.queue not in reached or scenario.network.latency > 0.0:
            continue
        work = (group.service or spec.work).mean
        speed = group.speed if isinstance(group.speed, int | float) else max(group.speed)
        pace += group.most * group.slots * speed / work if work > 0.0 else 0.0
    return pace


def _copies(routing: Routing, spec: ProducerSpec) -> float:
    """How many queues each message is copied to, at least one: of several targets the mean."""
    total = sum(target.weight for target in spec.to)
    if not 0.0 < total < float("inf"):
        return 1.0
    reached = (
        target.weight / total * len(routing.queues(target.exchange, target.key.possible()[0]))
        for target in spec.to
    )
    return max(1.0, sum(reached))


def _arrivals(scenario: Scenario, spec: ProducerSpec) -> float:
    """How many messages one producer is expected to bring, at most."""
    end = scenario.horizon if spec.stop is None else min(spec.stop, scenario.horizon)
    seconds = max(0.0, end - spec.start)
    arrivals = spec.arrivals
    match arrivals:
        case Poisson():
            found = arrivals.rate * seconds
        case Every():
            found = seconds / arrivals.interval
        case Renewal():
            found = seconds / arrivals.law.mean if arrivals.law.mean > 0 else float("inf")
        case Batches():
            found = seconds * arrivals.size.mean / arrivals.every.mean
        case Mmpp():
            found = seconds * min(rate for rate in arrivals.rates)
        case ProfileArrivals():
            points = [(min(t, seconds), rate) for t, rate in arrivals.points]
            found = sum((t1 - t0) * min(r0, r1) for (t0, r0), (t1, r1) in pairwise(points))
        case _:
            found = 0.0
    return found if spec.messages is None else min(found, spec.messages)


def _ticks(scenario: Scenario) -> Iterator[tuple[str, object, float]]:
    if scenario.duration is None:
        return
    for name, spec in scenario.consumers.items():
        if spec.autoscale is not None:
            field, every = spec.autoscale.looks_every
            kind = f"{spec.autoscale.kind}." if spec.autoscale.kind else ""
            yield f"consumers.{name}.autoscale.{kind}{field}", every, scenario.horizon / every
    for name, producer in scenario.producers.items():
        if isinstance(producer.arrivals, Mmpp):
            pace = min(sum(row) for row in producer.arrivals.switch)
            yield f"producers.{name}.arrivals.mmpp.switch", pace, scenario.horizon * pace
    for number, fault in enumerate(scenario.faults):
        if fault.every is not None and fault.repair is not None:
            cycle = fault.every.mean + fault.repair.mean
            times = scenario.horizon / cycle if cycle > 0 else float("inf")
            yield f"faults.{number}.every", fault.every.mean, times


def who_keeps_time(trace: Trace, now: float) -> str:
    """Who is at work at an instant that does not end, and what would let time move on."""
    deliveries, events = trace.deliveries, trace.events
    recent = range(max(0, deliveries.n - _RECENT), deliveries.n)
    served = Counter(deliveries.consumer[row] for row in recent if deliveries.sent[row] == now)
    happened = Counter(
        (events.subject[row], events.kind[row])
        for row in range(max(0, len(events) - _RECENT), len(events))
        if events.t[row] == now and events.subject[row] in trace.cast
    )
    crashed = [name for (name, kind), _ in happened.most_common() if kind == EventKind.CRASHED]
    retried = [name for (name, kind), _ in happened.most_common() if kind == EventKind.RETRIED]
    lost = [name for (name, kind), _ in happened.most_common() if kind == EventKind.CONNECTION_LOST]
    if crashed:
        return (
            f"{crashed[0]} crashes and starts again without a pause: give it a restart_after, or its fault a "
            "repair, above 0."
        )
    if served:
        name = trace.actors.names[served.most_common(1)[0][0]]
        group = trace.cast[name].group if name in trace.cast else name
        return (
            f"{name} is sent message after message in no time, as they come back or bring others: give them "
            f"work above 0 (work of their producer, or consumers.{group}.service), or network.latency."
        )
    if retried:
        return f"{retried[0]} publishes again and again in no time: give its retry.delay some seconds."
    if lost:
        group = trace.cast[lost[0]].group
        return f"{lost[0]} connects again and again in no time: give {group}.reconnect some seconds."
    return ""
