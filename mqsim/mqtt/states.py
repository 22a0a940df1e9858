"""The lives of a connection, of a client's session, and of a message on each side, as tables.

What a table does not know for a state is out of place: `step` gives None, and nothing has changed. `MACHINES`
lists them for whoever draws them. Source: MQTT 5.0, sections 3.1, 4.1 and 4.3.
"""

from __future__ import annotations

from enum import Enum
from typing import TYPE_CHECKING

from mqsim.mqtt.properties import Kind
from mqsim.protocol import Machine

if TYPE_CHECKING:
    from collections.abc import Mapping


class Connection(Enum):
    """Where a connection is."""

    WAITING = "CONNECT is due"
    CONNECTED = "connected"
    CLOSED = "closed"


class ConnectionInput(Enum):
    """What comes in, or is decided here."""

    CONNECT = "CONNECT"
    PACKET = "another packet that a client may send"
    SERVERS = "a packet that only a server sends"
    AUTH = "AUTH"
    DISCONNECT = "DISCONNECT"
    LOSE = "(server) lose"


class Life(Enum):
    """Where a client's session is."""

    ABSENT = "absent"
    ATTACHED = "its client is connected"
    DETACHED = "its client is away"


class LifeInput(Enum):
    """What happens to a session."""

    CONNECT = "CONNECT"
    CLEAN = "CONNECT with clean start"
    LOSE = "connection ends"
    EXPIRE = "expiry interval is over"


class Outgoing(Enum):
    """Where a message is that the server sends with QoS 1 or 2."""

    QUEUED = "queued"
    PUBLISHED_1 = "PUBACK is due"
    PUBLISHED_2 = "PUBREC is due"
    RELEASED = "PUBCOMP is due"
    DONE = "done"


class OutgoingInput(Enum):
    """What happens to it."""

    SEND_1 = "PUBLISH is sent with QoS 1"
    SEND_2 = "PUBLISH is sent with QoS 2"
    PUBACK = "PUBACK"
    PUBREC = "PUBREC"
    REFUSED = "PUBREC that refuses"
    PUBCOMP = "PUBCOMP"


class Incoming(Enum):
    """Where a message is that a client sends with QoS 2."""

    NEW = "not known"
    RECEIVED = "PUBREL is due"
    DONE = "passed on"


class IncomingInput(Enum):
    """What comes of it."""

    PUBLISH = "PUBLISH"
    PUBREL = "PUBREL"


_C, _CI = Connection, ConnectionInput
CONNECTION: Machine[Connection, ConnectionInput] = Machine(
    "MQTT connection",
    _C.WAITING,
    {
        (_C.WAITING, _CI.CONNECT): _C.CONNECTED,
        (_C.CONNECTED, _CI.PACKET): _C.CONNECTED,
        (_C.CONNECTED, _CI.DISCONNECT): _C.CLOSED,
        **{(state, _CI.LOSE): _C.CLOSED for state in _C},
    },
    "The first packet is CONNECT, and no other packet is; whatever is out of place ends the connection.",
)
_L, _LI = Life, LifeInput
LIFE: Machine[Life, LifeInput] = Machine(
    "MQTT session",
    _L.ABSENT,
    {
        (_L.ABSENT, _LI.CONNECT): _L.ATTACHED,
        (_L.ABSENT, _LI.CLEAN): _L.ATTACHED,
        (_L.ATTACHED, _LI.CONNECT): _L.ATTACHED,
        (_L.ATTACHED, _LI.CLEAN): _L.ATTACHED,
        (_L.ATTACHED, _LI.LOSE): _L.DETACHED,
        (_L.DETACHED, _LI.CONNECT): _L.ATTACHED,
        (_L.DETACHED, _LI.CLEAN): _L.ATTACHED,
        (_L.DETACHED, _LI.EXPIRE): _L.ABSENT,
    },
    "A clean start begins with nothing of what was kept; a second client of the same name takes over.",
)
_O, _OI = Outgoing, OutgoingInput
OUTGOING: Machine[Outgoing, OutgoingInput] = Machine(
    "MQTT message to a client",
    _O.QUEUED,
    {
        (_O.QUEUED, _OI.SEND_1): _O.PUBLISHED_1,
        (_O.QUEUED, _OI.SEND_2): _O.PUBLISHED_2,
        (_O.PUBLISHED_1, _OI.PUBACK): _O.DONE,
        (_O.PUBLISHED_2, _OI.PUBREC): _O.RELEASED,
        (_O.PUBLISHED_2, _OI.REFUSED): _O.DONE,
        # A client that did not get the PUBREL, and connected again, may say PUBREC once more.
        (_O.RELEASED, _OI.PUBREC): _O.RELEASED,
        (_O.RELEASED, _OI.PUBCOMP): _O.DONE,
    },
    "After a lost connection what is due is asked for again: PUBLISH as a duplicate, or PUBREL.",
)
_I, _II = Incoming, IncomingInput
INCOMING: Machine[Incoming, IncomingInput] = Machine(
    "MQTT message from a client, QoS 2",
    _I.NEW,
    {
        (_I.NEW, _II.PUBLISH): _I.RECEIVED,
        (_I.RECEIVED, _II.PUBLISH): _I.RECEIVED,
        (_I.RECEIVED, _II.PUBREL): _I.DONE,
    },
    "It is passed on when its PUBREL comes; a second PUBLISH before that changes nothing.",
)
MACHINES = (CONNECTION, LIFE, OUTGOING, INCOMING)

CONNECTION_INPUTS: Mapping[Kind, ConnectionInput] = {
    Kind.CONNECT: ConnectionInput.CONNECT,
    Kind.AUTH: ConnectionInput.AUTH,
    Kind.DISCONNECT: ConnectionInput.DISCONNECT,
    **dict.fromkeys((Kind.CONNACK, Kind.SUBACK, Kind.UNSUBACK, Kind.PINGRESP), ConnectionInput.SERVERS),
}
"""Which input a packet is; all others are `PACKET`."""
