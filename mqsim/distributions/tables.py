"""Laws that are a table: listed values with weights, the values of a measured column, or values in order."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, ClassVar

import numpy as np

from mqsim.distributions.columns import read_column
from mqsim.distributions.law import Distribution, Spec, numbers
from mqsim.errors import DistributionError

if TYPE_CHECKING:
    from pathlib import Path

    from mqsim.distributions.elementary import Floats


@dataclass(frozen=True)
class Discrete(Distribution):
    """One of a few times, each with its weight.

    Args:
        values: seconds, each at least 0, in any order.
        weights: as many, each at least 0 and one above it; they need not sum to 1.
    """

    values: tuple[float, ...]
    weights: tuple[float, ...]
    name: ClassVar[str] = "discrete"

    def __post_init__(self) -> None:
        values = numbers(self.name, "values", self.values, "a number of at least 0")
        weights = numbers(self.name, "weights", self.weights, "a number of at least 0")
        if len(values) != len(weights):
            raise DistributionError(
                self.name, "weights", list(weights), f"as many numbers as values ({len(values)})"
            )
        if not 0.0 < sum(weights) < math.inf:
            raise DistributionError(self.name, "weights", list(weights), "numbers of a finite sum above 0")
        object.__setattr__(self, "values", values)
        object.__setattr__(self, "weights", weights)

    @cached_property
    def _table(self) -> tuple[Floats, Floats]:
        """Values in rising order and their cumulated probabilities, the last exactly 1."""
        order = sorted(range(len(self.values)), key=lambda i: (self.values[i], i))
        cumulated = np.cumsum(np.array([self.weights[i] for i in order]))
        return np.array([self.values[i] for i in order]), cumulated / cumulated[-1]

    @property
    def mean(self) -> float:
        """The weighted mean of the values."""
        return math.fsum(w * v for w, v in zip(self.weights, self.values, strict=True)) / math.fsum(
            self.weights
        )

    @property
    def variance(self) -> float:
        """The weighted mean of the squared distances from the mean."""
        mean = self.mean
        squares = (w * (v - mean) * (v - mean) for w, v in zip(self.weights, self.values, strict=True))
        return math.fsum(squares) / math.fsum(self.weights)

    def quantile(self, u: Floats) -> Floats:
        """The value whose share of [0, 1) holds u."""
        values, cumulated = self._table
        return values[np.searchsorted(cumulated, u, side="right")]

    def cdf(self, x: Floats) -> Floats:
        """The share of the weights at values up to x."""
        values, cumulated = self._table
        return np.concatenate(([0.0], cumulated))[np.searchsorted(values, x, side="right")]


@dataclass(frozen=True)
class Empirical(Distribution):
    """The values of a measured column, each equally likely; drawn at random, not replayed in order.

    Args:
        values: seconds, each at least 0; at least one.
        file: the file they were read from, as the scenario wrote it; empty when they were given directly.
        column: its column.
    """

    values: tuple[float, ...]
    file: str = ""
    column: str = ""
    name: ClassVar[str] = "empirical"

    def __post_init__(self) -> None:
        values = numbers(self.name, "values", self.values, "a number of at least 0")
        object.__setattr__(self, "values", values)

    @classmethod
    def from_file(cls, file: str, column: str, base: Path | None = None) -> Empirical:
        """Read the values from a column of a CSV (or Parquet) file.

        Args:
            file: its path, relative to `base`.
            column: the header of the column.
            base: the folder of the scenario; the current one if None.

        Raises:
            DistributionError: no such file or column, or a cell that is no number of at least 0.
        """
        return cls(read_column(cls.name, file, column, base), file, column)

    @cached_property
    def _sorted(self) -> Floats:
        return np.sort(np.array(self.values))

    @property
    def mean(self) -> float:
        """The mean of the values."""
        return math.fsum(self.values) / len(self.values)

    @property
    def variance(self) -> float:
        """The mean squared distance from the mean (over n, not n - 1: the values are the whole law)."""
        mean = self.mean
        return math.fsum((v - mean) * (v - mean) for v in self.values) / len(self.values)

    def quantile(self, u: Floats) -> Floats:
        """The value of rank floor(u n), counted from 0."""
        return self._sorted[(np.asarray(u) * len(self.values)).astype(np.int64)]

    def cdf(self, x: Floats) -> Floats:
        """The share of the values up to x."""
        return np.searchsorted(self._sorted, x, side="right") / len(self.values)

    def spec(self) -> Spec:
        """File and column when the values came from one, else the values."""
        if self.file:
            return {self.name: {"file": self.file, "column": self.column}}
        return {self.name: {"values": list(self.values)}}


@dataclass(frozen=True)
class Listed(Empirical):
    """Values one after the other: sample i is value i, and after the last one the list starts again.

    Its mean, variance and inverse are those of its values, as if drawn at random; only its samples keep their
    order (`mqsim.distributions.streams`).

    Args:
        values: seconds, each at least 0; at least one.
        file: the file they were read from, as the scenario wrote it; empty when they were given directly.
        column: its column.
    """

    name: ClassVar[str] = "list"

    def spec(self) -> Spec:
        """File and column when the values came from one, else the values."""
        if self.file:
            return super().spec()
        return {self.name: list(self.values)}
