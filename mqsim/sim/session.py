"""One connection of one actor to the broker: as long as the actor's process, the network and the broker keep
it up.

Each side has its own view of whether it is open, because news takes time. What arrives at a side that has
closed is thrown away there, as a kernel would.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from mqsim.sim.links import Hop, Link, Send, Wire

if TYPE_CHECKING:
    from collections import deque

    from mqsim.broker import Broker, Channel, Connection, Message
    from mqsim.sim.clock import Clock
    from mqsim.sim.copies import Copies
    from mqsim.sim.recorder import Recorder


class ReceivedDelivery(Protocol):
    """A delivery as its client sees it.

    By the time it arrives the message may be with somebody else, as another attempt.

    Attributes:
        session: the connection that it came over.
        tag: its number on the channel.
        attempt: its row in the table of deliveries.
        message: what was delivered.
    """

    session: Session
    tag: int
    attempt: int
    message: Message


class Client(Protocol):
    """What a session needs of its actor."""

    name: str
    heartbeat: float

    def attach(self, session: Session) -> None:
        """At the broker: the connection is there; subscribe, or ask for confirms."""

    def opened(self, session: Session) -> None:
        """At the client: the connection is there."""

    def closed(self, session: Session, why: str) -> None:
        """At the client: the connection is not there, or no more."""

    def receive(self, delivery: ReceivedDelivery) -> None:
        """At the client: a delivery."""

    def blocked(self, session: Session, blocked: bool) -> None:
        """At the client: the broker blocks publishers, or no longer does."""


class Server(Protocol):
    """What a session needs of the broker's node.

    Attributes:
        running: whether the node runs.
        costly: whether publishes or deliveries take its time.
        sessions: the connections of all nodes, by their channels.
    """

    clock: Clock
    broker: Broker
    copies: Copies
    recorder: Recorder
    outbox: deque[Hop]
    running: bool
    costly: bool
    sessions: dict[Channel, Session]

    def accept(self, session: Session) -> None:
        """Set up the broker's side of a connection."""

    def close(self, session: Session) -> None:
        """Take down the broker's side of a connection."""

    def admit(self, hop: Hop) -> None:
        """Take in a hop that has arrived, in turn, at its cost."""

    def emit(self, wire: Wire, hop: Hop) -> None:
        """Send out a hop, in turn, at its cost."""


class Session:
    """One connection.

    Attributes:
        up, down: send a hop to the broker, and to the client.
        client_open, broker_open: whether each side thinks that it is open.
        broker_known: whether the client knows that the broker has accepted it.
        channel: the broker's channel, once it is open.
        code: the client's number in the trace.
    """

    __slots__ = (
        "broker_known",
        "broker_open",
        "channel",
        "client",
        "client_open",
        "code",
        "connection",
        "down",
        "link",
        "node",
        "up",
    )

    connection: Connection
    channel: Channel
    up: Send
    down: Send

    def __init__(self, client: Client, code: int, link: Link, node: Server) -> None:
        self.client = client
        self.code = code
        self.link = link
        self.node = node
        self.client_open = True
        self.broker_open = False
        self.broker_known = False
        self.rebind()

    def rebind(self) -> None:
        """Choose the shortest way: straight into the outbox, if hops take no time and nothing is cut."""
        node, link = self.node, self.link
        if node.costly:
            self.up, self.down = self._send_up, self._send_down
        else:
            at_once = node.outbox.append
            self.up = at_once if link.up.at_once else link.up.send
            self.down = at_once if link.down.at_once else link.down.send

    def _send_up(self, hop: Hop) -> None:
        self.link.up.send(Queued(self.node, hop))

    def _send_down(self, hop: Hop) -> None:
        self.node.emit(self.link.down, hop)


class Queued(Hop):
    """A hop to a node whose work takes time: it waits there for its turn."""

    __slots__ = ("hop", "node")

    def __init__(self, node: Server, hop: Hop) -> None:
        self.node = node
        self.hop = hop

    @property
    def size(self) -> int:
        """That of the hop."""
        return self.hop.size

    def arrive(self) -> None:
        """At the broker."""
        self.node.admit(self.hop)
