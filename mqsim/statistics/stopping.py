"""Replicate until the interval is narrow enough.

The rule: after at least `least` replications stop as soon as the half-width is at most `relative` of the
mean, or at `most`. Looking again and again lets a lucky narrow interval end it early, so coverage falls a
little short of the confidence while `least` is small (A. Law, Simulation Modeling and Analysis, 5th
edition).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from mqsim.errors import UsageError
from mqsim.statistics.cautions import Caution, too_wide
from mqsim.statistics.intervals import Interval, mean_interval

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping


class Until:
    """Counts replications and says when there are enough.

    Iterate over it for the numbers of the replications to run, and add the result of each:

    >>> until = Until(relative=0.1)
    >>> for replication in until:
    ...     until.add({"wait": 2.0 + 0.1 * (replication % 2)})
    >>> print(until.interval("wait"))
    2.04 ± 0.068 (95 %, n = 5)

    Args:
        relative: the half-width wanted, as a share of the mean; above 0.
        least: replications to run in any case, at least 2.
        most: where to stop though it is still too wide, at least `least`.
        confidence: of the intervals, between 0 and 1.

    Raises:
        UsageError: an argument lies outside its range.
    """

    def __init__(
        self, relative: float = 0.02, least: int = 5, most: int = 200, confidence: float = 0.95
    ) -> None:
        if not relative > 0.0:
            raise UsageError(f"The relative half-width must be above 0, not {relative!r}.")
        if not 2 <= least <= most:
            raise UsageError(f"It takes 2 <= least <= most replications, not {least} and {most}.")
        if not 0.0 < confidence < 1.0:
            raise UsageError(f"A confidence lies between 0 and 1, so {confidence!r} is not allowed.")
        self.relative = relative
        self.least = least
        self.most = most
        self.confidence = confidence
        self._samples: dict[str, list[float]] = {}
        self._n = 0

    @property
    def n(self) -> int:
        """The replications added so far."""
        return self._n

    @property
    def done(self) -> bool:
        """Enough: every measure is narrow enough, or `most` is reached."""
        if self._n < self.least:
            return False
        return self._n >= self.most or all(
            self.interval(name).relative <= self.relative for name in self._samples
        )

    def add(self, measures: Mapping[str, float]) -> None:
        """Take one replication's measures.

        Args:
            measures: finite numbers by name; each replication brings the same names.

        Raises:
            UsageError: other names than the first replication's, or none.
        """
        if not measures or (self._n and measures.keys() != self._samples.keys()):
            names = ", ".join(self._samples) or "at least one measure"
            raise UsageError(
                f"Each replication must bring {names}; this one brings {', '.join(measures) or 'none'}."
            )
        for name, value in measures.items():
            self._samples.setdefault(name, []).append(float(value))
        self._n += 1

    def interval(self, name: str) -> Interval:
        """The interval of one measure over the replications so far.

        Raises:
            UsageError: no such measure was added.
        """
        if name not in self._samples:
            raise UsageError(
                f"No replication brought {name!r}; there are {', '.join(self._samples) or 'none'}."
            )
        return mean_interval(self._samples[name], self.confidence)

    def cautions(self) -> dict[str, Caution]:
        """The measures that are still too wide, each with its caution."""
        found = {name: too_wide(self.interval(name), self.relative) for name in self._samples}
        return {name: caution for name, caution in found.items() if caution is not None}

    def __iter__(self) -> Iterator[int]:
        while not self.done:
            before = self._n
            yield before
            if self._n == before:
                raise UsageError(f"Replication {before} was asked for, but its result was never added.")
