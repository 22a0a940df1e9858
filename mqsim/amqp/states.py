"""The lives of a connection, of a channel and of a content, as tables keyed by state and input.

What a table does not know for a state is a client's mistake: `step` gives None, nothing has changed, and the
session answers as RabbitMQ does. `MACHINES` lists them for whoever draws them.
"""

from __future__ import annotations

from enum import Enum
from typing import TYPE_CHECKING

from pamqp import base, commands

from mqsim.protocol import Machine

if TYPE_CHECKING:
    from collections.abc import Mapping


class Connection(Enum):
    """Where a connection is; while it is opened, what is due. The values are RabbitMQ's words."""

    GREETING = "pre_init"
    STARTING = "starting"
    TUNING = "tuning"
    OPENING = "opening"
    RUNNING = "running"
    CLOSING = "closing"
    CLOSED = "closed"


class ConnectionInput(Enum):
    """What comes in on channel 0, or is decided here."""

    GREETING = "protocol header"
    START_OK = "connection.start-ok"
    TUNE_OK = "connection.tune-ok"
    OPEN = "connection.open"
    UPDATE_SECRET = "connection.update-secret"
    CLOSE = "connection.close"
    CLOSE_OK = "connection.close-ok"
    OTHER = "another method on channel 0"
    CHANNEL = "a frame on another channel"
    HEARTBEAT = "heartbeat"
    FAIL = "(server) close"
    LOSE = "(server) lose"


class Channel(Enum):
    """Where a channel is."""

    CLOSED = "closed"
    OPEN = "open"
    CLOSING = "closing"


class ChannelInput(Enum):
    """What comes in on a channel, or is decided here."""

    OPEN = "channel.open"
    CLOSE = "channel.close"
    CLOSE_OK = "channel.close-ok"
    METHOD = "another method"
    CONTENT = "content header or body"
    FAIL = "(server) close"


class Content(Enum):
    """What is due next on a channel."""

    METHOD = "method"
    HEADER = "content header"
    BODY = "content body"


class ContentInput(Enum):
    """What comes next on a channel."""

    METHOD = "method"
    METHOD_WITH_CONTENT = "method with content"
    EMPTY_HEADER = "content header of size 0"
    HEADER = "content header"
    BODY = "content body"
    LAST_BODY = "last content body"


_C, _CI = Connection, ConnectionInput
_OPENED = (_C.STARTING, _C.TUNING, _C.OPENING, _C.RUNNING)
CONNECTION: Machine[Connection, ConnectionInput] = Machine(
    "AMQP connection",
    _C.GREETING,
    {
        (_C.GREETING, _CI.GREETING): _C.STARTING,
        (_C.STARTING, _CI.START_OK): _C.TUNING,
        (_C.TUNING, _CI.TUNE_OK): _C.OPENING,
        (_C.OPENING, _CI.OPEN): _C.RUNNING,
        (_C.RUNNING, _CI.UPDATE_SECRET): _C.RUNNING,
        (_C.RUNNING, _CI.CHANNEL): _C.RUNNING,
        (_C.RUNNING, _CI.CLOSE): _C.CLOSED,
        **{(state, _CI.HEARTBEAT): state for state in _OPENED},
        **{(state, _CI.FAIL): _C.CLOSING for state in _OPENED},
        # Both sides may close at once; whoever waits for close-ok still answers.
        (_C.CLOSING, _CI.CLOSE): _C.CLOSING,
        (_C.CLOSING, _CI.CLOSE_OK): _C.CLOSED,
        **{
            (_C.CLOSING, given): _C.CLOSING
            for given in _CI
            if given not in (_CI.CLOSE, _CI.CLOSE_OK, _CI.LOSE)
        },
        **{(state, _CI.LOSE): _C.CLOSED for state in _C},
    },
    "After the server's `close` all is passed over but the client's `close` and `close-ok`.",
)
_H, _HI = Channel, ChannelInput
CHANNEL: Machine[Channel, ChannelInput] = Machine(
    "AMQP channel",
    _H.CLOSED,
    {
        (_H.CLOSED, _HI.OPEN): _H.OPEN,
        (_H.OPEN, _HI.METHOD): _H.OPEN,
        (_H.OPEN, _HI.CONTENT): _H.OPEN,
        (_H.OPEN, _HI.CLOSE): _H.CLOSED,
        (_H.OPEN, _HI.FAIL): _H.CLOSING,
        (_H.CLOSING, _HI.CLOSE_OK): _H.CLOSED,
        **{(_H.CLOSING, given): _H.CLOSING for given in _HI if given is not _HI.CLOSE_OK},
    },
    "After the server's `close` all is passed over but the client's `close` (answered) and `close-ok`.",
)
_T, _TI = Content, ContentInput
CONTENT: Machine[Content, ContentInput] = Machine(
    "content on a channel",
    _T.METHOD,
    {
        (_T.METHOD, _TI.METHOD): _T.METHOD,
        (_T.METHOD, _TI.METHOD_WITH_CONTENT): _T.HEADER,
        (_T.HEADER, _TI.EMPTY_HEADER): _T.METHOD,
        (_T.HEADER, _TI.HEADER): _T.BODY,
        (_T.BODY, _TI.BODY): _T.BODY,
        (_T.BODY, _TI.LAST_BODY): _T.METHOD,
    },
    "A method with content is carried out when all of its body is there.",
)
MACHINES = (CONNECTION, CHANNEL, CONTENT)

# Which input a method is; on channel 0, and on any other.
CONNECTION_INPUTS: Mapping[type[base.Frame], ConnectionInput] = {
    commands.Connection.StartOk: ConnectionInput.START_OK,
    commands.Connection.TuneOk: ConnectionInput.TUNE_OK,
    commands.Connection.Open: ConnectionInput.OPEN,
    commands.Connection.UpdateSecret: ConnectionInput.UPDATE_SECRET,
    commands.Connection.Close: ConnectionInput.CLOSE,
    commands.Connection.CloseOk: ConnectionInput.CLOSE_OK,
}
CHANNEL_INPUTS: Mapping[type[base.Frame], ChannelInput] = {
    commands.Channel.Open: ChannelInput.OPEN,
    commands.Channel.Close: ChannelInput.CLOSE,
    commands.Channel.CloseOk: ChannelInput.CLOSE_OK,
}
