"""A queue: takes messages in, hands them out in turn, takes them back, lets them go.

This is the classic queue. Where requeueing is decided: `take_back` (to the original place). Source of the
rules: RabbitMQ's documentation of queues, TTL, length limits, priorities and dead-lettering; checked against
real brokers.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from functools import partial
from typing import TYPE_CHECKING

from mqsim.broker.arguments import QueueArguments
from mqsim.broker.availability import ANSWERS, Availability, Silent
from mqsim.broker.dispatch import Circle, SingleActive
from mqsim.broker.message import Message, failures_of
from mqsim.broker.ready import Order, PriorityReady, Ready

if TYPE_CHECKING:
    from mqsim.broker.broker import Broker
    from mqsim.broker.connection import Connection
    from mqsim.broker.consumer import Consumer

NEVER = float("inf")
FAILURES = ("reject", "closed")
"""The reasons of a return that count as a failed delivery in every profile."""


class Queue:
    """One queue.

    Attributes:
        table: its arguments as its declaration put them, for comparison with the next one.
        node: the node that it lives on.
        waiting: how many messages are ready; `waiting_bytes` their bodies' bytes, kept where there is a
        limit.
        unacked: how many are with consumers, unacknowledged.
        circle: its consumers, and whose turn it is.
        replicated: whether its messages are kept on several nodes (a quorum queue).
        availability: whether its node answers.
    """

    replicated = False

    def __init__(
        self,
        broker: Broker,
        name: str,
        *,
        durable: bool = True,
        auto_delete: bool = False,
        owner: Connection | None = None,
        arguments: QueueArguments | None = None,
        table: Mapping[str, object] | None = None,
        node: str = "",
    ) -> None:
        self.broker = broker
        self.watcher = broker.watcher
        self.name = name
        self.durable = durable
        self.auto_delete = auto_delete
        self.owner = owner
        self.arguments = arguments = arguments or QueueArguments()
        self.table = arguments.table() if table is None else dict(table)
        self.node = node
        self.circle = self._circle()
        self.ready = self._order()
        self.waiting = 0
        self.waiting_bytes = 0
        self.unacked = 0
        self.sequence = 0
        self.deleted = False
        self._used_at = broker.now
        # Set at the first message that can expire; until then nobody looks for any.
        self._expiring = arguments.message_ttl is not None
        self._limited = arguments.max_length is not None or arguments.max_bytes is not None
        self._armed = NEVER
        self.availability: Availability = ANSWERS
        # No limit, no expiry, and its node answers.
        self._ordinary = not (self._expiring or self._limited)
        if arguments.expires is not None:
            broker.deadlines.add(broker.now + arguments.expires, self._expire_unused)

    def _circle(self) -> Circle:
        return SingleActive() if self.arguments.single_active_consumer else Circle()

    def _order(self) -> Order:
        highest = self.arguments.max_priority
        return PriorityReady(highest) if highest else Ready()

    @property
    def consumers(self) -> int:
        """How many consumers it has."""
        return len(self.circle)

    @property
    def counted(self) -> int:
        """How many ready messages a declaration tells of."""
        return self.waiting

    @property
    def routable(self) -> bool:
        """Whether routing finds it."""
        return self.availability.is_routable(self)

    def become(self, availability: Availability) -> None:
        """Its node answers no more, or again."""
        self.availability = availability
        self._ordinary = availability is ANSWERS and not (self._expiring or self._limited)

    def keeps(self, message: Message) -> bool:
        """Whether a message here is to survive a restart."""
        return self.durable and message.envelope.persistent

    def headers_of(self, message: Message, got: bool) -> dict[str, object]:
        """The headers that the queue itself adds to a delivery (`got`: to a `basic.get`)."""
        return {}

    # -- in --------------------------------------------------------------------------------------------------

    def publish(self, message: Message) -> bool:
        """Take a message in, or refuse it because of the queue's limit.

        Returns:
            False if the queue refuses it, which its publisher learns as a negative confirm.
        """
        if self._ordinary and message.envelope.expiration is None:
            message.queue = self
            self.sequence += 1
            message.sequence = self.sequence
            self.watcher.enqueued(message, self)
            if not self.waiting:
                consumer = self.circle.next()
                if consumer is not None:
                    consumer.send(message)
                    return True
            self.ready.push(message)
            self.waiting += 1
            return True
        return self._publish_limited(message)

    def accept(self, message: Message) -> bool:
        """Take in what is about to be made safe; the same as `publish` but for a quorum queue."""
        return self.publish(message)

    def _publish_limited(self, message: Message) -> bool:
        if self.availability is not ANSWERS:
            return self._publish_unanswered(message)
        arguments = self.arguments
        if self._limited and arguments.overflow != "drop-head" and self._is_over(1, message.envelope.size):
            if arguments.overflow == "reject-publish-dlx" and arguments.dead_letter_exchange is not None:
                message.queue = self
                self.broker.dead_letter(message, self, "maxlen")
            self.watcher.refused(message, self)
            return False
        self.admit(message)
        self.dispatch()
        self.expire(self.broker.now)
        self._make_room()
        return True

    def _publish_unanswered(self, message: Message) -> bool:
        if isinstance(self.availability, Silent):
            self.availability.publish(message, self, None)
            return True
        message.queue = self
        self.watcher.left(message, self, "lost")
        return False

    def admit(self, message: Message) -> None:
        """Append a message to the ready ones, whatever the limits say."""
        message.queue = self
        self.sequence += 1
        message.sequence = self.sequence
        self._date(message)
        self.watcher.enqueued(message, self)
        self.ready.push(message)
        self.waiting += 1
        self.waiting_bytes += message.envelope.size
        if self._expiring:
            self._arm()

    def _is_over(self, more: int, size: int) -> bool:
        most, most_bytes = self.arguments.max_length, self.arguments.max_bytes
        over = most is not None and self.waiting + more > most
        return over or (most_bytes is not None and self.waiting_bytes + size > most_bytes)

    def _make_room(self) -> None:
        """Let the oldest go while there are too many (`drop-head`)."""
        if self.arguments.overflow == "drop-head":
            while self._limited and self.waiting and self._is_over(0, 0):
                self.broker.discard(self._pop(), self, "maxlen")
        if self._expiring:
            self._arm()

    # -- out -------------------------------------------------------------------------------------------------

    def dispatch(self) -> None:
        """Send what is ready to consumers that are not blocked, in turn, until one of the two runs out."""
        if self.availability is not ANSWERS:
            return
        following = self.circle.next
        while self.waiting:
            if self._expiring and self._is_stale():
                self.expire(self.broker.now)
                continue
            consumer = following()
            if consumer is None:
                return
            consumer.send(self._pop())

    def check(self, method: str) -> None:
        """Raise where a queue can't be asked now; `method` is `basic.get`, `basic.consume`, `queue.purge`."""

    def get(self) -> Message | None:
        """Take the next message for a `basic.get`, or None."""
        self._used_at = self.broker.now
        if self._expiring:
            self.expire(self.broker.now)
        return self._pop() if self.waiting else None

    def _pop(self) -> Message:
        message = self.ready.pop()
        self.waiting -= 1
        self.waiting_bytes -= message.envelope.size
        if self._expiring:
            self._arm()
        return message

    def settled(self, message: Message) -> None:
        """A message is done with: acknowledged, or sent where no acknowledgement is asked."""
        if self.availability is not ANSWERS and self.availability.silent:
            self._tell_later(message, partial(self.settled, message))
            return
        self.watcher.acked(message, self)
        if self.broker.storage is not None:
            self.broker.forget(message, self)

    def refuse(self, message: Message, how: str) -> None:
        """A consumer refuses a delivery for good; `how` is `nack` or `reject`."""
        if self.availability.silent:
            self._tell_later(message, partial(self.refuse, message, how))
            return
        self.broker.reject(message, self, how)

    def _tell_later(self, message: Message, act: Callable[[], None]) -> None:
        assert isinstance(self.availability, Silent)
        self.availability.tell(message, act)

    # -- back ------------------------------------------------------------------------------------------------

    def take_back(self, messages: Iterable[Message], reason: str) -> None:
        """Requeue deliveries: each goes back to its original place and is redelivered from there.

        The caller has taken them from their channel's unacknowledged ones; it calls `dispatch` when all is
        back.
        """
        if self.availability.silent:
            for message in messages:
                self._tell_later(message, partial(self.take_back, [message], reason))
            return
        for message in messages:
            message.redelivered = True
            if reason in FAILURES:
                message.failures = failures_of(message) + 1
            self.ready.give_back(message)
            self.waiting += 1
            self.waiting_bytes += message.envelope.size
            self.watcher.requeued(message, self, reason)
        self._make_room()
        if self._expiring:
            self.expire(self.broker.now)

    # -- time ------------------------------------------------------------------------------------------------

    def _date(self, message: Message) -> None:
        ttl, own = self.arguments.message_ttl, message.envelope.expiration
        if ttl is None and own is None:
            return
        message.expires = self.broker.now + min(t for t in (ttl, own) if t is not None)
        self._expiring = True
        self._ordinary = False

    def _is_stale(self) -> bool:
        """Whether the head's time was up before now; one whose time is up right now may still be sent."""
        head = self.ready.peek()
        return head is not None and head.expires is not None and head.expires < self.broker.now

    def expire(self, now: float) -> int:
        """Let expired messages go, from the head on, as far as they reach.

        Returns:
            How many are ready after that.
        """
        while self.waiting and self.availability is ANSWERS:
            head = self.ready.peek()
            if head is None or head.expires is None or head.expires > now:
                break
            self.broker.discard(self._pop(), self, "expired")
        self._arm()
        return self.waiting

    def _arm(self) -> None:
        head = self.ready.peek() if self.waiting else None
        if head is not None and head.expires is not None and head.expires < self._armed:
            self._armed = head.expires
            self.broker.deadlines.add(head.expires, self._wake)

    def _wake(self, time: float) -> None:
        if self.deleted:
            return
        if time >= self._armed:
            self._armed = NEVER
        self.expire(time)

    def touch(self) -> None:
        """Note that the queue was used (declared, consumed from, asked), which puts off its expiry."""
        self._used_at = self.broker.now

    def _expire_unused(self, time: float) -> None:
        limit = self.arguments.expires
        if self.deleted or limit is None:
            return
        if len(self.circle):
            self._used_at = time
        # The sum, not the difference: that may fall short of the limit by a rounding, for ever.
        due = self._used_at + limit
        if time >= due:
            self.broker.remove_queue(self)
        else:
            self.broker.deadlines.add(due, self._expire_unused)

    # -- consumers and end -----------------------------------------------------------------------------------

    def add_consumer(self, consumer: Consumer) -> None:
        """Let a consumer in, and send it what is ready for it."""
        self.touch()
        self.circle.add(consumer)
        self.dispatch()

    def remove_consumer(self, consumer: Consumer) -> None:
        """Let a consumer go; what it holds stays unacknowledged.

        The last one takes an auto-delete queue with it.
        """
        self.touch()
        self.circle.remove(consumer)
        if self.auto_delete and not len(self.circle) and not self.deleted:
            self.broker.remove_queue(self)

    def after_cancel(self) -> None:
        """A consumer was cancelled: where it was the single active one, the next gets its turn."""
        if not self.broker.profile.single_active_waits:
            self.dispatch()

    def after_departure(self) -> None:
        """A consumer is gone with its channel, and what it held is not back yet."""
        if isinstance(self.circle, SingleActive):
            self.after_cancel()

    def purge(self, reason: str = "purged") -> int:
        """Let all ready messages go.

        Returns:
            How many there were.
        """
        count = self.waiting
        while self.waiting:
            message = self._pop()
            self.watcher.left(message, self, reason)
            self.broker.forget(message, self)
        return count

    def survive(self, keeps: Iterable[Message]) -> None:
        """Begin anew after a restart of the broker with the messages that it keeps, in their order."""
        for message in keeps:
            self.ready.push(message)
            self.waiting += 1
            self.waiting_bytes += message.envelope.size
        self._armed = NEVER
        self._arm()

    def drain(self) -> list[Message]:
        """Take out all ready messages, in order, without telling anyone; for a restart."""
        messages = list(self.ready)
        while self.waiting:
            self.ready.pop()
            self.waiting -= 1
        self.waiting_bytes = 0
        return messages


class UnreachableQueue(Queue):
    """Stands for a queue whose node is down in what clients still hold of it: what they say has no effect."""

    def settled(self, message: Message) -> None:
        """An acknowledgement has no effect."""

    def refuse(self, message: Message, how: str) -> None:
        """Nor has a refusal."""

    def take_back(self, messages: Iterable[Message], reason: str) -> None:
        """Nor has a return."""
