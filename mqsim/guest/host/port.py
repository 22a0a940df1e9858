"""The broker's port in the world: holds a session for each connection that programs open.

    guest ── link ── PortPeer ── session ── broker

The peer moves the broker's time on before each call, sends what the session has to send when the instant's
callbacks are done, and rings for its heartbeats. What passes is written down by the client's observer.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Protocol

from mqsim.guest.host.services import Connection, Peer
from mqsim.protocol import End
from mqsim.sim.links import Deferred

if TYPE_CHECKING:
    from mqsim.protocol import Session
    from mqsim.sim.node import Node
    from mqsim.sim.world import World

NEVER = float("inf")


class PortClient(Protocol):
    """One program's connection as its port knows it, whatever the protocol: it opens the session, and keeps
    the record of what passes.

    Attributes:
        publishes: how many messages have left the program on it.
        sign_of_life: the bytes that the session sends to say that it is alive, and nothing else.
    """

    publishes: int
    sign_of_life: bytes

    def open_session(self, node: str, wake: Callable[[], None]) -> Session:
        """The server's side of the connection, on a node; `wake` is called when it has something to send."""

    def advance(self, now: float) -> None:
        """Move the session's broker on to `now`."""

    def take_notes(self) -> list[Any]:
        """What goes with the bytes that are sent now; a delivery is a tuple."""

    def used_by(self, frame: int, thread: str) -> None:
        """From the frame of that number on, a thread of that name sends."""

    def received(self, notes: list[Any]) -> None:
        """What was sent with these notes has reached the client's machine."""

    def missed(self, notes: list[Any]) -> None:
        """It came to a client that was gone."""

    def gone(self, why: str) -> None:
        """The client has closed its end."""

    def dropped(self, why: str) -> None:
        """The connection broke."""

    def left_open(self) -> None:
        """The run is over."""

    def is_over(self) -> None:
        """The broker's end is gone; what was on its way came to nobody."""


OpenClient = Callable[[Connection], PortClient]
"""Makes the client of a program that connects."""


class Port:
    """One node's port: a `Service`.

    Args:
        world: the node's world.
        node: who listens.
        open_client: makes the client of a program that connects.
    """

    def __init__(self, world: World, node: Node, open_client: OpenClient) -> None:
        self.world = world
        self.node = node
        self._open_client = open_client
        self._peers: dict[PortPeer, None] = {}
        node.up_listeners.append(self._node_up_changed)

    def __call__(self, connection: Connection) -> Peer:
        """A program connects."""
        client = self._open_client(connection)
        client.advance(self.world.clock._now)
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

    def __init__(self, port: Port, connection: Connection, client: PortClient) -> None:
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
        self._client.advance(self._clock._now)
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
        self._client.advance(self._clock._now)
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

    def _send(self, data: bytes, notes: list[Any]) -> None:
        deliveries = sum(type(note) is tuple for note in notes) if self._node.costly else 0
        if deliveries:
            at = self._node.occupy(deliveries=deliveries)
            self._clock.call_at(at, lambda _: self._send_now(data, notes))
        else:
            self._connection.send(data, notes or None, may_wait=data == self._client.sign_of_life)

    def _send_now(self, data: bytes, notes: list[Any]) -> None:
        self._connection.send(data, notes)
        self._world.finish_instant()

    # -- ends ------------------------------------------------------------------------------------------------

    def closed(self) -> None:
        """The client is gone."""
        self._client.advance(self._clock._now)
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
            self._client.advance(self._clock._now)
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

    def client_received(self, notes: list[Any]) -> None:
        """Deliveries, confirms and returns have reached the client's machine."""
        self._client.received(notes)

    def client_missed(self, notes: list[Any]) -> None:
        """They came to a client that was gone."""
        self._client.missed(notes)

    def client_broken(self) -> None:
        """The connection broke under the client."""
        self._client.dropped("connection reset")

    def client_left(self, why: str) -> None:
        """The client has closed its end."""
        self._client.gone(why)
