"""A guest's `signal`: handlers run in its main thread, when the host or an alarm sends a signal."""

from __future__ import annotations

import math
import signal as real
from functools import partial
from typing import TYPE_CHECKING, Any

from mqsim.guest.kernel.signal_numbers import SIGALRM, SIGINT, SIGKILL, SIGSTOP
from mqsim.guest.kernel.ticks import TICKS, ceil_ticks
from mqsim.guest.shims.copies import copied
from mqsim.guest.shims.os import OwnProcess

if TYPE_CHECKING:
    from types import ModuleType

    from mqsim.guest.kernel.runtime import Runtime, Task

ITIMER_REAL = 0
"""The timer that counts the clock's time. The others count processor time, of which there is none here."""


class Alarm:
    """A guest's only alarm, as `alarm` and `setitimer` set it."""

    def __init__(self, runtime: Runtime) -> None:
        self._runtime = runtime
        self._waiting: Task | None = None
        self._number = 0
        self._rings_at = 0
        self._interval = 0.0

    def alarm(self, seconds: int) -> int:
        """Ring once after so many seconds; 0 is never. Gives the whole seconds that the last one had left."""
        return math.ceil(self._set(seconds, 0.0)[0])

    def setitimer(self, which: int, seconds: float, interval: float = 0.0) -> tuple[float, float]:
        """Ring after so many seconds, and from then on at every interval; 0 is never.

        Raises:
            OSError: for a timer of processor time.
        """
        if which != ITIMER_REAL:
            raise OSError(
                "only signal.ITIMER_REAL can be used in virtual time: computing takes no time there"
            )
        return self._set(seconds, interval)

    def getitimer(self, which: int) -> tuple[float, float]:
        """What is left of it, and its interval."""
        if which != ITIMER_REAL or self._waiting is None:
            return 0.0, 0.0
        return (self._rings_at - self._runtime.now) / TICKS, self._interval

    def _set(self, seconds: float, interval: float) -> tuple[float, float]:
        before, former = self.getitimer(ITIMER_REAL), self._waiting
        self._waiting = None
        self._number += 1
        if former is not None:
            self._runtime.wake(former)
        if seconds > 0:
            self._rings_at = self._runtime.now + ceil_ticks(seconds)
            self._interval = interval
            self._waiting = self._runtime.spawn(partial(self._wait, self._number), hidden=True)
        return before

    def _wait(self, number: int) -> None:
        runtime = self._runtime
        while self._number == number:
            runtime.park_until(self._rings_at)
            if self._number != number:
                return
            runtime.signal(SIGALRM)
            if self._interval <= 0:
                self._waiting = None
                return
            self._rings_at += ceil_ticks(self._interval)


def signal_module(runtime: Runtime) -> ModuleType:
    """A guest's `signal`."""
    handlers = runtime.handlers
    alarm = Alarm(runtime)

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
        alarm=alarm.alarm,
        setitimer=alarm.setitimer,
        getitimer=alarm.getitimer,
        SIGALRM=SIGALRM,
        ITIMER_REAL=ITIMER_REAL,
        pause=pause,
        set_wakeup_fd=set_wakeup_fd,
        siginterrupt=lambda *_: None,
    )
