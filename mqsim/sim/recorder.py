"""Writes the trace: observes the broker, and is told by the world what the broker does not know.

It only writes. What it reads back is what it needs to write: whom an attempt was sent to, for the log.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from mqsim import run_size
from mqsim.broker import Clock, DeliveryEnd, Message, Observer, Queue, Reason
from mqsim.trace import NOT_A_TIME, How, Outcome, Trace
from mqsim.trace.event_kinds import EventKind

if TYPE_CHECKING:
    from mqsim.errors import BrokerError

_ACKED, _LOST, _READY = int(Outcome.ACKED), int(Outcome.LOST), int(Outcome.READY)
_HOW_ACKED = int(How.ACKED)
_NOT_BY_ITS_CLIENT = (DeliveryEnd.CLOSED, DeliveryEnd.TIMEOUT, DeliveryEnd.VANISHED)

OUTCOME_OF = {
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
KIND_OF = {
    outcome: EventKind(outcome.label)
    for outcome in (Outcome.UNROUTABLE, Outcome.REFUSED, *OUTCOME_OF.values())
}
"""What the log says of copies that end otherwise than acknowledged."""


class Recorder(Observer):
    """Fills a trace.

    Args:
        trace: what is filled.
    """

    clock: Clock

    def __init__(self, trace: Trace) -> None:
        self.trace = trace
        self.messages = trace.messages
        self.deliveries = trace.deliveries
        self.events = trace.events
        self._queue_codes: dict[str, int] = {}

    # -- the world tells -------------------------------------------------------------------------------------

    def forwarded(self, row: int, parent: int) -> None:
        """The message in `row` was published because of the one in row `parent`."""
        self.messages.parent[row] = parent
        self.messages.origin[row] = self.messages.origin[parent]

    def published_again(self, row: int) -> int:
        """A message is published again, as a further copy; give its row."""
        return self.messages.add_copy(row, -1, self.messages.queue[row])

    def meant_for(self, row: int, queue: str) -> None:
        """A copy is on its way to a queue, and may not get in."""
        self.messages.queue[row] = self.trace.queues.code(queue)

    def end(self, row: int, outcome: Outcome, now: float, detail: str) -> None:
        """A copy that is in no queue meets its end."""
        self.messages.outcome[row] = outcome
        self.messages.ended[row] = now
        producer = self.trace.actors.names[self.messages.producer[row]]
        self.events.add(now, KIND_OF[outcome], producer, copy=row, detail=detail)

    def reopen(self, row: int) -> None:
        """A copy that had met its end is open again."""
        self.messages.outcome[row] = _READY
        self.messages.ended[row] = NOT_A_TIME

    def lost(self, message: Message, now: float, detail: str) -> None:
        """What had been acknowledged before it was finished will never be."""
        row = message.row
        self.messages.outcome[row] = _LOST
        if message.attempt >= 0:
            self.deliveries.how[message.attempt] = How.LOST
            self.deliveries.ended[message.attempt] = now
        self.events.add(now, EventKind.LOST, self._consumer(row), copy=row, detail=detail)

    def _consumer(self, row: int) -> str:
        consumer = self.messages.consumer[row]
        return self.trace.actors.names[consumer] if consumer >= 0 else ""

    # -- the broker tells ------------------------------------------------------------------------------------

    def observing(self, clock: Clock) -> None:
        """As `Observer` says."""
        self.clock = clock

    def enqueued(self, message: Message, queue: Queue) -> None:
        """As `Observer` says."""
        row = message.row
        messages = self.messages
        messages.enqueued[row] = self.clock.now
        if message.expires is not None:
            self.trace.expires[row] = message.expires
        code = self._queue_codes.get(queue.name)
        if code is None:
            code = self._queue_codes[queue.name] = self.trace.queues.code(queue.name)
        messages.queue[row] = code

    def copied(self, original: Message, copy: Message, queue: Queue, reason: Reason) -> None:
        """As `Observer` says; a copy of the fan-out is nobody's child, a dead-lettered one is."""
        row = original.row
        if reason is Reason.DELIVERY_LIMIT:
            self._over_limit(original, original.queue)
        parent = -1 if reason is Reason.FANOUT else row
        copy.row = self.messages.add_copy(row, parent, self.trace.queues.code(queue.name))

    def sent(self, message: Message, consumer: int) -> None:
        """The broker sends a message to the consumer of that code."""
        row = message.row
        now = self.clock.now
        attempt = message.deliveries
        if attempt > run_size.MOST_ATTEMPTS:
            run_size.refuse_more_attempts(attempt, self.trace.actors.names[consumer])
        message.attempt = self.deliveries.add(row, attempt, consumer, now)
        messages = self.messages
        messages.delivered[row] = now
        messages.consumer[row] = consumer
        messages.deliveries[row] = attempt

    def acked(self, message: Message, queue: Queue) -> None:
        """As `Observer` says."""
        now = self.clock.now
        row = message.row
        attempt = message.attempt
        messages, deliveries = self.messages, self.deliveries
        messages.acked[row] = now
        messages.ended[row] = now
        messages.outcome[row] = _ACKED
        deliveries.ended[attempt] = now
        deliveries.how[attempt] = _HOW_ACKED

    def requeued(self, message: Message, queue: Queue, how: DeliveryEnd) -> None:
        """As `Observer` says: the attempt is over, and the copy is as if it had never been sent."""
        now, row = self.clock.now, message.row
        ended = How.RETURNED if how in _NOT_BY_ITS_CLIENT else How.REQUEUED
        self._end_attempt(message, ended)
        name = self._consumer(row)
        self._unsend(row)
        if how is DeliveryEnd.TIMEOUT:
            self.events.add(now, EventKind.TIMEOUT, name, queue.name, row)
        self.events.add(now, EventKind(ended.label), queue.name, name, row, how.value)

    def revived(self, message: Message, queue: Queue) -> None:
        """As `Observer` says: what was acknowledged is back."""
        row = message.row
        self.messages.acked[row] = NOT_A_TIME
        self._unsend(row)
        message.attempt = -1
        self.reopen(row)
        self.events.add(self.clock.now, EventKind.REVIVED, queue.name, copy=row)

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
            self.events.add(self.clock.now, EventKind.DELIVERY_LIMIT, queue.name, copy=message.row)

    def left(self, message: Message, queue: Queue, reason: Reason) -> None:
        """As `Observer` says."""
        row = message.row
        outcome = OUTCOME_OF[reason]
        if reason is Reason.DELIVERY_LIMIT:
            self._over_limit(message, queue)
        self._end_attempt(message, How.RETURNED if reason in (Reason.DELETED, Reason.LOST) else How.REJECTED)
        self.messages.outcome[row] = outcome
        self.messages.ended[row] = self.clock.now
        self.events.add(self.clock.now, KIND_OF[outcome], queue.name, copy=row, detail=reason.value)

    def leader_lost(self, queue: Queue) -> None:
        """As `Observer` says."""
        self.events.add(self.clock.now, EventKind.LEADER_LOST, queue.name)

    def leader_elected(self, queue: Queue, node: str) -> None:
        """As `Observer` says."""
        self.events.add(self.clock.now, EventKind.LEADER_ELECTED, queue.name, node)

    def channel_closed(self, connection: str, number: int, error: BrokerError | None) -> None:
        """As `Observer` says."""
        if error is not None:
            self.events.add(
                self.clock.now,
                EventKind.CHANNEL_CLOSED,
                connection,
                detail=f"{error.code} {error.text}",
            )
