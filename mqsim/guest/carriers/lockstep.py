"""Carrier two, the guest's end: a process of its own, in lockstep with its host over a socket.

Either the guest runs or the host does. Each blocking call is one message out and one back.
"""

from __future__ import annotations

import math
import os
import signal
from time import process_time
from typing import TYPE_CHECKING, NoReturn

from mqsim.guest.carriers import watchdog
from mqsim.guest.carriers.interpreter import InterpreterState, runtime_of
from mqsim.guest.carriers.wire import LENGTH, pack_call, unpack_answer
from mqsim.guest.kernel.lifecycle import live
from mqsim.guest.kernel.operations import Event, Exit, Operation, Write
from mqsim.guest.kernel.runtime import current
from mqsim.guest.kernel.tracebacks import whereabouts

if TYPE_CHECKING:
    import socket
    from types import FrameType

    from mqsim.guest.program import Program

try:
    import resource
except ImportError:  # Windows
    resource = None  # type: ignore[assignment]

BACKSTOP = 10.0
"""Seconds of processor time beyond a program's limit at which the kernel ends its process (RLIMIT_CPU)."""

_OURS = 70
"""The status of a guest that fails through no fault of its program (EX_SOFTWARE)."""


class Lockstep:
    """A `HostCalls` over a socket.

    Args:
        connection: the socket to the host.
        program: what is run.
    """

    def __init__(self, connection: socket.socket, program: Program) -> None:
        self._connection = connection
        self._program = program
        self._runtime = runtime_of(program, self)
        self._renewed = -1

    def run(self) -> NoReturn:
        """Wait for the host to begin; run the program to the end of this process."""
        surroundings = InterpreterState(self._runtime)
        now, _ = self._receive()
        surroundings.swap()
        watchdog.enter(self)
        self._renew_limit()
        with watchdog.watching():
            self._runtime.run(live(self._runtime), now)

    def wait(self, now: int, operations: list[Operation], deadline: int | None) -> tuple[int, list[Event]]:
        """Send the operations; come back with what the host answers."""
        self._connection.sendall(pack_call(now, operations, deadline))
        answer = self._receive()
        watchdog.enter(self)
        self._renew_limit()
        return answer

    def _renew_limit(self) -> None:
        """Have the kernel end this process, should its own watchdog not come to do it.

        The kernel's limit is on all of its processor time, so it is moved on as the program waits in order.
        """
        limit = self._program.cpu_limit
        if limit is None or resource is None:
            return
        if self._renewed != watchdog.rings:
            self._renewed = watchdog.rings
            hard = resource.getrlimit(resource.RLIMIT_CPU)[1]
            soft = math.ceil(process_time() + limit + BACKSTOP)
            if hard == resource.RLIM_INFINITY or soft <= hard:
                resource.setrlimit(resource.RLIMIT_CPU, (soft, hard))

    def leave(self, now: int, operations: list[Operation]) -> NoReturn:
        """Send the last operations, and end this process."""
        self._connection.sendall(pack_call(now, operations, None))
        os._exit(0)

    def _receive(self) -> tuple[int, list[Event]]:
        watchdog.leave()
        (length,) = LENGTH.unpack(receive_exactly(self._connection, LENGTH.size))
        return unpack_answer(receive_exactly(self._connection, length))

    @property
    def name(self) -> str:
        """The program's name."""
        return self._program.name

    @property
    def cpu_limit(self) -> float | None:
        """Seconds of real time that the program may run without blocking."""
        return self._program.cpu_limit

    def place(self, frame: FrameType | None) -> str:
        """Where in its text the program is."""
        return whereabouts(self._runtime, frame)

    def abandon(self, frame: FrameType | None, why: str) -> None:
        """Called in the midst of the program, which is to be ended: it does not return."""
        if current() is self._runtime:
            self.leave(self._runtime.now, watchdog.last_operations(self._runtime, frame, why))

    def stop(self) -> None:
        """Never called: this process ignores the keyboard, which is its host's."""


def receive_exactly(connection: socket.socket, size: int) -> bytes:
    """So many bytes.

    Raises:
        EOFError: the other end has closed.
    """
    parts = []
    while size:
        part = connection.recv(min(size, 1 << 20))
        if not part:
            raise EOFError("the other end of a guest has closed")
        parts.append(part)
        size -= len(part)
    return parts[0] if len(parts) == 1 else b"".join(parts)


def serve(connection: socket.socket, program: Program) -> NoReturn:
    """Be that program, until this process ends."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        Lockstep(connection, program).run()
    except EOFError:
        os._exit(0)
    except BaseException as error:
        text = f"mqsim's own runtime failed: {type(error).__name__}: {error}\n"
        last: list[Operation] = [Write(2, text.encode()), Exit(_OURS, 0, "through a fault of mqsim's own")]
        connection.sendall(pack_call(0, last, None))
    finally:
        os._exit(0)
