"""A client over a fake link, packet by packet, without sockets."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from mqsim.mqtt import Broker, Session, codec
from mqsim.mqtt.packets import (
    V3,
    V5,
    Ack,
    Connack,
    Connect,
    Packet,
    Publish,
    Request,
    Subscribe,
    Will,
)
from mqsim.mqtt.properties import Kind, Properties, Property

if TYPE_CHECKING:
    from mqsim.mqtt.limits import Limits

BOTH = (V3, V5)


class Client:
    """One connection at a time.

    Args:
        broker: what it is linked to; a new one unless told.
        name: its client identifier.
        version: the protocol level.
    """

    def __init__(
        self, broker: Broker | None = None, name: str = "c", version: int = V5, limits: Limits | None = None
    ) -> None:
        self.broker = broker or Broker(limits)
        self.name = name
        self.version = version
        self.answer = Connack(False)
        self.dial()

    def dial(self) -> None:
        self.session = Session(self.broker)
        self._reader = codec.PacketReader()

    def send(self, *packets: Packet) -> None:
        for packet in packets:
            self.session.receive(codec.write(packet, self.version))

    def read(self) -> list[Any]:
        """What has come."""
        self._reader.feed(self.session.bytes_to_send())
        packets = []
        while (found := self._reader.next()) is not None:
            packets.append(codec.read(found[0], found[1], self.version))
        return packets

    def connect(
        self,
        *,
        clean: bool = True,
        expiry: int | None = None,
        will: Will | None = None,
        keep_alive: int = 0,
        **properties: Any,
    ) -> Client:
        """Connect; `expiry` keeps the session in 5.0, `clean=False` in 3.1.1."""
        told: Properties = {Property[name.upper()]: value for name, value in properties.items()}
        if expiry is not None:
            told[Property.SESSION_EXPIRY_INTERVAL] = expiry
        if self.session.end is not None or self.session.linked:
            self.dial()
        self.send(Connect(self.name, clean, keep_alive, will, None, None, told, self.version))
        self.answer, *self.first = self.read()
        return self

    def keep(self, *, clean: bool = False, **properties: Any) -> Client:
        """Connect to a session that outlives the connection."""
        expiry = 3600 if self.version == V5 else None
        return self.connect(clean=clean, expiry=expiry, **properties)

    def cut(self) -> Client:
        """The connection breaks."""
        self.session.lost()
        return self

    def subscribe(self, *filters: str, qos: int = 2, identifier: int = 0, **options: Any) -> list[Any]:
        told: Properties = {Property.SUBSCRIPTION_IDENTIFIER: [identifier]} if identifier else {}
        self.send(Subscribe(9, [Request(each, qos, **options) for each in filters], told))
        return self.read()

    def publish(
        self, topic: str, payload: bytes = b"m", qos: int = 0, packet_id: int = 1, **more: Any
    ) -> Any:
        properties = {
            Property[name.upper()]: more.pop(name) for name in list(more) if name not in ("retain", "dup")
        }
        self.send(
            Publish(topic, payload, qos, packet_id=packet_id if qos else 0, properties=properties, **more)
        )
        return self.read()

    def ack(self, kind: Kind, packet_id: int, reason: int = 0) -> list[Any]:
        self.send(Ack(kind, packet_id, reason))
        return self.read()


def topics(packets: list[Any]) -> list[str]:
    return [each.topic for each in packets if isinstance(each, Publish)]


def payloads(packets: list[Any]) -> list[bytes]:
    return [each.payload for each in packets if isinstance(each, Publish)]
