"""What a client says, as it leaves the client: whole methods, with their content where they have one.

The session carries the same frames out when they arrive, if they do; they are read once.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from pamqp import commands

from mqsim.amqp import failures
from mqsim.amqp.failures import LostError
from mqsim.amqp.fields import MalformedError
from mqsim.amqp.frames import BODY, HEADER, METHOD, Frame
from mqsim.amqp.methods import ContentHeader, Method, read_header
from mqsim.errors import ConnectionError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator


class Departure(NamedTuple):
    """A method that has left the client as a whole.

    Attributes:
        frame: its last frame, on which an observer may write a note.
        number: which frame of the connection its first one was, from 1.
        method: the method.
        header: the header of its content; None where it has none.
        body: the content's body.
    """

    frame: Frame
    number: int
    method: Method
    header: ContentHeader | None = None
    body: bytes = b""


class _Pending:
    """A publish of which not everything has left."""

    __slots__ = ("header", "left", "method", "number", "pieces")

    def __init__(self, method: Method, number: int) -> None:
        self.method = method
        self.number = number
        self.header: ContentHeader | None = None
        self.left = 0
        self.pieces: list[bytes] = []


class Departures:
    """Puts a connection's frames together, as they leave the client."""

    def __init__(self) -> None:
        self._pending: dict[int, _Pending] = {}
        self._number = 0

    def read(self, frames: Iterable[Frame]) -> Iterator[Departure]:
        """What the frames complete, in order. Of what can't be read nothing is said."""
        for frame in frames:
            self._number += 1
            if frame.kind == METHOD:
                yield from self._method(frame)
            elif frame.kind in (HEADER, BODY) and frame.channel in self._pending:
                yield from self._content(frame, self._pending[frame.channel])

    def _method(self, frame: Frame) -> Iterator[Departure]:
        try:
            method = failures.method_in(frame)
        except (ConnectionError, LostError):
            return
        if isinstance(method, commands.Basic.Publish):
            self._pending[frame.channel] = _Pending(method, self._number)
        else:
            self._pending.pop(frame.channel, None)
            yield Departure(frame, self._number, method)

    def _content(self, frame: Frame, pending: _Pending) -> Iterator[Departure]:
        if frame.kind == HEADER:
            try:
                pending.header = read_header(frame.payload)
            except MalformedError:
                return
            pending.left = pending.header.size
        else:
            pending.pieces.append(frame.payload)
            pending.left -= len(frame.payload)
        if pending.header is not None and pending.left <= 0:
            del self._pending[frame.channel]
            body = pending.pieces[0] if len(pending.pieces) == 1 else b"".join(pending.pieces)
            yield Departure(frame, pending.number, pending.method, pending.header, body)
