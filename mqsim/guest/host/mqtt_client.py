"""One MQTT connection of a program: its session, and what the trace says of the connection.

The world has one MQTT broker. It keeps sessions and retained messages over a restart of the node, as one that
writes each change to its disk. The tables of messages and deliveries know nothing of MQTT: they are about
queues.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from mqsim.mqtt import Broker, Session
from mqsim.mqtt.observer import Observer
from mqsim.mqtt.packets import Connect, Disconnect, Packet
from mqsim.trace.clients import ClientEventKind as Row

if TYPE_CHECKING:
    from collections.abc import Callable

    from mqsim.guest.host.deliveries import ClientDeliveries
    from mqsim.mqtt.reasons import Reason
    from mqsim.sim.node import Node
    from mqsim.sim.world import World


class MqttBroker(Broker):
    """The MQTT broker of a world: its deadlines ring on the world's clock.

    Args:
        world: the world.
    """

    def __init__(self, world: World) -> None:
        super().__init__()
        self._world = world
        self.rings = self._arm

    def _arm(self, at: float, heard: bool) -> None:
        clock = self._world.clock
        if heard:
            clock.call_at(max(at, clock._now), self._ring)
        else:
            clock.call_idly(max(at, clock._now), self._ring, at)

    def _ring(self, _event: Any) -> None:
        self.advance(self._world.clock._now)
        self._world.finish_instant()


class NodeSession(Session):
    """A session at one node of the world's broker: it is cut off while the node is down."""

    node: Node

    @property
    def cut_off(self) -> bool:
        """Whether the node is not there to close it in order."""
        return not self.node.running


class MqttClient(Observer):
    """The observer of one connection.

    Args:
        world: where the trace is.
        broker: the world's MQTT broker.
        deliveries: whose record tells of the connection.
    """

    # paho reads each PINGRESP when it comes, so there is nothing that its program need not wake up for.
    sign_of_life = b""

    def __init__(self, world: World, broker: MqttBroker, deliveries: ClientDeliveries) -> None:
        self._world = world
        self._broker = broker
        self._record = deliveries.record.connect()
        self._session: NodeSession | None = None
        self.publishes = 0

    def open_session(self, node: str, wake: Callable[[], None]) -> Session:
        """The session that this observes, on a node."""
        self._session = session = NodeSession(self._broker, wake, self)
        (session.node,) = (each for each in self._world.cluster.nodes if each.host == node)
        return session

    def advance(self, now: float) -> None:
        """Move the broker on to `now`."""
        self._broker.advance(now)

    def take_notes(self) -> list[Any]:
        """Nothing is to be told when bytes arrive."""
        return []

    # -- what the network tells ------------------------------------------------------------------------------

    def used_by(self, frame: int, thread: str) -> None:
        """Which thread sends is not noted: MQTT lets all threads use a client."""

    def received(self, notes: list[Any]) -> None:
        """There are no notes."""

    def missed(self, notes: list[Any]) -> None:
        """There are no notes."""

    def gone(self, why: str) -> None:
        """The client has closed its end."""
        self._record.dropped(why)

    def dropped(self, why: str) -> None:
        """The connection broke."""
        self._record.dropped(why)

    def left_open(self) -> None:
        """The run is over."""
        self._record.left_open()

    def is_over(self) -> None:
        """The broker's end is gone."""

    # -- what the session tells ------------------------------------------------------------------------------

    def left(self, packet: Packet) -> Any:
        """As `Observer` says."""
        if isinstance(packet, Disconnect):
            self._record.closes(0)
        elif isinstance(packet, Connect):
            self._record.said_hello({"client_id": packet.client_id}, float(packet.keep_alive))

    def connected(self, client_id: str, present: bool) -> None:
        """As `Observer` says."""
        assert self._session is not None
        self._record.connection_opened(self._session.user)

    def closed(self, reason: Reason, text: str) -> None:
        """As `Observer` says."""
        if not self._record.over:
            self._record.over = True
            self._record.add(Row.CONNECTION_CLOSED_BY_SERVER, code=int(reason), text=text)

    def given_up(self) -> None:
        """As `Observer` says."""
        self._record.dropped("heartbeat missed")
