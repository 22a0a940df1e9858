"""The life of a connection, as a table keyed by state and input.

What the table does not know for a state is a client's mistake: `step` gives None, nothing has changed, and
the session answers with ERROR as RabbitMQ does.
"""

from __future__ import annotations

from enum import Enum
from typing import TYPE_CHECKING

from mqsim.protocol import Machine

if TYPE_CHECKING:
    from collections.abc import Mapping


class Connection(Enum):
    """Where a connection is."""

    OPENING = "opening"
    RUNNING = "running"
    CLOSED = "closed"


class Input(Enum):
    """What a client sends, or what is decided here."""

    CONNECT = "CONNECT or STOMP"
    SEND = "SEND"
    SUBSCRIBE = "SUBSCRIBE"
    UNSUBSCRIBE = "UNSUBSCRIBE"
    ACK = "ACK"
    NACK = "NACK"
    BEGIN = "BEGIN"
    COMMIT = "COMMIT"
    ABORT = "ABORT"
    DISCONNECT = "DISCONNECT"
    OTHER = "another command"
    LOSE = "(server) close or lose"


_C, _I = Connection, Input
_WORK = (_I.SEND, _I.SUBSCRIBE, _I.UNSUBSCRIBE, _I.ACK, _I.NACK, _I.BEGIN, _I.COMMIT, _I.ABORT)
CONNECTION: Machine[Connection, Input] = Machine(
    "STOMP connection",
    _C.OPENING,
    {
        (_C.OPENING, _I.CONNECT): _C.RUNNING,
        **{(_C.RUNNING, given): _C.RUNNING for given in _WORK},
        (_C.RUNNING, _I.DISCONNECT): _C.CLOSED,
        **{(state, _I.LOSE): _C.CLOSED for state in _C},
    },
    "A frame that is out of place is answered with ERROR, and the link stays open.",
)
MACHINES = (CONNECTION,)

INPUTS: Mapping[str, Input] = {
    "CONNECT": _I.CONNECT,
    "STOMP": _I.CONNECT,
    "DISCONNECT": _I.DISCONNECT,
    **{given.value: given for given in _WORK},
}
"""Which input a command is; all others are `OTHER`."""
