"""A wall-clock watchdog: a program that never blocks is ended, so that the rest of the world goes on.

Ctrl-C at the real keyboard is caught beside it: it stops the world, not the guest that happens to run.

It rings in the main thread by SIGALRM, inside whatever the guest is doing, and switches away from there for
good. Code in C that does not come back is not interrupted; a process carrier then sends SIGKILL from outside.
Without SIGALRM (Windows), or outside the main thread, there is no watchdog in process.
"""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from time import perf_counter
from types import FrameType
from typing import TYPE_CHECKING, Protocol

from mqsim.guest.kernel.operations import Exit, Operation
from mqsim.guest.kernel.tracebacks import whereabouts

if TYPE_CHECKING:
    from mqsim.guest.kernel.runtime import Runtime

_RING_EVERY = 0.1


class Watched(Protocol):
    """Who can be ended."""

    @property
    def wall_limit(self) -> float | None:
        """Seconds of real time that it may run without blocking; None is for ever."""

    def abandon(self, frame: FrameType | None) -> None:
        """End it from within. Does not return when it is called inside the guest; else does nothing."""

    def stop(self) -> None:
        """Raise KeyboardInterrupt in its host, likewise."""


_running: Watched | None = None
_since = 0.0


def enter(watched: Watched) -> tuple[Watched | None, float]:
    """A guest begins to run."""
    global _running, _since
    before = (_running, _since)
    _running, _since = watched, perf_counter()
    return before


def leave(before: tuple[Watched | None, float]) -> None:
    """The guest waits again; give back what `enter` gave."""
    global _running, _since
    _running, _since = before


def last_operations(runtime: Runtime, frame: FrameType | None) -> list[Operation]:
    """What a program did before it was ended, and its end."""
    limit = runtime.program.wall_limit or 0.0
    place = whereabouts(runtime, frame)
    reason = f"ended after {limit:g} s of real time without blocking ({place})"
    return [*runtime.operations, Exit(137, 9, reason)]


def _ring(_: int, frame: FrameType | None) -> None:
    watched = _running
    if (
        watched is not None
        and watched.wall_limit is not None
        and perf_counter() - _since >= watched.wall_limit
    ):
        watched.abandon(frame)


def _stop(number: int, frame: FrameType | None) -> None:
    if _running is not None:
        _running.stop()
    signal.default_int_handler(number, frame)


@contextmanager
def watching() -> Iterator[bool]:
    """Watch over the guests that run in process meanwhile.

    Another alarm that is set, such as a test's own timeout, is kept and set again afterwards; it may be late.

    Yields:
        Whether there is a watchdog: only in the main thread, and where the system has SIGALRM.
    """
    if not hasattr(signal, "setitimer") or threading.current_thread() is not threading.main_thread():
        yield False
        return
    began = perf_counter()
    handler = signal.signal(signal.SIGALRM, _ring)
    interrupt = signal.getsignal(signal.SIGINT)
    if interrupt is signal.default_int_handler:
        signal.signal(signal.SIGINT, _stop)
    remaining, interval = signal.setitimer(signal.ITIMER_REAL, _RING_EVERY, _RING_EVERY)
    try:
        yield True
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, handler)
        if interrupt is signal.default_int_handler:
            signal.signal(signal.SIGINT, interrupt)
        if remaining:
            left = max(0.001, remaining - (perf_counter() - began))
            signal.setitimer(signal.ITIMER_REAL, left, interval)
