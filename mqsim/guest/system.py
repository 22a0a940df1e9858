"""A guest's `os`, `signal` and `atexit`: its own process, as far as a program that sends messages has one."""

from __future__ import annotations

import atexit as real_atexit
import os as real
import signal as real_signal
from collections.abc import Callable
from types import ModuleType
from typing import TYPE_CHECKING, Any, NoReturn

from mqsim.guest.copies import copied
from mqsim.guest.numbers import SIGABRT, SIGINT, SIGKILL, SIGSTOP
from mqsim.guest.operations import Exit
from mqsim.guest.randomness import entropy

if TYPE_CHECKING:
    from mqsim.guest.runtime import Runtime

LEDGER = "tcp://ledger:7070"
"""Where a world's ledger is (`ledger.py`, `ledger_service.py`)."""

_NO_PROCESSES = ("fork", "forkpty", "execv", "execve", "posix_spawn", "posix_spawnp")


def _refusal(name: str) -> Callable[..., NoReturn]:
    def refuse(*_: object, **__: object) -> NoReturn:
        raise OSError(f"os.{name} can't be used in virtual time: a program can't start another process")

    return refuse


class _Process:
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
    process = _Process(runtime)
    environment = {"MQSIM_LEDGER": LEDGER, **runtime.program.environment}

    def unsetenv(name: str) -> None:
        environment.pop(name, None)

    return copied(
        real,
        **{name: _refusal(name) for name in _NO_PROCESSES},
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


def signal_module(runtime: Runtime) -> ModuleType:
    """A guest's `signal`: handlers run in its main thread, when the host sends a signal."""
    handlers = runtime.handlers

    def default_of(number: int) -> Any:
        is_interrupt = number == SIGINT
        return real_signal.default_int_handler if is_interrupt else real_signal.SIG_DFL

    def set_handler(number: int, handler: Any) -> Any:
        if number in (SIGKILL, SIGSTOP):
            raise OSError(22, "Invalid argument")
        if not (callable(handler) or handler in (real_signal.SIG_IGN, real_signal.SIG_DFL)):
            raise TypeError("signal handler must be signal.SIG_IGN, signal.SIG_DFL, or a callable object")
        before = handlers.get(number, default_of(number))
        handlers[number] = handler
        return before

    def refuse(*_: object) -> NoReturn:
        raise OSError("signal.alarm can't be used in virtual time; use threading.Timer")

    def pause() -> None:
        runtime.park()

    return copied(
        real_signal,
        signal=set_handler,
        getsignal=lambda number: handlers.get(number, default_of(number)),
        raise_signal=lambda number: _Process(runtime).kill(runtime.program.pid, number),
        alarm=refuse,
        setitimer=refuse,
        pause=pause,
        set_wakeup_fd=lambda fd, **_: -1,
        siginterrupt=lambda *_: None,
    )


def atexit_module(runtime: Runtime) -> ModuleType:
    """A guest's `atexit`: run when its main thread has ended in order."""
    module = ModuleType("atexit", real_atexit.__doc__)
    registered = runtime.at_exit

    def register(function: Callable[..., object], *args: Any, **kwargs: Any) -> Callable[..., object]:
        registered.append((function, args, kwargs))
        return function

    def unregister(function: Callable[..., object]) -> None:
        registered[:] = [entry for entry in registered if entry[0] != function]

    module.__dict__.update(register=register, unregister=unregister, _clear=registered.clear)
    return module
