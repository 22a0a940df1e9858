"""What crosses between a guest and its host: operations go out, events come in.

A guest has one blocking call, `wait(now, operations, deadline) -> (now, events)`. What a program sends and
prints between two such calls happens at one instant, in the order of the list. Named tuples, as they are made
on the hot path. `fd` is the guest's own number of a socket.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple, NoReturn, Protocol

if TYPE_CHECKING:
    from collections.abc import Sequence


class Connect(NamedTuple):
    """Open a connection; the answer is `Connected`."""

    fd: int
    host: str
    port: int


class Send(NamedTuple):
    """Send bytes on a connection."""

    fd: int
    data: bytes


class Finish(NamedTuple):
    """Send no more: half of the connection is closed."""

    fd: int


class Close(NamedTuple):
    """Close a connection, or give up one that is being opened."""

    fd: int


class Write(NamedTuple):
    """Bytes for standard output (1) or standard error (2)."""

    stream: int
    data: bytes


class Sleeping(NamedTuple):
    """Said when it changes: whether a thread sleeps or waits for a while, other than for a socket."""

    sleeping: bool


class Dozing(NamedTuple):
    """Said when it changes: whether a thread waits so that it does not care when heartbeats come."""

    dozing: bool


class Located(NamedTuple):
    """The answer to `Locate`: a line for each thread, such as `MainThread: consumer.py, line 12`."""

    text: str


class Began(NamedTuple):
    """The program has a delivery in its hands now: its callback was called with it, or it had asked for one.

    Attributes:
        fd: the connection that it came over, or -1 where that can't be seen.
        channel, tag: the delivery's.
        called: whether a callback was called with it; if not, the program had asked for it.
    """

    fd: int
    channel: int
    tag: int
    called: bool = True


class Done(NamedTuple):
    """The program's callback came back, or it asked for the next one.

    Attributes:
        error: the exception in which the callback ended, SystemExit among them, as a line; empty if in none.
    """

    fd: int
    channel: int
    tag: int
    error: str = ""


class Tried(NamedTuple):
    """The program tried to acknowledge a delivery, but its connection was gone."""

    fd: int
    channel: int
    tag: int


class UsedBy(NamedTuple):
    """From a frame of a connection on, another thread of the program sends.

    Attributes:
        frame: which of the connection's frames, from 1; the greeting is 0.
        thread: the thread's name.
    """

    fd: int
    frame: int
    thread: str


class Spawned(NamedTuple):
    """The thread that runs has started another one; said of programs that are observed.

    Attributes:
        thread: the new one's number, from 2; the main thread is 1.
    """

    thread: int


class Switched(NamedTuple):
    """What follows is done by another thread than what came before; said of programs that are observed."""

    thread: int


NO_TLS = (
    "there is no TLS in the simulation: connect without ssl_options to port 5672 (amqp://, not amqps://), or "
    "use a real RabbitMQ"
)
"""What a program is told that wants TLS."""


class Remark(NamedTuple):
    """Something to tell of the program beside what it prints; its process goes on."""

    text: str


class Exit(NamedTuple):
    """The process ends; its kernel closes what is open.

    Attributes:
        status: as a shell sees it: 0 to 255.
        signal: the number of the signal that it died of, or 0.
        reason: a sentence's end for what is no ordinary exit, or empty.
    """

    status: int
    signal: int = 0
    reason: str = ""


class Connected(NamedTuple):
    """A connection is open (errno 0), or could not be opened."""

    fd: int
    errno: int


class Received(NamedTuple):
    """Bytes have come in."""

    fd: int
    data: bytes


class Ended(NamedTuple):
    """The peer sends no more."""

    fd: int


class Reset(NamedTuple):
    """The connection was torn down (ECONNRESET)."""

    fd: int


class Signalled(NamedTuple):
    """A signal, such as Ctrl-C's."""

    number: int


class Paced(NamedTuple):
    """From now on sleeping takes `factor` times as long, what remains of it too."""

    factor: float


class Locate(NamedTuple):
    """Say where each thread waits; wakes nobody."""


Operation = (
    Connect
    | Send
    | Finish
    | Close
    | Write
    | Sleeping
    | Dozing
    | Located
    | Began
    | Done
    | Tried
    | UsedBy
    | Spawned
    | Switched
    | Remark
    | Exit
)
Event = Connected | Received | Ended | Reset | Signalled | Paced | Locate


class HostCalls(Protocol):
    """The guest's end of what carries it."""

    def wait(
        self, now: int, operations: list[Operation], deadline: int | None
    ) -> tuple[int, Sequence[Event]]:
        """Hand over the operations; come back with events, or with none when `deadline` (in ticks) is
        reached.
        """

    def leave(self, now: int, operations: list[Operation]) -> NoReturn:
        """Hand over the last operations, of which the last is `Exit`; never come back."""
