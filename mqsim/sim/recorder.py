"""Writes the trace: watches the broker, and is told by the actors what they do.

`live` counts the copies whose fate is open; a run `until: drained` ends when it is 0 and nothing more is to
come.
"""

from __future__ import annotations

from array import array
from collections.abc import Callable

from mqsim.broker import Clock, DeliveryEnd, Message, Observer, Queue, Reason
from mqsim.errors import BrokerError
from mqsim.trace import NOT_A_TIME, How, Outcome, Trace

_ACKED, _LOST, _READY = int(Outcome.ACKED), int(Outcome.LOST), int(Outcome.READY)
_HOW_ACKED = int(How.ACKED)
_NOT_BY_ITS_CLIENT = (DeliveryEnd.CLOSED, DeliveryEnd.TIMEOUT, DeliveryEnd.VANISHED)

LEFT = {
    Reason.EXPIRED: Outcome.EXPIRED,
    Reason.MAXLEN: Outcome.DROPPED,
    Reason.REJECTED: Outcome.REJECTED,
    Reason.DELIVERY_LIMIT: Outcome.REJECTED,
    Reason.DEAD_LETTERED: Outcome.DEAD_LETTERED,
    Reason.DEAD_LETTER_UNROUTABLE: Outcome.UNROUTABLE,
    Reason.CYCLE: Outcome.DROPPED,
    Reason.PURGED: Outcome.DROPPED,
    Reason.DELETED: Outcome.DROPPED,
    Reason.LOST: Outcome.LOST,
}
"""What the broker's reasons for letting a message go mean as outcomes."""


class Recorder(Observer):
    """Fills a trace.

    Args:
        trace: what is filled.

    Attributes:
        work: seconds of work in each copy, by row.
        lineage: through which forwards a copy came, by row; 0 is a producer's own message.
        tried: attempts at a dead-lettered copy before it came to its queue, by row.
        live: copies whose fate is open.
        flows: open copies of each origin whose end someone waits for (closed loops).
        metered: told of each copy that takes (True) or frees (False) memory, where that is limited.
    """

    clock: Clock

    def __init__(self, trace: Trace) -> None:
        self.trace = trace
        self.messages = trace.messages
        self.deliveries = trace.deliveries
        self.events = trace.events
        self.work = array("d")
        self.lineage = array("i")
        self.tried: dict[int, int] = {}
        self.live = 0
        self.flows: dict[int, int] = {}
        self.flow_ended: dict[int, Callable[[], None]] = {}
        self.metered: Callable[[Message, bool], None] | None = None
        self._abandoned: set[int] = set()
        self._queue_codes: dict[str, int] = {}

    # -- rows ------------------------------------------------------------------------------------------------

    def new(self, producer: int, number: int, queue: int, created: float, work: float) -> int:
        """A message comes into the world; give its row."""
        row = self.messages.add(producer, number, queue, created)
        self.work.append(work)
        self.lineage.append(0)
        self.live += 1
        return row

    def new_forward(self, parent: int, producer: int, number: int, created: float, lineage: int) -> int:
        """A consumer publishes a message because of another one, whose work it carries on."""
        row = self.new(producer, number, -1, created, self.work[parent])
        self.lineage[row] = lineage
        self.messages.parent[row] = parent
        self._join_flow(row, self.messages.origin[parent])
        return row

    def new_again(self, row: int) -> int:
        """A producer publishes a message again while the earlier copy may be alive: a further row of the same
        origin.
        """
        return self._copy(row, -1, self.messages.queue[row])

    def _copy(self, of: int, parent: int, queue: int) -> int:
        row = self.messages.add_copy(of, parent, queue)
        self.work.append(self.work[of])
        self.lineage.append(self.lineage[of])
        self.live += 1
        self._join_flow(row, self.messages.origin[of])
        return row

    def _join_flow(self, row: int, origin: int) -> None:
        self.messages.origin[row] = origin
        if origin in self.flows:
            self.flows[origin] += 1

    def await_end(self, row: int, act: Callable[[], None]) -> None:
        """Have `act` called once nothing is open any more of all that comes of the message in `row`."""
        self.flows[row] = 1
        self.flow_ended[row] = act

    def _close(self, row: int) -> None:
        self.live -= 1
        if self.flows:
            origin = self.messages.origin[row]
            left = self.flows.get(origin)
            if left == 1:
                del self.flows[origin]
                self.flow_ended.pop(origin)()
            elif left is not None:
                self.flows[origin] = left - 1

    def end(self, row: int, outcome: Outcome, now: float, detail: str = "") -> None:
        """A copy that is in no queue meets its end: refused, lost on the way, unroutable."""
        self.messages.outcome[row] = outcome
        self.messages.ended[row] = now
        self.events.add(now, outcome.label, self._producer(row), copy=row, detail=detail)
        self._close(row)

    def reopen(self, row: int) -> None:
        """A copy that had been refused or lost on the way is published again under the same row."""
        self.messages.outcome[row] = Outcome.READY
        self.messages.ended[row] = NOT_A_TIME
        self.live += 1
        self._join_flow(row, self.messages.origin[row])

    def _producer(self, row: int) -> str:
        return self.trace.actors.names[self.messages.producer[row]]

    # -- the broker tells ------------------------------------------------------------------------------------

    def observing(self, clock: Clock) -> None:
        """As `Observer` says."""
        self.clock = clock

    def enqueued(self, message: Message, queue: Queue) -> None:
        """As `Observer` says."""
        row = message.row
        messages = self.messages
        messages.enqueued[row] = self.clock.now
        code = self._queue_codes.get(queue.name)
        if code is None:
            code = self._queue_codes[queue.name] = self.trace.queues.code(queue.name)
        messages.queue[row] = code
        if self.metered is not None:
            self.metered(message, True)

    def copied(self, original: Message, copy: Message, queue: Queue, reason: Reason) -> None:
        """As `Observer` says; a copy of the fan-out is nobody's child, a dead-lettered one is."""
        row = original.row
        if reason is Reason.DELIVERY_LIMIT:
            self._over_limit(original, original.queue)
        copy.row = self._copy(row, -1 if reason is Reason.FANOUT else row, self.trace.queues.code(queue.name))
        if reason is not Reason.FANOUT:
            self.tried[copy.row] = self.tried.get(row, 0) + self.messages.deliveries[row]

    def sent(self, message: Message, consumer: int) -> None:
        """The broker sends a message to the consumer of that code."""
        row = message.row
        now = self.clock.now
        attempt = message.deliveries
        message.attempt = self.deliveries.add(row, attempt, consumer, now)
        messages = self.messages
        messages.delivered[row] = now
        messages.consumer[row] = consumer
        messages.deliveries[row] = attempt

    def acked(self, message: Message, queue: Queue) -> None:
        """As `Observer` says. What is acknowledged before it is finished stays open until it is."""
        now = self.clock.now
        row = message.row
        attempt = message.attempt
        messages, deliveries = self.messages, self.deliveries
        messages.acked[row] = now
        messages.ended[row] = now
        messages.outcome[row] = _ACKED
        deliveries.ended[attempt] = now
        deliveries.how[attempt] = _HOW_ACKED
        if self.metered is not None:
            self.metered(message, False)
        finished = deliveries.finished[attempt]
        if finished == finished:
            self.live -= 1
            if self.flows:
                self.live += 1
                self._close(row)
        elif attempt in self._abandoned:
            self.lost(message, now, "given up by its consumer, which acknowledged it all the same")

    def requeued(self, message: Message, queue: Queue, how: DeliveryEnd) -> None:
        """As `Observer` says: the attempt is over, and the copy is as if it had never been sent."""
        now, row = self.clock.now, message.row
        ended = How.RETURNED if how in _NOT_BY_ITS_CLIENT else How.REQUEUED
        self._end_attempt(message, ended)
        consumer = self.messages.consumer[row]
        self._unsend(row)
        name = self.trace.actors.names[consumer] if consumer >= 0 else ""
        if how is DeliveryEnd.TIMEOUT:
            self.events.add(now, "timeout", name, queue.name, row)
        self.events.add(now, ended.label, queue.name, name, row, how.value)

    def revived(self, message: Message, queue: Queue) -> None:
        """As `Observer` says: what was acknowledged is back."""
        row = message.row
        at_work = False
        if self.messages.outcome[row] == _ACKED:
            finished = self.deliveries.finished[message.attempt]
            at_work = finished != finished
        self.messages.acked[row] = NOT_A_TIME
        self._unsend(row)
        message.attempt = -1
        self.reopen(row)
        if at_work:  # its fate was open still
            self._close(row)
        if self.metered is not None:
            self.metered(message, True)
        self.events.add(self.clock.now, "revived", queue.name, copy=row)

    def _unsend(self, row: int) -> None:
        messages = self.messages
        messages.delivered[row] = messages.started[row] = messages.finished[row] = NOT_A_TIME
        messages.consumer[row] = -1
        messages.outcome[row] = _READY

    def _end_attempt(self, message: Message, how: How) -> None:
        if message.attempt >= 0:
            self.deliveries.ended[message.attempt] = self.clock.now
            self.deliveries.how[message.attempt] = how
            message.attempt = -1

    def _over_limit(self, message: Message, queue: Queue) -> None:
        """A delivery came back once too often; whether it was given back or its connection ended."""
        if message.attempt >= 0:
            self._end_attempt(message, How.RETURNED)
            self.events.add(self.clock.now, "delivery-limit", queue.name, copy=message.row)

    def left(self, message: Message, queue: Queue, reason: Reason) -> None:
        """As `Observer` says."""
        row = message.row
        outcome = LEFT[reason]
        if reason is Reason.DELIVERY_LIMIT:
            self._over_limit(message, queue)
        self._end_attempt(message, How.RETURNED if reason in (Reason.DELETED, Reason.LOST) else How.REJECTED)
        if self.metered is not None and self.messages.enqueued[row] == self.messages.enqueued[row]:
            self.metered(message, False)
        self.messages.outcome[row] = outcome
        self.messages.ended[row] = self.clock.now
        self.events.add(self.clock.now, outcome.label, queue.name, copy=row, detail=reason.value)
        self._close(row)

    def unroutable(self, message: Message, returned: bool) -> None:
        """As `Observer` says."""
        envelope = message.envelope
        self.end(
            message.row,
            Outcome.UNROUTABLE,
            self.clock.now,
            f"{envelope.exchange or 'default'} {envelope.key}",
        )

    def refused(self, message: Message, queue: Queue) -> None:
        """As `Observer` says; a copy that was dead-lettered instead (reject-publish-dlx) stays so."""
        row = message.row
        if self.messages.outcome[row] == _READY:
            self.messages.queue[row] = self.trace.queues.code(queue.name)
            self.end(row, Outcome.REFUSED, self.clock.now, f"{queue.name} is full")

    def leader_lost(self, queue: Queue) -> None:
        """As `Observer` says."""
        self.events.add(self.clock.now, "leader-lost", queue.name)

    def leader_elected(self, queue: Queue, node: str) -> None:
        """As `Observer` says."""
        self.events.add(self.clock.now, "leader-elected", queue.name, node)

    def channel_closed(self, connection: str, number: int, error: BrokerError | None) -> None:
        """As `Observer` says."""
        if error is not None:
            self.events.add(
                self.clock.now,
                "channel-closed",
                connection,
                detail=f"{error.code} {error.text}",
            )

    # -- the consumers tell ----------------------------------------------------------------------------------

    def finished_after_ack(self, message: Message) -> None:
        """A consumer finished what had been acknowledged before."""
        self._close(message.row)

    def abandon(self, attempt: int) -> None:
        """A consumer gives an attempt up; if its acknowledgement still arrives, the message is lost."""
        self._abandoned.add(attempt)

    def lost(self, message: Message, now: float, detail: str) -> None:
        """What had been acknowledged before it was finished will never be."""
        row = message.row
        self.messages.outcome[row] = _LOST
        if message.attempt >= 0:
            self.deliveries.how[message.attempt] = How.LOST
            self.deliveries.ended[message.attempt] = now
        consumer = self.messages.consumer[row]
        name = self.trace.actors.names[consumer] if consumer >= 0 else ""
        self.events.add(now, "lost", name, copy=row, detail=detail)
        self._close(row)
