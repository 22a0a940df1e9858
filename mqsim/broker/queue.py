"""A classic queue: takes messages in, hands them out in turn, takes them back, lets them go.

Where requeueing is decided: `take_back` (to the original place). Source of the rules: RabbitMQ's
documentation of queues, TTL, length limits, priorities and dead-lettering; checked against real brokers.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from mqsim.broker.circle import Circle, SingleActive
from mqsim.broker.message import Message
from mqsim.broker.ready import PriorityReady, Ready

if TYPE_CHECKING:
    from mqsim.broker.broker import Broker
    from mqsim.broker.connection import Connection
    from mqsim.broker.consumer import Consumer

NEVER = float("inf")


@dataclass(frozen=True, slots=True)
class QueueArguments:
    """What a declaration says beyond durable, exclusive and auto-delete; None is unset.

    Attributes:
        message_ttl: seconds a message may wait.
        expires: seconds the queue may be unused.
        max_length: most ready messages; max_bytes: most bytes of their bodies.
        overflow: `drop-head`, `reject-publish` or `reject-publish-dlx`.
        dead_letter_exchange, dead_letter_key: where messages that expire, are rejected or make room go;
            without a key they
            keep their own.
        max_priority: the highest priority that counts.
        single_active_consumer: whether one consumer gets everything until it goes.
    """

    message_ttl: float | None = None
    expires: float | None = None
    max_length: int | None = None
    max_bytes: int | None = None
    overflow: str = "drop-head"
    dead_letter_exchange: str | None = None
    dead_letter_key: str | None = None
    max_priority: int | None = None
    single_active_consumer: bool = False


class Queue:
    """One queue.

    Attributes:
        waiting: how many messages are ready; `waiting_bytes` their bodies' bytes (kept where a byte limit
        asks). unacked: how many are with consumers, unacknowledged.
        circle: its consumers, and whose turn it is.
    """

    def __init__(
        self,
        broker: Broker,
        name: str,
        *,
        durable: bool = True,
        auto_delete: bool = False,
        owner: Connection | None = None,
        arguments: QueueArguments | None = None,
    ) -> None:
        self.broker = broker
        self.watcher = broker.watcher
        self.name = name
        self.durable = durable
        self.auto_delete = auto_delete
        self.owner = owner
        self.arguments = arguments = arguments or QueueArguments()
        self.circle = SingleActive() if arguments.single_active_consumer else Circle()
        highest = arguments.max_priority
        self.ready: Ready | PriorityReady = Ready() if not highest else PriorityReady(highest)
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
        self._ordinary = not (self._expiring or self._limited)
        if arguments.expires is not None:
            broker.deadlines.add(broker.now + arguments.expires, self._expire_unused)

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

    def _publish_limited(self, message: Message) -> bool:
        arguments = self.arguments
        if self._limited and arguments.overflow != "drop-head" and self._is_over(1, message.envelope.size):
            if arguments.overflow == "reject-publish-dlx":
                message.queue = self
                self.broker.dead_letter(message, self, "maxlen")
            self.watcher.refused(message, self)
            return False
        self.admit(message)
        self._expires(message)
        self.dispatch()
        self.expire(self.broker.now)
        while self._limited and self.waiting and self._is_over(0, 0):
            self.broker.discard(self._pop(), self, "maxlen")
        self._arm()
        return True

    def admit(self, message: Message) -> None:
        """Append a message to the ready ones, whatever the limits say."""
        message.queue = self
        self.sequence += 1
        message.sequence = self.sequence
        self.watcher.enqueued(message, self)
        self.ready.push(message)
        self.waiting += 1
        self.waiting_bytes += message.envelope.size

    def _is_over(self, more: int, size: int) -> bool:
        most, most_bytes = self.arguments.max_length, self.arguments.max_bytes
        over = most is not None and self.waiting + more > most
        return over or (most_bytes is not None and self.waiting_bytes + size > most_bytes)

    # -- out -------------------------------------------------------------------------------------------------

    def dispatch(self) -> None:
        """Send what is ready to consumers that are not blocked, in turn, until one of the two runs out."""
        following = self.circle.next
        while self.waiting:
            consumer = following()
            if consumer is None:
                return
            if self._expiring and not self.expire(self.broker.now):
                return
            consumer.send(self._pop())

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

    def settled(self, message: Message, consumer: Consumer | None) -> None:
        """A message is done with: acknowledged, or sent where no acknowledgement is asked."""
        self.watcher.acked(message, self)
        if self.broker.storage is not None:
            self.broker.forget(message, self)

    # -- back ------------------------------------------------------------------------------------------------

    def take_back(self, messages: Iterable[Message], reason: str) -> None:
        """Requeue deliveries: each goes back to its original place and is redelivered from there.

        The caller has taken them from their channel's unacknowledged ones; it calls `dispatch` when all is
        back.
        """
        for message in messages:
            message.redelivered = True
            self.ready.give_back(message)
            self.waiting += 1
            self.waiting_bytes += message.envelope.size
            self.watcher.requeued(message, self, reason)
        if self._expiring:
            self.expire(self.broker.now)

    # -- time ------------------------------------------------------------------------------------------------

    def _expires(self, message: Message) -> None:
        limits = [t for t in (self.arguments.message_ttl, message.envelope.expiration) if t is not None]
        if limits:
            message.expires = self.broker.now + min(limits)
            self._expiring = True
            self._ordinary = False

    def expire(self, now: float) -> int:
        """Let expired messages go, from the head on, as far as they reach.

        Returns:
            How many are ready after that.
        """
        while self.waiting:
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
        if time == self._armed:
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
        if time - self._used_at >= limit:
            self.broker.remove_queue(self)
        else:
            self.broker.deadlines.add(self._used_at + limit, self._expire_unused)

    # -- consumers and end -----------------------------------------------------------------------------------

    def add_consumer(self, consumer: Consumer) -> None:
        """Let a consumer in, and send it what is ready for it."""
        self.touch()
        self.circle.add(consumer)
        self.dispatch()

    def remove_consumer(self, consumer: Consumer) -> None:
        """Let a consumer go; what it holds stays unacknowledged. The last one takes an auto-delete queue with
        it."""
        self.touch()
        self.circle.remove(consumer)
        if self.auto_delete and not len(self.circle):
            self.broker.remove_queue(self)

    def purge(self, reason: str = "purged") -> int:
        """Let all ready messages go.

        Returns:
            How many there were.
        """
        count = self.waiting
        while self.waiting:
            self.watcher.left(self._pop(), self, reason)
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
            self._pop()
        return messages
