"""Laws whose inverse distribution function is one line."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from mqsim.distributions.elementary import Floats, exp, expm1, log, log1p
from mqsim.distributions.law import Distribution, Spec, number, positive
from mqsim.distributions.special import log_gamma


@dataclass(frozen=True)
class Constant(Distribution):
    """Always the same time; it draws no random numbers.

    Args:
        value: seconds, at least 0.
    """

    value: float
    name: ClassVar[str] = "constant"

    def __post_init__(self) -> None:
        object.__setattr__(self, "value", number(self.name, "value", self.value, "a number of at least 0"))

    @property
    def mean(self) -> float:
        """The value itself."""
        return self.value

    @property
    def variance(self) -> float:
        """0."""
        return 0.0

    def quantile(self, u: Floats) -> Floats:
        """The value, for every u."""
        return np.full(np.shape(u), self.value)

    def cdf(self, x: Floats) -> Floats:
        """0 below the value, 1 from it on."""
        return np.where(np.asarray(x) >= self.value, 1.0, 0.0)

    def spec(self) -> Spec:
        """The bare number."""
        return self.value


@dataclass(frozen=True)
class Exponential(Distribution):
    """The memoryless law.

    Args:
        mean: seconds, above 0; one over the rate.
    """

    mean: float
    name: ClassVar[str] = "exponential"

    def __post_init__(self) -> None:
        object.__setattr__(self, "mean", positive(self.name, "mean", self.mean))

    @property
    def variance(self) -> float:
        """The mean squared."""
        return self.mean * self.mean

    def quantile(self, u: Floats) -> Floats:
        """-mean log(1 - u)."""
        return -self.mean * log1p(-u)

    def cdf(self, x: Floats) -> Floats:
        """1 - exp(-x / mean)."""
        return -expm1(-np.maximum(x, 0.0) / self.mean)


@dataclass(frozen=True)
class Uniform(Distribution):
    """Every time from low to high alike.

    Args:
        low: seconds, at least 0.
        high: seconds, at least `low`.
    """

    low: float
    high: float
    name: ClassVar[str] = "uniform"

    def __post_init__(self) -> None:
        low = number(self.name, "low", self.low, "a number of at least 0")
        object.__setattr__(self, "low", low)
        high = number(self.name, "high", self.high, f"a number of at least low, which is {low:g}", least=low)
        object.__setattr__(self, "high", high)

    @property
    def mean(self) -> float:
        """The middle."""
        return self.low + 0.5 * (self.high - self.low)

    @property
    def variance(self) -> float:
        """The width squared, over 12."""
        width = self.high - self.low
        return width * width / 12.0

    def quantile(self, u: Floats) -> Floats:
        """The point that lies u of the way from low to high."""
        return self.low + (self.high - self.low) * u

    def cdf(self, x: Floats) -> Floats:
        """A straight line from low to high."""
        x = np.asarray(x, dtype=np.float64)
        if self.high == self.low:
            return np.where(x >= self.low, 1.0, 0.0)
        return np.clip((x - self.low) / (self.high - self.low), 0.0, 1.0)


@dataclass(frozen=True)
class Weibull(Distribution):
    """Weibull's law: wear-out for shapes over 1, long tails under 1, exponential at 1.

    Args:
        mean: seconds, above 0.
        shape: 0.01 to 10 000; the scale is mean / Gamma(1 + 1/shape).
    """

    mean: float
    shape: float
    name: ClassVar[str] = "weibull"

    def __post_init__(self) -> None:
        object.__setattr__(self, "mean", positive(self.name, "mean", self.mean))
        shape = number(self.name, "shape", self.shape, "a number from 0.01 to 10000", least=0.01, most=1e4)
        object.__setattr__(self, "shape", shape)

    @property
    def scale(self) -> float:
        """The time that 1 - 1/e of all samples stay below."""
        return self.mean * float(exp(-log_gamma(1.0 + 1.0 / self.shape)))

    @property
    def variance(self) -> float:
        """mean^2 (Gamma(1 + 2/shape) / Gamma(1 + 1/shape)^2 - 1)."""
        ratio = log_gamma(1.0 + 2.0 / self.shape) - 2.0 * log_gamma(1.0 + 1.0 / self.shape)
        return self.mean * self.mean * float(expm1(ratio))

    def quantile(self, u: Floats) -> Floats:
        """Scale times (-log(1 - u))^(1/shape)."""
        return self.scale * exp(log(-log1p(-u)) / self.shape)

    def cdf(self, x: Floats) -> Floats:
        """1 - exp(-(x / scale)^shape)."""
        return -expm1(-exp(self.shape * log(np.maximum(x, 0.0) / self.scale)))


@dataclass(frozen=True)
class Pareto(Distribution):
    """Pareto's classical law (type I, not Lomax): no time is shorter than the scale, few are very long.

    Args:
        mean: seconds, above 0.
        shape: above 1 (else there is no mean), at most 10 000; the scale is mean (shape - 1) / shape. Up to 2
            the variance is infinite.
    """

    mean: float
    shape: float
    name: ClassVar[str] = "pareto"

    def __post_init__(self) -> None:
        object.__setattr__(self, "mean", positive(self.name, "mean", self.mean))
        allowed = "a number above 1 (a smaller one has no mean) and at most 10000"
        shape = number(self.name, "shape", self.shape, allowed, least=1.0, most=1e4, open_=True)
        object.__setattr__(self, "shape", shape)

    @property
    def scale(self) -> float:
        """The shortest time there is."""
        return self.mean * ((self.shape - 1.0) / self.shape)

    @property
    def variance(self) -> float:
        """mean^2 / (shape (shape - 2)); infinite up to shape 2."""
        if self.shape <= 2.0:
            return math.inf
        return self.mean * self.mean / (self.shape * (self.shape - 2.0))

    def quantile(self, u: Floats) -> Floats:
        """Scale times (1 - u)^(-1/shape)."""
        return self.scale * exp(-log1p(-u) / self.shape)

    def cdf(self, x: Floats) -> Floats:
        """1 - (scale / x)^shape."""
        ratio = np.maximum(np.asarray(x, dtype=np.float64), self.scale) / self.scale
        return -expm1(-self.shape * log(ratio))
