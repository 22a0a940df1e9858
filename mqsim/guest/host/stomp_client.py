"""One STOMP connection of a program: its session, and the record of what passes through it.

Rows of `mqsim.trace.clients` tell of it in AMQP's words, as RabbitMQ's plugin would: SEND is a publish, ACK
an acknowledgement on channel 1. A SEND in a transaction is published at COMMIT.
"""

from __future__ import annotations

from hashlib import blake2b
from typing import TYPE_CHECKING, Any

from mqsim.guest.host.broker_client import BrokerClient
from mqsim.guest.host.client_record import BODY_SHOWN
from mqsim.guest.shims.stomp import CHANNEL
from mqsim.stomp import Session
from mqsim.stomp.channel import ACK_MODES, SEPARATOR
from mqsim.stomp.destinations import destination_in
from mqsim.stomp.failures import RefusedError
from mqsim.stomp.frames import SIGN_OF_LIFE
from mqsim.stomp.observer import Observer
from mqsim.stomp.properties import PERSISTENT, number_in, properties_in
from mqsim.trace.clients import OK
from mqsim.trace.clients import ClientEventKind as Kind
from mqsim.trace.event_kinds import EventKind

if TYPE_CHECKING:
    from collections.abc import Callable

    from mqsim.broker import Consumer, Message
    from mqsim.stomp.frames import Frame
    from mqsim.trace import ClientEvent

_PLAIN = {
    "BEGIN": Kind.TX_SELECTED,
    "COMMIT": Kind.TX_COMMITTED,
    "ABORT": Kind.TX_ROLLED_BACK,
}


class StompClient(BrokerClient, Observer):
    """The observer of one STOMP connection."""

    session: Session
    sign_of_life = SIGN_OF_LIFE

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
            observer=self,
            access=self._access,
        )
        # Which ack mode each subscription has asked for, by its consumer tag.
        self._cumulative: dict[str, bool] = {}
        self._receipts = 0
        return self.session

    # -- what leaves the program -----------------------------------------------------------------------------

    def left(self, frame: Frame, number: int) -> None:
        """As `Observer` says."""
        self._record.sends(number)
        event = frame.note = self._row_of(frame)
        if event is not None:
            self._left(event)

    def _row_of(self, frame: Frame) -> ClientEvent | None:
        """The row of a frame, where it has one."""
        record, command = self._record, frame.command
        if command in ("CONNECT", "STOMP"):
            told = {name: value for name, value in frame.headers if name != "passcode"}
            record.said_hello(told, self._beats(frame))
        elif command == "DISCONNECT":
            record.closes(0)
        elif command == "SEND":
            return self._publish(frame)
        elif command == "SUBSCRIBE":
            return self._subscribe(frame)
        elif command == "UNSUBSCRIBE":
            return record.add(Kind.CANCELLED, CHANNEL, consumer_tag=self._tag_of(frame))
        elif command in ("ACK", "NACK"):
            return self._settle(frame)
        elif command in _PLAIN:
            return record.add(_PLAIN[command], CHANNEL)
        return None

    @staticmethod
    def _beats(frame: Frame) -> float:
        try:
            return float((frame.get("heart-beat") or "0,0").partition(",")[0]) / 1000
        except ValueError:
            return 0.0

    def _publish(self, frame: Frame) -> ClientEvent:
        try:
            destination = destination_in(frame.get("destination") or "/queue")
            properties: dict[str, Any] = properties_in(frame)
        except RefusedError:
            return self._published(frame, "", frame.get("destination") or "", {})
        return self._published(frame, destination.exchange, destination.routing_key, properties)

    def _published(self, frame: Frame, exchange: str, key: str, properties: dict[str, Any]) -> ClientEvent:
        confirms = frame.get("receipt") is not None
        self._receipts += confirms
        return self._record.add(
            Kind.PUBLISHED,
            CHANNEL,
            exchange=exchange,
            key=key,
            size=len(frame.body),
            persistent=properties.get("delivery_mode") == PERSISTENT,
            headers=properties.get("headers"),
            properties=properties,
            body=frame.body[:BODY_SHOWN],
            digest=blake2b(frame.body, digest_size=8).hexdigest(),
            confirms=confirms,
            number=self._receipts if confirms else 0,
        )

    @staticmethod
    def _tag_of(frame: Frame) -> str:
        name = frame.get("id")
        return f"Q_{frame.get('destination') or ''}" if name is None else f"T_{name}"

    def _subscribe(self, frame: Frame) -> ClientEvent:
        acknowledges, cumulative = ACK_MODES.get(frame.get("ack") or "auto", (False, False))
        tag = self._tag_of(frame)
        self._cumulative[tag] = cumulative
        return self._record.add(Kind.CONSUMED, CHANNEL, consumer_tag=tag, auto_ack=not acknowledges)

    def _settle(self, frame: Frame) -> ClientEvent:
        name = frame.get("id") or frame.get("message-id") or ""
        subscription, _, rest = name.partition(SEPARATOR)
        try:
            tag = number_in(rest.rpartition(SEPARATOR)[2])
        except RefusedError:
            tag = -1
        is_ack = frame.command == "ACK"
        return self._record.add(
            Kind.ACKED if is_ack else Kind.NACKED,
            CHANNEL,
            delivery_tag=tag,
            multiple=self._cumulative.get(subscription, False),
            requeue=not is_ack and frame.is_true("requeue", True),
        )

    # -- what the session tells ------------------------------------------------------------------------------

    def connection_opened(self) -> None:
        """As `Observer` says."""
        self._record.connection_opened(self.session.user)

    def vhost_not_found(self, name: str) -> None:
        """As `Observer` says."""
        self._vhost_not_found(name)
        if name in ("localhost", "127.0.0.1", "broker", "rabbitmq"):
            self._remark(
                f"names the machine {name} as its virtual host, as stomp.py does in version 1.2; "
                'RabbitMQ refuses that, too: write vhost="/"'
            )

    def connection_closed(self, code: int, text: str) -> None:
        """As `Observer` says."""
        self._record.closed_with(code, text)

    def given_up(self) -> None:
        """As `Observer` says."""
        self._record.dropped("heartbeat missed")

    def carried_out(self, note: ClientEvent) -> None:
        """As `Observer` says."""
        note.outcome = OK

    def refused(self, note: ClientEvent, text: str) -> None:
        """As `Observer` says."""
        note.outcome = text
        self.passed_over(note, text)

    def passed_over(self, note: ClientEvent, text: str) -> None:
        """As `Observer` says."""
        if note.kind is Kind.PUBLISHED and note.row in self._under_way:
            del self._under_way[note.row]
            self._lose(note.row, text)

    def published(self, note: ClientEvent) -> int:
        """As `Observer` says."""
        self._under_way.pop(note.row, None)
        return note.row

    def subscribed(self, note: ClientEvent | None, consumer: Consumer, prefetch: int) -> None:
        """As `Observer` says."""
        if note is not None:
            note.queue, note.prefetch = consumer.queue.name, prefetch
        self._deliveries.subscribed(consumer.queue.name, consumer.no_ack, prefetch)
        self._world.log(EventKind.SUBSCRIBED, self._deliveries.name, consumer.queue.name)

    def cancelled(self, consumer: Consumer) -> None:
        """As `Observer` says."""
        self._record.cancelled_by_server(CHANNEL, consumer.tag, consumer.queue.name)

    def sends(self, tag: int, message: Message, no_ack: bool) -> None:
        """As `Observer` says."""
        key = (self._fd, CHANNEL, tag)
        self._deliveries.sent(key, message, no_ack)
        self._notes.append(key)

    def confirmed(self, note: ClientEvent, ok: bool) -> None:
        """As `Observer` says."""
        if note.number:
            if ok:
                self._deliveries.counts.confirmed += 1
            else:
                self._deliveries.counts.nacked += 1
            self._notes.append(self._record.answered(CHANNEL, note.number, ok))
