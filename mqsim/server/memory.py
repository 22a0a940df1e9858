"""The memory alarm: above a limit, publishers are blocked until messages are gone.

Source: RabbitMQ's documentation of memory alarms (`vm_memory_high_watermark`, absolute or relative to the
machine's memory, 40 % in 3.10; looked at every second).
"""

from __future__ import annotations

import ctypes
import ctypes.util
import os
import re
from contextlib import suppress
from typing import TYPE_CHECKING

from mqsim.errors import UsageError

if TYPE_CHECKING:
    import asyncio
    from collections.abc import Callable

EVERY = 1.0
"""Seconds between two looks."""
DEFAULT = "40%"
_UNITS = {"": 1, "k": 10**3, "m": 10**6, "g": 10**9, "ki": 2**10, "mi": 2**20, "gi": 2**30}
_SIZE = re.compile(r"(\d+(?:\.\d+)?)\s*(k|m|g|ki|mi|gi)?b?", re.IGNORECASE)


def limit_of(text: str) -> int:
    """A limit in bytes: `500MB`, `2GiB`, or `40%` of the machine's memory.

    Raises:
        UsageError: it is none of that.
    """
    text = text.strip()
    if text.endswith("%"):
        with suppress(ValueError):
            share = float(text[:-1])
            if 0 < share <= 100:
                return int(_machine() * share / 100)
    elif (found := _SIZE.fullmatch(text)) is not None and float(found[1]) > 0:
        return int(float(found[1]) * _UNITS[(found[2] or "").lower()])
    raise UsageError(f"--memory-limit {text}: a size is wanted, such as 500MB, 2GiB or {DEFAULT}.")


def _machine() -> int:
    return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")


def used() -> int | None:
    """Bytes of memory that this process has; None where the system does not say (outside of Linux)."""
    try:
        with open("/proc/self/statm", encoding="ascii") as file:
            return int(file.read().split()[1]) * os.sysconf("SC_PAGE_SIZE")
    except OSError:
        return None


def give_back() -> None:
    """Ask the C library to give back to the system what is free, which it does not by itself."""
    with suppress(OSError, AttributeError):
        ctypes.CDLL(ctypes.util.find_library("c")).malloc_trim(0)


class MemoryAlarm:
    """Looks at the memory every second, and raises or clears the alarm.

    Args:
        loop: where it looks.
        limit: in bytes.
        set_alarm: called with True when the limit is passed, and with False when there is room again.
    """

    def __init__(
        self, loop: asyncio.AbstractEventLoop, limit: int, set_alarm: Callable[[bool], None]
    ) -> None:
        self._loop = loop
        self._limit = limit
        self._set_alarm = set_alarm
        self._raised = False
        self._timer: asyncio.TimerHandle | None = None

    def look(self) -> None:
        """Look now, and again in a second."""
        if self._raised:
            give_back()
        has = used()
        if has is not None and (has > self._limit) != self._raised:
            self._raised = not self._raised
            self._set_alarm(self._raised)
        self._timer = self._loop.call_later(EVERY, self.look)

    def stop(self) -> None:
        """Look no more."""
        if self._timer is not None:
            self._timer.cancel()
