"""A modelled producer: messages come into the world by its arrivals; it publishes them as soon as it can."""

from __future__ import annotations

from collections import deque
from itertools import repeat
from typing import TYPE_CHECKING

from mqsim.broker import Message
from mqsim.scenario import arrival_times
from mqsim.sim.clock import Timer
from mqsim.sim.confirms import Confirms
from mqsim.sim.destinations import Destination
from mqsim.sim.hop_kinds import Close, Publish
from mqsim.sim.process import Process
from mqsim.trace import Actor, Outcome, ProducerCounts
from mqsim.trace.event_kinds import EventKind

if TYPE_CHECKING:
    from collections.abc import Iterator

    import simpy

    from mqsim.distributions import Sampler
    from mqsim.scenario.actors import ProducerSpec
    from mqsim.sim.actor_world import ActorWorld
    from mqsim.sim.session import Session


class Producer(Process):
    """One producer.

    Attributes:
        free: whether a message can be published the moment it comes: connected, not blocked, nothing waiting
        before it. done: whether no further message will come into the world.
    """

    def __init__(self, world: ActorWorld, name: str, group: str, spec: ProducerSpec) -> None:
        super().__init__(world, name, Actor(group, "producer"), spec.reconnect, spec.heartbeat)
        self.spec = spec
        self.counts = world.trace.counts[name] = ProducerCounts()
        self._copies = world.copies
        self._published = world.trace.messages.published
        self.free = False
        self.done = False
        self.number = 0
        self._blocked = False
        self._blocked_since = 0.0
        self._backlog: deque[Message] = deque()
        self._stream = world.streams.stream
        self.destination = Destination(
            spec.to,
            lambda purpose, number: world.uniform(name, purpose, number),
            size=spec.size,
            persistent=spec.persistent,
            mandatory=spec.mandatory,
            priority=spec.priority,
        )
        queue = self.destination.queue
        self.queue_code = world.trace.queues.code(queue) if queue in world.broker.queues else -1
        self._works = world.streams.sampler(name, "work", spec.work).draws()
        self._expirations: Iterator[float] | None = (
            None
            if spec.expiration is None
            else world.streams.sampler(name, "expiration", spec.expiration).draws()
        )
        poisonous: Iterator[float] = (
            world.streams.stream(name, "poison").draws() if spec.poison else repeat(1.0)
        )
        self._poisons = poisonous
        found = arrival_times.times(spec, world.streams, name)
        self.times: Iterator[float] = iter(()) if found is None else found
        self._timer = Timer(self.clock, self._arrive)
        listens = spec.confirms is not None or spec.retry is not None or spec.mandatory
        self.confirms = Confirms(self, spec) if listens else None

    def redraw(self, purpose: str) -> Sampler:
        """Samples of this producer's law of work for another purpose, such as a second attempt."""
        return self.world.streams.sampler(self.name, purpose, self.spec.work)

    # -- arrivals --------------------------------------------------------------------------------------------

    def begin(self) -> None:
        """Begin the arrivals; once in a run, whatever becomes of the process."""
        self._next_arrival()

    def _next_arrival(self) -> None:
        time = next(self.times, None)
        if time is None:
            self.finish()
        else:
            self._timer.set(time)

    def _arrive(self, _: simpy.Event) -> None:
        if not self.done:
            self.create(self.clock._now)
            self._next_arrival()
        self.world.finish_instant()

    def finish(self) -> None:
        """No further message will come into the world."""
        if not self.done:
            self.done = True
            self.world.producer_finished()

    def create(self, created: float) -> Message:
        """A message comes into the world, and is published if it can be."""
        number = self.number
        self.number = number + 1
        row = self._copies.new(self.code, number, self.queue_code, created, next(self._works))
        envelope = self.destination.only
        if envelope is None or self._expirations is not None:
            expiration = None if self._expirations is None else next(self._expirations)
            envelope = self.destination.envelope(number, expiration)
        if envelope.priority:
            self.world.trace.messages.priority[row] = envelope.priority
        if self.spec.poison and next(self._poisons) < self.spec.poison:
            self.world.poisoned.add(row)
        message = Message(envelope, row)
        if self.free:
            self.publish(message)
        elif self.running:
            self._hold(message)
        else:
            self._copies.end(row, Outcome.REFUSED, created, "its producer was down")
        return message

    # -- publishing ------------------------------------------------------------------------------------------

    def publish(self, message: Message) -> None:
        """Put a message on the wire."""
        session = self.session
        assert session is not None
        self.counts.published += 1
        self._published[message.row] = self.clock._now
        if self.confirms is not None:
            self.confirms.expect(message)
            self.free = self.free and self.confirms.room
        session.up(Publish(session, message))

    def _hold(self, message: Message) -> None:
        if self.spec.when_blocked == "drop":
            self._copies.end(message.row, Outcome.REFUSED, self.clock._now, "its producer could not publish")
        else:
            self._backlog.append(message)

    def offer(self, message: Message) -> None:
        """Publish a message again: now, or after what waits already."""
        if self.free:
            self.publish(message)
        else:
            self._backlog.append(message)

    def refresh(self) -> None:
        """Find out whether messages can go out now, and send those that wait."""
        session = self.session
        able = (
            self.running
            and not self.hung
            and not self._blocked
            and session is not None
            and session.broker_known
        )
        room = self.confirms is None or self.confirms.room
        while able and room and self._backlog:
            self.publish(self._backlog.popleft())
            room = self.confirms is None or self.confirms.room
        self.free = able and room

    # -- the connection --------------------------------------------------------------------------------------

    def attach(self, session: Session) -> None:
        """At the broker: ask for confirms, if wanted."""
        if self.confirms is not None:
            self.confirms.attach(session)

    def opened(self, session: Session) -> None:
        """At the client: publish what waits."""
        if session is self.session:
            session.broker_known = True
            self.refresh()

    def disconnected(self) -> None:
        """What was published and not confirmed may be lost."""
        self._unblock()
        if self.confirms is not None:
            self.confirms.connection_lost()
        self.refresh()

    def blocked(self, session: Session, blocked: bool) -> None:
        """At the client: an alarm blocks publishers, or is over."""
        if session is not self.session or blocked == self._blocked:
            return
        now = self.clock._now
        self.world.log(EventKind.BLOCKED if blocked else EventKind.UNBLOCKED, self.name)
        if blocked:
            self._blocked, self._blocked_since = True, now
        else:
            self._unblock()
        self.refresh()

    def _unblock(self) -> None:
        if self._blocked:
            self._blocked = False
            self.counts.blocked_for += self.clock._now - self._blocked_since

    def lose_work(self) -> None:
        """The process died: what had not been published is gone, what was not confirmed is forgotten."""
        self._unblock()
        now = self.clock._now
        backlog, self._backlog = self._backlog, deque()
        for message in backlog:
            self._copies.end(message.row, Outcome.LOST, now, "its producer crashed before it was published")
        if self.confirms is not None:
            self.confirms.forget()
        self.free = False

    def stop_in_order(self, for_good: bool) -> None:
        """As `stop`."""
        self.stop(for_good)

    def stop(self, for_good: bool = True) -> None:
        """End in order: no further messages; what waits is still published if it can be."""
        if for_good:
            self.finish()
        session = self.session
        if not self.running:
            return
        self.refresh()
        now = self.clock._now
        for message in self._backlog:
            self._copies.end(message.row, Outcome.LOST, now, "its producer stopped before it was published")
        self._backlog.clear()
        self.session = None
        self.free = False
        if session is not None:
            session.client_open = False
            session.up(Close(session))
        self._end_life(EventKind.STOPPED)

    def pace_changed(self) -> None:
        """A process that stands still publishes nothing."""
        self.refresh()

    def close_books(self) -> None:
        """The run is over, or pauses: complete the counts."""
        if self._blocked:
            self.counts.blocked_for += self.clock._now - self._blocked_since
            self._blocked_since = self.clock._now
        self.counts.created = self.number
