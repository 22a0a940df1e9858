"""Who is told what passes through a session, to keep a record of it.

An observer may write a note on each departure's frame; it gets the note back when the broker has taken the
method in, refused it, or passed it over.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from mqsim.amqp.channel import ChannelEnd
    from mqsim.amqp.departures import Departure
    from mqsim.broker import Consumer, Message
    from mqsim.errors import BrokerError


class Observer:
    """Is told everything and does nothing with it; it takes notes and never calls session or broker back."""

    def left(self, departure: Departure) -> None:
        """A whole method has left the client, and is on its way (only where the session foresees)."""

    def connection_opened(self) -> None:
        """The broker has opened the connection."""

    def vhost_not_found(self, name: str) -> None:
        """The client wants to open a virtual host that is not there; the connection will be closed."""

    def connection_closed(self, error: BrokerError) -> None:
        """The broker closes the connection because of an error."""

    def given_up(self) -> None:
        """The client sent no sign of life for too long."""

    def channel_closed(self, end: ChannelEnd, error: BrokerError) -> None:
        """The broker closes a channel because of an error."""

    def carried_out(self, note: Any, answer: Any) -> None:
        """The broker has done what the method asked for; the answer is None where there is none."""

    def refused(self, note: Any, error: BrokerError) -> None:
        """The method was a mistake; what it published went nowhere."""

    def passed_over(self, note: Any) -> None:
        """The method came to a channel or a connection that was being closed, and was not looked at."""

    def published(self, note: Any) -> int:
        """A message is about to be published.

        Returns:
            The number that the message is to carry (`Message.row`).
        """
        return -1

    def subscribed(self, note: Any, end: ChannelEnd, consumer: Consumer) -> None:
        """The client subscribes to a queue. What was ready there may have been sent already."""

    def cancelled(self, end: ChannelEnd, consumer: Consumer) -> None:
        """The broker ends a subscription, as its queue is gone."""

    def sends(
        self, end: ChannelEnd, tag: int, message: Message, consumer: Consumer | None, no_ack: bool
    ) -> None:
        """A message is about to be sent under a delivery tag; without a consumer it was asked for."""

    def confirmed(self, end: ChannelEnd, number: int, ok: bool) -> None:
        """The `number`-th publish of a channel with confirms is confirmed, or (not `ok`) refused."""

    def returned(self, end: ChannelEnd, message: Message, code: int, text: str) -> None:
        """A mandatory message found no queue, and goes back."""
