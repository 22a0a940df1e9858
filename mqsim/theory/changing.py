"""Rates that change over time: how many are in a system without waiting (Mt/G/∞), and a fluid that piles up.

Source: S. Eick, W. Massey and W. Whitt, The physics of the Mt/G/∞ queue, Operations Research 41 (1993)
731-742; G. Newell, Applications of Queueing Theory, 2nd edition (1982), chapter 2 (the fluid).
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING

from mqsim.errors import TheoryError
from mqsim.theory.ranges import not_negative, positive

if TYPE_CHECKING:
    from collections.abc import Sequence


def mt_infinity(points: Sequence[tuple[float, float]], service_rate: float, t: float) -> float:
    """Mt/M/∞: the mean number in service at `t`, with as many servers as there are messages.

    The number is Poisson, so this is its variance as well. It says how many workers a day's profile asks for,
    later and lower than the profile itself. Nothing is in service at the first point.

    Args:
        points: (time, rate) with rising times, seconds and messages a second; the rate is linear between
            them, and stays at the last after that. Two points of one time are a jump.
        service_rate: of each server, per second, above 0; the work is exponential.
        t: seconds, not before the first point.

    Raises:
        TheoryError: outside these ranges.

    Source: Eick, Massey and Whitt (1993): the integral of rate(u) P(work > t - u), here in closed form.
    """
    rate = positive("service_rate", service_rate)
    line = _checked(points)
    if not t >= line[0][0]:
        raise TheoryError(f"t: {t!r} is not allowed; it must be {line[0][0]:g} or later, the first point.")
    number = 0.0
    for begin, start, end, stop in _pieces(line, t):
        length = end - begin
        slope = (stop - start) / length
        # m' = start + slope u - rate m along the piece.
        settled = start / rate - slope / rate**2
        number = settled + slope * length / rate + (number - settled) * math.exp(-rate * length)
    return max(number, 0.0)


@dataclass(frozen=True)
class Fluid:
    """What piles up when a known rate exceeds a capacity, without chance.

    Attributes:
        begins: seconds from which on more comes than goes; NaN if it never does.
        peak: the most that has piled up, in messages.
        at: when that is, in seconds; NaN if nothing piles up.
        ends: when the last of it is gone; infinite if it never is, NaN if nothing piles up.
    """

    begins: float
    peak: float
    at: float
    ends: float


def fluid(points: Sequence[tuple[float, float]], capacity: float, backlog: float = 0.0) -> Fluid:
    """The largest backlog under a rate that changes, as a fluid: mean rates alone, and no chance.

    Args:
        points: (time, rate) with rising times, seconds and messages a second; the rate is linear between
            them, and stays at the last after that. Two points of one time are a jump.
        capacity: messages a second that all consumers together work off, above 0.
        backlog: messages that are there at the first point, 0 or more.

    Returns:
        The pile that is largest, from when it begins until it is gone.

    Raises:
        TheoryError: outside these ranges.

    Source: Newell (1982): arrivals against departures, both as smooth lines.
    """
    able = positive("capacity", capacity)
    line = _checked(points)
    level = not_negative("backlog", backlog)
    begins = line[0][0] if level else math.nan
    best = Fluid(begins, level, line[0][0] if level else math.nan, math.nan)
    open_best = level > 0
    last = (line[-1][0] + 1.0, line[-1][1])
    for begin, start, end, stop in _pieces([*line, last], last[0]):
        for first, low, second, high in _split(begin, start, end, stop, able):
            if level == 0.0 and (low + high) / 2.0 > able:
                begins = first
            change = ((low + high) / 2.0 - able) * (second - first)
            if level + change <= 1e-12 * max(level, 1.0):
                if level > 0.0 and open_best:
                    gone = first + _emptied(level, low - able, (high - low) / (second - first))
                    best, open_best = Fluid(best.begins, best.peak, best.at, gone), False
                level = 0.0
                continue
            level += change
            if level > best.peak and begin < line[-1][0]:
                best, open_best = Fluid(begins, level, second, math.nan), True
    if not open_best:
        return best
    return _forever(best, line, able, level)


def _forever(best: Fluid, line: list[tuple[float, float]], able: float, level: float) -> Fluid:
    """What follows after the last point, where the rate stays; `level` is a second later."""
    over = line[-1][1] - able
    if over >= 0.0:
        grows = over > 0.0
        return Fluid(best.begins, math.inf if grows else best.peak, math.inf if grows else best.at, math.inf)
    return Fluid(best.begins, best.peak, best.at, line[-1][0] + 1.0 + level / -over)


def _emptied(level: float, excess: float, slope: float) -> float:
    """Seconds until a level is gone that changes by `excess` a second, itself changing by `slope`."""
    if slope == 0.0:
        return level / -excess
    root = math.sqrt(max(excess * excess - 2.0 * slope * level, 0.0))
    # The two forms of a root of slope x² / 2 + excess x + level = 0: the one that does not cancel.
    return 2.0 * level / (-excess + root)


def _split(
    begin: float, start: float, end: float, stop: float, able: float
) -> list[tuple[float, float, float, float]]:
    """A piece, cut where its rate crosses the capacity."""
    if (start - able) * (stop - able) >= 0.0:
        return [(begin, start, end, stop)]
    middle = begin + (end - begin) * (able - start) / (stop - start)
    return [(begin, start, middle, able), (middle, able, end, stop)]


def _checked(points: Sequence[tuple[float, float]]) -> list[tuple[float, float]]:
    line = [(float(time), not_negative(f"points[{i}]", rate)) for i, (time, rate) in enumerate(points)]
    if not line or any(not math.isfinite(time) for time, _ in line):
        raise TheoryError("points: at least one (time, rate) is needed, with finite times.")
    if any(after < before for (before, _), (after, _) in pairwise(line)):
        raise TheoryError("points: the times must rise.")
    return line


def _pieces(line: list[tuple[float, float]], t: float) -> list[tuple[float, float, float, float]]:
    """(begin, rate there, end, rate there) of each piece up to `t`."""
    found = []
    for (begin, start), (end, stop) in pairwise([*line, (math.inf, line[-1][1])]):
        until = min(end, t)
        if until > begin:
            there = (
                stop
                if until == end or math.isinf(end)
                else start + (stop - start) * (until - begin) / (end - begin)
            )
            found.append((begin, start, until, there))
    return found
