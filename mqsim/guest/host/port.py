"""The broker's AMQP port in the world: holds a session for each connection that programs open.

    guest ── link ── PortPeer ── amqp.Session ── broker

The peer moves the broker's time on before each call, sends what the session has to send when the instant's
callbacks are done, and rings for its heartbeats. It writes down what passes for the trace.
"""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING, Any

from mqsim.amqp import End, Session
from mqsim.amqp.departures import Departure
from mqsim.amqp.observer import Observer
from mqsim.broker import State as Life
from mqsim.guest.host.client_record import carried_out, refused
from mqsim.guest.host.deliveries import ClientDeliveries, Key
from mqsim.guest.host.services import Connection, Peer
from mqsim.guest.kernel.ticks import EPOCH
from mqsim.trace import ClientEvent, Outcome
from mqsim.trace.clients import ClientEventKind as Kind

if TYPE_CHECKING:
    from mqsim.amqp.channel import ChannelEnd
    from mqsim.broker import Consumer, Message
    from mqsim.errors import BrokerError
    from mqsim.sim.node import Node
    from mqsim.sim.world import World

PORT = 5672
NEVER = float("inf")
GONE = "its connection was gone before it arrived"
SETTLING = frozenset({Kind.ACKED, Kind.NACKED, Kind.REJECTED})

Note = Key | ClientEvent
"""What is to be told when something sent to the client has reached its machine: a delivery, or a row."""


class Port:
    """One node's port: a `Service`.

    Args:
        world: the node's world.
        node: who listens.
        deliveries: what each program holds, by the actor's name.
    """

    def __init__(self, world: World, node: Node, deliveries: dict[str, ClientDeliveries]) -> None:
        self.world = world
        self.node = node
        self.deliveries = deliveries
        self._peers: dict[PortPeer, None] = {}
        node.lifted.append(self._node_lifted)

    def __call__(self, connection: Connection) -> Peer:
        """A program connects."""
        self.world.broker.advance(self.world.clock._now)
        peer = PortPeer(self, connection, self.deliveries[connection.client_name])
        self._peers[peer] = None
        return peer

    def forget(self, peer: PortPeer) -> None:
        """A connection is over."""
        self._peers.pop(peer, None)

    def awaits_silence(self) -> bool:
        """Whether the node will soon find out that a client is not there any more."""
        return any(peer.awaits_silence() for peer in self._peers)

    def close(self) -> None:
        """The run is over."""
        for peer in self._peers:
            peer.left_open()

    def _node_lifted(self, _: bool) -> None:
        """The node went down, or is back: whom it could not tell in order sees the connection break."""
        for peer in list(self._peers):
            peer.node_fell()


class PortPeer(Peer, Observer):
    """The broker's side of one program's connection."""

    def __init__(self, port: Port, connection: Connection, deliveries: ClientDeliveries) -> None:
        self._port = port
        self._node = port.node
        self._world = port.world
        self._clock = port.world.clock
        self._connection = connection
        self._deliveries = deliveries
        self._record = deliveries.record.connect()
        self._is_over = False
        # Rows of messages that have left the client and not arrived.
        self._under_way: dict[int, None] = {}
        self._notes: list[Note] = []
        self._publishes = 0
        self._costs: deque[int] = deque()
        self._due = False
        self._armed = NEVER
        self._unread: deque[int] = deque()
        self._session = Session(
            port.world.broker,
            connection.client_name,
            node=port.node.host,
            wake=self._wake,
            epoch=EPOCH,
            observer=self,
        )
        self._arm()

    # -- bytes -----------------------------------------------------------------------------------------------

    def client_sent(self, data: bytes) -> None:
        """Bytes have left the client."""
        self._publishes = 0
        self._session.foresee(data)
        if self._node.costly:
            self._costs.append(self._publishes)

    def left(self, departure: Departure) -> None:
        """As `Observer` says."""
        event = departure.frame.note = self._record.left(departure)
        if event is None:
            return
        if event.kind is Kind.PUBLISHED:
            self._publishes += 1
            event.row = self._deliveries.publish(event)
            self._record.carries(event)
            if self._is_over:
                self._lose(event.row, GONE)
            else:
                self._under_way[event.row] = None
        elif event.kind in SETTLING:
            event.row = self._deliveries.settle(self._connection.fd, event)

    def data_received(self, data: bytes) -> None:
        """Bytes have come in."""
        if self._costs:
            at = self._node.occupy(publishes=self._costs.popleft())
            self._clock.call_at(at, lambda _: self._take_later(len(data)))
        else:
            self._take(len(data))

    def _take_later(self, size: int) -> None:
        self._take(size)
        self._world.settle()

    def _take(self, size: int) -> None:
        session = self._session
        self._world.broker.advance(self._clock._now)
        if session.listens and not self._unread:
            session.arrive(size)
        elif session.end is None:
            self._unread.append(size)
        self._wake(session)

    def _wake(self, _: Session) -> None:
        if not self._due:
            self._due = True
            self._world.outbox.append((self._look, None, None))

    def _look(self, _: object, __: object) -> None:
        """Send what there is to send; end the stream if the session has ended."""
        self._due = False
        session, connection = self._session, self._connection
        self._world.broker.advance(self._clock._now)
        while self._unread and session.listens:
            session.arrive(self._unread.popleft())
        data = session.bytes_to_send()
        notes, self._notes = self._notes, []
        if data and connection.open:
            self._send(data, notes)
        elif notes:
            self.client_missed(notes)
        if session.end is None:
            self._arm()
            return
        if connection.open:
            connection.reset() if session.end is End.RESET else connection.close()
        self._over()

    def _send(self, data: bytes, notes: list[Note]) -> None:
        deliveries = sum(type(note) is tuple for note in notes) if self._node.costly else 0
        if deliveries:
            at = self._node.occupy(deliveries=deliveries)
            self._clock.call_at(at, lambda _: self._send_now(data, notes))
        else:
            self._connection.send(data, notes or None)

    def _send_now(self, data: bytes, notes: list[Note]) -> None:
        self._connection.send(data, notes)
        self._world.settle()

    # -- ends ------------------------------------------------------------------------------------------------

    def closed(self) -> None:
        """The client is gone."""
        self._world.broker.advance(self._clock._now)
        self._session.lost()
        self._over()

    def node_fell(self) -> None:
        """The node went down, and takes the connection along unless the session closes it in order. Without
        power it tells nobody until it is back.
        """
        link = self._session.link
        if link is None or (link.state is not Life.OPEN and link.closed_by is None):
            self._record.dropped("broker gone")
            self._session.lost()
            self._wake(self._session)

    def _over(self) -> None:
        """What was on its way to the session came to nobody."""
        self._port.forget(self)
        self._is_over = True
        self._unread.clear()
        for row in self._under_way:
            self._lose(row, GONE)
        self._under_way.clear()

    def _lose(self, row: int, why: str) -> None:
        self._world.recorder.end(row, Outcome.LOST, self._clock._now, why)

    def left_open(self) -> None:
        """The run is over, and the connection still open."""
        self._record.left_open()

    # -- time ------------------------------------------------------------------------------------------------

    def _arm(self) -> None:
        due = self._session.next_deadline()
        if due < self._armed:
            self._armed = due
            self._clock.call_idly(max(due, self._clock._now), self._ring, due)

    def _ring(self, event: Any) -> None:
        if event._value != self._armed:
            return
        self._armed = NEVER
        link = self._session.link
        dark = not self._node.running and link is not None and link.state is Life.OPEN
        if self._session.end is None and not dark:
            self._world.broker.advance(self._clock._now)
            self._session.tick(self._clock._now)
            self._arm()
            self._world.settle()

    def awaits_silence(self) -> bool:
        """Whether heartbeats are expected of a client that sends none."""
        session = self._session
        expects = self._node.running and session.heartbeat > 0 and session.end is None
        return expects and not self._connection.is_alive()

    # -- what the connection tells ---------------------------------------------------------------------------

    def client_used_by(self, frame: int, thread: str) -> None:
        """From the frame of that number on, a thread of that name sends."""
        self._record.used_by(frame, thread)

    def client_received(self, notes: list[Note]) -> None:
        """Deliveries, confirms and returns have reached the client's machine."""
        for note in notes:
            if isinstance(note, ClientEvent):
                self._record.arrived(note)
            else:
                self._deliveries.received(note)

    def client_missed(self, notes: list[Note]) -> None:
        """They came to a client that was gone."""
        for note in notes:
            if not isinstance(note, ClientEvent):
                self._deliveries.missed(note)

    def client_broken(self) -> None:
        """The connection broke under the client."""
        self._record.dropped("connection reset")

    def client_left(self, why: str) -> None:
        """The client has closed its end."""
        self._record.dropped(why)
        self._deliveries.closed(self._connection.fd)

    # -- what the session tells ------------------------------------------------------------------------------

    def connection_opened(self) -> None:
        """As `Observer` says."""
        self._record.connection_opened(self._session.user)

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
        self._world.log("subscribed", self._connection.client_name, consumer.queue.name)

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
        key = (self._connection.fd, end.number, tag)
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
