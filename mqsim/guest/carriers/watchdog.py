"""Ends a program that never waits, so that the rest of the world goes on.

It counts the program's own processor time, and no clock on the wall: a machine that is busy, or a process
that is stopped for an hour, does no program any harm. An alarm rings in the main thread (SIGALRM), inside
whatever the guest is doing; once the guest has used its limit, it is left there for good.

A program that really waits, in something that virtual time does not know, uses no processor time. It is found
by the alarms that ring meanwhile: `REALLY_WAITS` of them in a row, between which it did nothing. A process
that is stopped, or gets no turn on a busy machine, hears no alarms.

Ctrl-C at the real keyboard is caught beside it: it stops the world, not the guest that happens to run.

Code in C that does not come back is not interrupted; a process carrier then sends SIGKILL from outside.
Without SIGALRM (Windows), or outside the main thread, there is no watchdog in process.
"""

from __future__ import annotations

import os
import signal
import threading
from contextlib import contextmanager
from time import perf_counter, thread_time
from typing import TYPE_CHECKING, Protocol

from mqsim.guest.kernel.operations import Exit, Operation
from mqsim.guest.kernel.tracebacks import whereabouts

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from types import FrameType

    from mqsim.guest.kernel.runtime import Runtime

RING_EVERY = 0.1
"""Seconds between two alarms."""

REALLY_WAITS = 300
"""Alarms in a row, with nothing done between them, after which a program really waits: half a minute."""

MEMORY = 1 << 30
"""Bytes by which this process may grow while programs run; the program that is at it then is ended."""

BUSY = 2.0
"""Seconds of processor time without waiting after which a reader is told that a program computes."""

STILL = 50
"""Alarms in a row after which a reader is told that a program really waits: five seconds."""

_PAGE = os.sysconf("SC_PAGE_SIZE") if hasattr(os, "sysconf") else 4096
_NOTHING = 0.002
"""Seconds of processor time that a program may use between two alarms, and still do nothing."""


class Watched(Protocol):
    """Who can be ended."""

    @property
    def name(self) -> str:
        """The program's name."""

    @property
    def cpu_limit(self) -> float | None:
        """Seconds of processor time that it may use without waiting; None is for ever."""

    def place(self, frame: FrameType | None) -> str:
        """Where in its text it is, such as `consumer.py, line 12`."""

    def abandon(self, frame: FrameType | None, why: str) -> None:
        """End it from within. Does not return when it is called inside the guest; else does nothing."""

    def stop(self) -> None:
        """Raise KeyboardInterrupt in its host, likewise."""


_running: Watched | None = None
# Counts what begins and ends to run, so that an alarm can tell whether the same program still does. To read
# the clock of processor time takes up to a millisecond on some systems, so only alarms do it.
_turn = 0
_turn_at_ring = -1
_since = _used_at_ring = 0.0
_idle_rings = 0
_resident_before = 0
_tell: Callable[[str], None] | None = None
_told_turn = -1
rings = 0
"""How many alarms have rung in this process."""


def enter(watched: Watched | None) -> Watched | None:
    """A guest begins to run; give who ran before."""
    global _running, _turn
    before, _running = _running, watched
    _turn += 1
    return before


def leave(before: Watched | None = None) -> None:
    """The guest waits again; give back what `enter` gave."""
    enter(before)


def last_operations(runtime: Runtime, frame: FrameType | None, why: str) -> list[Operation]:
    """What a program did before it was ended, and its end."""
    return [*runtime.operations, Exit(137, 9, f"ended {why} ({whereabouts(runtime, frame)})")]


def spun(limit: float) -> str:
    """Why a program is ended that does not wait."""
    return f"after {limit:g} s of processor time without waiting"


WAITED = "as it really waits, for something that is not in the simulation"
"""Why a program is ended that waits in something that virtual time does not know."""


@contextmanager
def telling(tell: Callable[[str], None]) -> Iterator[None]:
    """Tell a person, in a sentence, of a program that keeps all others waiting, before it is ended for it."""
    global _tell
    before, _tell = _tell, tell
    try:
        yield
    finally:
        _tell = before


def tell_busy(name: str, limit: float, where: str = "") -> None:
    """A program has computed for a while."""
    if _tell is not None:
        place = f" ({where})" if where else ""
        _tell(
            f"{name} computes and does not wait{place}: is that an endless loop? It is ended after "
            f"{limit:g} s of processor time."
        )


def tell_still(name: str, where: str = "") -> None:
    """A program has really waited for a while."""
    if _tell is not None:
        place = f" ({where})" if where else ""
        end = f"It is ended after {REALLY_WAITS * RING_EVERY:g} s"
        _tell(f"{name} waits for something that is not in the simulation{place}. {end}.")


def _resident() -> int:
    """Bytes of memory that this process has; 0 where the system does not tell."""
    try:
        with open("/proc/self/statm", encoding="ascii") as file:
            return int(file.read().split()[1]) * _PAGE
    except (OSError, ValueError, IndexError):
        return 0


def _ring(_: int, frame: FrameType | None) -> None:
    global _turn_at_ring, _since, _idle_rings, _used_at_ring, _told_turn, rings
    rings += 1
    watched = _running
    if watched is None or watched.cpu_limit is None:
        return
    if _resident() - _resident_before > MEMORY:
        watched.abandon(frame, f"as it takes more than {MEMORY >> 20:,} MB of memory")
        return
    if _turn != _turn_at_ring:
        _turn_at_ring, _since, _idle_rings, _used_at_ring = _turn, thread_time(), 0, 0.0
        return
    used = thread_time() - _since
    _idle_rings = _idle_rings + 1 if used - _used_at_ring < _NOTHING else 0
    _used_at_ring = used
    if used >= watched.cpu_limit:
        watched.abandon(frame, spun(watched.cpu_limit))
    elif _idle_rings >= REALLY_WAITS:
        watched.abandon(frame, WAITED)
    elif _told_turn != _turn and (used >= BUSY or _idle_rings >= STILL):
        _told_turn = _turn
        if used >= BUSY:
            tell_busy(watched.name, watched.cpu_limit, watched.place(frame))
        else:
            tell_still(watched.name, watched.place(frame))


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
    global _resident_before
    began = perf_counter()
    _resident_before = _resident()
    handler = signal.signal(signal.SIGALRM, _ring)
    interrupt = signal.getsignal(signal.SIGINT)
    if interrupt is signal.default_int_handler:
        signal.signal(signal.SIGINT, _stop)
    remaining, interval = signal.setitimer(signal.ITIMER_REAL, RING_EVERY, RING_EVERY)
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
