"""The part of a run that statistics cover, and how a sample is put into a few numbers."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from mqsim.errors import UsageError

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from mqsim.trace.tables import Trace

PERCENTILES = (50, 95, 99)


class Window(NamedTuple):
    """From the end of the warm-up to the end of the run, in seconds.

    A message belongs to it when it was created in it. With `duration` nothing runs at `end` itself; a run
    that ends when it is drained may create its last message there, and that one belongs to it too.
    """

    start: float
    end: float

    @property
    def length(self) -> float:
        """Seconds; 0 when the run ended within the warm-up."""
        return max(0.0, self.end - self.start)

    def holds(self, times: NDArray[np.float64]) -> NDArray[np.bool_]:
        """Which of the times lie in the window; NaN does not."""
        return (times >= self.start) & (times <= self.end)

    def overlap(self, start: NDArray[np.float64], end: NDArray[np.float64]) -> NDArray[np.float64]:
        """How many seconds of each stretch lie in the window."""
        stretch: NDArray[np.float64] = np.minimum(end, self.end) - np.maximum(start, self.start)
        return np.maximum(stretch, 0.0)


def window(trace: Trace, warmup: float) -> Window:
    """The window that remains after `warmup` seconds.

    Raises:
        UsageError: `warmup` is not a number of seconds from 0 upwards.
    """
    if isinstance(warmup, (bool, str)) or not (math.isfinite(warmup) and warmup >= 0):
        raise UsageError(f"warmup: {warmup!r} is not allowed; it must be a number of seconds, 0 or more.")
    return Window(trace.start + warmup, trace.end)


def distribution(sample: NDArray[np.float64]) -> dict[str, Any]:
    """Count, mean, linear percentiles and maximum of a sample; of an empty one only the count."""
    if len(sample) == 0:
        return {"count": 0, "mean": None} | {f"p{p}": None for p in PERCENTILES} | {"max": None}
    in_order = np.sort(sample)
    return (
        {"count": len(sample), "mean": float(sample.mean())}
        | {f"p{p}": percentile(in_order, p) for p in PERCENTILES}
        | {"max": float(in_order[-1])}
    )


def percentile(in_order: NDArray[np.float64], p: float) -> float:
    """The linear percentile of a sorted sample, with the bits of `numpy.percentile`, which takes longer.

    Args:
        in_order: at least one number, ascending.
        p: from 0 to 100.
    """
    place = p / 100 * (len(in_order) - 1)
    below = int(place)
    share = place - below
    low = float(in_order[below])
    high = float(in_order[min(below + 1, len(in_order) - 1)])
    # From the nearer end, as numpy does it.
    return high - (high - low) * (1 - share) if share >= 0.5 else low + (high - low) * share


def ratio(part: float, whole: float) -> float | None:
    """`part / whole`, or None where there is no whole."""
    return float(part / whole) if whole > 0 else None
