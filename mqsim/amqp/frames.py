"""Frames: a stream of bytes taken apart, and put together.

    type (1 byte) · channel (2) · size (4) · payload · 0xCE

A stream begins with the eight bytes of a protocol header. Sources: AMQP 0-9-1 specification, section 4.2.3.
"""

from __future__ import annotations

from collections import deque
from struct import Struct
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Iterator

METHOD, HEADER, BODY, HEARTBEAT = 1, 2, 3, 8
END: Final = 0xCE
OVERHEAD: Final = 8
"""Bytes of a frame beside its payload."""

GREETING: Final = b"AMQP\x00\x00\x09\x01"

_HEAD = Struct(">BHI")
_TAIL = bytes([END])
HEARTBEAT_FRAME: Final = _HEAD.pack(HEARTBEAT, 0, 0) + _TAIL


class Frame:
    """One frame.

    Attributes:
        kind: method, header, body or heartbeat.
        channel: its channel's number.
        payload: what is between its head and its end.
        method: the method that it holds, once somebody has read it (`failures.method_in`).
        note: what an observer wrote on it as it left the client; None if nothing.
    """

    __slots__ = ("channel", "kind", "method", "note", "payload")

    def __init__(self, kind: int, channel: int, payload: bytes) -> None:
        self.kind = kind
        self.channel = channel
        self.payload = payload
        self.method: Any = None
        self.note: Any = None

    def __iter__(self) -> Iterator[Any]:
        return iter((self.kind, self.channel, self.payload))


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
    """Cuts bytes into frames, once: either as they come in (`feed`), or already as they leave the client
    (`foresee`), and gives them out when they have arrived (`arrive`).

    Args:
        frame_max: the largest frame that may come, in bytes; 0 is no limit. It counts when a frame arrives.
        greeted: whether the stream begins with a frame; if not, with a greeting of eight bytes.
    """

    def __init__(self, frame_max: int, *, greeted: bool = True) -> None:
        self.frame_max = frame_max
        self._data = bytearray()
        # Places in the stream, from its beginning: of the first byte of `_data`, and of what comes next.
        self._place = self._arrived = self._given = 0
        self._greeting: bytes | None = b"" if greeted else None
        self._frames: deque[tuple[int, Frame, int]] = deque()
        self._broken = self._cleared = False

    def feed(self, data: bytes) -> None:
        """Take bytes in that have arrived."""
        self.foresee(data)
        self.arrive(len(data))

    def foresee(self, data: bytes) -> list[Frame]:
        """Take bytes in that are on their way; give the frames that they complete."""
        held = self._data
        held += data
        found: list[Frame] = []
        at = 0
        if self._greeting is None:
            if len(held) < len(GREETING):
                return found
            at = len(GREETING)
            self._greeting = bytes(held[:at])
        size = len(held)
        while not self._broken and size - at >= _HEAD.size:
            kind, channel, length = _HEAD.unpack_from(held, at)
            after = at + _HEAD.size + length
            if after >= size:
                break
            made = Frame(kind, channel, bytes(held[at + _HEAD.size : after]))
            self._frames.append((self._place + after + 1, made, held[after]))
            self._broken = held[after] != END
            if not self._broken:
                found.append(made)
            at = after + 1
        del held[:at]
        self._place += at
        return found

    def arrive(self, count: int) -> None:
        """So many bytes more of what was foreseen have arrived."""
        self._arrived += count

    def waiting(self) -> int:
        """How many bytes are here that are not yet part of a frame given out."""
        return 0 if self._cleared else self._arrived - self._given

    def clear(self) -> None:
        """Give nothing out any more; what is on its way is still cut into frames."""
        self._cleared = True
        self._frames.clear()

    def greeting(self) -> bytes | None:
        """The first eight bytes of the stream, once they are here."""
        if self._arrived < len(GREETING):
            return None
        self._given = max(self._given, len(GREETING))
        return self._greeting

    def next(self) -> Frame | None:
        """The next frame, or None while it is not all here.

        Raises:
            BrokenFrameError: it is too large, or does not end where it says.
        """
        if self._cleared:
            return None
        if not self._frames:
            if not self._broken and len(self._data) >= _HEAD.size:
                kind, channel, size = _HEAD.unpack_from(self._data)
                self._check_size(kind, channel, size, self._place)
            return None
        after, found, mark = self._frames[0]
        self._check_size(found.kind, found.channel, len(found.payload), after - OVERHEAD - len(found.payload))
        if self._arrived < after:
            return None
        self._frames.popleft()
        self._given = after
        if mark != END:
            raise BrokenFrameError(
                found.kind, found.channel, found.payload, f"{{invalid_frame_end_marker,{mark}}}"
            )
        return found

    def _check_size(self, kind: int, channel: int, size: int, place: int) -> None:
        # RabbitMQ lets a frame be eight bytes larger than agreed, and tells the limit without them.
        if self.frame_max and size > self.frame_max and self._arrived >= place + _HEAD.size:
            raise BrokenFrameError(
                kind, channel, b"", f"{{frame_too_large,{size},{self.frame_max - OVERHEAD}}}"
            )


def frame(kind: int, channel: int, payload: bytes) -> bytes:
    """One frame in bytes."""
    return _HEAD.pack(kind, channel, len(payload)) + payload + _TAIL


def content_frames(channel: int, header: bytes, body: bytes, frame_max: int) -> Iterator[bytes]:
    """A content header and its body, in frames of at most `frame_max` bytes; 0 is no limit."""
    yield frame(HEADER, channel, header)
    step = frame_max - OVERHEAD if frame_max else len(body)
    for start in range(0, len(body), step or 1):
        yield frame(BODY, channel, body[start : start + step])
