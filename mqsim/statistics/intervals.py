"""Confidence intervals for means and percentiles, over independent replications or batches of one run.

Every interval here rests on Student's t, so on numbers that are independent and nearly normal: the means of
replications are, and of long batches; single waiting times are neither.

Source: Law, Simulation Modeling and Analysis, 5th edition (2015).
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from mqsim.errors import UsageError
from mqsim.statistics.student import student_t_quantile, student_t_tail

if TYPE_CHECKING:
    from collections.abc import Iterable

    from numpy.typing import ArrayLike, NDArray


@dataclass(frozen=True, slots=True)
class Interval:
    """A mean and how far off it may be.

    Args:
        mean: the estimate.
        half_width: the interval is mean - half_width to mean + half_width; infinite when one number is all
            there is.
        confidence: the share of such intervals that hold the true value, 0 to 1.
        n: the replications or batches behind it.
    """

    mean: float
    half_width: float
    confidence: float
    n: int

    @property
    def low(self) -> float:
        """The lower end."""
        return self.mean - self.half_width

    @property
    def high(self) -> float:
        """The upper end."""
        return self.mean + self.half_width

    @property
    def relative(self) -> float:
        """The half-width over the mean's size (0.02 is 2 %): 0 without any width, else infinite around 0."""
        if self.half_width == 0.0:
            return 0.0
        return self.half_width / abs(self.mean) if self.mean else math.inf

    def __contains__(self, value: float) -> bool:
        return self.low <= value <= self.high

    def __str__(self) -> str:
        return f"{self.mean:.5g} ± {self.half_width:.2g} ({100 * self.confidence:g} %, n = {self.n})"


def mean_interval(samples: ArrayLike, confidence: float = 0.95) -> Interval:
    """The interval of a mean over independent samples, one a replication.

    Args:
        samples: at least one finite number; from one the half-width is infinite.
        confidence: between 0 and 1.

    Raises:
        UsageError: no samples, one that isn't finite, or an impossible confidence.

    Example:
        >>> from mqsim import statistics
        >>> interval = statistics.mean_interval([9.0, 10.0, 11.0])
        >>> interval.mean, interval.half_width
        (10.0, 2.48)
    """
    x = _finite(samples)
    if not 0.0 < confidence < 1.0:
        raise UsageError(f"A confidence lies between 0 and 1, so {confidence!r} is not allowed.")
    n = x.size
    if n == 1:
        return Interval(float(x[0]), math.inf, confidence, 1)
    half = student_t_quantile(0.5 + 0.5 * confidence, n - 1) * float(x.std(ddof=1)) / math.sqrt(n)
    return Interval(float(x.mean()), half, confidence, n)


def percentile_interval(
    replications: Iterable[ArrayLike], percentile: float, confidence: float = 0.95
) -> Interval:
    """The interval of a percentile: the mean of each replication's own percentile.

    Messages of one replication depend on each other, so they aren't pooled. A replication's percentile is
    biased by the order of one over its size: long replications are needed, some hundred messages beyond the
    percentile.

    Args:
        replications: for each the samples, such as all its waiting times.
        percentile: 0 to 100, taken by linear interpolation.
        confidence: between 0 and 1.

    Raises:
        UsageError: as `mean_interval` does, or for an impossible percentile.
    """
    if not 0.0 <= percentile <= 100.0:
        raise UsageError(f"A percentile lies between 0 and 100, so {percentile!r} is not allowed.")
    return mean_interval([float(np.percentile(_finite(x), percentile)) for x in replications], confidence)


def paired(a: ArrayLike, b: ArrayLike, confidence: float = 0.95) -> Interval:
    """The interval of the mean of a - b, pair by pair.

    Under common random numbers replication i of both scenarios shares its luck, which the difference cancels.
    The scenarios differ, at this confidence, when 0 lies outside.

    Args:
        a: one number a replication.
        b: as many, of the same replications.
        confidence: between 0 and 1.

    Raises:
        UsageError: as `mean_interval` does, or when a and b aren't equally long.

    Example:
        >>> from mqsim import statistics
        >>> statistics.paired([2.0, 3.0, 5.0], [1.0, 2.0, 3.0]).mean
        1.333
    """
    x, y = _finite(a), _finite(b)
    if x.size != y.size:
        raise UsageError(
            f"A paired comparison needs as many of one as of the other, not {x.size} and {y.size}."
        )
    return mean_interval(x - y, confidence)


def p_value(samples: ArrayLike, expected: float) -> float:
    """How likely a mean at least this far from the expected one is, if that is true: the two-sided t test.

    Args:
        samples: at least two independent finite numbers.
        expected: the mean that theory gives.

    Returns:
        0 to 1. Without any spread, 1 when the mean is the expected one and 0 when it isn't.

    Raises:
        UsageError: fewer than two samples, or one that isn't finite.
    """
    x = _finite(samples)
    if x.size < 2:
        raise UsageError("A test of a mean needs at least two samples.")
    off = float(x.mean()) - expected
    spread = float(x.std(ddof=1)) / math.sqrt(x.size)
    if spread == 0.0:
        return 1.0 if off == 0.0 else 0.0
    return student_t_tail(off / spread, x.size - 1)


def holm(p_values: ArrayLike) -> NDArray[np.float64]:
    """Holm's adjusted p values.

    Reject where they are at most alpha: then any false alarm at all has at most chance alpha.

    The smallest of m is multiplied by m, the next by m - 1, and so on; none may fall below one before it, and
    all stop at 1. Nothing is assumed about how the tests depend on each other.

    Args:
        p_values: numbers from 0 to 1; their order is kept.

    Raises:
        UsageError: one lies outside.

    Source: Holm, Scandinavian Journal of Statistics 6 (1979).

    Example:
        >>> from mqsim import statistics
        >>> statistics.holm([0.01, 0.04]).tolist()
        [0.02, 0.04]
    """
    p = np.asarray(p_values, dtype=np.float64).ravel()
    if not np.all((p >= 0.0) & (p <= 1.0)):
        raise UsageError("p values lie between 0 and 1.")
    order = np.argsort(p, kind="stable")
    steps = np.maximum.accumulate(p[order] * np.arange(p.size, 0, -1))
    adjusted = np.empty_like(p)
    adjusted[order] = np.minimum(steps, 1.0)
    return adjusted


def _finite(samples: ArrayLike) -> NDArray[np.float64]:
    x = np.asarray(samples, dtype=np.float64).ravel()
    if not x.size:
        raise UsageError("There is no mean of no samples.")
    if not np.all(np.isfinite(x)):
        raise UsageError(f"A sample must be a finite number, not {x[~np.isfinite(x)][0]}.")
    return x
