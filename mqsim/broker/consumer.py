"""A subscription to a queue."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from mqsim.broker.message import Message
from mqsim.broker.prefetch import UNLIMITED, ChannelLimit

if TYPE_CHECKING:
    from mqsim.broker.channel import Channel
    from mqsim.broker.queues.queue import Queue

Deliver = Callable[["Consumer", int, Message], None]


class Consumer:
    """One `basic.consume`: a queue sends it messages as long as it is not blocked.

    Attributes:
        tag: its consumer tag, unique on its channel.
        own_limit: how many deliveries its own prefetch lets it hold unacknowledged; infinite for prefetch 0
            and for automatic acknowledgement.
        limit: how many it may hold now, -1 once it is gone; less than `own_limit` where the channel's count
            leaves less.
        channel_limit: the count that it shares with the other consumers of its channel, if there is one.
        unacked: how many it holds.
        parked: whether it has left the rotation because it was blocked when its turn came.
    """

    __slots__ = (
        "__weakref__",
        "channel",
        "channel_limit",
        "deliver",
        "exclusive",
        "limit",
        "no_ack",
        "own_limit",
        "parked",
        "priority",
        "queue",
        "tag",
        "unacked",
        "unacknowledged",
    )

    def __init__(
        self,
        channel: Channel,
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
        self.unacknowledged = channel.unacknowledged
        self.queue = queue
        self.tag = tag
        self.deliver = deliver
        self.no_ack = no_ack
        self.own_limit: float = UNLIMITED if no_ack or prefetch == 0 else prefetch
        self.limit = self.own_limit
        self.channel_limit: ChannelLimit | None = None
        self.priority = priority
        self.exclusive = exclusive
        self.unacked = 0
        self.parked = False

    def send(self, message: Message) -> None:
        """Send a message that the queue has taken from its ready ones."""
        unacknowledged = self.unacknowledged
        tag = unacknowledged.last_tag = unacknowledged.last_tag + 1
        message.deliveries += 1
        if self.no_ack:
            self.deliver(self, tag, message)
            message.queue.acknowledged(message)
        else:
            self.unacked += 1
            unacknowledged.deliveries[tag] = (message, self, unacknowledged.context.now)
            message.queue.unacked += 1
            self.deliver(self, tag, message)
            if self.channel_limit is not None:
                self.channel_limit.allot()

    def allow(self, more: int) -> None:
        """Let the consumer hold `more` deliveries than before (credit); less than 0: fewer."""
        self.set_limit(self.own_limit + more)
        self.awaken()

    def set_limit(self, limit: float) -> None:
        """Let the consumer hold so many deliveries; it takes what it may when it is next awakened."""
        self.limit = self.own_limit = limit

    def awaken(self) -> None:
        """The consumer may hold more than before; where a count is shared, so may the others."""
        if self.channel_limit is None:
            self.take()
        else:
            self.channel_limit.awaken()

    def take(self) -> None:
        """Go back into the rotation if blocked before and not now, and take what is ready."""
        self.rejoin()
        if self.queue.waiting:
            self.queue.dispatch()

    def rejoin(self) -> None:
        """Go back into the rotation if blocked before and not now."""
        if self.parked and self.unacked < self.limit:
            self.queue.wake(self)

    def dismiss(self) -> None:
        """The broker cancels the consumer because its queue is gone."""
        self.channel.dismiss(self)
