"""What a program does, in words: `printing "started task 2"`, `sending basic.ack 2`.

AMQP and STOMP are read as their sessions read them, the ledger's requests as the JSON that they are; of other
bytes the number is told.
"""

from __future__ import annotations

import json
from enum import Enum
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
from mqsim.guest.shims.stomp import CHANNEL as STOMP_CHANNEL
from mqsim.stomp.frames import SIGN_OF_LIFE, name_in
from mqsim.stomp.frames import Frame as StompFrame
from mqsim.stomp.frames import FrameReader as StompReader

GREETING = b"AMQP"
STOMP_PORT = 61613
_SHOWN = 40
_SETTLING = {"Basic.Ack", "Basic.Nack", "Basic.Reject"}
_NAMED = ("queue", "exchange", "delivery_tag", "routing_key")


class StepKind(Enum):
    """What a step of a program is, as far as a crash search asks.

    PRINT: a line of output. PUBLISH: a whole message to the broker. RECORD: an effect in the ledger; ONCE:
    one that the ledger takes once, or a question whether it has it. SETTLE: answers to deliveries. BEGIN_TX:
    the channel's answers count from the next COMMIT on. OTHER: connecting, declaring, closing.
    """

    PRINT = "print"
    PUBLISH = "publish"
    RECORD = "record"
    ONCE = "record once"
    SETTLE = "settle"
    BEGIN_TX = "begin transactions"
    COMMIT = "commit"
    OTHER = "other"


_TRANSACTIONS = {"Tx.Select": StepKind.BEGIN_TX, "Tx.Commit": StepKind.COMMIT}


class Said(NamedTuple):
    """What a piece of sending says.

    Attributes:
        text: in words.
        beats: whether it is nothing but heartbeats.
        settled: channel, tag, and whether all up to the tag are meant, of each that it acknowledges.
        steps: its parts, each with its kind and words.
    """

    text: str
    beats: bool = False
    settled: tuple[tuple[int, int, bool], ...] = ()
    steps: tuple[tuple[StepKind, str], ...] = ()


class _Wire:
    """One connection's bytes."""

    def __init__(self, to: tuple[str, int]) -> None:
        self.to = to
        self.stomp = StompReader()
        # Whether ACK covers all earlier messages, by the subscription's consumer tag.
        self.cumulative: dict[str, bool] = {}
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
                words = data.decode("utf-8", "replace")
                text = f"{'printing' if stream == 1 else 'writing to stderr'} {_quoted(data)}"
                return Said(text, steps=((StepKind.PRINT, words),))
            case Finish() | Close():
                return Said("closing its connection")
            case Send(fd, data):
                return self._sent(self._wires.setdefault(fd, _Wire(("", 0))), data)
        return Said(type(operation).__name__.lower())

    def _sent(self, wire: _Wire, data: bytes) -> Said:
        if wire.to[1] == LEDGER[1]:
            return _to_ledger(data)
        if wire.to[1] == STOMP_PORT:
            return _stomp(wire, data)
        if not wire.greeted:
            wire.greeted = data.startswith(GREETING)
            wire.reader.foresee(data)
            return Said("greeting the broker" if wire.greeted else f"sending {len(data)} bytes")
        parts = [_frame(wire, each) for each in wire.reader.foresee(data)]
        if not parts:
            return Said(f"sending {len(data)} bytes")
        return _together(parts)


def _together(parts: list[Said]) -> Said:
    told = [part.text for part in parts if part.text]
    return Said(
        "sending " + " and ".join(told) if told else "",
        all(part.beats for part in parts),
        tuple(one for part in parts for one in part.settled),
        tuple(step for part in parts for step in part.steps),
    )


def _stomp(wire: _Wire, data: bytes) -> Said:
    if not data.strip(SIGN_OF_LIFE):
        return Said("", beats=True)
    parts = [_stomp_frame(wire, each) for each in wire.stomp.foresee(data)]
    return _together(parts) if parts else Said(f"sending {len(data)} bytes")


def _stomp_frame(wire: _Wire, frame: StompFrame) -> Said:
    command, destination = name_in(frame.command), name_in(frame.get("destination") or "")
    if command == "SEND":
        text = text_of(frame.body[:TEXT])
        words = (
            f'"{_short(text)}" to {_short(destination)}' if text else f"a message to {_short(destination)}"
        )
        return Said(words, steps=((StepKind.PUBLISH, text),))
    if command == "SUBSCRIBE":
        tag = f"Q_{destination}" if frame.get("id") is None else f"T_{frame.get('id')}"
        wire.cumulative[tag] = frame.get("ack") == "client"
    if command in ("ACK", "NACK") and frame.get("transaction") is None:
        tag, _, rest = (frame.get("id") or frame.get("message-id") or "").partition("@@")
        number = rest.rpartition("@@")[2]
        multiple = wire.cumulative.get(tag, False)
        text = f"{command} {number}{' (and all before)' if multiple else ''}"
        told = command == "ACK" and number.isdigit()
        settled = ((STOMP_CHANNEL, int(number), multiple),) if told else ()
        return Said(text, settled=settled, steps=((StepKind.SETTLE, text),))
    text = f"{_short(command)} {_short(destination or frame.get('transaction') or '')}".rstrip()
    return Said(text, steps=((StepKind.OTHER, text),))


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
        text = f"{name.lower()} {what.delivery_tag}{many}"
        return Said(text, settled=settled, steps=((StepKind.SETTLE, text),))
    about = next((str(value) for key in _NAMED if (value := getattr(what, key, None))), "")
    text = f"{_lowered(name)} {about}".rstrip()
    return Said(text, steps=((_TRANSACTIONS.get(name, StepKind.OTHER), text),))


def _content(wire: _Wire, channel: int, data: bytes, share: str) -> Said:
    """A content header or a piece of a body; the last of them makes the message whole."""
    wire.heads[channel] = (wire.heads.get(channel, b"") + data)[:TEXT]
    wire.left[channel] = wire.left.get(channel, 0) - len(data)
    place = wire.where.get(channel, "the broker")
    if wire.left[channel] > 0:
        return Said(f"{share} a message to {place}")
    text = text_of(wire.heads[channel])
    words = f'"{_short(text)}" to {place}' if text else f"a whole message to {place}"
    return Said(words, steps=((StepKind.PUBLISH, text),))


def _place(publish: Any) -> str:
    if not publish.exchange:
        return f"queue {_short(publish.routing_key)}"
    return f"exchange {_short(publish.exchange)}"


def _lowered(name: str) -> str:
    """`Connection.StartOk` as the specification writes it: `connection.start-ok`."""
    kind, _, method = name.partition(".")
    return f"{kind.lower()}." + "".join(f"-{c.lower()}" if c.isupper() else c for c in method).lstrip("-")


def _to_ledger(data: bytes) -> Said:
    try:
        request = json.loads(data)
        does, key = request["do"], str(request["key"])
        words = {"record": "record", "record_once": "record (once)", "seen": "look up"}[does]
    except (ValueError, KeyError, TypeError):
        whole = data.endswith(b"\n")
        return Said("asking the ledger" if whole else f"sending {len(data)} bytes to the ledger")
    kind = StepKind.RECORD if does == "record" else StepKind.ONCE
    return Said(f"asking the ledger to {words} {_quoted(key.encode())}", steps=((kind, key),))


def _quoted(data: bytes) -> str:
    return f'"{_short(" ".join(data.decode("utf-8", "replace").split()))}"'


def _short(text: str) -> str:
    return text if len(text) <= _SHOWN else f"{text[: _SHOWN - 2]} …"
