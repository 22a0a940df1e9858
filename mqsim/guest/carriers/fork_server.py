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
import time
from contextlib import suppress
from typing import TYPE_CHECKING

from mqsim.errors import UsageError
from mqsim.guest.carriers.fork_main import PID, READY
from mqsim.guest.carriers.lockstep import receive_exactly
from mqsim.guest.carriers.watchdog import BUSY, WAITED, spun, tell_busy
from mqsim.guest.carriers.wire import LENGTH, MOST, WireError, pack_answer, unpack_call
from mqsim.guest.kernel.operations import Event, Exit, Operation

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from types import TracebackType

    from mqsim.guest.program import Program

_GRACE = 5.0
"""Seconds of processor time beyond the guest's own watchdog after which it is killed from outside."""

_LOOK_EVERY = 1.0
"""Seconds after which the host looks what has become of a guest that does not answer."""

_LOOKS = 60
"""Looks in a row at which a guest slept, and had done nothing since the last, after which it is ended."""

_NOTHING = 0.002
_START_LIMIT = 60.0
_TOLD = 600
"""Bytes of a server's or guest's complaint that are shown."""

CLEAN = {"PYTHONHASHSEED": "0", "TZ": "UTC", "LC_ALL": "C.UTF-8", "PYTHONDONTWRITEBYTECODE": "1"}
"""The environment of a fork server: the same hashes, times and texts everywhere."""

_RUN = (
    "import sys, json; sys.path[:] = json.loads(sys.argv.pop()); "
    "from mqsim.guest.carriers.fork_main import main; main()"
)


class _EndedError(Exception):
    """A guest does not answer any more; why."""


class _Patience:
    """Looks at a process that has not answered yet, by the process's own clock.

    Args:
        name: the program's.
        pid: its number in its server's eyes.
        pidfd: its descriptor, or -1.
        limit: seconds of processor time that it may use; None is for ever.
    """

    def __init__(self, name: str, pid: int, pidfd: int, limit: float | None) -> None:
        self._name = name
        self._told = False
        self._pid = pid
        self._pidfd = pidfd
        self._limit = limit
        self._began: float | None = None
        self._used = 0.0
        self._asleep = 0

    def look(self) -> None:
        """Look once more.

        Raises:
            _EndedError: it has used its limit, or really waits.
        """
        if self._began is None:
            self._pid = _number_here(self._pid, self._pidfd)
        used = self._processor_time()
        first = self._began is None
        if self._began is None:
            self._began = used
        if self._limit is not None and used - self._began >= self._limit + _GRACE:
            raise _EndedError(spun(self._limit))
        if self._limit is not None and not self._told and used - self._began >= BUSY:
            self._told = True
            tell_busy(self._name, self._limit)
        idle = not first and used - self._used < _NOTHING and self._sleeps()
        self._asleep = self._asleep + 1 if idle else 0
        self._used = used
        if self._asleep >= _LOOKS:
            raise _EndedError(WAITED)

    def _processor_time(self) -> float:
        """Seconds that it has used; where the system can't tell, those that have passed."""
        return _processor_time(self._pid) or time.monotonic()

    def _sleeps(self) -> bool:
        """Whether it sleeps; one that is stopped, or waits for its turn, does not."""
        try:
            with open(f"/proc/{self._pid}/stat", encoding="utf-8") as file:
                return file.read().rpartition(") ")[2][:1] == "S"
        except OSError:
            return False


def _processor_time(pid: int) -> float:
    """Seconds of processor time that a process has used; 0 where the system can't tell."""
    try:
        # The clock of another process, as Linux numbers it (clock_getcpuclockid).
        return time.clock_gettime((~pid << 3) | 2)
    except (OSError, AttributeError, OverflowError):
        return 0.0


def _number_here(pid: int, pidfd: int) -> int:
    """The number of a process as this process sees it; its server may be in another namespace."""
    if pidfd >= 0:
        with suppress(OSError, ValueError), open(f"/proc/self/fdinfo/{pidfd}", encoding="utf-8") as file:
            for line in file:
                name, _, value = line.partition(":")
                if name == "Pid" and int(value) > 0:
                    return int(value)
    return pid


class ForkedCarrier:
    """A guest in a process of its own: a `Carrier`.

    Args:
        connection: the socket to it.
        pid: the number of the process.
        pidfd: a descriptor of the process, or -1 where the system has none.
        program: what it runs.
        longest: bytes that one message of the guest may have.
    """

    def __init__(
        self, connection: socket.socket, pid: int, pidfd: int, program: Program, longest: int = MOST
    ) -> None:
        self._connection = connection
        self._pid = pid
        self._pidfd = pidfd
        self._limit = program.cpu_limit
        connection.settimeout(None if self._limit is None else _LOOK_EVERY)
        self._name = program.name
        self._longest = longest
        self._ready = self._gone = False
        self._used = 0.0

    def processor_time(self) -> float:
        """Seconds of processor time that its process has used, or had used when it was ended; 0 where the
        system does not tell.
        """
        if not self._gone:
            self._used = _processor_time(_number_here(self._pid, self._pidfd)) or self._used
        return self._used

    def resume(self, now: int, events: list[Event]) -> tuple[list[Operation], int | None]:
        """Let the guest run until it waits again.

        Raises:
            UsageError: the guest's process could not be made ready for its program.
        """
        connection = self._connection
        try:
            if not self._ready:
                self._await_ready()
            connection.sendall(pack_answer(now, events))
            (length,) = LENGTH.unpack(self._receive(LENGTH.size))
            if length > self._longest:
                raise WireError("a guest's message is too long.")
            operations, deadline = unpack_call(self._receive(length))
        except _EndedError as error:
            return self._lost(f"ended {error}")
        except (EOFError, OSError):
            return self._lost("its process has died")
        except WireError:
            return self._lost("ended, as it broke the runtime's own rules")
        if operations and isinstance(operations[-1], Exit):
            self.kill()
        return operations, deadline

    def _await_ready(self) -> None:
        """Wait until the process is confined as it should be. What fails before that is not its program's
        fault.
        """
        self._connection.settimeout(_START_LIMIT)
        try:
            said = self._connection.recv(1)
            if said != READY:
                said += self._connection.recv(_TOLD)
        except OSError:
            said = b""
        if said != READY:
            self.kill()
            why = said[1:].decode(errors="replace") or "its process died"
            raise UsageError(f"a process for {self._name} could not be prepared: {why}.")
        self._connection.settimeout(None if self._limit is None else _LOOK_EVERY)
        self._ready = True

    def _receive(self, size: int) -> bytes:
        """So many bytes of its answer, however long the machine takes over it."""
        parts: list[bytes] = []
        patience = _Patience(self._name, self._pid, self._pidfd, self._limit)
        while size:
            try:
                part = self._connection.recv(min(size, 1 << 20))
            except TimeoutError:
                patience.look()
                continue
            if not part:
                raise EOFError("the guest has closed")
            parts.append(part)
            size -= len(part)
        return parts[0] if len(parts) == 1 else b"".join(parts)

    def _lost(self, reason: str) -> tuple[list[Operation], None]:
        self.kill()
        return [Exit(137, 9, reason)], None

    def kill(self) -> None:
        """Send SIGKILL; nothing of it runs any more."""
        if self._gone:
            return
        self.processor_time()
        self._gone = True
        with suppress(ProcessLookupError):
            if self._pidfd >= 0:
                signal.pidfd_send_signal(self._pidfd, signal.SIGKILL)
            else:
                os.kill(self._pid, signal.SIGKILL)
        if self._pidfd >= 0:
            os.close(self._pidfd)
        self._connection.close()


def _plain(descriptor: int) -> list[str]:
    """The command line of a server without confinement."""
    paths = json.dumps([os.path.abspath(path) for path in sys.path])
    return [sys.executable, "-s", "-P", "-c", _RUN, str(descriptor), paths]


class ForkServer:
    """A process that forks guests. It starts at once, and ends with `close` or at the end of a `with`.

    Args:
        command: the server's command line, given the number of its socket; by default this interpreter's.
        environment: all of the server's environment.
        longest: bytes that one message of a guest may have.

    Raises:
        UsageError: it can't be had on this system, or does not start.
    """

    def __init__(
        self,
        command: Callable[[int], Sequence[str]] | None = None,
        environment: Mapping[str, str] = CLEAN,
        longest: int = MOST,
    ) -> None:
        if not hasattr(os, "fork") or not hasattr(socket, "send_fds"):
            raise UsageError("programs in processes of their own need fork, which this system does not have.")
        ours, theirs = socket.socketpair()
        self._longest = longest
        with theirs:
            self._process = subprocess.Popen(
                (command or _plain)(theirs.fileno()),
                env=dict(environment),
                pass_fds=[theirs.fileno()],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=None if command is None else subprocess.PIPE,
            )
        self._control = ours
        ours.settimeout(_START_LIMIT)
        try:
            said = ours.recv(1)
        except OSError:
            said = b""
        if said != b"!":
            why = self.close()
            raise UsageError(f"the server that starts programs in processes of their own did not start{why}.")

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
        return ForkedCarrier(ours, pid, descriptors[0] if descriptors else -1, program, self._longest)

    def clear(self) -> None:
        """End all guests, and let nothing of them stay: no process, no file.

        Raises:
            UsageError: the server is gone.
        """
        try:
            self._control.sendall(LENGTH.pack(2) + b"{}")
            done = receive_exactly(self._control, PID.size)
        except (OSError, EOFError) as error:
            raise UsageError("the server that starts programs in processes of their own is gone.") from error
        assert done == PID.pack(0)

    def close(self) -> str:
        """End the server and all guests that it has forked.

        Returns:
            The last line that its process wrote about a failure of its own, where that is kept.
        """
        self._control.close()
        try:
            self._process.wait(10)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        if self._process.stderr is None:
            return ""
        with self._process.stderr as stream:
            lines = stream.read().decode(errors="replace").strip().splitlines()
        return f": {lines[-1][:_TOLD]}" if lines else ""

    def __enter__(self) -> ForkServer:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()
