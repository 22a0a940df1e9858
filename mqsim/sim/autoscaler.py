"""Consumers that come and go: what an autoscaler sees of its queue, when it looks, and what it then does.

How many it wants is decided in `scaling_rules`.
"""

from __future__ import annotations

from collections import deque
from functools import partial
from math import ceil
from typing import TYPE_CHECKING

from mqsim.broker import Observer
from mqsim.scenario.autoscaling import Autoscale, Hpa, Keda, TargetTracking
from mqsim.sim.scaling_rules import BacklogTracking, HorizontalPodAutoscaler
from mqsim.trace.event_kinds import EventKind

if TYPE_CHECKING:
    from collections.abc import Callable

    import simpy

    from mqsim.broker import Message, Queue
    from mqsim.scenario.autoscaling import AnyScaling
    from mqsim.sim.actor_world import ActorWorld
    from mqsim.sim.consumer import Consumer


class Autoscaler:
    """Has as many consumers of a group as it is told: the lowest number that is free starts first, the
    highest that runs stops first.
    """

    def __init__(
        self, world: ActorWorld, group: str, queue: str, spec: AnyScaling, members: list[Consumer]
    ) -> None:
        self.world = world
        self._queue = queue
        self._stops_gracefully = spec.stop == "graceful"
        self._members = members
        self._starting: set[str] = set()
        self._delays = world.streams.sampler(group, "start delay", spec.start_delay).draws()

    def there(self) -> list[Consumer]:
        """The consumers that run or are about to, but for those that are about to end."""
        return [c for c in self._members if (c.running and not c.stopping) or c.name in self._starting]

    def running(self) -> int:
        """How many of them are ready to work."""
        return sum(c.running and not c.stopping for c in self._members)

    def length(self, unacknowledged: bool = False) -> int:
        """How many messages are in the queue: those that are ready, or also those that consumers hold."""
        queue = self.world.broker.queues.get(self._queue)
        if queue is None:
            return 0
        return queue.waiting + queue.unacked if unacknowledged else queue.waiting

    def have(self, wanted: int) -> None:
        """Start or stop as many as it takes."""
        there = self.there()
        free = [c for c in self._members if not c.running and c.name not in self._starting]
        for consumer in free[: max(wanted - len(there), 0)]:
            self._start(consumer)
        for consumer in there[wanted:]:
            self._stop(consumer)

    def _start(self, consumer: Consumer) -> None:
        world = self.world
        self._starting.add(consumer.name)
        world.log(EventKind.SCALED_UP, consumer.name, self._queue)

        def ready(_: simpy.Event) -> None:
            if consumer.name in self._starting:
                self._starting.discard(consumer.name)
                consumer.start()
                world.finish_instant()

        world.clock.call_at(world.clock._now + next(self._delays), ready)

    def _stop(self, consumer: Consumer) -> None:
        self.world.log(EventKind.SCALED_DOWN, consumer.name, self._queue)
        if consumer.name in self._starting:
            self._starting.discard(consumer.name)
        elif self._stops_gracefully:
            consumer.stop()
        else:
            consumer.crash()


class Arrivals(Observer):
    """Counts what came to one queue in the seconds before."""

    def __init__(self, queue: str, seconds: float, now: Callable[[], float]) -> None:
        self._queue = queue
        self._seconds = seconds
        self._now = now
        self._times: deque[float] = deque()

    def enqueued(self, message: Message, queue: Queue) -> None:
        """As `Observer` says."""
        if queue.name == self._queue and self._now() > 0.0:  # what is there at the start did not come
            self._times.append(self._now())

    def rate(self) -> float:
        """Messages a second."""
        since = self._now() - self._seconds
        while self._times and self._times[0] <= since:
            self._times.popleft()
        return len(self._times) / self._seconds


class Looks:
    """An autoscaler's looks at its queue, at every multiple of a time, with a metric that may be old.

    Args:
        every: seconds between two looks, the first after as many.
        lag: seconds by which the metric is old.
        measure: reads the metric.
        act: called with it at each look.
    """

    def __init__(
        self,
        world: ActorWorld,
        every: float,
        lag: float,
        measure: Callable[[], float],
        act: Callable[[float], None],
    ) -> None:
        self._world = world
        self._every = every
        self._lag = lag
        self._measure = measure
        self._act = act
        self._seen: deque[float] = deque()
        self._taken = self._looks = 0
        if lag > 0.0:
            self._take_later()
        self._look_later()

    def _take_later(self) -> None:
        self._taken += 1
        self._world.clock.call_at(max(self._taken * self._every - self._lag, 0.0), self._take)

    def _look_later(self) -> None:
        self._looks += 1
        self._world.clock.call_at(self._looks * self._every, self._look)

    def _now(self) -> float:
        self._world.broker.advance(self._world.clock._now)
        return self._measure()

    def _take(self, _: simpy.Event) -> None:
        self._seen.append(self._now())
        self._take_later()
        self._world.finish_instant()

    def _look(self, _: simpy.Event) -> None:
        self._act(self._seen.popleft() if self._lag > 0.0 else self._now())
        self._look_later()
        self._world.finish_instant()


def autoscale(scaler: Autoscaler, spec: AnyScaling, arrivals: Arrivals | None) -> None:
    """Set an autoscaler going.

    Args:
        scaler: starts and stops consumers.
        spec: what the scenario says of it.
        arrivals: what counts the messages that come, for a metric that is their rate.
    """
    if isinstance(spec, Autoscale):
        _by_backlog(scaler, spec)
    elif isinstance(spec, TargetTracking):
        _by_alarms(scaler, spec)
    else:
        measure = partial(scaler.length, spec.unacknowledged) if arrivals is None else arrivals.rate
        if isinstance(spec, Keda):
            _from_and_to_zero(scaler, spec, measure)
        _by_kubernetes(scaler, spec, measure)


def _by_backlog(scaler: Autoscaler, spec: Autoscale) -> None:
    def look(backlog: float) -> None:
        scaler.have(min(max(ceil(backlog / spec.backlog_per), spec.min), spec.max))

    Looks(scaler.world, spec.every, 0.0, scaler.length, look)


def _by_kubernetes(scaler: Autoscaler, spec: Hpa, measure: Callable[[], float]) -> None:
    rule = HorizontalPodAutoscaler(spec)

    def look(metric: float) -> None:
        current = len(scaler.there())
        if current:  # with none it is switched off
            scaler.have(rule.decide(scaler.world.clock._now, metric, current))

    Looks(scaler.world, spec.sync, spec.lag, measure, look)


def _from_and_to_zero(scaler: Autoscaler, spec: Keda, measure: Callable[[], float]) -> None:
    """KEDA's own part: the first consumer, and the end of the last."""
    needed_at = 0.0

    def look(metric: float) -> None:
        nonlocal needed_at
        now, current = scaler.world.clock._now, len(scaler.there())
        if metric > spec.activation:
            needed_at = now
            if not current:
                scaler.have(spec.least)
        elif current and spec.min == 0 and now - needed_at > spec.cooldown:
            scaler.have(0)

    Looks(scaler.world, spec.polling, spec.lag, measure, look)


def _by_alarms(scaler: Autoscaler, spec: TargetTracking) -> None:
    rule = BacklogTracking(spec)

    def look(backlog: float) -> None:
        current = len(scaler.there())
        scaler.have(rule.decide(scaler.world.clock._now, backlog, scaler.running(), current))

    Looks(scaler.world, spec.period, spec.lag, scaler.length, look)
