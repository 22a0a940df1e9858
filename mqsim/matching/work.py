"""How long consumers work on the messages of one queue: a mixture of laws, scaled by their speed."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

import numpy as np

from mqsim.distributions import (
    Constant,
    Discrete,
    Distribution,
    Erlang,
    Exponential,
    Gamma,
    Hyperexponential,
    Uniform,
    Weibull,
)
from mqsim.theory import (
    constant_transform,
    erlang_transform,
    exponential_transform,
    gamma_transform,
    hyperexponential_transform,
    uniform_transform,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

    from mqsim.theory.transforms import Complexes, Transform


@dataclass(frozen=True)
class Work:
    """Seconds of work in a message, for a consumer of a given speed.

    Attributes:
        parts: laws with their weights, which sum to 1.
        speed: work done per second.
        held: seconds that are added to each, such as a delivery's way over the network.
    """

    parts: tuple[tuple[float, Distribution], ...]
    speed: float = 1.0
    held: float = 0.0

    @property
    def mean(self) -> float:
        """In seconds."""
        return sum(weight * law.mean for weight, law in self.parts) / self.speed + self.held

    @property
    def second_moment(self) -> float:
        """Mean square, in seconds squared; infinite where the law has none."""
        square = sum(weight * (law.variance + law.mean**2) for weight, law in self.parts) / self.speed**2
        return square + 2.0 * self.held * (self.mean - self.held) + self.held**2

    @property
    def cv(self) -> float:
        """Standard deviation over mean."""
        return math.sqrt(max(0.0, self.second_moment - self.mean**2)) / self.mean

    @property
    def exponential(self) -> bool:
        """Whether it is exponential."""
        laws = [law for _, law in self.parts]
        alike = all(isinstance(law, Exponential) and law.mean == laws[0].mean for law in laws)
        return alike and self.held == 0.0

    @property
    def constant(self) -> bool:
        """Whether it is always the same."""
        return all(isinstance(law, Constant) and law.mean == self.parts[0][1].mean for _, law in self.parts)

    def transform(self) -> Transform | None:
        """Its Laplace transform; None where there is none in closed form, or the law has jumps."""
        terms = []
        for weight, law in self.parts:
            transform = transform_of(law)
            if transform is None or isinstance(law, Constant):
                return None
            terms.append((weight, transform))
        return partial(_mixed, tuple(terms), self.speed, self.held)

    def phases(self) -> tuple[list[float], list[list[float]], list[float]] | None:
        """Its exponential phases, where it is made of such: where it begins, rates between and to the end.

        Of a mixture each part has phases of its own.
        """
        parts = [(weight, _phases_of(law)) for weight, law in self.parts]
        if self.held or any(known is None for _, known in parts):
            return None
        lines = [(weight * chance, line) for weight, known in parts for chance, line in known or ()]
        size = sum(len(line) for _, line in lines)
        initial, between, leaving = [0.0] * size, [[0.0] * size for _ in range(size)], [0.0] * size
        first = 0
        for weight, line in lines:
            initial[first] = weight
            for k, mean in enumerate(line):
                ends = k == len(line) - 1
                rate = self.speed / mean
                if ends:
                    leaving[first + k] = rate
                else:
                    between[first + k][first + k + 1] = rate
            first += len(line)
        return initial, between, leaving

    def tail(self, t: float) -> float:
        """P(work > t), t in seconds."""
        at = np.array([(t - self.held) * self.speed])
        return 1.0 if at[0] < 0.0 else 1.0 - sum(weight * float(law.cdf(at)[0]) for weight, law in self.parts)

    def longer(self, seconds: float) -> Work:
        """The same with so many seconds more in each."""
        return Work(self.parts, self.speed, self.held + seconds)

    def words(self) -> str:
        """Its law in words."""
        if self.exponential:
            return "exponential work"
        if self.constant:
            return "constant work"
        if all(isinstance(law, Exponential) for _, law in self.parts) and self.held == 0.0:
            return "work from a mixture of exponential laws"
        return f"work with a coefficient of variation of {self.cv:.3g}"


def mixture(parts: Sequence[tuple[float, Distribution]], speed: float) -> Work:
    """The work of messages of several kinds, `parts` being their rates and laws; equal laws are joined."""
    total = sum(rate for rate, _ in parts)
    weights: dict[Distribution, float] = {}
    for rate, law in parts:
        known = plain(law)
        weights[known] = weights.get(known, 0.0) + rate / total
    return Work(tuple((weight, law) for law, weight in weights.items()), speed)


def plain(law: Distribution) -> Distribution:
    """The law under its simplest name: many a law is exponential, or constant, for some of its parameters."""
    match law:
        case Erlang(k=1) | Gamma(cv=1.0) | Weibull(shape=1.0):
            return Exponential(law.mean)
        case Hyperexponential() if len(set(law.means)) == 1:
            return Exponential(law.mean)
        case Uniform() | Discrete() if law.variance == 0.0:
            return Constant(law.mean)
        case _:
            return law


def transform_of(law: Distribution) -> Transform | None:
    """The Laplace transform of a law, where there is one in closed form."""
    match law:
        case Exponential():
            return exponential_transform(law.mean)
        case Erlang():
            return erlang_transform(law.k, law.mean)
        case Gamma() if law.cv > 0:
            return gamma_transform(law.mean, law.cv)
        case Constant():
            return constant_transform(law.mean)
        case Uniform() if law.high > law.low:
            return uniform_transform(law.low, law.high)
        case Hyperexponential():
            return hyperexponential_transform(law.probabilities, law.means)
        case _:
            return None


def _phases_of(law: Distribution) -> list[tuple[float, list[float]]] | None:
    """The lines of exponential phases that a law is: the chance of each, and the means of its phases."""
    match law:
        case Exponential():
            return [(1.0, [law.mean])]
        case Erlang():
            return [(1.0, [law.mean / law.k] * law.k)]
        case Hyperexponential():
            return [(p, [mean]) for p, mean in zip(law.probabilities, law.means, strict=True) if p > 0.0]
        case _:
            return None


def _mixed(terms: tuple[tuple[float, Transform], ...], speed: float, held: float, s: Complexes) -> Complexes:
    scaled = s / speed
    total = np.zeros_like(scaled)
    for weight, transform in terms:
        total = total + weight * transform(scaled)
    return np.asarray(total * np.exp(-s * held))
