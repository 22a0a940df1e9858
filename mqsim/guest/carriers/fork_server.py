"""Carrier two, the host's end: guests in processes of their own, forked from a server that is ready.

A process is no sandbox by itself: as the same user it reads the host's memory and uses the network.
"""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
from contextlib import suppress
from types import TracebackType

from mqsim.errors import UsageError
from mqsim.guest.carriers.fork_main import PID
from mqsim.guest.carriers.lockstep import receive_exactly
from mqsim.guest.carriers.wire import LENGTH, MOST, WireError, pack_answer, unpack_call
from mqsim.guest.kernel.operations import Event, Exit, Operation
from mqsim.guest.program import Program

_GRACE = 5.0
"""Seconds beyond the guest's own watchdog after which it is killed from outside."""

_START_LIMIT = 60.0
_CLEAN = {"PYTHONHASHSEED": "0", "TZ": "UTC", "LC_ALL": "C.UTF-8", "PYTHONDONTWRITEBYTECODE": "1"}
_RUN = (
    "import sys, json; sys.path[:] = json.loads(sys.argv.pop()); "
    "from mqsim.guest.carriers.fork_main import main; main()"
)


class ForkedCarrier:
    """A guest in a process of its own: a `Carrier`.

    Args:
        connection: the socket to it.
        pid: the number of the process.
        pidfd: a descriptor of the process, or -1 where the system has none.
        program: what it runs.
    """

    def __init__(self, connection: socket.socket, pid: int, pidfd: int, program: Program) -> None:
        self._connection = connection
        self._pid = pid
        self._pidfd = pidfd
        limit = program.wall_limit
        connection.settimeout(None if limit is None else limit + _GRACE)
        self._limit = limit
        self._gone = False

    def resume(self, now: int, events: list[Event]) -> tuple[list[Operation], int | None]:
        """Let the guest run until it waits again."""
        connection = self._connection
        try:
            connection.sendall(pack_answer(now, events))
            (length,) = LENGTH.unpack(receive_exactly(connection, LENGTH.size))
            if length > MOST:
                raise WireError("a guest's message is too long.")
            operations, deadline = unpack_call(receive_exactly(connection, length))
        except TimeoutError:
            return self._lost(f"ended after {self._limit:g} s of real time without blocking")
        except (EOFError, OSError):
            return self._lost("its process has died")
        except WireError:
            return self._lost("ended, as it broke the runtime's own rules")
        if operations and isinstance(operations[-1], Exit):
            self.kill()
        return operations, deadline

    def _lost(self, reason: str) -> tuple[list[Operation], None]:
        self.kill()
        return [Exit(137, 9, reason)], None

    def kill(self) -> None:
        """Send SIGKILL; nothing of it runs any more."""
        if self._gone:
            return
        self._gone = True
        with suppress(ProcessLookupError):
            if self._pidfd >= 0:
                signal.pidfd_send_signal(self._pidfd, signal.SIGKILL)
            else:
                os.kill(self._pid, signal.SIGKILL)
        if self._pidfd >= 0:
            os.close(self._pidfd)
        self._connection.close()


class ForkServer:
    """A process that forks guests. It starts at once, and ends with `close` or at the end of a `with`.

    Raises:
        UsageError: it can't be had on this system, or does not start.
    """

    def __init__(self) -> None:
        if not hasattr(os, "fork") or not hasattr(socket, "send_fds"):
            raise UsageError("programs in processes of their own need fork, which this system does not have.")
        ours, theirs = socket.socketpair()
        paths = json.dumps([os.path.abspath(path) for path in sys.path])
        with theirs:
            self._process = subprocess.Popen(
                [sys.executable, "-s", "-P", "-c", _RUN, str(theirs.fileno()), paths],
                env=_CLEAN,
                pass_fds=[theirs.fileno()],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
            )
        self._control = ours
        ours.settimeout(_START_LIMIT)
        if ours.recv(1) != b"!":
            self.close()
            raise UsageError("the server that starts programs in processes of their own did not start.")

    def __call__(self, program: Program) -> ForkedCarrier:
        """Fork a guest; it begins with the first `resume`.

        Raises:
            UsageError: the server is gone.
        """
        request = json.dumps({"program": program.to_json(), "cwd": os.getcwd()}).encode()
        ours, theirs = socket.socketpair()
        try:
            with theirs:
                socket.send_fds(self._control, [LENGTH.pack(len(request))], [theirs.fileno()])
                self._control.sendall(request)
            answer, descriptors, _, _ = socket.recv_fds(self._control, PID.size, 1)
            (pid,) = PID.unpack(answer)
        except Exception as error:
            ours.close()
            raise UsageError("the server that starts programs in processes of their own is gone.") from error
        return ForkedCarrier(ours, pid, descriptors[0] if descriptors else -1, program)

    def close(self) -> None:
        """End the server and all guests that it has forked."""
        self._control.close()
        try:
            self._process.wait(10)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()

    def __enter__(self) -> ForkServer:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()
