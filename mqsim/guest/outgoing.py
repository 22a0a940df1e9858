"""What an AMQP client's bytes say as they leave it: channels opened, messages published, deliveries settled.

The session reads the same bytes when they arrive, if they do. A record of a program begins here, since what
it published may be lost on the way. Frames are read by hand, and only as far as is needed.
Source: AMQP 0-9-1 specification, sections 2.3.5 (frames) and 1.8 (methods).
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from typing import NamedTuple

GREETING = 8
_FRAME = struct.Struct(">BHI")
_METHOD = struct.Struct(">HH")
_ACK = struct.Struct(">QB")
_END = 0xCE
TEXT = 60
"""Bytes of a body that are kept to name the message by."""


class Opened(NamedTuple):
    """A channel is opened."""

    channel: int


class Published(NamedTuple):
    """A message has left as a whole.

    Attributes:
        priority: as its publisher said; 0 if it did not.
        head: the first bytes of its body.
    """

    channel: int
    exchange: str
    key: str
    priority: int
    head: bytes


class Settled(NamedTuple):
    """Deliveries are acknowledged, or (not `well`) given back or refused; `multiple`: all up to the tag."""

    channel: int
    tag: int
    multiple: bool
    well: bool


Said = Opened | Published | Settled


class _Pending:
    """A message of which not everything has left."""

    __slots__ = ("channel", "exchange", "head", "key", "left", "priority")

    def __init__(self, channel: int, exchange: str, key: str) -> None:
        self.channel = channel
        self.exchange = exchange
        self.key = key
        self.priority = 0
        self.left = -1
        self.head = b""


class Outgoing:
    """Reads one connection's bytes, in pieces of any size."""

    def __init__(self) -> None:
        self._rest = b""
        self._greeted = False
        self._pending: dict[int, _Pending] = {}

    def read(self, data: bytes) -> Iterator[Said]:
        """What the bytes complete, in order. Of what is no AMQP nothing is said."""
        data = self._rest + data if self._rest else data
        place = 0
        if not self._greeted:
            if len(data) < GREETING:
                self._rest = data
                return
            self._greeted, place = True, GREETING
        size = len(data)
        while size - place >= _FRAME.size:
            kind, channel, length = _FRAME.unpack_from(data, place)
            after = place + _FRAME.size + length + 1
            if after > size:
                break
            payload = data[place + _FRAME.size : after - 1]
            broken = data[after - 1] != _END
            place = after
            if broken:
                place = size
                break
            if channel and (said := self._frame(kind, channel, payload)) is not None:
                yield said
        self._rest = data[place:]

    def _frame(self, kind: int, channel: int, payload: bytes) -> Said | None:
        if kind == 1:
            return self._method(channel, payload)
        pending = self._pending.get(channel)
        if pending is None:
            return None
        if kind == 2 and len(payload) >= 14:
            pending.left = int.from_bytes(payload[4:12])
            pending.priority = _priority(payload)
        elif kind == 3 and pending.left > 0:
            if len(pending.head) < TEXT:
                pending.head += payload[: TEXT - len(pending.head)]
            pending.left -= len(payload)
        if pending.left > 0 or kind not in (2, 3):
            return None
        del self._pending[channel]
        return Published(channel, pending.exchange, pending.key, pending.priority, pending.head)

    def _method(self, channel: int, payload: bytes) -> Said | None:
        if len(payload) < _METHOD.size:
            return None
        match _METHOD.unpack_from(payload):
            case (60, 40):
                exchange, place = _short_text(payload, 6)
                key, _ = _short_text(payload, place)
                self._pending[channel] = _Pending(channel, exchange, key)
            case (60, 80) | (60, 120) as method if len(payload) >= 13:
                tag, bits = _ACK.unpack_from(payload, 4)
                return Settled(channel, tag, bool(bits & 1), method == (60, 80))
            case (60, 90) if len(payload) >= 13:
                return Settled(channel, _ACK.unpack_from(payload, 4)[0], False, False)
            case (20, 10):
                self._pending.pop(channel, None)
                return Opened(channel)
        return None


def _short_text(payload: bytes, place: int) -> tuple[str, int]:
    if place >= len(payload):
        return "", place
    after = place + 1 + payload[place]
    return payload[place + 1 : after].decode("utf-8", "replace"), after


def _priority(header: bytes) -> int:
    """The priority in a content header; it stands behind four properties that may be there too."""
    flags = int.from_bytes(header[12:14])
    if not flags & 1 << 11:
        return 0
    place = 14
    for bit in (15, 14):
        if flags & 1 << bit:
            place = _short_text(header, place)[1]
    if flags & 1 << 13:
        place += 4 + int.from_bytes(header[place : place + 4])
    if flags & 1 << 12:
        place += 1
    return header[place] if place < len(header) else 0


def text_of(head: bytes) -> str:
    """The beginning of a body as a text to name its message by; empty for what is no text."""
    text = " ".join(head.decode("utf-8", "replace").rstrip("\ufffd").split())
    return text if text.isprintable() and "\ufffd" not in text else ""
