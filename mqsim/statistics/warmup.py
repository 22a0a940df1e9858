"""Where the warm-up of a run ends: MSER-5.

The series is averaged in batches of five. Cutting the first d of n batches leaves a mean whose squared
standard error, taken as if batches were independent, is sum (y - mean)^2 / (n - d)^2: a long start that
doesn't belong raises the sum, and cutting too much lowers n - d. The d of the smallest value is where to cut.

The half rule: only cuts in the first half are allowed. When the smallest value of all lies in the second
half, the series hasn't settled, and the answer says so. (The last five batches are no candidates: so few
agree by chance.)

Sources: White, "An effective truncation heuristic for bias reduction in simulation output", Simulation 69
(1997); White, Cobb and Spratt, "A comparison of five steady-state truncation heuristics", Winter Simulation
Conference 2000; Hoad, Robinson and Davies, "Automating warm-up length estimation", JORS 61 (2010), for the
last five.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from mqsim.errors import UsageError

if TYPE_CHECKING:
    from numpy.typing import ArrayLike

_BATCH = 5
_LAST = 5
_LEAST = 10


@dataclass(frozen=True, slots=True)
class Truncation:
    """Where to cut a series.

    Args:
        index: how many numbers to leave out at the front; a multiple of 5, at most half of them.
        settled: the rest looks steady. Otherwise the run is too short for its warm-up.
    """

    index: int
    settled: bool


def truncation(series: ArrayLike) -> Truncation:
    """Where MSER-5 cuts a series, and whether what remains is steady.

    Args:
        series: numbers in order, such as waiting times, or a depth at equal steps. Under 50 there is nothing
            to go by: nothing is cut, and it hasn't settled.

    Raises:
        UsageError: a number isn't finite.
    """
    x = np.asarray(series, dtype=np.float64).ravel()
    if not np.all(np.isfinite(x)):
        raise UsageError("MSER-5 needs finite numbers: leave out what never happened.")
    n = x.size // _BATCH
    if n < _LEAST:
        return Truncation(0, False)
    y = x[: n * _BATCH].reshape(n, _BATCH).mean(axis=1)
    y = y - y.mean()  # or the squares would cancel where the mean is large
    kept = np.arange(n, 0, -1)
    sums = np.cumsum(y[::-1])[::-1]
    squares = np.cumsum((y * y)[::-1])[::-1]
    mser = np.maximum(squares - sums * sums / kept, 0.0) / (kept * kept)
    half = n // 2
    cut = int(np.argmin(mser[: half + 1]))
    best = int(np.argmin(mser[: n - _LAST]))
    return Truncation(cut * _BATCH, best <= half)


def mser5(series: ArrayLike) -> int:
    """How many numbers MSER-5 leaves out at the front; `truncation` also says whether the rest is steady.

    Example:
        >>> from mqsim import statistics
        >>> statistics.mser5([100.0] * 5 + [1.0, 2.0] * 50)
        5
    """
    return truncation(series).index
