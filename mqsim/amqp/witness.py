"""Who is told what passes through a session, to keep a record of it."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from mqsim.amqp.channel import ChannelEnd
    from mqsim.broker import Consumer, Message
    from mqsim.errors import BrokerError


class Witness:
    """Is told everything and does nothing with it; it takes notes and never calls session or broker back."""

    def opened(self, end: ChannelEnd) -> None:
        """The client opens a channel."""

    def published(self, end: ChannelEnd) -> int:
        """The client publishes a message.

        Returns:
            The number that the message is to carry (`Message.row`).
        """
        return -1

    def unpublished(self, row: int, error: BrokerError) -> None:
        """The message of that number was a mistake; it went nowhere."""

    def subscribed(self, end: ChannelEnd, consumer: Consumer) -> None:
        """The client subscribes to a queue. What was ready there may have been sent already."""

    def sends(
        self, end: ChannelEnd, tag: int, message: Message, consumer: Consumer | None, no_ack: bool
    ) -> None:
        """A message is about to be sent under a delivery tag; without a consumer it was asked for."""

    def confirmed(self, end: ChannelEnd, number: int, ok: bool) -> None:
        """The `number`-th publish of a channel with confirms is confirmed, or (not `ok`) refused."""

    def returned(self, end: ChannelEnd, message: Message) -> None:
        """A mandatory message found no queue, and goes back."""
