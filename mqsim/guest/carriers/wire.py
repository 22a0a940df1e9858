"""The wire form of a blocking call, for guests in a process of their own.

A message is its length (4 bytes) and a body; all numbers are big-endian.

    guest to host   now (8), deadline (8; -1 for none), number of operations (4), operations
    host to guest   now (8), number of events (4), events
    one of either   kind (1), two numbers (8 each), length of its data (4), data

The guest is not trusted: what it sends is checked to the last byte.
"""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING

from mqsim.errors import SimulationError
from mqsim.guest.kernel.operations import (
    Began,
    Close,
    Connect,
    Connected,
    Done,
    Dozing,
    Ended,
    Event,
    Exit,
    Finish,
    Locate,
    Located,
    Operation,
    Paced,
    Received,
    Remark,
    Reset,
    Send,
    Signalled,
    Sleeping,
    Spawned,
    Switched,
    Tried,
    UsedBy,
    Write,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

LENGTH = struct.Struct(">I")
_CALL = struct.Struct(">qqI")
_ANSWER = struct.Struct(">qI")
_ITEM = struct.Struct(">BqqI")
_DOUBLE = struct.Struct(">d")
_CHANNEL = struct.Struct(">H")

MOST = 1 << 28
"""The longest message that is taken, in bytes."""

Item = tuple[int, int, int, bytes]


class WireError(SimulationError):
    """A guest broke the wire form: it is no runtime of ours any more."""


def _pack_operation(operation: Operation) -> Item:
    match operation:
        case Connect(fd, host, port):
            return 1, fd, port, host.encode()
        case Send(fd, data):
            return 2, fd, 0, data
        case Finish(fd):
            return 3, fd, 0, b""
        case Close(fd):
            return 4, fd, 0, b""
        case Write(stream, data):
            return 5, stream, 0, data
        case Sleeping(sleeping):
            return 6, int(sleeping), 0, b""
        case Located(text):
            return 7, 0, 0, text.encode()
        case Exit(status, signal, reason):
            return 8, status, signal, reason.encode()
        case Began(fd, channel, tag, called):
            return 9 if called else 10, fd, tag, _CHANNEL.pack(channel)
        case Done(fd, channel, tag, error):
            return 11, fd, tag, _CHANNEL.pack(channel) + error.encode()
        case Tried(fd, channel, tag):
            return 12, fd, tag, _CHANNEL.pack(channel)
        case UsedBy(fd, frame, thread):
            return 13, fd, frame, thread.encode()
        case Spawned(number):
            return 15, number, 0, b""
        case Switched(number):
            return 16, number, 0, b""
        case Remark(text):
            return 14, 0, 0, text.encode()
        case Dozing(dozing):
            return 17, int(dozing), 0, b""


def _channel_in(data: bytes) -> int:
    number: int
    (number,) = _CHANNEL.unpack(data)
    return number


_OPERATIONS: dict[int, Callable[[int, int, bytes], Operation]] = {
    1: lambda fd, port, data: Connect(fd, data.decode(), port),
    2: lambda fd, _, data: Send(fd, data),
    3: lambda fd, _, __: Finish(fd),
    4: lambda fd, _, __: Close(fd),
    5: lambda stream, _, data: Write(2 if stream == 2 else 1, data),
    6: lambda sleeping, _, __: Sleeping(bool(sleeping)),
    7: lambda _, __, data: Located(data.decode(errors="replace")),
    8: lambda status, signal, data: Exit(status & 0xFF, signal & 0x7F, data.decode(errors="replace")),
    9: lambda fd, tag, data: Began(fd, _channel_in(data), tag, True),
    10: lambda fd, tag, data: Began(fd, _channel_in(data), tag, False),
    11: lambda fd, tag, data: Done(fd, _channel_in(data[:2]), tag, data[2:].decode(errors="replace")),
    12: lambda fd, tag, data: Tried(fd, _channel_in(data), tag),
    13: lambda fd, frame, data: UsedBy(fd, frame, data.decode(errors="replace")),
    14: lambda _, __, data: Remark(data.decode(errors="replace")),
    15: lambda thread, _, __: Spawned(thread),
    16: lambda thread, _, __: Switched(thread),
    17: lambda dozing, _, __: Dozing(bool(dozing)),
}


def _pack_event(event: Event) -> Item:
    match event:
        case Connected(fd, errno):
            return 1, fd, errno, b""
        case Received(fd, data):
            return 2, fd, 0, data
        case Ended(fd):
            return 3, fd, 0, b""
        case Reset(fd):
            return 4, fd, 0, b""
        case Signalled(number):
            return 5, number, 0, b""
        case Paced(factor):
            return 6, 0, 0, _DOUBLE.pack(factor)
        case Locate():
            return 7, 0, 0, b""


_EVENTS: dict[int, Callable[[int, int, bytes], Event]] = {
    1: lambda fd, errno, _: Connected(fd, errno),
    2: lambda fd, _, data: Received(fd, data),
    3: lambda fd, _, __: Ended(fd),
    4: lambda fd, _, __: Reset(fd),
    5: lambda number, _, __: Signalled(number),
    6: lambda _, __, data: Paced(_DOUBLE.unpack(data)[0]),
    7: lambda _, __, ___: Locate(),
}


def _packed(head: bytes, items: Iterator[Item]) -> bytes:
    parts = [b"", head]
    for kind, first, second, data in items:
        parts += (_ITEM.pack(kind, first, second, len(data)), data)
    parts[0] = LENGTH.pack(sum(map(len, parts)))
    return b"".join(parts)


def pack_call(now: int, operations: Sequence[Operation], deadline: int | None) -> bytes:
    """What a guest sends when it waits."""
    head = _CALL.pack(now, -1 if deadline is None else deadline, len(operations))
    return _packed(head, map(_pack_operation, operations))


def pack_answer(now: int, events: Sequence[Event]) -> bytes:
    """What a host sends to let a guest go on."""
    return _packed(_ANSWER.pack(now, len(events)), map(_pack_event, events))


def _items(body: bytes, start: int, count: int) -> Iterator[Item]:
    for _ in range(count):
        kind, first, second, length = _ITEM.unpack_from(body, start)
        start += _ITEM.size
        data = body[start : start + length]
        if len(data) != length:
            raise WireError("a guest's message is cut short.")
        start += length
        yield kind, first, second, data
    if start != len(body):
        raise WireError("a guest's message has something left over.")


def unpack_call(body: bytes) -> tuple[list[Operation], int | None]:
    """The operations and the deadline that a guest sent.

    Raises:
        WireError: they can't be read.
    """
    try:
        _, deadline, count = _CALL.unpack_from(body)
        operations = [
            _OPERATIONS[kind](first, second, data)
            for kind, first, second, data in _items(body, _CALL.size, count)
        ]
    except (struct.error, KeyError, UnicodeDecodeError) as error:
        raise WireError(f"a guest's message can't be read: {error}.") from error
    if any(isinstance(operation, Exit) for operation in operations[:-1]):
        raise WireError("a guest went on after its end.")
    return operations, None if deadline < 0 else deadline


def unpack_answer(body: bytes) -> tuple[int, list[Event]]:
    """The time and the events that a host sent."""
    now, count = _ANSWER.unpack_from(body)
    return now, [
        _EVENTS[kind](first, second, data) for kind, first, second, data in _items(body, _ANSWER.size, count)
    ]
