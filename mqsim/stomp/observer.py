"""Who is told what passes through a session, to keep a record of it.

An observer may write a note on each frame as it leaves the client; it gets the note back when the frame has
been carried out, refused, or passed over.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from mqsim.broker import Consumer, Message
    from mqsim.stomp.frames import Frame


class Observer:
    """Is told everything and does nothing with it; it takes notes and never calls session or broker back."""

    def left(self, frame: Frame, number: int) -> None:
        """A whole frame has left the client, the `number`-th of its connection, and is on its way."""

    def connection_opened(self) -> None:
        """The broker has opened the connection."""

    def vhost_not_found(self, name: str) -> None:
        """The client wants to open a virtual host that is not there."""

    def connection_closed(self, code: int, text: str) -> None:
        """The server ends the connection because of an error."""

    def given_up(self) -> None:
        """The client sent no sign of life for too long."""

    def carried_out(self, note: Any) -> None:
        """What the frame asked for is done; a message in a transaction waits for COMMIT."""

    def refused(self, note: Any, text: str) -> None:
        """The frame was a mistake; what it sent went nowhere."""

    def passed_over(self, note: Any, text: str) -> None:
        """What the frame sent went nowhere, though it was no mistake."""

    def published(self, note: Any) -> int:
        """A message is about to be published.

        Returns:
            The number that the message is to carry (`Message.row`).
        """
        return -1

    def subscribed(self, note: Any, consumer: Consumer, prefetch: int) -> None:
        """The client subscribes to a queue; a note is None where it did not ask to (a temporary queue)."""

    def cancelled(self, consumer: Consumer) -> None:
        """The broker ends a subscription, as its queue is gone."""

    def sends(self, tag: int, message: Message, no_ack: bool) -> None:
        """A message is about to be sent under a delivery tag."""

    def confirmed(self, note: Any, ok: bool) -> None:
        """A SEND that asked for a receipt is safe, or (not `ok`) refused by a queue."""
