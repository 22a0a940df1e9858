"""One AMQP connection of a program: its session, and the record of what passes through it.

The session's observer writes the trace: what the program publishes, holds and settles, and the rows of
`mqsim.trace.clients`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from mqsim.amqp import Session
from mqsim.amqp.frames import HEARTBEAT_FRAME
from mqsim.amqp.observer import Observer
from mqsim.guest.host.client_record import carried_out, refused
from mqsim.guest.host.deliveries import ClientDeliveries, Key
from mqsim.guest.kernel.ticks import EPOCH
from mqsim.trace import ClientEvent, Outcome
from mqsim.trace.clients import ClientEventKind as Kind
from mqsim.trace.event_kinds import EventKind

if TYPE_CHECKING:
    from collections.abc import Callable

    from mqsim.amqp.channel import ChannelEnd
    from mqsim.amqp.departures import Departure
    from mqsim.broker import Consumer, Message
    from mqsim.errors import BrokerError
    from mqsim.guest.host.disk import Disk
    from mqsim.protocol.access import Access
    from mqsim.sim.world import World

GONE = "its connection was gone before it arrived"
SETTLING = frozenset({Kind.ACKED, Kind.NACKED, Kind.REJECTED})

Note = Key | ClientEvent
"""What is to be told when something sent to the client has reached its machine: a delivery, or a row."""


class AmqpClient(Observer):
    """The observer of one connection.

    Args:
        world: where the trace is.
        fd: the program's number of the socket.
        deliveries: what the program holds.
        access: who may log in.
        remark: has the transcript say something of the program.
        disk: is told of what the program wants to be safe.

    Attributes:
        publishes: how many messages have left on it.
    """

    session: Session
    sign_of_life = HEARTBEAT_FRAME

    def __init__(
        self,
        world: World,
        fd: int,
        deliveries: ClientDeliveries,
        access: Access,
        remark: Callable[[str], None],
        disk: Disk | None = None,
    ) -> None:
        self._world = world
        self._clock = world.clock
        self._fd = fd
        self._access = access
        self._remark = remark
        self._disk = disk
        self._deliveries = deliveries
        self._record = deliveries.record.connect()
        self._is_over = False
        # Rows of messages that have left the client and not arrived.
        self._under_way: dict[int, None] = {}
        self._notes: list[Note] = []
        self.publishes = 0

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

    def advance(self, now: float) -> None:
        """Move the broker on to `now`."""
        self._world.broker.advance(now)

    def take_notes(self) -> list[Note]:
        """What goes with the bytes that are sent now."""
        notes, self._notes = self._notes, []
        return notes

    # -- what the network tells ------------------------------------------------------------------------------

    def used_by(self, frame: int, thread: str) -> None:
        """From the frame of that number on, a thread of that name sends."""
        self._record.used_by(frame, thread)

    def received(self, notes: list[Note]) -> None:
        """Deliveries, confirms and returns have reached the client's machine."""
        for note in notes:
            if isinstance(note, ClientEvent):
                self._record.arrived(note)
            else:
                self._deliveries.received(note)

    def missed(self, notes: list[Note]) -> None:
        """They came to a client that was gone."""
        for note in notes:
            if not isinstance(note, ClientEvent):
                self._deliveries.missed(note)

    def gone(self, why: str) -> None:
        """The client has closed its end."""
        self._record.dropped(why)
        self._deliveries.closed(self._fd)

    def dropped(self, why: str) -> None:
        """The connection broke."""
        self._record.dropped(why)

    def left_open(self) -> None:
        """The run is over."""
        self._record.left_open()

    def is_over(self) -> None:
        """The broker's end is gone; what was on its way came to nobody."""
        self._is_over = True
        for row in self._under_way:
            self._lose(row, GONE)
        self._under_way.clear()

    def _lose(self, row: int, why: str) -> None:
        self._world.copies.end(row, Outcome.LOST, self._clock._now, why)

    def left(self, departure: Departure) -> None:
        """As `Observer` says."""
        event = departure.frame.note = self._record.left(departure)
        if event is None:
            return
        if event.kind is Kind.PUBLISHED:
            self.publishes += 1
            event.row = self._deliveries.publish(event)
            if self._disk is not None and self._record.wants_safety(event):
                self._disk.ask(event.row)
            self._record.carries(event)
            if self._is_over:
                self._lose(event.row, GONE)
            else:
                self._under_way[event.row] = None
        elif event.kind in SETTLING:
            event.row = self._deliveries.settle(self._fd, event)

    # -- what the session tells ------------------------------------------------------------------------------

    def connection_opened(self) -> None:
        """As `Observer` says."""
        self._record.connection_opened(self.session.user)

    def vhost_not_found(self, name: str) -> None:
        """As `Observer` says; the program's author is told where the file has one of that name."""
        if name in self._access.others:
            here = ", ".join(sorted(self._access.vhosts))
            self._remark(
                f"wants virtual host {name}: only one virtual host of a definitions file is simulated, "
                f"here {here}; run the programs of each virtual host by themselves, with a file of its own"
            )

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
