"""A subscription to a queue."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from mqsim.broker.message import Message

if TYPE_CHECKING:
    from mqsim.broker.consuming import Consuming
    from mqsim.broker.queue import Queue

UNLIMITED = float("inf")

Deliver = Callable[["Consumer", int, Message], None]


class Consumer:
    """One `basic.consume`: a queue sends it messages as long as it is not blocked.

    Attributes:
        tag: its consumer tag, unique on its channel.
        limit: how many deliveries it may hold unacknowledged; infinite for prefetch 0 and for automatic
            acknowledgement,
            -1 once it is gone.
        unacked: how many it holds.
        parked: whether it has left the circle because it was blocked when its turn came.
    """

    __slots__ = (
        "__weakref__",
        "channel",
        "deliver",
        "exclusive",
        "limit",
        "no_ack",
        "own_limit",
        "parked",
        "priority",
        "queue",
        "share",
        "tag",
        "unacked",
    )

    # Set where the channel's consumers share a count: that count, and what the consumer's own prefetch
    # allows.
    share: Share
    own_limit: float

    def __init__(
        self,
        channel: Consuming,
        queue: Queue,
        tag: str,
        deliver: Deliver,
        *,
        no_ack: bool,
        prefetch: int,
        priority: int,
        exclusive: bool,
    ) -> None:
        self.channel = channel
        self.queue = queue
        self.tag = tag
        self.deliver = deliver
        self.no_ack = no_ack
        self.limit: float = UNLIMITED if no_ack or prefetch == 0 else prefetch
        self.priority = priority
        self.exclusive = exclusive
        self.unacked = 0
        self.parked = False

    def send(self, message: Message) -> None:
        """Send a message that the queue has taken from its ready ones."""
        channel = self.channel
        tag = channel.last_tag = channel.last_tag + 1
        message.deliveries += 1
        if self.no_ack:
            self.deliver(self, tag, message)
            message.queue.settled(message, self)
        else:
            self.unacked += 1
            channel.unacked[tag] = (message, self, channel.broker.now)
            message.queue.unacked += 1
            self.deliver(self, tag, message)

    def allow(self, more: int) -> None:
        """Let the consumer hold `more` deliveries than before (credit, for a client that asks one by one)."""
        self.limit += more
        self.awaken()

    def awaken(self) -> None:
        """Go back into the circle if blocked before and not now, and take what is ready."""
        if self.parked and self.unacked < self.limit:
            self.queue.circle.wake(self)
        if self.queue.waiting:
            self.queue.dispatch()


class Share:
    """One count of unacknowledged deliveries for all consumers of a channel: AMQP's global bit.

    Attributes:
        limit: the count; infinite when there is none.
        consumers: who shares it, in order of subscription.
    """

    def __init__(self) -> None:
        self.limit = UNLIMITED
        self.consumers: dict[Consumer, None] = {}
        # Cancelled, but what they hold still counts.
        self._gone: list[Consumer] = []

    def join(self, consumer: Consumer) -> None:
        """Let a consumer share the count."""
        consumer.__class__ = SharingConsumer
        consumer.share = self
        consumer.own_limit = consumer.limit
        self.consumers[consumer] = None
        self.settle()

    def leave(self, consumer: Consumer) -> None:
        """A consumer is cancelled; what it holds goes on counting."""
        if self.consumers.pop(consumer, self) is None:
            self._gone.append(consumer)

    def settle(self) -> None:
        """Give each consumer what its own prefetch and the rest of the count leave to it."""
        self._gone = [consumer for consumer in self._gone if consumer.unacked]
        held = sum(consumer.unacked for consumer in (*self.consumers, *self._gone) if not consumer.no_ack)
        left = max(self.limit - held, 0)
        for consumer in self.consumers:
            if not consumer.no_ack:
                consumer.limit = min(consumer.own_limit, consumer.unacked + left)

    def awaken(self) -> None:
        """Have every consumer take what it now may."""
        self.settle()
        for consumer in list(self.consumers):
            Consumer.awaken(consumer)


class SharingConsumer(Consumer):
    """A consumer on a channel whose consumers share a count."""

    __slots__ = ()

    def send(self, message: Message) -> None:
        """Send a message, and leave less to the others."""
        super().send(message)
        self.share.settle()

    def awaken(self) -> None:
        """Go back into the circle, and let the others go back too."""
        self.share.awaken()
