"""The special functions against scipy and the standard library, and their independence of neighbours."""

from __future__ import annotations

from decimal import Decimal, getcontext
from statistics import NormalDist

import numpy as np
import pytest
from scipy import special

from mqsim.distributions.special import (
    gamma_lower,
    gamma_upper,
    inverse_gamma,
    inverse_mixture,
    inverse_normal,
    mixture_tail,
    normal_cdf,
)

TAILS = np.logspace(-12, -0.31, 200)
U = np.unique(np.concatenate([TAILS, 1.0 - TAILS, np.linspace(0.01, 0.99, 99)]))
SHAPES = [
    0.01,
    0.03,
    0.1,
    0.25,
    0.5,
    0.9,
    0.999,
    1.001,
    1.5,
    2.0,
    3.0,
    9.0,
    15.99,
    16.0,
    100.0,
    1e3,
    1e4,
    1e5,
]


def test_inverse_normal_agrees_with_scipy_and_the_standard_library() -> None:
    z = inverse_normal(U)
    np.testing.assert_allclose(z, special.ndtri(U), rtol=2e-15, atol=1e-18)
    np.testing.assert_allclose(z, [NormalDist().inv_cdf(u) for u in U], rtol=2e-15, atol=1e-18)


def test_inverse_normal_at_the_ends() -> None:
    z = inverse_normal(np.array([0.0, 0.5, 1.0, 2.0**-53, 1.0 - 2.0**-53, 1e-300]))
    assert z[0] == -np.inf
    assert z[1] == 0.0
    assert z[2] == np.inf
    assert z[3] == -z[4]
    np.testing.assert_allclose(z[3:], special.ndtri([2.0**-53, 1.0 - 2.0**-53, 1e-300]), rtol=2e-15)


def test_normal_cdf_agrees_with_scipy_far_into_the_tail() -> None:
    z = np.linspace(-30.0, 8.0, 500)
    np.testing.assert_allclose(normal_cdf(z), special.ndtr(z), rtol=2e-13)


@pytest.mark.parametrize("shape", SHAPES)
def test_inverse_gamma_agrees_with_scipy(shape: float) -> None:
    # From the smaller tail in both, as 1 - u is exact there and u isn't.
    expected = np.where(U > 0.5, special.gammainccinv(shape, 1.0 - U), special.gammaincinv(shape, U))
    kept = expected > 1e-290  # below, scipy's own answers are subnormal
    np.testing.assert_allclose(inverse_gamma(shape, U)[kept], expected[kept], rtol=1e-12)


@pytest.mark.parametrize("shape", SHAPES)
def test_incomplete_gamma_agrees_with_scipy(shape: float) -> None:
    x = special.gammaincinv(shape, U)
    np.testing.assert_allclose(gamma_lower(shape, x), special.gammainc(shape, x), rtol=2e-12)
    np.testing.assert_allclose(gamma_upper(shape, x), special.gammaincc(shape, x), rtol=2e-12)


@pytest.mark.parametrize("shape", [1e4, 1e6])
@pytest.mark.parametrize("u", [3e-6, 0.3, 0.9])
def test_inverse_gamma_of_huge_shapes_in_fifty_digits(shape: float, u: float) -> None:
    # scipy 1.17's own incomplete gamma is off by 1e-5 at shape 1e6, u = 3e-6: decimals, then.
    x = float(inverse_gamma(shape, np.array([u]))[0])
    assert _lower_in_decimals(shape, x) == pytest.approx(u, rel=1e-11)


def _lower_in_decimals(shape: float, x: float) -> float:
    getcontext().prec = 60
    a, v = Decimal(shape), Decimal(x)
    pi = Decimal("3.14159265358979323846264338327950288419716939937510582097494")
    stirling = a * a.ln() - a + (2 * pi * a).ln() / 2 + 1 / (12 * a) - 1 / (360 * a**3) + 1 / (1260 * a**5)
    total = term = Decimal(1)
    n = a
    while term > Decimal("1e-30") * total:
        n += 1
        term = term * v / n
        total += term
    return float((a * v.ln() - v - stirling).exp() * total)


def test_gamma_tails_at_the_ends() -> None:
    x = np.array([-1.0, 0.0, np.inf, 1e9])
    assert gamma_lower(2.5, x).tolist() == [0.0, 0.0, 1.0, 1.0]
    assert gamma_upper(2.5, x).tolist() == [1.0, 1.0, 0.0, 0.0]
    assert inverse_gamma(2.5, np.array([0.0])).tolist() == [0.0]


@pytest.mark.parametrize("shape", [0.01, 0.7, 4.0, 60.0, 1e4])
def test_inverse_gamma_of_an_element_ignores_its_neighbours(shape: float) -> None:
    u = np.random.default_rng(7).random(301)
    whole = inverse_gamma(shape, u)
    order = np.random.default_rng(8).permutation(301)
    assert inverse_gamma(shape, u[order]).tobytes() == whole[order].tobytes()
    assert [inverse_gamma(shape, u[i : i + 1])[0] for i in range(60)] == whole[:60].tolist()


MIXTURES = [
    ((0.9, 0.1), (1.0, 20.0)),
    ((0.5, 0.3, 0.2), (1e-6, 1.0, 1e6)),
    ((1.0,), (3.0,)),
    ((0.0, 1.0), (5.0, 2.0)),
    ((1e-9, 1.0 - 1e-9), (1e9, 1e-3)),
]


@pytest.mark.parametrize(("probabilities", "means"), MIXTURES)
def test_inverse_mixture_solves_its_equation(
    probabilities: tuple[float, ...], means: tuple[float, ...]
) -> None:
    x = inverse_mixture(probabilities, means, U)
    tail = np.sum([p * np.exp(-x / m) for p, m in zip(probabilities, means, strict=True)], axis=0)
    below = np.sum([-p * np.expm1(-x / m) for p, m in zip(probabilities, means, strict=True)], axis=0)
    high = U > 0.5
    np.testing.assert_allclose(tail[high], 1.0 - U[high], rtol=1e-12)
    np.testing.assert_allclose(below[~high], U[~high], rtol=1e-12)
    np.testing.assert_allclose(mixture_tail(probabilities, means, x), tail, rtol=1e-13)


def test_inverse_mixture_of_an_element_ignores_its_neighbours() -> None:
    u = np.random.default_rng(7).random(301)
    whole = inverse_mixture((0.9, 0.1), (1.0, 20.0), u)
    order = np.random.default_rng(8).permutation(301)
    assert inverse_mixture((0.9, 0.1), (1.0, 20.0), u[order]).tobytes() == whole[order].tobytes()
