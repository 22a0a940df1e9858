"""Consumers that come and go with the backlog."""

from __future__ import annotations

from math import ceil
from typing import TYPE_CHECKING

from mqsim.trace.event_kinds import EventKind

if TYPE_CHECKING:
    import simpy

    from mqsim.scenario.conduct import Autoscale
    from mqsim.sim.actor_world import ActorWorld
    from mqsim.sim.consumer import Consumer


class Autoscaler:
    """Looks at one queue now and then and has as many consumers as its backlog asks for.

    Wanted are backlog / `backlog_per`, rounded up, within `min` and `max`. The lowest number that is free
    starts first, the highest that runs stops first.
    """

    def __init__(
        self, world: ActorWorld, group: str, queue: str, spec: Autoscale, members: list[Consumer]
    ) -> None:
        self._world = world
        self._group = group
        self._queue = queue
        self._spec = spec
        self._members = members
        self._starting: set[str] = set()
        self._delays = world.streams.sampler(group, "start delay", spec.start_delay).draws()
        self._looks = 0
        self._look_later()

    def _look_later(self) -> None:
        self._looks += 1
        self._world.clock.call_at(self._looks * self._spec.every, self._look)

    def _look(self, _: simpy.Event) -> None:
        world, spec = self._world, self._spec
        world.broker.advance(world.clock._now)
        queue = world.broker.queues.get(self._queue)
        backlog = queue.waiting if queue is not None else 0
        wanted = min(max(ceil(backlog / spec.backlog_per), spec.min), spec.max)
        there = [c for c in self._members if (c.running and not c.stopping) or c.name in self._starting]
        free = [c for c in self._members if not c.running and c.name not in self._starting]
        for consumer in free[: max(wanted - len(there), 0)]:
            self._start(consumer)
        for consumer in there[wanted:]:
            self._stop(consumer)
        self._look_later()
        world.finish_instant()

    def _start(self, consumer: Consumer) -> None:
        world = self._world
        self._starting.add(consumer.name)
        world.log(EventKind.SCALED_UP, consumer.name, self._queue)

        def ready(_: simpy.Event) -> None:
            if consumer.name in self._starting:
                self._starting.discard(consumer.name)
                consumer.start()
                world.finish_instant()

        world.clock.call_at(world.clock._now + next(self._delays), ready)

    def _stop(self, consumer: Consumer) -> None:
        self._world.log(EventKind.SCALED_DOWN, consumer.name, self._queue)
        if consumer.name in self._starting:
            self._starting.discard(consumer.name)
        elif self._spec.stop == "graceful":
            consumer.stop()
        else:
            consumer.crash()
