"""A guest's `os`: its own process, as far as a program that sends messages has one."""

from __future__ import annotations

import os as real
from typing import TYPE_CHECKING, Any, NoReturn

from mqsim.guest.kernel.operations import Exit
from mqsim.guest.kernel.signal_numbers import SIGABRT
from mqsim.guest.shims.copies import copied
from mqsim.guest.shims.random import entropy
from mqsim.guest.shims.subprocess import popen, system

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import ModuleType

    from mqsim.guest.kernel.runtime import Runtime

LEDGER = "tcp://ledger:7070"
"""Where a world's ledger is (`ledger.py`, `ledger_service.py`)."""

_NO_PROCESSES = ("fork", "forkpty", "execv", "execve", "posix_spawn", "posix_spawnp")


def _refusal(name: str) -> Callable[..., NoReturn]:
    def refuse(*_: object, **__: object) -> NoReturn:
        raise OSError(f"os.{name} can't be used in virtual time: a program can't start another process")

    return refuse


class OwnProcess:
    """What `os` does to the guest's own process."""

    def __init__(self, runtime: Runtime) -> None:
        self._runtime = runtime

    def exit(self, status: int) -> None:
        """End at once: nothing is flushed, no `finally` runs."""
        self._runtime.end(Exit(status & 0xFF))

    def abort(self) -> None:
        """Die of SIGABRT."""
        self._runtime.end(Exit(128 + SIGABRT, SIGABRT))

    def kill(self, pid: int, number: int) -> None:
        """Send a signal; there is no other process to send one to."""
        if pid != self._runtime.program.pid:
            raise ProcessLookupError(3, "No such process")
        if number:
            self._runtime.signal(number)
            self._runtime.effort()
            if self._runtime.main.signals:
                self._runtime.park(self._runtime.now)

    def write(self, fd: int, data: Any) -> int:
        """Write to standard output, standard error, a socket, or a file of the real system."""
        if fd in (1, 2):
            self._runtime.write(fd, bytes(data))
            return len(bytes(data))
        socket = self._runtime.descriptors.get(fd)
        return real.write(fd, data) if socket is None else socket.send(data)

    def read(self, fd: int, size: int) -> bytes:
        """Read from a socket, or from a file of the real system; standard input is empty."""
        if fd == 0:
            return b""
        socket = self._runtime.descriptors.get(fd)
        return real.read(fd, size) if socket is None else socket.recv(size)

    def close(self, fd: int) -> None:
        """Close a socket, or a file of the real system."""
        if fd in (0, 1, 2):
            return
        socket = self._runtime.descriptors.get(fd)
        if socket is None:
            real.close(fd)
        else:
            socket.close()


def os_module(runtime: Runtime) -> ModuleType:
    """A guest's `os`."""
    process = OwnProcess(runtime)
    environment = {"MQSIM_LEDGER": LEDGER, **runtime.program.environment}

    def unsetenv(name: str) -> None:
        environment.pop(name, None)

    return copied(
        real,
        **{name: _refusal(name) for name in _NO_PROCESSES},
        system=system,
        popen=popen,
        _exit=process.exit,
        abort=process.abort,
        kill=process.kill,
        write=process.write,
        read=process.read,
        close=process.close,
        getpid=lambda: runtime.program.pid,
        getppid=lambda: 1,
        urandom=entropy(runtime),
        environ=environment,
        getenv=environment.get,
        putenv=environment.__setitem__,
        unsetenv=unsetenv,
        register_at_fork=lambda **_: None,
        getlogin=lambda: "student",
    )
