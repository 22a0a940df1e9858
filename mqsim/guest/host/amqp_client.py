"""One AMQP connection of a program: its session, and the record of what passes through it.

The session's observer writes the trace: what the program publishes, holds and settles, and the rows of
`mqsim.trace.clients`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from mqsim.amqp import Session
from mqsim.amqp.frames import HEARTBEAT_FRAME
from mqsim.amqp.observer import Observer
from mqsim.guest.host.broker_client import BrokerClient
from mqsim.guest.host.client_record import carried_out, refused
from mqsim.guest.kernel.ticks import EPOCH
from mqsim.trace import ClientEvent
from mqsim.trace.clients import ClientEventKind as Kind
from mqsim.trace.event_kinds import EventKind

if TYPE_CHECKING:
    from collections.abc import Callable

    from mqsim.amqp.channel import ChannelEnd
    from mqsim.amqp.departures import Departure
    from mqsim.broker import Consumer, Message
    from mqsim.errors import BrokerError


class AmqpClient(BrokerClient, Observer):
    """The observer of one AMQP connection."""

    session: Session
    sign_of_life = HEARTBEAT_FRAME

    def open_session(self, node: str, wake: Callable[[], None]) -> Session:
        """The session that this observes.

        Args:
            node: the broker's node that it leads to.
            wake: called when there is something to send.
        """
        self.session = Session(
            self._world.broker,
            self._deliveries.name,
            node=node,
            wake=lambda _: wake(),
            epoch=EPOCH,
            observer=self,
            access=self._access,
        )
        return self.session

    def left(self, departure: Departure) -> None:
        """As `Observer` says."""
        event = departure.frame.note = self._record.left(departure)
        if event is not None:
            self._left(event)

    # -- what the session tells ------------------------------------------------------------------------------

    def connection_opened(self) -> None:
        """As `Observer` says."""
        self._record.connection_opened(self.session.user)

    def vhost_not_found(self, name: str) -> None:
        """As `Observer` says."""
        self._vhost_not_found(name)

    def connection_closed(self, error: BrokerError) -> None:
        """As `Observer` says."""
        self._record.closed_by_server(error)

    def given_up(self) -> None:
        """As `Observer` says."""
        self._record.dropped("heartbeat missed")

    def channel_closed(self, end: ChannelEnd, error: BrokerError) -> None:
        """As `Observer` says."""
        self._record.channel_closed_by_server(end.number, error)

    def carried_out(self, note: ClientEvent, answer: Any) -> None:
        """As `Observer` says."""
        carried_out(note, answer)

    def refused(self, note: ClientEvent, error: BrokerError) -> None:
        """As `Observer` says."""
        refused(note, error)
        if note.kind is Kind.PUBLISHED:
            self._under_way.pop(note.row, None)
            self._lose(note.row, f"{error.code} {error.text}")

    def passed_over(self, note: ClientEvent) -> None:
        """As `Observer` says."""
        if note.kind is Kind.PUBLISHED:
            del self._under_way[note.row]
            self._lose(note.row, "its channel was closed before it arrived")

    def published(self, note: ClientEvent) -> int:
        """As `Observer` says."""
        self._under_way.pop(note.row, None)
        return note.row

    def subscribed(self, note: ClientEvent | None, end: ChannelEnd, consumer: Consumer) -> None:
        """As `Observer` says."""
        prefetch = end.channel.prefetch
        if note is not None:
            note.queue, note.consumer_tag, note.prefetch = consumer.queue.name, consumer.tag, prefetch
        self._deliveries.subscribed(consumer.queue.name, consumer.no_ack, prefetch)
        self._world.log(EventKind.SUBSCRIBED, self._deliveries.name, consumer.queue.name)

    def cancelled(self, end: ChannelEnd, consumer: Consumer) -> None:
        """As `Observer` says."""
        self._record.cancelled_by_server(end.number, consumer.tag, consumer.queue.name)

    def sends(
        self, end: ChannelEnd, tag: int, message: Message, consumer: Consumer | None, no_ack: bool
    ) -> None:
        """As `Observer` says."""
        if consumer is None:
            self._deliveries.subscribed(message.queue.name, no_ack, 0)
            if isinstance(end.note, ClientEvent):
                end.note.row = message.row
        key = (self._fd, end.number, tag)
        self._deliveries.sent(key, message, no_ack)
        self._notes.append(key)

    def confirmed(self, end: ChannelEnd, number: int, ok: bool) -> None:
        """As `Observer` says."""
        if ok:
            self._deliveries.counts.confirmed += 1
        else:
            self._deliveries.counts.nacked += 1
        self._notes.append(self._record.answered(end.number, number, ok))

    def returned(self, end: ChannelEnd, message: Message, code: int, text: str) -> None:
        """As `Observer` says."""
        self._deliveries.counts.returned += 1
        envelope = message.envelope
        self._notes.append(
            self._record.returned(end.number, message.row, envelope.exchange, envelope.key, code, text)
        )
