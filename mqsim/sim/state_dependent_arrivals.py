"""Arrivals that answer to what the system does: a closed loop of users, and a queue that is never empty."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import simpy

    from mqsim.broker import Message
    from mqsim.scenario.arrivals import Closed, Saturate
    from mqsim.sim.actor_world import ActorWorld
    from mqsim.sim.producer import Producer


class ClosedLoop:
    """`users` that think, send a message, wait until all that comes of it has ended, and think again.

    User u's k-th thinking time is sample k x users + u, so that a user's times do not depend on the others'
    pace.
    """

    def __init__(self, world: ActorWorld, producer: Producer, arrivals: Closed) -> None:
        self._world = world
        self._producer = producer
        self._users = arrivals.users
        self._thoughts = world.streams.sampler(producer.name, "think", arrivals.think)
        for user in range(arrivals.users):
            self._think(user, 0, producer.spec.start)

    def _think(self, user: int, turn: int, now: float) -> None:
        thought = self._thoughts.at(turn * self._users + user)
        self._world.clock.call_at(now + thought, self._send, (user, turn))

    def _send(self, event: simpy.Event) -> None:
        user, turn = event._value
        producer, spec = self._producer, self._producer.spec
        now = self._world.clock._now
        if producer.done or (spec.stop is not None and now >= spec.stop):
            producer.finish()
            return
        if spec.messages is not None and producer.number + 1 >= spec.messages:
            producer.finish()
        copies = self._world.copies
        copies.when_all_ended(len(copies), partial(self._answered, user, turn + 1))
        producer.create(now)
        self._world.finish_instant()

    def _answered(self, user: int, turn: int) -> None:
        if not self._producer.done:
            self._think(user, turn, self._world.clock._now)


class Saturation:
    """Keeps so many messages ready in the queue: whenever one is sent, another one comes."""

    def __init__(self, world: ActorWorld, producer: Producer, arrivals: Saturate) -> None:
        self._world = world
        self._producer = producer
        self._ready = arrivals.ready
        self._on_their_way: list[Message] = []
        start = producer.spec.start
        world.clock.call_at(start, self._first)

    def _first(self, _: simpy.Event) -> None:
        self._world.when_outbox_is_empty.append(self.fill)
        self._world.finish_instant()

    def fill(self) -> bool:
        """Publish what is missing; say whether there was any."""
        producer, spec = self._producer, self._producer.spec
        now = self._world.clock._now
        if producer.done or (spec.stop is not None and now >= spec.stop):
            producer.finish()
            return False
        if not producer.free:
            return False
        queue = self._world.broker.queues.get(producer.destination.queue)
        if queue is None:
            return False
        copies = self._world.copies
        limits = queue.arguments
        room = self._ready if limits.max_length is None else min(self._ready, limits.max_length)
        self._on_their_way = [
            message for message in self._on_their_way if not message.sequence and copies.is_open(message.row)
        ]
        missing = room - queue.waiting - len(self._on_their_way)
        if spec.messages is not None:
            missing = min(missing, spec.messages - producer.number)
        self._on_their_way += [producer.create(now) for _ in range(missing)]
        if producer.number == spec.messages:
            producer.finish()
        return missing > 0
