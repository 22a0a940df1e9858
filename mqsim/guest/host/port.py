"""The broker's port in the world: holds a session for each connection that programs open.

    guest ── link ── PortPeer ── session ── broker

The peer moves the broker's time on before each call, sends what the session has to send when the instant's
callbacks are done, and rings for its heartbeats. What passes is written down by the client's observer.
"""

from __future__ import annotations

from collections import deque
from functools import partial
from typing import TYPE_CHECKING, Any

from mqsim.amqp.frames import HEARTBEAT_FRAME
from mqsim.guest.host.amqp_client import AmqpClient, Note
from mqsim.guest.host.services import Connection, Peer
from mqsim.protocol import End
from mqsim.sim.links import Deferred

if TYPE_CHECKING:
    from collections.abc import Callable

    from mqsim.amqp.access import Access
    from mqsim.guest.host.deliveries import ClientDeliveries
    from mqsim.guest.host.disk import Disk
    from mqsim.sim.node import Node
    from mqsim.sim.world import World

PORT = 5672
NEVER = float("inf")


class Port:
    """One node's port: a `Service`.

    Args:
        world: the node's world.
        node: who listens.
        deliveries: what each program holds, by the actor's name.
        access: who may log in.
        remark: has the transcript say something of a program, by the actor's name.
        disk: is told of what publishers want to be safe; None where the broker's disk is modelled.
    """

    def __init__(
        self,
        world: World,
        node: Node,
        deliveries: dict[str, ClientDeliveries],
        access: Access,
        remark: Callable[[str, str], None],
        disk: Disk | None = None,
    ) -> None:
        self.world = world
        self.node = node
        self.deliveries = deliveries
        self._access = access
        self._remark = remark
        self._disk = disk
        self._peers: dict[PortPeer, None] = {}
        node.up_listeners.append(self._node_up_changed)

    def __call__(self, connection: Connection) -> Peer:
        """A program connects."""
        self.world.broker.advance(self.world.clock._now)
        client = AmqpClient(
            self.world,
            connection.fd,
            self.deliveries[connection.client_name],
            self._access,
            partial(self._remark, connection.client_name),
            self._disk,
        )
        peer = PortPeer(self, connection, client)
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

    def _node_up_changed(self, _: bool) -> None:
        """The node went down, or is back: whom it could not tell in order sees the connection break."""
        for peer in list(self._peers):
            peer.node_fell()


class PortPeer(Peer):
    """The broker's side of one program's connection."""

    def __init__(self, port: Port, connection: Connection, client: AmqpClient) -> None:
        self._port = port
        self._node = port.node
        self._world = port.world
        self._clock = port.world.clock
        self._connection = connection
        self._client = client
        self._costs: deque[int] = deque()
        self._due = False
        self._armed = NEVER
        self._unread: deque[int] = deque()
        self._session = client.open_session(port.node.host, self._wake)
        self._arm()

    # -- bytes -----------------------------------------------------------------------------------------------

    def client_sent(self, data: bytes) -> None:
        """Bytes have left the client."""
        before = self._client.publishes
        self._session.foresee(data)
        if self._node.costly:
            self._costs.append(self._client.publishes - before)

    def data_received(self, data: bytes) -> None:
        """Bytes have come in."""
        if self._costs:
            at = self._node.occupy(publishes=self._costs.popleft())
            self._clock.call_at(at, lambda _: self._take_later(len(data)))
        else:
            self._take(len(data))

    def _take_later(self, size: int) -> None:
        self._take(size)
        self._world.finish_instant()

    def _take(self, size: int) -> None:
        session = self._session
        self._world.broker.advance(self._clock._now)
        if session.listens and not self._unread:
            session.arrive(size)
        elif session.end is None:
            self._unread.append(size)
        self._wake()

    def _wake(self) -> None:
        if not self._due:
            self._due = True
            self._world.outbox.append(Deferred(self._look))

    def _look(self) -> None:
        """Send what there is to send; end the stream if the session has ended."""
        self._due = False
        session, connection = self._session, self._connection
        self._world.broker.advance(self._clock._now)
        while self._unread and session.listens:
            session.arrive(self._unread.popleft())
        data = session.bytes_to_send()
        notes = self._client.take_notes()
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
            self._connection.send(data, notes or None, may_wait=data == HEARTBEAT_FRAME)

    def _send_now(self, data: bytes, notes: list[Note]) -> None:
        self._connection.send(data, notes)
        self._world.finish_instant()

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
        if self._session.cut_off:
            self._client.dropped("broker gone")
            self._session.lost()
            self._wake()

    def _over(self) -> None:
        """What was on its way to the session came to nobody."""
        self._port.forget(self)
        self._unread.clear()
        self._client.is_over()

    def left_open(self) -> None:
        """The run is over, and the connection still open."""
        self._client.left_open()

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
        dark = not self._node.running and self._session.linked
        if self._session.end is None and not dark:
            self._world.broker.advance(self._clock._now)
            self._session.tick(self._clock._now)
            self._arm()
            self._world.finish_instant()

    def awaits_silence(self) -> bool:
        """Whether heartbeats are expected of a client that sends none."""
        session = self._session
        expects = self._node.running and session.heartbeat > 0 and session.end is None
        return expects and not self._connection.is_alive()

    # -- what the connection tells ---------------------------------------------------------------------------

    def client_used_by(self, frame: int, thread: str) -> None:
        """From the frame of that number on, a thread of that name sends."""
        self._client.used_by(frame, thread)

    def client_received(self, notes: list[Note]) -> None:
        """Deliveries, confirms and returns have reached the client's machine."""
        self._client.received(notes)

    def client_missed(self, notes: list[Note]) -> None:
        """They came to a client that was gone."""
        self._client.missed(notes)

    def client_broken(self) -> None:
        """The connection broke under the client."""
        self._client.dropped("connection reset")

    def client_left(self, why: str) -> None:
        """The client has closed its end."""
        self._client.gone(why)
