"""What a log says of a load: checked, summarised, its resolution found; as arrivals and work of a
scenario.
"""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from mqsim.distributions import Constant, Distribution, Exponential, Gamma, Lognormal, Streams
from mqsim.errors import UsageError
from mqsim.planning.timestamps import number
from mqsim.planning.units import amount, percent, seconds

if TYPE_CHECKING:
    from collections.abc import Sequence

    from mqsim.planning.columns import Columns

Floats = NDArray[np.float64]

GRIDS = (86400.0, 3600.0, 60.0, 10.0, 1.0, 0.1, 0.01, 1e-3, 1e-4, 1e-5, 1e-6)
"""Resolutions that a log may have, in seconds."""
COARSE = 0.05
"""From so many messages within one step of the clock on, a resolution is called coarse."""
GOOD = 0.03
"""The largest distance between a law and the data at which it is said to fit."""
_DRAWN = 2000
_UNITS = {"us": 1e-6, "µs": 1e-6, "ms": 1e-3, "s": 1.0, "sec": 1.0, "ns": 1e-9, "min": 60.0}
_SPAN = re.compile(r"([+-]?\d+(?:[.,]\d+)?)\s*(ns|us|µs|ms|s|sec|min)")
_AS_GOOD = 0.005  # so much farther a law of fewer parameters may lie and be preferred


@dataclass(frozen=True)
class Traffic:
    """Arrivals of a log.

    Attributes:
        times: seconds from the first, rising.
        resolution: the step of the log's clock, in seconds; 0 where it is finer than can be seen.
        rate: messages a second over the whole log.
    """

    times: Floats
    resolution: float
    rate: float

    @property
    def coarse(self) -> bool:
        """Whether several messages often share one step of the clock, which makes bursts that never were."""
        return self.resolution > 0.0 and self.rate * self.resolution > COARSE

    @property
    def span(self) -> float:
        """Seconds from the first message to the last, and the rest of its step."""
        return float(self.times[-1]) + self.resolution

    def words(self) -> str:
        """A summary in a sentence."""
        busiest = int(np.bincount(np.floor(self.times / self._window()).astype(np.int64)).max())
        clock = f"; the clock ticks every {seconds(self.resolution)}" if self.resolution else ""
        return (
            f"{amount(self.times.size)} messages in {seconds(self.span)}, {amount(self.rate)} a second on "
            f"average and at most {amount(busiest)} in {seconds(self._window())}{clock}"
        )

    def _window(self) -> float:
        return max(1.0, self.resolution)


def traffic(columns: Columns, times: Floats, sort: bool = False) -> Traffic:
    """Check times and find their resolution.

    Args:
        columns: the file, for the lines of an error.
        times: in seconds.
        sort: put them in order instead of refusing.

    Raises:
        UsageError: fewer than two, or one that is earlier than the one before.
    """
    if times.size < 2:
        raise UsageError(f"{columns.file}: one message has no rate; there must be at least two rows.")
    back = np.flatnonzero(np.diff(times) < 0)
    if back.size and not sort:
        i = int(back[0]) + 1
        raise UsageError(
            f"{columns.file}: line {columns.lines[i]} is {seconds(times[i - 1] - times[i])} earlier than the "
            "line before; times must not fall. Sort the file, or give --sort."
        )
    ordered = np.sort(times) if sort else times
    midnight = math.floor(ordered[0] / 86400.0) * 86400.0
    step = _resolution(ordered - midnight)
    found = ordered - ordered[0]
    span = float(found[-1]) + step
    if span <= 0.0:
        raise UsageError(f"{columns.file}: all times are the same, so there is no rate.")
    return Traffic(found, step, times.size / span)


def _resolution(times: Floats) -> float:
    """The coarsest step of which all times are multiples; 0 if there is none."""
    for grid in GRIDS:
        off = times / grid
        if np.all(np.abs(off - np.round(off)) * grid < max(1e-4 * grid, 3e-7 if grid >= 1e-3 else 0.0)):
            return grid
    return 0.0


def spread(found: Traffic, seed: int) -> Floats:
    """Times with those of one step of the clock spread evenly at random within it."""
    if not found.resolution:
        return found.times
    shift = Streams(seed, 0).stream("log", "spread").block(0, found.times.size)
    tick = np.round(found.times / found.resolution)
    moved = (tick + shift) * found.resolution
    return np.sort(moved) - float(np.sort(moved)[0])


def replayed(times: Floats, scale: float) -> dict[str, Any]:
    """Arrivals at these times; `scale` times as fast."""
    return {"at": [float(time) for time in times / scale]}


def as_profile(starts: Floats, rates: Floats) -> dict[str, Any]:
    """Arrivals at random whose rate follows intervals."""
    points = [[float(start), float(rate)] for start, rate in zip(starts, rates, strict=True)]
    return {"profile": {"points": points, "shape": "step"}}


@dataclass(frozen=True)
class Fitted:
    """A law beside the data it was fitted to.

    Attributes:
        law: the one that lies nearest.
        distance: the largest difference of their distribution functions (Kolmogorov and Smirnov), 0 to 1.
        tail: the law's p99 over the data's.
    """

    law: Distribution
    distance: float
    tail: float

    @property
    def good(self) -> bool:
        """Whether it may stand for the data."""
        return self.distance <= GOOD and abs(self.tail - 1.0) <= 0.15

    def words(self) -> str:
        """The fit and its judgement."""
        name = next(iter(spec)) if isinstance(spec := self.law.spec(), dict) else "constant"
        judged = "it fits" if self.good else "it does not fit well, so the recorded values are safer"
        near = f"distance {percent(self.distance)}, its p99 is {percent(self.tail)} of the data's"
        return f"{name} ({near}): {judged}"


def fit(values: Floats) -> Fitted:
    """The law of the same mean and variation that lies nearest to the data."""
    mean, cv = float(values.mean()), float(values.std() / values.mean())
    laws: list[Distribution] = [Exponential(mean)]
    laws += [Constant(mean)] if cv < 1e-3 else [Gamma(mean, cv), Lognormal(mean, cv)]
    tried = [Fitted(law, *_distance(law, values)) for law in laws]
    nearest = min(each.distance for each in tried)
    return next(each for each in tried if each.distance <= nearest + _AS_GOOD)


def _distance(law: Distribution, values: Floats) -> tuple[float, float]:
    ordered = np.sort(values)
    top = float(law.quantile(np.array([0.99]))[0]) / float(np.quantile(ordered, 0.99))
    if isinstance(law, Constant):
        return float(values.std() / values.mean()), top
    at = law.cdf(ordered)
    steps = np.arange(ordered.size + 1) / ordered.size
    return float(max(np.max(steps[1:] - at), np.max(at - steps[:-1]))), top


def recorded(values: Floats) -> dict[str, Any]:
    """The law of the recorded values: all of them, or two thousand that stand for them where there are
    more.
    """
    if values.size > _DRAWN:
        shares = (np.arange(_DRAWN) + 0.5) / _DRAWN
        drawn = np.quantile(values, shares)
        drawn *= values.mean() / drawn.mean()
    else:
        drawn = np.sort(values)
    unique, counts = np.unique(drawn, return_counts=True)
    return {"discrete": {"values": unique.tolist(), "weights": counts.tolist()}}


def durations(columns: Columns, name: str, unit: str, option: str = "--work") -> Floats:
    """A column of durations in seconds.

    Raises:
        UsageError: a cell is no number, or negative; the line is named.
    """
    cells = columns.column(name, option)
    if any(_SPAN.fullmatch(str(cell).strip()) or isinstance(cell, timedelta) for cell in cells):
        changed = columns.with_column(name, [_span(cell) for cell in cells])
        return numbers(changed, name, option)
    return numbers(columns, name, option) * {"s": 1.0, "ms": 1e-3, "us": 1e-6, "ns": 1e-9}[unit]


def _span(cell: Any) -> Any:
    """A duration that says its own unit, in seconds; others as they are, so that an error names them."""
    if isinstance(cell, timedelta):
        return cell.total_seconds()
    found = _SPAN.fullmatch(str(cell).strip())
    return cell if found is None else float(found[1].replace(",", ".")) * _UNITS[found[2]]


def numbers(columns: Columns, name: str, option: str) -> Floats:
    """A column of numbers of at least 0.

    Raises:
        UsageError: a cell is no number, or negative; the line is named.
    """
    cells: Sequence[Any] = columns.column(name, option)
    found = np.array([number(cell) for cell in cells])
    wrong = np.flatnonzero(~np.isfinite(found) | (found < 0))
    if wrong.size:
        i = int(wrong[0])
        what = "is negative" if found[i] < 0 else "is no number"
        cell = "an empty cell" if cells[i] in ("", None) else repr(cells[i])
        raise UsageError(f"{columns.file}: line {columns.lines[i]}, column {name}: {cell} {what}.")
    return found
