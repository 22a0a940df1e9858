"""One TCP stream and its session: bytes in, bytes out, and patience with clients that do not read."""

from __future__ import annotations

import asyncio
import logging
import socket
import struct
from collections import deque
from contextlib import suppress
from typing import TYPE_CHECKING, Protocol

from mqsim.protocol import End, Session

if TYPE_CHECKING:
    from collections.abc import Callable

LINGER = 2.0
"""Seconds that a client has to end its side after ours ended; what it still sends is thrown away."""

_log = logging.getLogger("mqsim.server")


class StreamHost(Protocol):
    """Who holds the broker, as a stream knows it.

    Attributes:
        loop: the event loop that both run in.
        began: the loop's time at the broker's time 0.
    """

    loop: asyncio.AbstractEventLoop
    began: float

    def advance(self) -> float:
        """Move the broker on to now, and give that in its seconds."""

    def awaken(self, stream: Stream) -> None:
        """The stream's session has something to send, or has ended: look at it soon."""

    def forget(self, stream: Stream) -> None:
        """The stream is gone."""

    def marks_asked(self, session: Session) -> int:
        """How many deliveries of quorum queues are to be noted on a client's disk."""

    def marks_written(self, session: Session) -> int:
        """How many of them are."""

    def await_marks(self, stream: Stream) -> None:
        """Look at the stream again when more of them are."""

    def look_soon(self) -> None:
        """Look, soon and outside of the broker, at what has to be sent and at the broker's next deadline."""


class Stream(asyncio.Protocol):
    """One client's stream.

    Args:
        host: who holds the broker.
        open_session: makes the client's session, given the stream and who is at the other end.
    """

    session: Session
    transport: asyncio.Transport

    def __init__(self, host: StreamHost, open_session: Callable[[Stream, str], Session]) -> None:
        self.host = host
        self._open_session = open_session
        self._writes = True
        self._reads = True
        self._ended = False
        # Output, each piece with the mark that has to be on disk before it goes out.
        self._output: deque[tuple[int, bytes]] = deque()
        self._timer: asyncio.TimerHandle | None = None

    # -- what asyncio tells ----------------------------------------------------------------------------------

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """A client is there."""
        assert isinstance(transport, asyncio.Transport)
        self.transport = transport
        with suppress(OSError, AttributeError):
            transport.get_extra_info("socket").setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._break_at_close(True)
        peer, here = (transport.get_extra_info(side) or ("?", 0) for side in ("peername", "sockname"))
        self.session = self._open_session(self, f"{peer[0]}:{peer[1]} -> {here[0]}:{here[1]}")
        self._arm()

    def data_received(self, data: bytes) -> None:
        """Bytes came."""
        if self._ended:
            return
        self.host.advance()
        self._attempt(lambda: self.session.receive(data))
        self._listen()
        self.host.awaken(self)

    def eof_received(self) -> bool:
        """The client ended its side."""
        self._break_at_close(False)
        return False

    def connection_lost(self, _error: Exception | None) -> None:
        """The stream is gone."""
        if self._timer is not None:
            self._timer.cancel()
        self._ended = True
        self.host.forget(self)
        self.host.advance()
        self.session.lost()
        self.host.look_soon()

    def pause_writing(self) -> None:
        """The client does not read as fast as it is written to: the rest waits in the session."""
        self._writes = False

    def resume_writing(self) -> None:
        """It has read enough."""
        self._writes = True
        self.host.awaken(self)

    # -- what the host asks ----------------------------------------------------------------------------------

    def look(self) -> None:
        """Do what the session wants done."""
        self._attempt(self.flush)

    def _attempt(self, act: Callable[[], None]) -> None:
        """Do something; should it fail because of a mistake of ours, this connection ends, and no other."""
        try:
            act()
        except Exception:
            _log.exception("a mistake of ours costs a connection; the broker goes on")
            self.abort()

    def flush(self) -> None:
        """Write what there is, as far as the client reads; end the stream if the session has ended."""
        if self._ended:
            return
        if self._writes:
            data = self.session.bytes_to_send()
            if data:
                self._output.append((self.host.marks_asked(self.session), data))
        written = self.host.marks_written(self.session)
        while self._output and self._output[0][0] <= written:
            self.transport.write(self._output.popleft()[1])
        if self._output:
            self.host.await_marks(self)
        self._listen()
        self._arm()
        is_out = self._writes and not self._output
        if self.session.end is not None and (is_out or self.session.end is End.RESET):
            self._end()

    def _listen(self) -> None:
        listens = self.session.listens or self.session.end is not None
        if listens != self._reads and not self.transport.is_closing():
            self._reads = listens
            self.transport.resume_reading() if listens else self.transport.pause_reading()

    def _end(self) -> None:
        """End our side after what is written; a client that does not end its own is cut off."""
        self._ended = True
        if self.session.end is End.RESET:
            self._reset()
            return
        self._break_at_close(False)
        with suppress(OSError, RuntimeError):
            self.transport.write_eof()
        self._restart_timer(LINGER, self.abort)

    def _reset(self) -> None:
        """End the stream so that the client sees it break."""
        self._break_at_close(True)
        self.transport.abort()

    def _break_at_close(self, breaks: bool) -> None:
        """Whether the client sees a reset when the socket closes: also when this process is killed."""
        with suppress(OSError, AttributeError):
            linger = struct.pack("ii", int(breaks), 0)
            self.transport.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)

    def abort(self) -> None:
        """Cut the stream."""
        self._ended = True
        self._break_at_close(False)
        self.transport.abort()

    # -- time ------------------------------------------------------------------------------------------------

    def _arm(self) -> None:
        """Have the timer ring no later than the session's deadline; one that rings too early is set again."""
        due = self.session.next_deadline() + self.host.began
        if due == float("inf") or (self._timer is not None and self._timer.when() <= due):
            return
        self._restart_timer(max(due - self.host.loop.time(), 0.0), self._ring)

    def _restart_timer(self, seconds: float, act: Callable[[], None]) -> None:
        if self._timer is not None:
            self._timer.cancel()
        self._timer = self.host.loop.call_later(seconds, act)

    def _ring(self) -> None:
        self._timer = None
        self.session.tick(self.host.advance())
        self._arm()
        self.host.awaken(self)
