"""The control packets, as data.

Packets of MQTT 3.1.1 have no properties, and acknowledge without a reason. Source: MQTT 5.0, chapter 3.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from mqsim.mqtt.properties import Kind, Properties

V3, V5 = 4, 5
"""The protocol levels of MQTT 3.1.1 and 5.0."""


@dataclass(slots=True)
class Will:
    """The message that the server publishes when a client is lost.

    Attributes:
        topic, payload, qos, retain, properties: of the message.
    """

    topic: str
    payload: bytes
    qos: int = 0
    retain: bool = False
    properties: Properties = field(default_factory=dict)


@dataclass(slots=True)
class Connect:
    """A client asks for a session.

    Attributes:
        client_id: its name; empty where the server is to choose one.
        clean: Clean Session of 3.1.1, Clean Start of 5.0.
        keep_alive: seconds; 0 is none.
        version: the protocol level.
    """

    client_id: str
    clean: bool = True
    keep_alive: int = 60
    will: Will | None = None
    user: str | None = None
    password: bytes | None = None
    properties: Properties = field(default_factory=dict)
    version: int = V5


@dataclass(slots=True)
class Connack:
    """The server's answer to a CONNECT; `reason` is a return code in 3.1.1."""

    session_present: bool
    reason: int = 0
    properties: Properties = field(default_factory=dict)


@dataclass(slots=True)
class Publish:
    """A message on its way; `packet_id` is 0 for QoS 0."""

    topic: str
    payload: bytes
    qos: int = 0
    retain: bool = False
    dup: bool = False
    packet_id: int = 0
    properties: Properties = field(default_factory=dict)


@dataclass(slots=True)
class Ack:
    """PUBACK, PUBREC, PUBREL or PUBCOMP, as `kind` says."""

    kind: Kind
    packet_id: int
    reason: int = 0
    properties: Properties = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Request:
    """One filter of a SUBSCRIBE.

    Attributes:
        filter: topics that are wanted.
        qos: the highest that is wanted.
        no_local: not what this client itself publishes.
        as_published: leave a message's retain flag as it was published.
        handling: when retained messages are sent: 0 always, 1 for a new subscription alone, 2 never.
    """

    filter: str
    qos: int = 0
    no_local: bool = False
    as_published: bool = False
    handling: int = 0


@dataclass(slots=True)
class Subscribe:
    """A client subscribes."""

    packet_id: int
    requests: list[Request]
    properties: Properties = field(default_factory=dict)


@dataclass(slots=True)
class Unsubscribe:
    """A client unsubscribes."""

    packet_id: int
    filters: list[str]
    properties: Properties = field(default_factory=dict)


@dataclass(slots=True)
class Answers:
    """SUBACK or UNSUBACK, as `kind` says: a reason for each filter."""

    kind: Kind
    packet_id: int
    reasons: list[int]
    properties: Properties = field(default_factory=dict)


@dataclass(slots=True)
class Ping:
    """PINGREQ or PINGRESP, as `kind` says."""

    kind: Kind


@dataclass(slots=True)
class Disconnect:
    """One side ends the connection."""

    reason: int = 0
    properties: Properties = field(default_factory=dict)


@dataclass(slots=True)
class Auth:
    """A step of an extended login."""

    reason: int = 0
    properties: Properties = field(default_factory=dict)


Packet = Connect | Connack | Publish | Ack | Subscribe | Unsubscribe | Answers | Ping | Disconnect | Auth


def kind_of(packet: Packet) -> Kind:
    """Which packet it is."""
    match packet:
        case Ack(kind) | Answers(kind) | Ping(kind):
            return kind
        case _:
            return Kind[type(packet).__name__.upper()]
