"""Prefetch that the consumers of a channel share: AMQP's global bit.

By default prefetch counts for each consumer (`Consumer.own_limit`). Source: RabbitMQ's documentation of
consumer prefetch.
"""

from __future__ import annotations

from typing import Protocol

UNLIMITED = float("inf")


class Limited(Protocol):
    """A consumer, as the count that it shares knows it.

    Attributes:
        no_ack: whether it does not acknowledge, so that nothing limits it.
        own_limit: what its own prefetch allows.
        limit: what it may hold now.
        unacked: what it holds.
        channel_limit: the count that it shares, if there is one.
    """

    no_ack: bool
    own_limit: float
    limit: float
    unacked: int
    channel_limit: ChannelLimit | None

    def take(self) -> None:
        """Take what is ready, as far as the limit allows."""


class ChannelLimit:
    """One count of unacknowledged deliveries for all consumers of a channel.

    Attributes:
        limit: the count; infinite when there is none.
        consumers: who shares it, in order of subscription.
    """

    def __init__(self) -> None:
        self.limit = UNLIMITED
        self.consumers: dict[Limited, None] = {}
        # Cancelled, but what they hold still counts.
        self._cancelled: list[Limited] = []

    def join(self, consumer: Limited) -> None:
        """Let a consumer share the count."""
        consumer.channel_limit = self
        self.consumers[consumer] = None
        self.allot()

    def leave(self, consumer: Limited) -> None:
        """A consumer is cancelled; what it holds goes on counting."""
        if self.consumers.pop(consumer, self) is None:
            self._cancelled.append(consumer)

    def allot(self) -> None:
        """Give each consumer what its own prefetch and the rest of the count leave to it."""
        self._cancelled = [consumer for consumer in self._cancelled if consumer.unacked]
        sharing = (*self.consumers, *self._cancelled)
        held = sum(consumer.unacked for consumer in sharing if not consumer.no_ack)
        left = max(self.limit - held, 0)
        for consumer in self.consumers:
            if not consumer.no_ack:
                consumer.limit = min(consumer.own_limit, consumer.unacked + left)

    def awaken(self) -> None:
        """Have every consumer take what it now may."""
        self.allot()
        for consumer in list(self.consumers):
            consumer.take()
