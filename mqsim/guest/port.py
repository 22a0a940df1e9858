"""The broker's AMQP port in the world: holds a session for each connection that programs open.

    guest ── link ── PortPeer ── amqp.Session ── broker

The peer moves the broker's time on before each call, sends what the session has to send when the instant's
callbacks are done, and rings for its heartbeats. It writes down what passes for the trace.
"""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING, Any

from mqsim.amqp import End, Session
from mqsim.amqp.witness import Witness
from mqsim.broker import State as Life
from mqsim.guest.hands import Hands, Key
from mqsim.guest.outgoing import Opened, Outgoing, Published
from mqsim.guest.services import Connection, Peer
from mqsim.guest.ticks import EPOCH
from mqsim.sim.links import Deferred
from mqsim.trace import Outcome

if TYPE_CHECKING:
    from mqsim.amqp.channel import ChannelEnd
    from mqsim.broker import Consumer, Message
    from mqsim.errors import BrokerError
    from mqsim.sim.node import Node
    from mqsim.sim.world import World

PORT = 5672
NEVER = float("inf")


class Port:
    """One node's port: a `Service`.

    Args:
        world: the node's world.
        node: who listens.
        hands: what each program holds, by the actor's name.
    """

    def __init__(self, world: World, node: Node, hands: dict[str, Hands]) -> None:
        self.world = world
        self.node = node
        self.hands = hands
        self._peers: dict[PortPeer, None] = {}
        node.lifted.append(self._node_lifted)

    def __call__(self, connection: Connection) -> Peer:
        """A program connects."""
        self.world.broker.advance(self.world.clock._now)
        peer = PortPeer(self, connection, self.hands[connection.client_name])
        self._peers[peer] = None
        return peer

    def forget(self, peer: PortPeer) -> None:
        """A connection is over."""
        self._peers.pop(peer, None)

    def awaits_silence(self) -> bool:
        """Whether the node will soon find out that a client is not there any more."""
        return any(peer.awaits_silence() for peer in self._peers)

    def _node_lifted(self, _: bool) -> None:
        """The node went down, or is back: whom it could not tell in order sees the connection break."""
        for peer in list(self._peers):
            peer.node_fell()


class PortPeer(Peer, Witness):
    """The broker's side of one program's connection."""

    def __init__(self, port: Port, connection: Connection, hands: Hands) -> None:
        self._port = port
        self._node = port.node
        self._world = port.world
        self._clock = port.world.clock
        self._connection = connection
        self._hands = hands
        self._outgoing = Outgoing()
        # Messages that have left the client, by channel; None stands for the channel's being opened.
        self._under_way: dict[int, deque[int | None]] = {}
        self._notes: list[Key] = []
        self._costs: deque[int] = deque()
        self._due = False
        self._armed = NEVER
        self._unread: list[bytes] = []
        self._session = Session(
            port.world.broker,
            connection.client_name,
            node=port.node.host,
            wake=self._wake,
            epoch=EPOCH,
            witness=self,
        )
        self._arm()

    # -- bytes -----------------------------------------------------------------------------------------------

    def client_sent(self, data: bytes) -> None:
        """Bytes have left the client."""
        publishes = 0
        for said in self._outgoing.read(data):
            if isinstance(said, Published):
                publishes += 1
                self._line(said.channel).append(self._hands.publish(said))
            elif isinstance(said, Opened):
                self._line(said.channel).append(None)
            else:
                self._hands.settle(self._connection.fd, said)
        if self._node.costly:
            self._costs.append(publishes)

    def data_received(self, data: bytes) -> None:
        """Bytes have come in."""
        if self._costs:
            at = self._node.occupy(publishes=self._costs.popleft())
            self._clock.call_at(at, lambda _: self._take_later(data))
        else:
            self._take(data)

    def _take_later(self, data: bytes) -> None:
        self._take(data)
        self._world.settle()

    def _take(self, data: bytes) -> None:
        session = self._session
        self._world.broker.advance(self._clock._now)
        if session.listens and not self._unread:
            session.receive(data)
        elif session.end is None:
            self._unread.append(data)
        self._wake(session)

    def _wake(self, _: Session) -> None:
        if not self._due:
            self._due = True
            self._world.outbox.append(Deferred(self._look))

    def _look(self) -> None:
        """Send what there is to send; end the stream if the session has ended."""
        self._due = False
        session, connection = self._session, self._connection
        self._world.broker.advance(self._clock._now)
        while self._unread and session.listens:
            session.receive(self._unread.pop(0))
        data = session.bytes_to_send()
        notes, self._notes = self._notes, []
        if data and connection.open:
            self._send(data, notes)
        elif notes:
            self._hands.missed(notes)
        if session.end is None:
            self._arm()
            return
        if connection.open:
            connection.reset() if session.end is End.RESET else connection.close()
        self._over()

    def _send(self, data: bytes, notes: list[Key]) -> None:
        if self._node.costly and notes:
            at = self._node.occupy(deliveries=len(notes))
            self._clock.call_at(at, lambda _: self._send_now(data, notes))
        else:
            self._connection.send(data, notes or None)

    def _send_now(self, data: bytes, notes: list[Key]) -> None:
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
            self._session.lost()
            self._wake(self._session)

    def _over(self) -> None:
        """What was on its way to the session came to nobody."""
        self._port.forget(self)
        self._unread.clear()
        for line in self._under_way.values():
            self._drop(line)

    def _line(self, channel: int) -> deque[int | None]:
        return self._under_way.setdefault(channel, deque())

    def _drop(self, line: deque[int | None], why: str = "its connection was gone before it arrived") -> None:
        while line:
            row = line.popleft()
            if row is not None:
                self._world.recorder.end(row, Outcome.LOST, self._clock._now, why)

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

    def client_received(self, note: list[Key]) -> None:
        """Deliveries have reached the client's machine."""
        self._hands.received(note)

    def client_missed(self, note: list[Key]) -> None:
        """Deliveries came to a client that was gone."""
        self._hands.missed(note)

    def client_left(self) -> None:
        """The client has closed its end."""
        self._hands.closed(self._connection.fd)

    # -- what the session tells ------------------------------------------------------------------------------

    def opened(self, end: ChannelEnd) -> None:
        """As `Witness` says: what left before, for an earlier channel of that number, was not taken."""
        line = self._line(end.number)
        while line and line[0] is not None:
            self._drop(deque([line.popleft()]), "its channel was closed before it arrived")
        if line:
            line.popleft()

    def published(self, end: ChannelEnd) -> int:
        """As `Witness` says."""
        row = self._line(end.number).popleft()
        assert row is not None
        return row

    def unpublished(self, row: int, error: BrokerError) -> None:
        """As `Witness` says."""
        self._world.recorder.end(row, Outcome.LOST, self._clock._now, f"{error.code} {error.text}")

    def subscribed(self, end: ChannelEnd, consumer: Consumer) -> None:
        """As `Witness` says."""
        self._hands.subscribed(consumer.queue.name, consumer.no_ack, end.channel.prefetch)
        self._world.log("subscribed", self._connection.client_name, consumer.queue.name)

    def sends(
        self, end: ChannelEnd, tag: int, message: Message, consumer: Consumer | None, no_ack: bool
    ) -> None:
        """As `Witness` says."""
        if consumer is None:
            self._hands.subscribed(message.queue.name, no_ack, 0)
        key = (self._connection.fd, end.number, tag)
        self._hands.sent(key, message, no_ack)
        self._notes.append(key)

    def confirmed(self, end: ChannelEnd, number: int, ok: bool) -> None:
        """As `Witness` says."""
        if ok:
            self._hands.counts.confirmed += 1
        else:
            self._hands.counts.nacked += 1

    def returned(self, end: ChannelEnd, message: Message) -> None:
        """As `Witness` says."""
        self._hands.counts.returned += 1
