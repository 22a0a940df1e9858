"""A guest's clock: whole ticks of 2^-20 s, so that sums and differences of its times are exact.

With decimal ticks `elapsed >= 0.005` comes out false by 5e-15 after a sleep of 0.005 s. The world's own clock
is a float: a guest reads it rounded down, and its deadlines are rounded up, so that no sleep ends early as
the guest sees it.
"""

from __future__ import annotations

import math

TICKS = 1 << 20
"""Ticks in a second."""

EPOCH = 1_767_225_600
"""The time of day at which every world begins, in Unix seconds: 2026-01-01 00:00:00 UTC, so that the clock on
a guest's wall shows the seconds since the start."""

BOOT = 1000
"""What a guest's monotonic clocks show at the start, in seconds."""


def floor_ticks(seconds: float) -> int:
    """The time as a guest reads it, in ticks."""
    return math.floor(seconds * TICKS)


def ceil_ticks(seconds: float) -> int:
    """A duration as a guest waits for it, in ticks: never shorter than asked."""
    return math.ceil(seconds * TICKS)


def seconds_of(ticks: int) -> float:
    """Ticks as seconds, exactly."""
    return ticks / TICKS
