"""What a program does, in words: `printing "started task 2"`, `sending basic.ack 2`.

AMQP is read as a session reads it, the ledger's requests as the JSON that they are; of other bytes the number
is told.
"""

from __future__ import annotations

import json
from typing import Any, NamedTuple

from pamqp import commands

from mqsim.amqp import failures
from mqsim.amqp.failures import LostError
from mqsim.amqp.fields import MalformedError
from mqsim.amqp.frames import BODY, HEADER, HEARTBEAT, Frame, FrameReader
from mqsim.amqp.methods import read_header
from mqsim.errors import ConnectionError
from mqsim.guest.host.deliveries import TEXT, text_of
from mqsim.guest.host.ledger_service import ADDRESS as LEDGER
from mqsim.guest.kernel.operations import Close, Connect, Finish, Operation, Send, Write

GREETING = b"AMQP"
_SHOWN = 40
_SETTLING = {"Basic.Ack", "Basic.Nack", "Basic.Reject"}
_NAMED = ("queue", "exchange", "delivery_tag", "routing_key")


class Said(NamedTuple):
    """What a piece of sending says.

    Attributes:
        text: in words.
        beats: whether it is nothing but heartbeats.
        settles: whether it does nothing but answer deliveries.
        settled: channel, tag, and whether all up to the tag are meant, of each that it acknowledges.
    """

    text: str
    beats: bool = False
    settles: bool = False
    settled: tuple[tuple[int, int, bool], ...] = ()


class _Wire:
    """One connection's bytes."""

    def __init__(self, to: tuple[str, int]) -> None:
        self.to = to
        self.greeted = False
        self.reader = FrameReader(0, greeted=False)
        self.where: dict[int, str] = {}
        self.heads: dict[int, bytes] = {}
        self.left: dict[int, int] = {}


class OperationReader:
    """Reads what one process does, in order."""

    def __init__(self) -> None:
        self._wires: dict[int, _Wire] = {}

    def tell(self, operation: Operation) -> Said:
        """An operation in words, to stand behind `after`."""
        match operation:
            case Connect(fd, host, port):
                self._wires[fd] = _Wire((host, port))
                return Said(f"beginning to connect to {host}:{port}")
            case Write(stream, data):
                return Said(f"{'printing' if stream == 1 else 'writing to stderr'} {_quoted(data)}")
            case Finish() | Close():
                return Said("closing its connection")
            case Send(fd, data):
                return self._sent(self._wires.setdefault(fd, _Wire(("", 0))), data)
        return Said(type(operation).__name__.lower())

    def _sent(self, wire: _Wire, data: bytes) -> Said:
        if wire.to[1] == LEDGER[1]:
            return Said(_ledger_words(data) or f"sending {len(data)} bytes to the ledger")
        if not wire.greeted:
            wire.greeted = data.startswith(GREETING)
            wire.reader.foresee(data)
            return Said("greeting the broker" if wire.greeted else f"sending {len(data)} bytes")
        parts = [_frame(wire, each) for each in wire.reader.foresee(data)]
        if not parts:
            return Said(f"sending {len(data)} bytes")
        told = [part.text for part in parts if part.text]
        return Said(
            "sending " + " and ".join(told) if told else "",
            all(part.beats for part in parts),
            all(part.settles or part.beats for part in parts),
            tuple(one for part in parts for one in part.settled),
        )


def _frame(wire: _Wire, frame: Frame) -> Said:
    channel = frame.channel
    if frame.kind == HEARTBEAT:
        return Said("", beats=True)
    try:
        if frame.kind == HEADER:
            wire.left[channel] = read_header(frame.payload).size
            return _content(wire, channel, b"", "the header of")
        if frame.kind == BODY:
            return _content(wire, channel, frame.payload, "a part of")
        what: Any = failures.method_in(frame)
    except (MalformedError, ConnectionError, LostError):
        return Said("something that is no AMQP")
    name = what.name
    if isinstance(what, commands.Basic.Publish):
        wire.where[channel] = _place(what)
        wire.heads[channel] = b""
        return Said(f"the first frame of a message to {wire.where[channel]}")
    if name in _SETTLING:
        multiple = bool(getattr(what, "multiple", False))
        settled = ((channel, what.delivery_tag, multiple),) if name == "Basic.Ack" else ()
        many = " (and all before)" if multiple else ""
        return Said(f"{name.lower()} {what.delivery_tag}{many}", settles=True, settled=settled)
    about = next((str(value) for key in _NAMED if (value := getattr(what, key, None))), "")
    return Said(f"{_lowered(name)} {about}".rstrip())


def _content(wire: _Wire, channel: int, data: bytes, share: str) -> Said:
    """A content header or a piece of a body; the last of them makes the message whole."""
    wire.heads[channel] = (wire.heads.get(channel, b"") + data)[:TEXT]
    wire.left[channel] = wire.left.get(channel, 0) - len(data)
    place = wire.where.get(channel, "the broker")
    if wire.left[channel] > 0:
        return Said(f"{share} a message to {place}")
    text = text_of(wire.heads[channel])
    return Said(f'"{_short(text)}" to {place}' if text else f"a whole message to {place}")


def _place(publish: Any) -> str:
    if not publish.exchange:
        return f"queue {_short(publish.routing_key)}"
    return f"exchange {_short(publish.exchange)}"


def _lowered(name: str) -> str:
    """`Connection.StartOk` as the specification writes it: `connection.start-ok`."""
    kind, _, method = name.partition(".")
    return f"{kind.lower()}." + "".join(f"-{c.lower()}" if c.isupper() else c for c in method).lstrip("-")


def _ledger_words(data: bytes) -> str:
    try:
        request = json.loads(data)
        does = {"record": "record", "record_once": "record (once)", "seen": "look up"}
        return f"asking the ledger to {does[request['do']]} {_quoted(str(request['key']).encode())}"
    except (ValueError, KeyError, TypeError):
        return "asking the ledger" if data.endswith(b"\n") else ""


def _quoted(data: bytes) -> str:
    return f'"{_short(" ".join(data.decode("utf-8", "replace").split()))}"'


def _short(text: str) -> str:
    return text if len(text) <= _SHOWN else f"{text[: _SHOWN - 2]} …"
