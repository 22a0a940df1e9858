"""Laws given by mean and variability, whose inverse needs a special function."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from functools import cached_property
from typing import ClassVar

import numpy as np

from mqsim.distributions.elementary import Floats, exp, expm1, log, log1p
from mqsim.distributions.law import Distribution, number, numbers, positive
from mqsim.distributions.special import (
    gamma_lower,
    inverse_gamma,
    inverse_mixture,
    inverse_normal,
    mixture_tail,
    normal_cdf,
)
from mqsim.errors import DistributionError


@dataclass(frozen=True)
class Erlang(Distribution):
    """The sum of k exponential phases.

    Args:
        k: phases, a whole number from 1 to 1 000 000.
        mean: seconds of the sum, above 0.
    """

    k: int
    mean: float
    name: ClassVar[str] = "erlang"

    def __post_init__(self) -> None:
        allowed = "a whole number from 1 to 1000000"
        if not isinstance(self.k, (int, np.integer)):
            raise DistributionError(self.name, "k", self.k, allowed)
        object.__setattr__(self, "k", int(number(self.name, "k", self.k, allowed, least=1.0, most=1e6)))
        object.__setattr__(self, "mean", positive(self.name, "mean", self.mean))

    @property
    def variance(self) -> float:
        """mean^2 / k."""
        return self.mean * self.mean / self.k

    def quantile(self, u: Floats) -> Floats:
        """By the inverse incomplete gamma function; in closed form for one phase."""
        if self.k == 1:
            return -self.mean * log1p(-u)
        return self.mean / self.k * inverse_gamma(float(self.k), u)

    def cdf(self, x: Floats) -> Floats:
        """P(k, k x / mean)."""
        return gamma_lower(float(self.k), np.asarray(x, dtype=np.float64) * (self.k / self.mean))


@dataclass(frozen=True)
class Gamma(Distribution):
    """The gamma law, by mean and coefficient of variation.

    Args:
        mean: seconds, above 0.
        cv: standard deviation over mean, 0.001 to 100; the shape is 1 / cv^2. (For less write the bare mean.)
    """

    mean: float
    cv: float = field()
    name: ClassVar[str] = "gamma"

    def __post_init__(self) -> None:
        object.__setattr__(self, "mean", positive(self.name, "mean", self.mean))
        allowed = "a number from 0.001 to 100 (for no variation write the bare mean)"
        object.__setattr__(self, "cv", number(self.name, "cv", self.cv, allowed, least=1e-3, most=100.0))

    @property
    def shape(self) -> float:
        """1 / cv^2."""
        return 1.0 / (self.cv * self.cv)

    @property
    def variance(self) -> float:
        """(cv mean)^2."""
        return (self.cv * self.mean) * (self.cv * self.mean)

    def quantile(self, u: Floats) -> Floats:
        """By the inverse incomplete gamma function; in closed form where cv is 1."""
        if self.shape == 1.0:
            return -self.mean * log1p(-u)
        return self.mean / self.shape * inverse_gamma(self.shape, u)

    def cdf(self, x: Floats) -> Floats:
        """P(shape, x shape / mean)."""
        return gamma_lower(self.shape, np.asarray(x, dtype=np.float64) * (self.shape / self.mean))


@dataclass(frozen=True)
class Lognormal(Distribution):
    """The law of exp(a normal number), by mean and coefficient of variation.

    Args:
        mean: seconds, above 0: the mean of the times, not of their logarithms.
        cv: standard deviation over mean, above 0 and at most 1 000 000.
    """

    mean: float
    cv: float = field()
    name: ClassVar[str] = "lognormal"

    def __post_init__(self) -> None:
        object.__setattr__(self, "mean", positive(self.name, "mean", self.mean))
        allowed = "a number above 0 and at most 1000000 (for no variation write the bare mean)"
        object.__setattr__(self, "cv", number(self.name, "cv", self.cv, allowed, most=1e6, open_=True))

    @cached_property
    def sigma(self) -> float:
        """The standard deviation of the logarithm."""
        return math.sqrt(float(log1p(self.cv * self.cv)))

    @cached_property
    def mu(self) -> float:
        """The mean of the logarithm."""
        return float(log(self.mean)) - 0.5 * float(log1p(self.cv * self.cv))

    @property
    def variance(self) -> float:
        """(cv mean)^2."""
        return (self.cv * self.mean) * (self.cv * self.mean)

    def quantile(self, u: Floats) -> Floats:
        """exp(mu + sigma z), z the normal quantile."""
        return exp(self.mu + self.sigma * inverse_normal(u))

    def cdf(self, x: Floats) -> Floats:
        """The normal distribution function of the logarithm."""
        with np.errstate(divide="ignore"):
            z = (log(np.maximum(x, 0.0)) - self.mu) / self.sigma
        return normal_cdf(z)


@dataclass(frozen=True)
class Hyperexponential(Distribution):
    """A mixture of exponentials: each time comes from one branch, chosen by its probability.

    One uniform number gives one sample, through the inverse of the mixture itself, not one for the branch and
    one for the time: otherwise a sample would not rise with u, and common random numbers would pair unlike
    with unlike.

    Args:
        probabilities: of the branches; each at least 0, of sum 1 within 1e-9.
        means: of the branches in seconds; each above 0, as many as probabilities.
    """

    probabilities: tuple[float, ...]
    means: tuple[float, ...]
    name: ClassVar[str] = "hyperexponential"

    def __post_init__(self) -> None:
        chances = numbers(self.name, "probabilities", self.probabilities, "a number from 0 to 1")
        means = numbers(self.name, "means", self.means, "a number above 0", open_=True)
        if len(chances) != len(means):
            raise DistributionError(
                self.name, "means", list(means), f"as many numbers as probabilities ({len(chances)})"
            )
        if abs(math.fsum(chances) - 1.0) > 1e-9:
            allowed = f"numbers that sum to 1; these sum to {math.fsum(chances):.10g}"
            raise DistributionError(self.name, "probabilities", list(chances), allowed)
        object.__setattr__(self, "probabilities", chances)
        object.__setattr__(self, "means", means)

    @cached_property
    def _chances(self) -> tuple[float, ...]:
        total = math.fsum(self.probabilities)
        return tuple(p / total for p in self.probabilities)

    @property
    def mean(self) -> float:
        """The mean of the branches' means."""
        return math.fsum(p * m for p, m in zip(self._chances, self.means, strict=True))

    @property
    def variance(self) -> float:
        """2 sum p m^2 - mean^2, added as squares so that nothing cancels."""
        mean = self.mean
        return math.fsum(
            p * (m * m + (m - mean) * (m - mean)) for p, m in zip(self._chances, self.means, strict=True)
        )

    def quantile(self, u: Floats) -> Floats:
        """By Newton's method on the logarithm of the tail."""
        return inverse_mixture(self._chances, self.means, u)

    def cdf(self, x: Floats) -> Floats:
        """1 - sum p exp(-x / m)."""
        x = np.maximum(np.asarray(x, dtype=np.float64), 0.0)
        below = np.zeros_like(x)
        for p, m in zip(self._chances, self.means, strict=True):
            below -= p * expm1(-x / m)
        return np.where(below < 0.5, below, 1.0 - mixture_tail(self._chances, self.means, x))
