"""A subscription to a queue."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from mqsim.broker.message import Message

if TYPE_CHECKING:
    from mqsim.broker.channel import Channel
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
        "parked",
        "priority",
        "queue",
        "tag",
        "unacked",
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
