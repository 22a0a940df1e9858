from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.integrate import quad
from scipy.optimize import brentq
from scipy.stats import gamma

from mqsim import theory
from mqsim.errors import TheoryError
from mqsim.theory.transforms import invert
from tests.theory.oracles import stationary


@pytest.mark.parametrize("load", [0.1, 0.5, 0.9, 0.98])
def test_mg1_with_exponential_work_is_mm1(load: float) -> None:
    general = theory.mg1(load, 1.0, 2.0, theory.exponential_transform(1.0))
    exact = theory.mm1(load, 1.0)
    assert general.mean_wait == pytest.approx(exact.mean_wait, rel=1e-13)
    for t in (0.01, 0.5, 3.0, 30.0, 200.0):
        assert general.wait_cdf(t) == pytest.approx(exact.wait_cdf(t), abs=2e-10)
        assert general.sojourn_cdf(t) == pytest.approx(exact.sojourn_cdf(t), abs=2e-10)
    for p in (0.5, 0.95, 0.99, 0.999):
        assert general.sojourn_percentile(p) == pytest.approx(exact.sojourn_percentile(p), rel=1e-7)


def test_mg1_with_hyperexponential_work_is_its_partial_fractions() -> None:
    """(1 - load) s / (s - rate + rate B(s)) is rational; its poles and residues give the wait."""
    rate, chances, means = 0.4, np.array([0.9, 0.1]), np.array([0.8, 8.0])
    mean, square = float(chances @ means), float(2 * chances @ means**2)
    load = rate * mean
    a, b = 1 / means
    # s - rate + rate (p a (s+b) + q b (s+a)) / ((s+a)(s+b)), over (s+a)(s+b), is s times this quadratic:
    p, q = chances
    quadratic = np.array([1.0, a + b - rate, a * b - rate * (a + b) + rate * (p * a + q * b)])
    poles = np.roots(quadratic).real
    residues = [(1 - load) * (x + a) * (x + b) / (2 * x + quadratic[1]) for x in poles]
    queue = theory.mg1(
        rate, mean, square, theory.hyperexponential_transform(chances.tolist(), means.tolist())
    )
    assert queue.mean_wait == pytest.approx(
        sum(r / x**2 for r, x in zip(residues, poles, strict=True)), rel=1e-12
    )
    for t in (0.1, 1.0, 10.0, 60.0):
        exact = sum(-r / x * math.exp(x * t) for r, x in zip(residues, poles, strict=True))
        assert 1 - queue.wait_cdf(t) == pytest.approx(exact, abs=2e-10)


@pytest.mark.parametrize(("k", "load"), [(2, 0.5), (4, 0.9)])
def test_mg1_with_erlang_work_is_a_chain_of_stages(k: int, load: float) -> None:
    stages = stationary(
        0, lambda n: ([(n + k, load)] if n < 900 else []) + ([(n - 1, float(k))] if n else [])
    )
    # A message waits for all the stages that it finds, each of mean 1 / k.
    mean_wait = sum(n * p for n, p in stages.items()) / k
    queue = theory.mg1(load, 1.0, 1 + 1 / k, theory.erlang_transform(k, 1.0))
    assert queue.mean_wait == pytest.approx(mean_wait, rel=1e-9)
    for t in (0.3, 1.0, 4.0):
        exact = sum(p * gamma.sf(t, n, scale=1 / k) for n, p in stages.items() if n)
        assert 1 - queue.wait_cdf(t) == pytest.approx(exact, abs=2e-10)


def test_mg1_with_constant_work_is_md1_but_near_its_corners() -> None:
    general, exact = theory.mg1(0.8, 1.0, 1.0, theory.constant_transform(1.0)), theory.md1(0.8, 1.0)
    assert general.mean_wait == pytest.approx(exact.mean_wait)
    for t in (0.5, 0.99, 1.0, 1.01, 1.5, 2.0, 3.3, 12.0):
        assert general.wait_cdf(t) == pytest.approx(exact.wait_cdf(t), abs=3e-4)
    assert general.wait_percentile(0.99) == pytest.approx(exact.wait_percentile(0.99), rel=1e-5)


def test_mg1_without_a_transform_knows_its_means_alone() -> None:
    queue = theory.mg1(0.5, 1.0, 3.0)
    assert queue.mean_wait == pytest.approx(0.5 * 3 / (2 * 0.5))
    with pytest.raises(TheoryError, match="mean_wait"):
        queue.wait_percentile(0.9)


def test_a_transform_of_another_mean_is_refused() -> None:
    with pytest.raises(TheoryError, match="falls there by the mean"):
        theory.mg1(0.5, 1.0, 2.0, theory.exponential_transform(2.0))


@given(load=st.floats(0.01, 0.97), more=st.floats(1.0, 20.0))
def test_mg1_waits_longer_with_more_variation(load: float, more: float) -> None:
    steady, varied = theory.mg1(load, 1.0, 1.0), theory.mg1(load, 1.0, more)
    assert steady.mean_wait <= varied.mean_wait
    assert varied.mean_in_system == pytest.approx(load * varied.mean_sojourn)


@pytest.mark.parametrize("servers", [1, 2, 3, 10, 50, 100])
@pytest.mark.parametrize("load", [0.3, 0.5, 0.75, 0.95])
def test_gimc_with_poisson_arrivals_is_mmc(servers: int, load: float) -> None:
    """Loads 0.5 and 0.75 make a denominator of Takács's sum vanish with 2, 10, ... servers."""
    rate = load * servers
    general = theory.gimc(rate, theory.exponential_transform(1 / rate), 1.0, servers)
    exact = theory.mmc(rate, 1.0, servers)
    assert general.p_wait == pytest.approx(exact.p_wait, rel=1e-8)
    assert general.mean_wait == pytest.approx(exact.mean_wait, rel=1e-8)
    assert general.sojourn_percentile(0.95) == pytest.approx(exact.sojourn_percentile(0.95), rel=1e-8)


@pytest.mark.parametrize(("servers", "load"), [(1, 0.8), (2, 0.7), (5, 0.9)])
def test_gimc_with_erlang_arrivals_is_a_chain(servers: int, load: float) -> None:
    """States (messages, stage of the next arrival), three stages, cut off at 400 messages."""
    rate, stages = load * servers, 3

    def steps(state):
        n, stage = state
        if stage < stages - 1:
            yield (n, stage + 1), rate * stages
        elif n < 400:
            yield (n + 1, 0), rate * stages
        if n:
            yield (n - 1, stage), float(min(n, servers))

    chain = stationary((0, 0), steps)
    queue = theory.gimc(rate, theory.erlang_transform(stages, 1 / rate), 1.0, servers)
    found_busy = sum(p for (n, stage), p in chain.items() if stage == stages - 1 and n >= servers) * stages
    waiting = sum(max(0, n - servers) * p for (n, _), p in chain.items())
    assert queue.p_wait == pytest.approx(found_busy, rel=1e-9)
    assert queue.mean_waiting == pytest.approx(waiting, rel=1e-8)


@pytest.mark.parametrize("load", [0.2, 0.8, 0.98])
def test_dm1_has_the_root_of_its_equation(load: float) -> None:
    sigma = brentq(lambda x: x - math.exp(-(1 - x) / load), 0, 1 - (1 - load) / 2, xtol=1e-15)
    queue = theory.gimc(load, theory.constant_transform(1 / load), 1.0)
    assert queue.p_wait == pytest.approx(sigma, rel=1e-10)
    assert queue.mean_wait == pytest.approx(sigma / (1 - sigma), rel=1e-9)


@pytest.mark.parametrize(
    ("transform", "density", "top"),
    [
        (theory.gamma_transform(2.0, 0.5), lambda t: t**3 * math.exp(-2 * t) * 16 / 6, 60),
        (theory.uniform_transform(1.0, 3.0), lambda t: 0.5 if 1 <= t <= 3 else 0.0, 3),
        (
            theory.hyperexponential_transform([0.25, 0.75], [1.0, 2.0]),
            lambda t: 0.25 * math.exp(-t) + 0.375 * math.exp(-t / 2),
            120,
        ),
    ],
)
@pytest.mark.parametrize("s", [0.0, 1e-9, 0.3, 4.0])
def test_a_transform_is_its_integral(transform, density, top: float, s: float) -> None:
    exact = quad(lambda t: math.exp(-s * t) * density(t), 0, top, points=[1, 3], limit=400)[0]
    assert transform(np.array([s], dtype=complex))[0].real == pytest.approx(exact, abs=1e-9)


@pytest.mark.parametrize("t", [0.1, 1.0, 7.0])
def test_inversion_returns_a_gamma_density(t: float) -> None:
    assert invert(theory.erlang_transform(3, 3.0), t) == pytest.approx(t * t * math.exp(-t) / 2, abs=1e-9)


def test_discrete_weights_sum_to_one() -> None:
    assert theory.discrete_transform([1, 2], [0.5, 0.5])(np.array([0j]))[0] == 1.0
    with pytest.raises(TheoryError, match=r"sums to 0\.9"):
        theory.discrete_transform([1, 2], [0.5, 0.4])
    with pytest.raises(TheoryError, match="one for each"):
        theory.discrete_transform([1, 2, 3], [0.5, 0.5])
    with pytest.raises(TheoryError, match="above low"):
        theory.uniform_transform(2, 1)
