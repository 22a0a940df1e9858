"""A guest's `signal`: handlers run in its main thread, when the host sends a signal."""

from __future__ import annotations

import signal as real
from typing import TYPE_CHECKING, Any, NoReturn

from mqsim.guest.kernel.signal_numbers import SIGINT, SIGKILL, SIGSTOP
from mqsim.guest.shims.copies import copied
from mqsim.guest.shims.os import OwnProcess

if TYPE_CHECKING:
    from types import ModuleType

    from mqsim.guest.kernel.runtime import Runtime


def signal_module(runtime: Runtime) -> ModuleType:
    """A guest's `signal`."""
    handlers = runtime.handlers

    def default_of(number: int) -> Any:
        is_interrupt = number == SIGINT
        return real.default_int_handler if is_interrupt else real.SIG_DFL

    def set_handler(number: int, handler: Any) -> Any:
        if number in (SIGKILL, SIGSTOP):
            raise OSError(22, "Invalid argument")
        if not (callable(handler) or handler in (real.SIG_IGN, real.SIG_DFL)):
            raise TypeError("signal handler must be signal.SIG_IGN, signal.SIG_DFL, or a callable object")
        before = handlers.get(number, default_of(number))
        handlers[number] = handler
        return before

    def refuse(*_: object) -> NoReturn:
        raise OSError("signal.alarm can't be used in virtual time; use threading.Timer")

    def pause() -> None:
        runtime.park()

    def set_wakeup_fd(fd: int, *, warn_on_full_buffer: bool = True) -> int:
        before, runtime.wakeup_fd = runtime.wakeup_fd, fd
        return before

    return copied(
        real,
        signal=set_handler,
        getsignal=lambda number: handlers.get(number, default_of(number)),
        raise_signal=lambda number: OwnProcess(runtime).kill(runtime.program.pid, number),
        alarm=refuse,
        setitimer=refuse,
        pause=pause,
        set_wakeup_fd=set_wakeup_fd,
        siginterrupt=lambda *_: None,
    )
