"""Batches of one long run: their means are nearly independent where the single messages are not."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from mqsim.errors import UsageError
from mqsim.statistics.intervals import Interval, mean_interval

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray


def batch_means(series: ArrayLike, batches: int = 20, confidence: float = 0.95) -> Interval:
    """The interval of a mean from one run, cut into batches of equal length.

    The batches must be much longer than the time the queue takes to forget; `too_short` looks at that. Twenty
    are enough for a steady width, and more would only be shorter (Schmeiser, Operations Research 30, 1982).

    Args:
        series: the run's numbers in order, warm-up removed, at least one a batch; what doesn't fill the
            batches is left out at the front, nearest to the warm-up.
        batches: how many, at least 2.
        confidence: between 0 and 1.

    Raises:
        UsageError: fewer numbers than batches, fewer than two batches, or a number that isn't finite.

    Example:
        >>> from mqsim import statistics
        >>> statistics.batch_means([1.0, 3.0] * 50, batches=10).half_width
        0.0
    """
    return mean_interval(means_of_batches(series, batches), confidence)


def means_of_batches(series: ArrayLike, batches: int = 20) -> NDArray[np.float64]:
    """The mean of each batch, in order; arguments and errors as for `batch_means`."""
    x = np.asarray(series, dtype=np.float64).ravel()
    if batches < 2 or x.size < batches:
        raise UsageError(
            f"{x.size} numbers can't be cut into {batches} batches; use at least 2, and fewer than that."
        )
    size = x.size // batches
    means: NDArray[np.float64] = x[x.size - size * batches :].reshape(batches, size).mean(axis=1)
    return means


def step_means(
    times: ArrayLike, levels: ArrayLike, start: float, end: float, pieces: int = 200
) -> NDArray[np.float64]:
    """The time averages of a step function, such as a queue's depth, over equal pieces of a window.

    Args:
        times: when the level changes, in seconds, rising.
        levels: the level from each of these times on; before the first it is 0.
        start: where the window begins, in seconds.
        end: where it ends, after the start.
        pieces: into how many it is cut, at least 1.

    Returns:
        One mean a piece.

    Raises:
        UsageError: times and levels of different length, times that fall, or an empty window.
    """
    t = np.asarray(times, dtype=np.float64).ravel()
    level = np.asarray(levels, dtype=np.float64).ravel()
    if t.size != level.size or np.any(np.diff(t) < 0.0):
        raise UsageError("A step function needs one level for each of its times, and times that rise.")
    if not end > start or pieces < 1:
        raise UsageError(f"There is nothing to average from {start:g} s to {end:g} s in {pieces} pieces.")
    edges = np.linspace(start, end, pieces + 1)
    if not t.size:
        return np.zeros(pieces)
    area = np.concatenate(([0.0], np.cumsum(level[:-1] * np.diff(t))))  # under the steps, up to each time
    place = np.searchsorted(t, edges, side="right") - 1
    known = np.maximum(place, 0)
    under = np.where(place < 0, 0.0, area[known] + level[known] * (edges - t[known]))
    return np.diff(under) / np.diff(edges)
