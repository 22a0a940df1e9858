"""Frames: a stream of bytes taken apart, and put together.

    type (1 byte) · channel (2) · size (4) · payload · 0xCE

A stream begins with the eight bytes of a protocol header. Sources: AMQP 0-9-1 specification, section 4.2.3.
"""

from __future__ import annotations

from collections.abc import Iterator
from struct import Struct
from typing import Final, NamedTuple

METHOD, HEADER, BODY, HEARTBEAT = 1, 2, 3, 8
END: Final = 0xCE
OVERHEAD: Final = 8
"""Bytes of a frame beside its payload."""

GREETING: Final = b"AMQP\x00\x00\x09\x01"

_HEAD = Struct(">BHI")
_TAIL = bytes([END])
HEARTBEAT_FRAME: Final = _HEAD.pack(HEARTBEAT, 0, 0) + _TAIL


class Frame(NamedTuple):
    """One frame."""

    kind: int
    channel: int
    payload: bytes


class BrokenFrameError(ValueError):
    """The stream is no sequence of frames any more.

    Args:
        kind, channel, payload: what could be read of the frame.
        why: in the words of RabbitMQ's server.
    """

    def __init__(self, kind: int, channel: int, payload: bytes, why: str) -> None:
        self.kind = kind
        self.channel = channel
        self.payload = payload
        super().__init__(why)


class FrameReader:
    """Takes bytes in as they come and gives frames out.

    Args:
        frame_max: the largest frame that may come, in bytes; 0 is no limit.
    """

    def __init__(self, frame_max: int) -> None:
        self.frame_max = frame_max
        self._data = bytearray()
        self._at = 0

    def feed(self, data: bytes) -> None:
        """Take bytes in."""
        if self._at:
            del self._data[: self._at]
            self._at = 0
        self._data += data

    def waiting(self) -> int:
        """How many bytes are here that are not yet part of a frame given out."""
        return len(self._data) - self._at

    def clear(self) -> None:
        """Forget what is here."""
        self._data.clear()
        self._at = 0

    def greeting(self) -> bytes | None:
        """The first eight bytes of the stream, once they are here."""
        if len(self._data) < len(GREETING):
            return None
        self._at = len(GREETING)
        return bytes(self._data[: self._at])

    def next(self) -> Frame | None:
        """The next frame, or None while it is not all here.

        Raises:
            BrokenFrameError: it is too large, or does not end where it says.
        """
        start = self._at
        have = len(self._data) - start
        if have < _HEAD.size:
            return None
        kind, channel, size = _HEAD.unpack_from(self._data, start)
        # RabbitMQ lets a frame be eight bytes larger than agreed, and tells the limit without them.
        if self.frame_max and size > self.frame_max:
            raise BrokenFrameError(
                kind, channel, b"", f"{{frame_too_large,{size},{self.frame_max - OVERHEAD}}}"
            )
        if have < size + OVERHEAD:
            return None
        after = start + _HEAD.size + size
        payload = bytes(self._data[start + _HEAD.size : after])
        mark = self._data[after]
        if mark != END:
            raise BrokenFrameError(kind, channel, payload, f"{{invalid_frame_end_marker,{mark}}}")
        self._at = after + 1
        return Frame(kind, channel, payload)


def frame(kind: int, channel: int, payload: bytes) -> bytes:
    """One frame in bytes."""
    return _HEAD.pack(kind, channel, len(payload)) + payload + _TAIL


def content_frames(channel: int, header: bytes, body: bytes, frame_max: int) -> Iterator[bytes]:
    """A content header and its body, in frames of at most `frame_max` bytes; 0 is no limit."""
    yield frame(HEADER, channel, header)
    step = frame_max - OVERHEAD if frame_max else len(body)
    for start in range(0, len(body), step or 1):
        yield frame(BODY, channel, body[start : start + step])
