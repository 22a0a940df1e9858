"""One connection of one actor to the broker: as long as the actor's process, the network and the broker keep
it up.

Each side has its own view of whether it is open, because news takes time. What arrives at a side that has
closed is thrown away there, as a kernel would.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from mqsim.broker import Channel, Connection, Message
from mqsim.broker import Consumer as Subscription
from mqsim.sim.links import Hop, Link, Send

if TYPE_CHECKING:
    from mqsim.sim.node import Node


Sent = tuple[int, int]
"""A delivery as its client knows it: its tag on the channel, and its row in the table of deliveries.

By the time it arrives the message may be with somebody else, as another attempt.
"""


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

    def receive(self, session: Session, sent: Sent, message: Message) -> None:
        """At the client: a delivery."""

    def blocked(self, session: Session, blocked: bool) -> None:
        """At the client: the broker blocks publishers, or no longer does."""


class Session:
    """One connection.

    Attributes:
        up, down: send a hop to the broker, and to the client.
        client_open, broker_open: whether each side thinks that it is open.
        broker_known: whether the client knows that the broker has accepted it.
        channel: the broker's channel, once it is open.
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

    def __init__(self, client: Client, code: int, link: Link, node: Node) -> None:
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
        self.link.up.send((self.node.admit, hop, hop[2]))

    def _send_down(self, hop: Hop) -> None:
        self.node.emit(self.link.down, hop)

    def deliver(self, _subscription: Subscription, tag: int, message: Message) -> None:
        """At the broker: it sends a message to this client."""
        self.node.recorder.sent(message, self.code)
        self.down((self.receive, (tag, message.attempt), message))

    def receive(self, sent: Sent, message: Message) -> None:
        """At the client: a delivery arrives, if there is still someone."""
        if self.client_open:
            self.client.receive(self, sent, message)
        else:
            self.node.missed(sent, message)
