r"""STOMP's frames: a command, headers, a blank line, a body and a NUL.

    COMMAND LF (name : value LF)* LF body NUL

Lines may end with CR LF. The body ends at the first NUL, or where `content-length` says. Between frames
there may be line feeds, which are signs of life. Sources: STOMP 1.0, 1.1 and 1.2, "Augmented BNF" and
"Repeated Header Entries". Where RabbitMQ's reader goes its own way, what was recorded of RabbitMQ 3.10
counts: it undoes the escapes `\n`, `\r`, `\c` and `\\` in every version and in CONNECT, too, and ends the
stream at what it can't read.
"""

from __future__ import annotations

import re
from collections import deque
from typing import Any, Final

LF, NUL = b"\n", b"\0"
SIGN_OF_LIFE: Final = LF

LARGEST_HEAD: Final = 2**20
"""Bytes of command and headers at which a client is cut off; RabbitMQ 3.10 has no limit."""

LARGEST_BODY: Final = 2**29
"""Bytes of a body at which a client is cut off, whatever size of message the broker takes."""

Headers = list[tuple[str, str]]

_ESCAPES: Final = {"\\": "\\\\", "\n": "\\n", "\r": "\\r", ":": "\\c"}
_ESCAPED = re.compile(r"[\\\n\r:]")
_UNESCAPES: Final = {b"\\\\": b"\\", b"\\n": b"\n", b"\\r": b"\r", b"\\c": b":"}
_UNESCAPED = re.compile(rb"\\.?", re.DOTALL)
_LONE_CR = re.compile(rb"\r[^\n]")
_LENGTH = re.compile(rb" *[+]?[0-9]{1,40} *")


class BrokenFrameError(Exception):
    """Bytes that are no frame: RabbitMQ ends the stream at them, without a word."""


class Frame:
    """One frame.

    Args:
        command: its command.
        headers: its headers in their order; of repeated ones the first alone.
        body: its body.

    Attributes:
        note: what an observer wrote on it.
    """

    __slots__ = ("_values", "body", "command", "headers", "note")

    def __init__(self, command: str, headers: Headers, body: bytes = b"") -> None:
        self.command = command
        self.headers = headers
        self.body = body
        self.note: Any = None
        self._values = dict(headers)

    def __repr__(self) -> str:
        """For people who test."""
        return f"Frame({self.command!r}, {self.headers!r}, {self.body!r})"

    def get(self, name: str) -> str | None:
        """A header's value; None where it is not."""
        return self._values.get(name)

    def trimmed(self) -> Frame:
        """The same without spaces at the beginning of values, as RabbitMQ takes a frame of version 1.0."""
        frame = Frame(self.command, [(name, value.lstrip(" ")) for name, value in self.headers], self.body)
        frame.note = self.note
        return frame

    def is_true(self, name: str, default: bool) -> bool:
        """A header that says yes or no; what is neither is the default."""
        return {"true": True, "True": True, "false": False, "False": False}.get(self.get(name) or "", default)


def text_of(data: bytes) -> str:
    """Bytes of a head as a text; what is no UTF-8 stays what it is."""
    return data.decode("utf-8", "surrogateescape")


def bytes_of(text: str) -> bytes:
    """A text of a head as bytes."""
    return text.encode("utf-8", "surrogateescape")


def name_in(text: str) -> str:
    """A text that is to name something at the broker, whose names are UTF-8: what is none is replaced."""
    return bytes_of(text).decode("utf-8", "replace")


def escaped(text: str) -> str:
    """A header's name or value, as it goes out."""
    return _ESCAPED.sub(lambda hit: _ESCAPES[hit[0]], text) if _ESCAPED.search(text) else text


def unescaped(data: bytes) -> bytes:
    """A header's name or value, as it came in.

    Raises:
        BrokenFrameError: it has an escape that there is not.
    """
    if b"\\" not in data:
        return data
    try:
        return _UNESCAPED.sub(lambda hit: _UNESCAPES[hit[0]], data)
    except KeyError as error:
        raise BrokenFrameError(f"{error.args[0]!r} is no escape") from None


def written(command: str, headers: Headers, body: bytes = b"") -> bytes:
    """A frame in bytes, with the line feed that RabbitMQ sends behind each; a body has its length.

    `content-length` among the headers is not for the writer to say: the first one is left out.
    """
    lines = [command]
    told = False
    for name, value in headers:
        if name == "content-length" and not told:
            told = True
        else:
            lines.append(f"{escaped(name)}:{escaped(value)}")
    if body:
        lines.append(f"content-length:{len(body)}")
    return bytes_of("\n".join(lines)) + b"\n\n" + body + b"\0\n"


class FrameReader:
    """Reads frames out of pieces of any size.

    `foresee` is told of bytes as they leave the client, `arrive` of how many have come; `next` gives the
    frames that have come as a whole.
    """

    def __init__(self) -> None:
        self._buffer = bytearray()
        # Where the buffer begins in the stream, how far it is read, and what was read of the frame so far.
        self._offset = 0
        self._at = 0
        self._command: bytes | None = None
        self._headers: dict[bytes, bytes] = {}
        self._length: int | None = None
        self._in_body = False
        # How far behind `_at` a body without a length was searched for its end.
        self._searched = 0
        self._frames: deque[tuple[int, Frame]] = deque()
        self._broken: tuple[int, BrokenFrameError] | None = None
        self._arrived = 0

    def foresee(self, data: bytes) -> list[Frame]:
        """Bytes have left the client: the frames that they complete."""
        found: list[Frame] = []
        if self._broken is not None:
            return found
        self._buffer += data
        try:
            while self._read_line() if not self._in_body else self._read_body(found):
                pass
        except BrokenFrameError as error:
            self._broken = self._offset + self._at, error
        del self._buffer[: self._at]
        self._offset += self._at
        self._at = 0
        return found

    def _read_line(self) -> bool:
        """Read a line of a head; whether there may be more to read."""
        end = self._buffer.find(LF, self._at)
        if end < 0:
            self._check_head(len(self._buffer))
            if _LONE_CR.search(self._buffer, self._at):
                raise BrokenFrameError("a CR stands without its LF")
            return False
        self._check_head(end)
        line = bytes(self._buffer[self._at : end]).removesuffix(b"\r")
        self._at = end + 1
        if b"\r" in line:
            raise BrokenFrameError("a CR stands without its LF")
        if self._command is None:
            self._command = line.lstrip(NUL) or None
        elif line:
            self._read_header(line)
        else:
            self._in_body = True
            self._length = self._length_said()
        return True

    def _check_head(self, end: int) -> None:
        if end - self._at > LARGEST_HEAD or len(self._headers) > LARGEST_HEAD // 4:
            raise BrokenFrameError(f"command and headers have more than {LARGEST_HEAD} bytes")

    def _read_header(self, line: bytes) -> None:
        name, colon, value = line.partition(b":")
        if not colon:
            raise BrokenFrameError(f"a header has no colon: {line[:40]!r}")
        self._headers.setdefault(unescaped(name), unescaped(value))

    def _length_said(self) -> int | None:
        said = self._headers.get(b"content-length")
        if said is None:
            return None
        if _LENGTH.fullmatch(said) is None or int(said) > LARGEST_BODY:
            raise BrokenFrameError(f"content-length is no number of bytes: {said[:40]!r}")
        return int(said)

    def _read_body(self, found: list[Frame]) -> bool:
        """Read a body, and with it a frame; whether there may be more to read."""
        if self._length is None:
            end = self._buffer.find(NUL, self._at + self._searched)
            if end < 0:
                self._searched = len(self._buffer) - self._at
                if len(self._buffer) - self._at > LARGEST_BODY:
                    raise BrokenFrameError(f"a body has more than {LARGEST_BODY} bytes")
                return False
        else:
            end = self._at + self._length
            if end >= len(self._buffer):
                return False
            if self._buffer[end] != 0:
                raise BrokenFrameError("no NUL follows the body")
        headers = [(text_of(name), text_of(value)) for name, value in self._headers.items()]
        frame = Frame(text_of(self._command or b""), headers, bytes(self._buffer[self._at : end]))
        self._at = end + 1
        self._searched = 0
        found.append(frame)
        self._frames.append((self._offset + self._at, frame))
        self._command, self._headers, self._in_body = None, {}, False
        return True

    def arrive(self, count: int) -> None:
        """So many bytes of those foreseen have come, in order."""
        self._arrived += count

    def next(self) -> Frame | None:
        """Take the next frame that has come; None where there is none.

        Raises:
            BrokenFrameError: what comes next is none.
        """
        if self._frames:
            if self._frames[0][0] <= self._arrived:
                return self._frames.popleft()[1]
        elif self._broken is not None and self._broken[0] <= self._arrived:
            raise self._broken[1]
        return None

    def waiting(self) -> bool:
        """Whether `next` would give a frame, or raise."""
        if self._frames:
            return self._frames[0][0] <= self._arrived
        return self._broken is not None and self._broken[0] <= self._arrived

    def clear(self) -> None:
        """Forget all that was read."""
        self._frames.clear()
        self._broken = None
