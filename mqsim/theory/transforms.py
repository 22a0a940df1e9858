"""Laplace transforms of the common laws of work and of interarrival times, and their numerical inversion.

A transform is a function s -> E exp(-s T) that takes a complex number or an array of them (real part not
negative) and returns the same. Lognormal, Weibull and Pareto laws have none in closed form: use
`discrete_transform` on a fine grid of their quantiles.

Source of the inversion: J. Abate and W. Whitt, Numerical inversion of Laplace transforms of probability
distributions, ORSA Journal on Computing 7 (1995) 36-43 (the algorithm Euler).
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from functools import partial

import numpy as np
from numpy.typing import NDArray

from mqsim.errors import TheoryError
from mqsim.theory.ranges import not_negative, number, positive, positives, probability, whole

Complexes = NDArray[np.complex128]
Transform = Callable[[Complexes], Complexes]

ROUNDING = 25.0
"""Euler's A: the discretisation error is about exp(-A) = 1e-11, rounding grows like exp(A / 2)."""
PLAIN_TERMS = 60
AVERAGED_TERMS = 15


def exponential_transform(mean: float) -> Transform:
    """Of the exponential law; `mean` in seconds, above 0.

    Raises:
        TheoryError: outside this range.
    """
    return partial(_gamma, 1.0, positive("mean", mean))


def erlang_transform(k: int, mean: float) -> Transform:
    """Of the sum of k exponentials; `k` 1 or more, `mean` of the sum in seconds, above 0.

    Raises:
        TheoryError: outside these ranges.
    """
    return partial(_gamma, float(whole("k", k)), positive("mean", mean))


def gamma_transform(mean: float, cv: float) -> Transform:
    """Of the gamma law; `mean` in seconds and coefficient of variation `cv`, both above 0.

    Raises:
        TheoryError: outside these ranges.
    """
    return partial(_gamma, positive("cv", cv) ** -2, positive("mean", mean))


def constant_transform(value: float) -> Transform:
    """Of a time that is always `value` seconds, 0 or more.

    Raises:
        TheoryError: outside this range.
    """
    return partial(_discrete, np.array([not_negative("value", value)]), np.ones(1))


def uniform_transform(low: float, high: float) -> Transform:
    """Of the uniform law from `low` to `high` seconds, 0 <= low < high.

    Raises:
        TheoryError: outside these ranges.
    """
    least, most = not_negative("low", low), number("high", high)
    if most <= least:
        raise TheoryError(f"high: {high!r} is not allowed; it must be above low, {low!r}.")
    return partial(_uniform, least, most)


def hyperexponential_transform(probabilities: Sequence[float], means: Sequence[float]) -> Transform:
    """Of an exponential whose mean is drawn from `means` (seconds, above 0) with `probabilities`.

    Raises:
        TheoryError: outside these ranges.
    """
    scales = np.array(positives("means", means))
    return partial(_hyperexponential, _weights("probabilities", probabilities, len(scales)), scales)


def discrete_transform(values: Sequence[float], weights: Sequence[float]) -> Transform:
    """Of a law on finitely many `values` (seconds, 0 or more) with `weights` that sum to 1.

    Raises:
        TheoryError: outside these ranges.
    """
    points = np.array([not_negative(f"values[{i}]", value) for i, value in enumerate(values)])
    return partial(_discrete, points, _weights("weights", weights, len(points)))


def invert(transform: Transform, t: float) -> float:
    """The value at t of the function with this Laplace transform.

    Accurate to about 1e-9 absolutely where the function is smooth and at most 1 in size; to about 3e-4
    within a hundredth of `t` of a corner, and worse at a jump.

    Args:
        transform: F(s) = integral over t from 0 of exp(-s t) f(t).
        t: in seconds, above 0.

    Raises:
        TheoryError: when `t` is not above 0.
    """
    time = positive("t", t)
    terms = np.arange(PLAIN_TERMS + AVERAGED_TERMS + 1)
    points = np.asarray((ROUNDING + 2j * np.pi * terms) / (2.0 * time), dtype=np.complex128)
    values = transform(points).real
    signed = np.where(terms % 2 == 0, values, -values)
    signed[0] *= 0.5
    partial_sums = np.cumsum(signed)[PLAIN_TERMS:]
    binomial = (
        np.array([math.comb(AVERAGED_TERMS, k) for k in range(AVERAGED_TERMS + 1)]) / 2.0**AVERAGED_TERMS
    )
    return float(np.dot(binomial, partial_sums)) * math.exp(ROUNDING / 2.0) / time


def check_transform(name: str, transform: Transform, mean: float) -> None:
    """Refuse a transform that is not that of a law with this mean, to one part in a thousand.

    Raises:
        TheoryError: when transform(0) is not 1 or its slope there is not the mean.
    """
    step = 1e-6 / mean
    at_zero, near = (complex(transform(np.array([s], dtype=complex))[0]).real for s in (0.0, step))
    slope = (at_zero - near) / step
    if abs(at_zero - 1.0) > 1e-9 or abs(slope - mean) > 1e-3 * mean:
        raise TheoryError(
            f"{name}: it is 1 at 0 and falls there by the mean, {mean:.6g}; this one is {at_zero:.6g} and "
            f"falls by {slope:.6g}."
        )


def _weights(name: str, values: Sequence[float], length: int) -> NDArray[np.float64]:
    weights = np.array([probability(f"{name}[{i}]", value) for i, value in enumerate(values)])
    if len(weights) != length or length == 0:
        raise TheoryError(
            f"{name} has {len(weights)} numbers for {length} values; there must be one for each."
        )
    if abs(float(weights.sum()) - 1.0) > 1e-9:
        raise TheoryError(f"{name} sums to {float(weights.sum()):.9g}; it must sum to 1.")
    return weights


def _gamma(shape: float, mean: float, s: Complexes) -> Complexes:
    return np.asarray((1.0 + s * mean / shape) ** -shape)


def _uniform(low: float, high: float, s: Complexes) -> Complexes:
    x = s * (high - low)
    small = np.abs(x) < 1e-6
    safe = np.where(small, 1.0, x)
    return np.exp(-s * low) * np.where(small, 1.0 - x / 2.0 + x * x / 6.0, -np.expm1(-safe) / safe)


def _hyperexponential(weights: NDArray[np.float64], means: NDArray[np.float64], s: Complexes) -> Complexes:
    return np.asarray((weights / (1.0 + np.multiply.outer(s, means))).sum(axis=-1))


def _discrete(values: NDArray[np.float64], weights: NDArray[np.float64], s: Complexes) -> Complexes:
    return np.asarray((weights * np.exp(-np.multiply.outer(s, values))).sum(axis=-1))
