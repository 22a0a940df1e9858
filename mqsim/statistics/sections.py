"""Estimates of a steady state whose intervals hold also for percentiles of a busy queue.

A run is cut into sections that are long beside the time its queue takes to forget, so sections are nearly
independent where single messages are not. The estimate is that of *all* messages together, since a section's
own percentile is biased; the sections only say how sure it is.

The mean of a busy queue is skewed too: a study without one of its rare bad sections has a mean and a spread
that are both too low. So the end of its interval on the side of the rare sections is moved out by what
Johnson's modified t has there.

For a percentile the question is turned round: which share of each section lies beyond it? Those shares are
averages, so Student's t applies to them, and the bounds of the share are read back as times. In a busy queue
that share is skewed: most sections have nothing beyond a p99 and a few have a lot. So each end is the
wider one of two intervals, that of the share (for the upper end of the time) and that of its logarithm
(for the lower).

Sources: N. Johnson, Modified t tests and confidence intervals for asymmetrical populations, JASA 73 (1978)
536-544; R. Woodruff, Confidence intervals for medians and other position measures, JASA 47 (1952) 635-646;
S. Asmussen and P. Glynn, Stochastic Simulation (2007), III.5 (sectioning).
"""

from __future__ import annotations

import itertools
import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import ArrayLike, NDArray

from mqsim.errors import UsageError
from mqsim.statistics.student import student_t_quantile

if TYPE_CHECKING:
    from collections.abc import Sequence

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Estimate:
    """A number and how far off it may be; the two sides may differ.

    Attributes:
        value: the estimate; infinite where a percentile falls on messages that never came to their end.
        low: the lower end of the interval.
        high: the upper end; infinite where the data can't bound it.
        confidence: the share of such intervals that hold the true value, 0 to 1.
        sections: how many sections, or replications, are behind it.
    """

    value: float
    low: float
    high: float
    confidence: float
    sections: int

    @property
    def relative(self) -> float:
        """Half the interval's width over the value's size; infinite where one end is."""
        if self.low == self.high:
            return 0.0
        width = self.high - self.low
        return 0.5 * width / abs(self.value) if self.value and math.isfinite(width) else math.inf

    def __contains__(self, value: float) -> bool:
        return self.low <= value <= self.high


def sections_of(series: ArrayLike, count: int) -> list[Floats]:
    """A run's numbers in order, cut into sections of equal length; what is left over is left out at the
    front.

    Args:
        series: the numbers, warm-up removed.
        count: how many sections, at least 1.

    Raises:
        UsageError: there are fewer numbers than sections.
    """
    x = np.asarray(series, dtype=np.float64).ravel()
    if count < 1 or x.size < count:
        raise UsageError(f"{x.size} numbers can't be cut into {count} sections; run it longer.")
    size = x.size // count
    return list(x[x.size - size * count :].reshape(count, size))


def mean_of_sections(sections: Sequence[ArrayLike], confidence: float = 0.95) -> Estimate:
    """The mean of all numbers, with the interval that the sections give it.

    Args:
        sections: the numbers of each section, or of each replication; at least two sections for an interval.
        confidence: between 0 and 1.

    Raises:
        UsageError: no numbers, or an impossible confidence.
    """
    parts = _checked(sections, confidence)
    totals = np.array([part.sum() for part in parts])
    return ratio_of_sections(totals, [part.size for part in parts], confidence)


def ratio_of_sections(totals: ArrayLike, sizes: ArrayLike, confidence: float = 0.95) -> Estimate:
    """The sum of `totals` over the sum of `sizes`, such as misses over messages, section by section.

    Args:
        totals: one number a section.
        sizes: what it is divided by, above 0 in all.
        confidence: between 0 and 1.

    Source: the ratio estimator; W. Cochran, Sampling Techniques, 3rd edition (1977), chapter 6.

    Raises:
        UsageError: nothing to divide by, or an impossible confidence.
    """
    top, bottom = np.asarray(totals, dtype=np.float64), np.asarray(sizes, dtype=np.float64)
    if not bottom.sum() > 0.0:
        raise UsageError("There is no mean of no samples.")
    _check_confidence(confidence)
    value, m = float(top.sum() / bottom.sum()), top.size
    if not math.isfinite(value):
        return Estimate(math.inf, math.inf, math.inf, confidence, m)
    residuals = (top - value * bottom) / float(bottom.mean())
    half, shift = _half(residuals, confidence), _shift(residuals, confidence)
    low, high = value - half + min(shift, 0.0), value + half + max(shift, 0.0)
    return Estimate(value, low, high, confidence, m)


def percentile_of_sections(
    sections: Sequence[ArrayLike], percentile: float, confidence: float = 0.95
) -> Estimate:
    """A percentile of all numbers, with the interval that the sections give it.

    Args:
        sections: the numbers of each section, or of each replication; infinity stands for what never ended.
        percentile: above 0 and below 100.
        confidence: between 0 and 1.

    Raises:
        UsageError: no numbers, an impossible percentile or confidence.
    """
    parts = _checked(sections, confidence)
    if not 0.0 < percentile < 100.0:
        raise UsageError(f"A percentile lies between 0 and 100, so {percentile!r} is not allowed.")
    p = percentile / 100.0
    every = np.sort(np.concatenate(parts))
    value = _quantile(every, p)
    sizes = np.array([part.size for part in parts], dtype=np.float64)
    beyond = np.array([(part > value).sum() for part in parts], dtype=np.float64)
    if not beyond.sum():  # the percentile is the largest number there is
        beyond = np.array([(part >= value).sum() for part in parts], dtype=np.float64)
    share = float(beyond.sum() / sizes.sum())
    residuals = beyond - share * sizes
    half = _half(residuals, confidence) / float(sizes.mean())
    spread = half / share * (1.0 + max(_skewness(residuals), 0.0) / (4.0 * math.sqrt(len(parts))))
    return Estimate(
        value,
        min(value, _order(every, 1.0 - (1.0 - p) * math.exp(min(spread, 50.0)))),
        max(value, _order(every, 1.0 - (1.0 - p) * (1.0 - spread))),
        confidence,
        len(parts),
    )


def follow(sections_of_runs: Sequence[Sequence[ArrayLike]]) -> float:
    """How much the mean of a section says of the next one of its run: their correlation, about 0 if nothing.

    Args:
        sections_of_runs: for each run its sections, in order.
    """
    means = [
        [float(np.asarray(section, dtype=np.float64).mean()) for section in run]
        for run in sections_of_runs
        if len(run) > 1
    ]
    if not means:
        return 0.0
    centre = float(np.mean([mean for run in means for mean in run]))
    pairs = [(a - centre) * (b - centre) for run in means for a, b in itertools.pairwise(run)]
    spread = float(np.mean([(mean - centre) ** 2 for run in means for mean in run]))
    return float(np.mean(pairs)) / spread if spread > 0.0 and math.isfinite(spread) else 0.0


def _half(residuals: Floats, confidence: float) -> float:
    """The half-width of the interval of a mean of residuals, one a section; infinite from a single one."""
    m = residuals.size
    if m < 2:
        return math.inf
    spread = math.sqrt(float(residuals @ residuals) / (m - 1) / m)
    return student_t_quantile(0.5 + 0.5 * confidence, m - 1) * spread


def _shift(residuals: Floats, confidence: float) -> float:
    """By how much the end of an interval of a mean moves out on the side of the rare, large residuals."""
    m = residuals.size
    if m < 3:
        return 0.0
    t = student_t_quantile(0.5 + 0.5 * confidence, m - 1)
    spread = math.sqrt(float(residuals @ residuals) / (m - 1))
    return _skewness(residuals) * spread * (1.0 + 2.0 * t * t) / (6.0 * m)


def _skewness(residuals: Floats) -> float:
    """How skewed residuals are: above 0 where the large ones are the rare ones."""
    square = float(np.mean(residuals**2))
    return float(np.mean(residuals**3)) / square**1.5 if square > 0.0 else 0.0


def _quantile(ordered: Floats, p: float) -> float:
    """By linear interpolation; where that meets infinity, infinity."""
    at = p * (ordered.size - 1)
    below, above = ordered[math.floor(at)], ordered[math.ceil(at)]
    return float(above if not math.isfinite(above) else below + (at - math.floor(at)) * (above - below))


def _order(ordered: Floats, p: float) -> float:
    """The number that a share p does not exceed: 0 below the first, infinity beyond the last."""
    if p >= 1.0:
        return math.inf
    return float(ordered[min(math.floor(p * ordered.size), ordered.size - 1)]) if p > 0.0 else 0.0


def _checked(sections: Sequence[ArrayLike], confidence: float) -> list[Floats]:
    _check_confidence(confidence)
    parts = [np.asarray(section, dtype=np.float64).ravel() for section in sections]
    parts = [part for part in parts if part.size]
    if not parts:
        raise UsageError("There is no mean of no samples.")
    return parts


def _check_confidence(confidence: float) -> None:
    if not 0.0 < confidence < 1.0:
        raise UsageError(f"A confidence lies between 0 and 1, so {confidence!r} is not allowed.")
