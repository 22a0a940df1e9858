"""What should worry the reader of a result, as data: no steady state, a short run, a wide interval."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np

from mqsim.statistics.batches import means_of_batches
from mqsim.statistics.student import normal_quantile
from mqsim.statistics.warmup import truncation

if TYPE_CHECKING:
    from numpy.typing import ArrayLike

    from mqsim.statistics.intervals import Interval

_BATCHES = 20
_ALPHA = 0.001  # the chance of a false alarm that each test here accepts


@dataclass(frozen=True, slots=True)
class Caution:
    """One reason to doubt a number.

    Args:
        kind: which.
        value: what was found, in the unit that `message` names.
        limit: what it should not exceed.
        message: one sentence that says what to do.
    """

    kind: Literal["too wide", "too short", "unstable"]
    value: float
    limit: float
    message: str

    def __str__(self) -> str:
        return self.message


def too_wide(interval: Interval, relative: float = 0.02) -> Caution | None:
    """A caution when the half-width exceeds this share of the mean.

    Args:
        interval: of the mean or percentile in question.
        relative: the largest share that will do; 0.02 is 2 %.
    """
    if interval.relative <= relative:
        return None
    found = f"{100 * interval.relative:.3g} %" if math.isfinite(interval.relative) else "more than all"
    says = (
        f"The interval {interval} is wide: its half-width is {found} of the mean, over {100 * relative:g} %."
    )
    more = _more(interval, relative)
    return Caution("too wide", interval.relative, relative, f"{says} {more}")


def too_short(series: ArrayLike) -> Caution | None:
    """A caution when a run hasn't settled, or is short beside the time its queue takes to forget.

    Two tests. MSER-5 finds no cut in the first half after which the series is steady; or else, after that
    cut, the means of 20 batches still follow each other: their correlation with the next exceeds what
    independent ones reach once in a thousand (von Neumann's test by its normal limit), so that intervals from
    this run would be too narrow.

    Args:
        series: the run's numbers in order, such as waiting times, or a depth at equal steps.
    """
    x = np.asarray(series, dtype=np.float64).ravel()
    cut = truncation(x)
    if not cut.settled:
        says = "The run is too short: it hasn't left its warm-up behind after half its length. Run it longer."
        return Caution("too short", float(cut.index), x.size / 2, says)
    limit = normal_quantile(1.0 - _ALPHA) / math.sqrt(_BATCHES)
    found = _follows(means_of_batches(x[cut.index :], _BATCHES))
    if found <= limit:
        return None
    says = (
        f"The run is too short: twentieths of it still depend on each other (correlation {found:.2f}, over"
        f" {limit:.2f}), so an interval from this one run is too narrow. Run it longer, or replicate it."
    )
    return Caution("too short", found, limit, says)


def unstable(depth: ArrayLike, least: float = 1.0) -> Caution | None:
    """A caution when a queue's depth goes on rising: too much comes in, or the run is short.

    The depth is averaged in 20 batches, and Mann's test looks for a rising trend in them: it counts the pairs
    of batches of which the later is deeper, less those of which it is shallower. Without a trend that count
    is nearly normal, with a known variance; alarm is given beyond what it reaches once in a thousand, if the
    last quarter also lies at least `least` messages over the first one. Batches that depend on each other
    raise the alarm more often: then the run is too short, which is said too.

    Args:
        depth: ready messages at equal steps of time (see `step_means`), warm-up removed; under 20 nothing is
            said.
        least: the rise, in messages, that is worth a word.

    Source: Mann, "Nonparametric tests against trend", Econometrica 13 (1945); with Kendall's correction for
        ties.
    """
    x = np.asarray(depth, dtype=np.float64).ravel()
    if x.size < _BATCHES:
        return None
    means = means_of_batches(x, _BATCHES)
    rise = float(means[-_BATCHES // 4 :].mean() - means[: _BATCHES // 4].mean())
    found, limit = trend(means), normal_quantile(1.0 - _ALPHA)
    if found <= limit or rise < least:
        return None
    says = (
        f"The queue goes on growing: its last quarter is {rise:.3g} messages deeper than its first. Either"
        " more arrives than can be worked off, and there is no mean, or the run is too short."
    )
    return Caution("unstable", found, limit, says)


def trend(series: ArrayLike) -> float:
    """Mann's trend statistic: large for rising numbers, standard normal without trend, 0 if all are equal."""
    x = np.asarray(series, dtype=np.float64).ravel()
    n = x.size
    signs = np.sign(x[None, :] - x[:, None])
    score = float(np.triu(signs).sum())
    ties = np.unique(x, return_counts=True)[1]
    variance = (n * (n - 1) * (2 * n + 5) - float(np.sum(ties * (ties - 1) * (2 * ties + 5)))) / 18.0
    return score / math.sqrt(variance) if variance > 0.0 else 0.0


def _follows(means: ArrayLike) -> float:
    """The correlation of each number with the next: one minus half of von Neumann's ratio."""
    y = np.asarray(means, dtype=np.float64)
    off = y - y.mean()
    total = float(np.sum(off * off))
    return 1.0 - 0.5 * float(np.sum(np.diff(y) ** 2)) / total if total > 0.0 else 0.0


def _more(interval: Interval, relative: float) -> str:
    if not math.isfinite(interval.relative):
        return "Run more replications."
    need = math.ceil(interval.n * (interval.relative / relative) ** 2)
    return f"About {need} replications would do, or longer runs."
