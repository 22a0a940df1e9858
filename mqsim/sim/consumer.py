"""A modelled consumer: one process with one connection, which works on a message in each of its slots.

Most consumers have one slot; a pool has several. What was delivered and waits for a free slot sits in the
consumer's buffer, out of reach of others. Where a crash happens: `crash` (in `process`) ends the process,
`lose_work` here says what that does to the work in hand.
"""

from __future__ import annotations

from collections import deque
from functools import partial
from itertools import pairwise
from math import prod
from typing import TYPE_CHECKING

from mqsim.scenario.conduct import Fails
from mqsim.sim.clock import Timer
from mqsim.sim.hop_kinds import Ack, Cancel, Cancelled, Close, Nack, Reject, deliveries_to
from mqsim.sim.process import NEVER, Process
from mqsim.trace import Actor
from mqsim.trace.event_kinds import EventKind

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    import simpy

    from mqsim.scenario.actors import ConsumerSpec
    from mqsim.sim.actor_world import ActorWorld
    from mqsim.sim.clock import Clock
    from mqsim.sim.forwards import Forwards
    from mqsim.sim.service_times import ServiceTimes
    from mqsim.sim.session import ReceivedDelivery, Session


_POISON = Fails()
"""How a poison message fails where the scenario says nothing of failing work: it goes back to its queue."""


class Slot:
    """A place of a consumer in which one message is worked on at a time.

    Attributes:
        working: the delivery that is worked on, or None.
        timer: happens when the work is done.
        failing: how this attempt will fail; None if it won't.
        finish_at: when the work will be done.
        remaining: seconds of work that are left, while the consumer stands still.
    """

    __slots__ = ("_finish", "failing", "finish_at", "remaining", "timer", "working")

    def __init__(self, clock: Clock, finish: Callable[[Slot, simpy.Event], None]) -> None:
        self.working: ReceivedDelivery | None = None
        self.failing: Fails | None = None
        self.finish_at = NEVER
        self.remaining = 0.0
        self._finish: Callable[[simpy.Event], None] = partial(finish, self)
        self.timer = Timer(clock, self._finish)

    def overtake(self, clock: Clock) -> None:
        """Take a new timer; what the old one was set to does not happen."""
        self.timer = Timer(clock, self._finish)


class Consumer(Process):
    """One consumer.

    Attributes:
        slots: where it works, one message in each at a time.
        speed: work done per second in each slot while it runs at its own pace.
        failures: what makes its work fail: its own `fails`, and outages while they last.
    """

    def __init__(
        self,
        world: ActorWorld,
        name: str,
        group: str,
        spec: ConsumerSpec,
        speed: float,
        works: ServiceTimes,
        forwards: Forwards | None,
    ) -> None:
        cast = Actor(
            group,
            "consumer",
            spec.queue,
            spec.ack,
            spec.prefetch,
            idempotent=spec.idempotent,
            slots=spec.slots,
        )
        super().__init__(world, name, cast, spec.reconnect, spec.heartbeat)
        self.spec = spec
        self.speed = speed
        self.slots = [Slot(self.clock, self._finish) for _ in range(spec.slots)]
        self._free = self.slots[::-1]
        self.failures: list[tuple[str, Fails]] = []
        if spec.fails is not None and spec.fails.probability:
            self.failures.append(("fails", spec.fails))
        self.stopping = False
        self._manual = spec.ack == "manual"
        self._early = spec.ack == "early"
        self._plain = not self.failures and not world.any_poison
        self._works = works
        self._work = world.copies.work
        self._drawn = not works.plain
        self._factor = spec.factor
        # Seconds of work after which the broker misses its heartbeats; 0: work does not keep it from them.
        self._patience = 2 * spec.heartbeat if spec.blocking else 0.0
        self._forwards = forwards
        self._buffer: deque[ReceivedDelivery] = deque()
        self._slowness: list[float] = []
        self._slowed = 1.0
        self._messages = world.trace.messages
        self._deliveries = world.trace.deliveries
        self._copies = world.copies

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
        channel.on_cancel = lambda _: session.down(Cancelled(session, self._dismissed))
        channel.consume(
            spec.queue,
            deliveries_to(session, auto=spec.ack == "auto"),
            no_ack=spec.ack == "auto",
            tag=self.name,
            priority=spec.priority,
            exclusive=spec.exclusive,
        )
        self.world.log(EventKind.SUBSCRIBED, self.name, spec.queue)

    def _dismissed(self, session: Session) -> None:
        """At the client: the broker ended the subscription. Close the connection, and connect again."""
        if session is self.session and session.client_open:
            session.up(Close(session))
            self.closed(session, "the broker cancelled its subscription")

    def receive(self, delivery: ReceivedDelivery) -> None:
        """At the client: work on a delivery, or keep it for later."""
        self._deliveries.received[delivery.attempt] = self.clock._now
        if self._free and not self.hung and not self.stopping:
            self._begin(self._free.pop(), delivery)
        else:
            self._buffer.append(delivery)

    def disconnected(self) -> None:
        """What waits in the buffer went back to its queue; the work in hand goes on, though nobody will hear
        of it.
        """
        self._lose_buffer()

    def connect_later(self) -> None:
        """A blocking consumer notices only when its work is done."""
        if not (self.spec.blocking and self.busy):
            super().connect_later()

    # -- work ------------------------------------------------------------------------------------------------

    @property
    def busy(self) -> bool:
        """Whether it works on anything."""
        return len(self._free) < len(self.slots)

    def _begin(self, slot: Slot, delivery: ReceivedDelivery) -> None:
        now = self.clock._now
        slot.working = delivery
        message = delivery.message
        attempt = delivery.attempt
        row = message.row
        self._deliveries.started[attempt] = now
        if message.attempt == attempt:
            self._messages.started[row] = now
        work = self._works.seconds(row, message.deliveries) if self._drawn else self._work[row]
        seconds = work / self.speed
        if self._factor is not None:
            seconds *= _stretched(self._factor, now)
        if self._early:
            self._copies.expect_work(attempt)
            delivery.session.up(Ack(delivery.session, delivery.tag))
        if not self._plain:
            seconds = self._foresee(slot, row, message.deliveries, seconds)
        if self._slowed != 1.0:
            seconds *= self._slowed
        finish_at = slot.finish_at = now + seconds
        slot.timer.set(finish_at)
        if 0 < self._patience < seconds:
            self._miss_heartbeats_at(now + self._patience, slot, delivery)

    def _foresee(self, slot: Slot, row: int, attempt: int, seconds: float) -> float:
        """Whether this attempt will fail, and how long it takes until then."""
        failing = None
        if self.world.copies.origin_row(row) in self.world.poisoned:
            failing = self.spec.fails or _POISON
        else:
            for purpose, fails in self.failures:
                if self._works.chance(row, purpose, attempt) < fails.probability:
                    failing = fails
                    break
        slot.failing = failing
        return seconds if failing is None else seconds * failing.after

    def fail(self, purpose: str, fails: Fails) -> None:
        """From now on, what it begins fails with a probability: something that its work needs is down."""
        self.failures.append((purpose, fails))
        self._plain = False

    def end_fail(self, purpose: str) -> None:
        """The end of a `fail`; what was begun before still fails."""
        self.failures = [failure for failure in self.failures if failure[0] != purpose]

    def _miss_heartbeats_at(self, at: float, slot: Slot, delivery: ReceivedDelivery) -> None:
        """The work blocks the heartbeat: the broker gives the connection up while the work goes on."""

        def missed(_: simpy.Event) -> None:
            if slot.working is delivery and delivery.session.broker_open:
                self.node.drop(delivery.session, "missed heartbeats from client")
                self.world.finish_instant()

        self.clock.call_at(at, missed)

    def _finish(self, slot: Slot, event: simpy.Event) -> None:
        if event is not slot.timer:
            return
        delivery = slot.working
        assert delivery is not None
        slot.working = None
        self._free.append(slot)
        session = delivery.session
        if (failing := slot.failing) is not None:
            slot.failing = None
            self._fail(slot, delivery, failing)
        else:
            now, message, attempt = self.clock._now, delivery.message, delivery.attempt
            self._deliveries.finished[attempt] = now
            if message.attempt == attempt:
                self._messages.finished[message.row] = now
            if self._forwards is not None:
                self._forwards.publish(self, session, message, before=True)
            if self._manual:
                session.up(Ack(session, delivery.tag))
            if self._forwards is not None:
                self._forwards.publish(self, session, message, before=False)
            if not self._manual:
                self._copies.finished(message, attempt)
        if self.running:
            self._go_on(session)
        self.world.finish_instant()

    def _go_on(self, session: Session) -> None:
        if self.stopping:
            if not self.busy:
                self._leave()
        elif self._buffer and not self.hung:
            self._begin(self._free.pop(), self._buffer.popleft())
        elif self.session is None and not session.client_open:
            self.connect_later()

    def _fail(self, slot: Slot, delivery: ReceivedDelivery, fails: Fails) -> None:
        session, message = delivery.session, delivery.message
        then = fails.then
        if fails.attempts is not None and message.deliveries >= fails.attempts:
            then = "reject"
        self.world.log(EventKind.FAILED, self.name, copy=message.row, detail=then)
        if then == "crash":
            slot.working = delivery
            self.world.restart_later(self, fails.restart_after)
            self.crash()
        elif not self._manual:
            self._give_up(delivery, "it failed after it had been acknowledged")
        elif then == "drop":
            self._copies.abandon(delivery.attempt)
            session.up(Ack(session, delivery.tag))
        else:
            session.up((Nack if then == "nack" else Reject)(session, delivery.tag))

    # -- the end, and standing still -------------------------------------------------------------------------

    def lose_work(self) -> None:
        """The process died. What was acknowledged beforehand is lost; the rest goes back when the broker
        notices.
        """
        self._slowness.clear()
        self._slowed = 1.0
        for slot in self.slots:
            delivery, slot.working = slot.working, None
            slot.failing = None
            slot.overtake(self.clock)
            if delivery is not None and not self._manual:
                self._give_up(delivery, f"{self.name} died while working on it")
        self._free = self.slots[::-1]
        self._lose_buffer()
        self.stopping = False

    def _lose_buffer(self) -> None:
        buffer, self._buffer = self._buffer, deque()
        for delivery in buffer:
            why = f"it waited in the memory of {self.name}"
            self._copies.lose_acked(delivery.message, delivery.attempt, self.clock._now, why)

    def _give_up(self, delivery: ReceivedDelivery, why: str) -> None:
        self._copies.give_up(delivery.message, delivery.attempt, self.clock._now, why)

    def stop_in_order(self, for_good: bool) -> None:
        """As `stop`."""
        self.stop()

    def stop(self) -> None:
        """End in order: cancel the subscription, finish the work in hand, give the rest back, close."""
        if not self.running or self.stopping:
            return
        self.stopping = True
        session = self.session
        if not self.busy:
            self._leave()
        elif session is not None and session.client_open:
            session.up(Cancel(session, self.name))
            self.world.log(EventKind.CANCELLED, self.name, self.spec.queue)

    def _leave(self) -> None:
        session, self.session = self.session, None
        self._lose_buffer()
        if session is not None:
            session.client_open = False
            session.up(Close(session))
        self.stopping = False
        self._end_life(EventKind.STOPPED)

    def slow(self, factor: float) -> None:
        """Stretch the work that remains, and all that follows, by `factor`."""
        self._slowness.append(factor)
        self._stretch(factor)

    def end_slow(self, factor: float) -> None:
        """Take one stretch by `factor` back."""
        self._slowness.remove(factor)
        self._stretch(1.0 / factor)

    def _stretch(self, factor: float) -> None:
        now = self.clock._now
        for slot in self.slots:
            if slot.working is not None and not self.hung:
                self._rearm(slot, now + (slot.finish_at - now) * factor)
            elif slot.working is not None:
                slot.remaining *= factor
        self._slowed = prod(self._slowness)  # exactly 1 when none is left

    def pace_changed(self) -> None:
        """Stand still with the work that remains, or go on with it."""
        now = self.clock._now
        for slot in self.slots:
            if slot.working is None:
                continue
            if self.hung:
                slot.remaining = slot.finish_at - now
                slot.overtake(self.clock)
            else:
                self._rearm(slot, now + slot.remaining)
        if not self.hung and self.session is not None:
            while self._free and self._buffer:
                self._begin(self._free.pop(), self._buffer.popleft())

    def _rearm(self, slot: Slot, at: float) -> None:
        slot.finish_at = at
        slot.overtake(self.clock)
        slot.timer.set(at)


def _stretched(points: Sequence[tuple[float, float]], now: float) -> float:
    """The factor at `now` on a line through the points; before the first and after the last it is theirs."""
    if now <= points[0][0]:
        return points[0][1]
    for (t0, f0), (t1, f1) in pairwise(points):
        if now <= t1:
            return f0 + (f1 - f0) * (now - t0) / (t1 - t0)
    return points[-1][1]
