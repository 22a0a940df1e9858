"""A modelled consumer: one process that works on one message at a time.

What was delivered to it and waits for its turn sits in its buffer, out of reach of others. Where a crash
happens: `crash` (in `actor`) ends the process, `lose_work` here says what that does to the work in hand.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from itertools import pairwise
from math import prod
from typing import TYPE_CHECKING

import simpy

from mqsim.broker import Message
from mqsim.scenario.actors import ConsumerSpec
from mqsim.sim.actor import NEVER, Process
from mqsim.sim.clock import Timer
from mqsim.sim.forwards import Forwards
from mqsim.sim.session import Sent, Session
from mqsim.sim.works import Works
from mqsim.trace import Actor

if TYPE_CHECKING:
    from mqsim.sim.world import World


class Consumer(Process):
    """One consumer.

    Attributes:
        working: the message it works on, or None.
        speed: work done per second while it runs at its own pace.
    """

    def __init__(
        self,
        world: World,
        name: str,
        group: str,
        spec: ConsumerSpec,
        speed: float,
        works: Works,
        forwards: Forwards | None,
    ) -> None:
        cast = Actor(group, "consumer", spec.queue, spec.ack, spec.prefetch, idempotent=spec.idempotent)
        super().__init__(world, name, cast, spec.reconnect, spec.heartbeat)
        self.spec = spec
        self.speed = speed
        self.working: Message | None = None
        self.stopping = False
        self._manual = spec.ack == "manual"
        self._early = spec.ack == "early"
        self._plain = spec.fails is None and not world.any_poison
        self._works = works
        self._work = world.recorder.work
        self._drawn = not works.plain
        self._factor = spec.factor
        self._forwards = forwards
        self._buffer: deque[tuple[Sent, Message]] = deque()
        self._timer = Timer(self.clock, self._finish)
        self._home: Session | None = None
        self._tag = 0
        self._attempt = -1
        self._failing = False
        self._slowness: list[float] = []
        self._slowed = 1.0
        self._finish_at = NEVER
        self._remaining = 0.0
        self._messages = world.trace.messages
        self._deliveries = world.trace.deliveries

    def start(self) -> None:
        """As for every process; one whose time to stop has come stays away."""
        if self.spec.stop is None or self.clock._now < self.spec.stop:
            super().start()

    # -- the connection --------------------------------------------------------------------------------------

    def attach(self, session: Session) -> None:
        """At the broker: subscribe."""
        spec = self.spec
        channel = session.channel
        channel.qos(spec.prefetch)
        channel.on_cancel = lambda _: session.down((self._dismissed, session, None))
        channel.consume(
            spec.queue,
            session.deliver,
            no_ack=spec.ack == "auto",
            tag=self.name,
            priority=spec.priority,
            exclusive=spec.exclusive,
        )
        self.world.log("subscribed", self.name, spec.queue)

    def _dismissed(self, session: Session, _: object) -> None:
        """At the client: the broker ended the subscription. Close the connection, and connect again."""
        if session is self.session and session.client_open:
            session.up((self.node.close, session, None))
            self.closed(session, "the broker cancelled its subscription")

    def receive(self, session: Session, sent: Sent, message: Message) -> None:
        """At the client: work on a delivery, or keep it for later."""
        self._deliveries.received[sent[1]] = self.clock._now
        if self.working is None and not self.hung:
            self._begin(session, sent, message)
        else:
            self._buffer.append((sent, message))

    def disconnected(self) -> None:
        """What waits in the buffer went back to its queue; the work in hand goes on, though nobody will hear
        of it.
        """
        self._lose_buffer()

    def connect_later(self) -> None:
        """A blocking consumer notices only when its work is done."""
        if not (self.spec.blocking and self.working is not None):
            super().connect_later()

    # -- work ------------------------------------------------------------------------------------------------

    def _begin(self, session: Session, sent: Sent, message: Message) -> None:
        now = self.clock._now
        self.working = message
        self._home = session
        self._tag, attempt = sent
        self._attempt = attempt
        row = message.row
        self._deliveries.started[attempt] = now
        if message.attempt == attempt:
            self._messages.started[row] = now
        work = self._works.seconds(row, message.deliveries) if self._drawn else self._work[row]
        seconds = work / self.speed
        if self._factor is not None:
            seconds *= _stretched(self._factor, now)
        if self._early:
            session.up((self.node.ack, session, self._tag))
        if not self._plain:
            seconds = self._foresee(row, message.deliveries, seconds)
        if self._slowed != 1.0:
            seconds *= self._slowed
        finish_at = self._finish_at = now + seconds
        self._timer.set(finish_at)
        if self.spec.blocking and 0 < 2 * self.heartbeat < seconds:
            self._starve(session, now + 2 * self.heartbeat)

    def _foresee(self, row: int, attempt: int, seconds: float) -> float:
        """Whether this attempt will fail, and how long it takes until then."""
        fails = self.spec.fails
        poisoned = self._messages.origin[row] in self.world.poisoned
        chance = 0.0 if fails is None else fails.probability
        drawn = chance > 0 and self._works.chance(row, "fails", attempt) < chance
        self._failing = poisoned or drawn
        return seconds * fails.after if self._failing and fails is not None else seconds

    def _starve(self, session: Session, at: float) -> None:
        """The work blocks the heartbeat: the broker gives the connection up while the work goes on."""
        working = self.working

        def silent(_: simpy.Event) -> None:
            if self.working is working and session.broker_open:
                self.node.drop(session, "missed heartbeats from client")
                self.world.settle()

        self.clock.call_at(at, silent)

    def _finish(self, event: simpy.Event) -> None:
        if event is not self._timer:
            return
        message = self.working
        session = self._home
        assert message is not None
        assert session is not None
        self.working = None
        if self._failing:
            self._failing = False
            self._fail(session, message)
        else:
            now = self.clock._now
            self._deliveries.finished[self._attempt] = now
            if message.attempt == self._attempt:
                self._messages.finished[message.row] = now
            if self._forwards is not None:
                self._forwards.publish(self, session, message, before=True)
            if self._manual:
                session.up((self.node.ack, session, self._tag))
            if self._forwards is not None:
                self._forwards.publish(self, session, message, before=False)
            if not self._manual and self._given_away(message, self._attempt):
                self.recorder.finished_after_ack(message)
        if self.running:
            self._go_on(session)
        self.world.settle()

    def _go_on(self, session: Session) -> None:
        if self.stopping:
            self._leave()
        elif self._buffer and not self.hung:
            sent, message = self._buffer.popleft()
            current = self.session
            if current is not None:
                self._begin(current, sent, message)
        elif self.session is None and not session.client_open:
            self.connect_later()

    def _fail(self, session: Session, message: Message) -> None:
        fails = self.spec.fails
        then = "nack" if fails is None else fails.then
        limit = None if fails is None else fails.attempts
        if limit is not None and message.deliveries >= limit:
            then = "reject"
        self.world.log("failed", self.name, copy=message.row, detail=then)
        if then == "crash":
            self.working = message
            self.world.restart_later(self, None if fails is None else fails.restart_after)
            self.crash()
        elif not self._manual:
            self._lose(message, self._attempt, "it failed after it had been acknowledged")
        elif then == "drop":
            self.recorder.abandon(self._attempt)
            session.up((self.node.ack, session, self._tag))
        else:
            session.up((self.node.nack if then == "nack" else self.node.reject, session, self._tag))

    # -- the end, and standing still -------------------------------------------------------------------------

    def lose_work(self) -> None:
        """The process died. What was acknowledged beforehand is lost; the rest goes back when the broker
        notices.
        """
        message, self.working = self.working, None
        self._failing = False
        self._timer = Timer(self.clock, self._finish)
        self._slowness.clear()
        self._slowed = 1.0
        if message is not None and not self._manual:
            self._lose(message, self._attempt, f"{self.name} died while working on it")
        self._lose_buffer()
        self.stopping = False

    def _lose_buffer(self) -> None:
        buffer, self._buffer = self._buffer, deque()
        for (_, attempt), message in buffer:
            if not self._manual and self._given_away(message, attempt):
                self._lose(message, attempt, f"it waited in the memory of {self.name}")

    def _given_away(self, message: Message, attempt: int) -> bool:
        """Whether the broker has been told that this attempt is done, and so has forgotten the message."""
        acked = self._messages.acked[message.row]
        return message.attempt == attempt and acked == acked

    def _lose(self, message: Message, attempt: int, why: str) -> None:
        """What was acknowledged is lost; so is what will be, once the acknowledgement arrives."""
        if self._given_away(message, attempt):
            self.recorder.lost(message, self.clock._now, why)
        else:
            self.recorder.abandon(attempt)

    def stop_in_order(self, for_good: bool) -> None:
        """As `stop`."""
        self.stop()

    def stop(self) -> None:
        """End in order: cancel the subscription, finish the work in hand, give the rest back, close."""
        if not self.running or self.stopping:
            return
        self.stopping = True
        session = self.session
        if self.working is None:
            self._leave()
        elif session is not None and session.client_open:
            session.up((self.node.cancel, session, self.name))
            self.world.log("cancelled", self.name, self.spec.queue)

    def _leave(self) -> None:
        session, self.session = self.session, None
        self._lose_buffer()
        if session is not None:
            session.client_open = False
            session.up((self.node.close, session, None))
        self.stopping = False
        self._end_life("stopped")

    def slow(self, factor: float) -> None:
        """Stretch the work that remains, and all that follows, by `factor`."""
        self._slowness.append(factor)
        self._stretch(factor)

    def quicken(self, factor: float) -> None:
        """Take one stretch by `factor` back."""
        self._slowness.remove(factor)
        self._stretch(1.0 / factor)

    def _stretch(self, factor: float) -> None:
        now = self.clock._now
        if self.working is not None and not self.hung:
            self._rearm(now + (self._finish_at - now) * factor)
        elif self.working is not None:
            self._remaining *= factor
        self._slowed = prod(self._slowness)  # exactly 1 when none is left

    def pace_changed(self) -> None:
        """Stand still with the work that remains, or go on with it."""
        now = self.clock._now
        if self.hung:
            if self.working is not None:
                self._remaining = self._finish_at - now
                self._timer = Timer(self.clock, self._finish)
        elif self.working is not None:
            self._rearm(now + self._remaining)
        elif self._buffer and self.session is not None:
            sent, message = self._buffer.popleft()
            self._begin(self.session, sent, message)

    def _rearm(self, at: float) -> None:
        self._finish_at = at
        self._timer = Timer(self.clock, self._finish)
        self._timer.set(at)


def _stretched(points: Sequence[tuple[float, float]], now: float) -> float:
    """The factor at `now` on a line through the points; before the first and after the last it is theirs."""
    if now <= points[0][0]:
        return points[0][1]
    for (t0, f0), (t1, f1) in pairwise(points):
        if now <= t1:
            return f0 + (f1 - f0) * (now - t0) / (t1 - t0)
    return points[-1][1]
