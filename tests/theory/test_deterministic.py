from __future__ import annotations

import math
from decimal import Decimal, getcontext

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.special import gammainc

from mqsim import theory
from mqsim.errors import TheoryError
from tests.theory.oracles import integral


def crommelin(load: str, t: str) -> float:
    """Erlang's alternating series for P(wait <= t) of M/D/1, work 1, in 400 digits: nothing is lost."""
    getcontext().prec = 400
    rate, time = Decimal(load), Decimal(t)
    total, factorial = Decimal(0), Decimal(1)
    for k in range(int(time) + 1):
        factorial *= max(k, 1)
        x = rate * (Decimal(k) - time)
        power = Decimal(1) if k == 0 else x**k
        total += power / factorial * (-x).exp()
    return float((1 - rate) * total)


@pytest.mark.parametrize("load", ["0.05", "0.5", "0.8", "0.98", "0.995"])
@pytest.mark.parametrize("t", ["0", "0.25", "0.999999", "1", "1.5", "7.3", "40", "250.75"])
def test_md1_wait_is_erlangs_series(load: str, t: str) -> None:
    assert theory.md1(float(load), 1.0).wait_cdf(float(t)) == pytest.approx(crommelin(load, t), abs=2e-13)


@pytest.mark.parametrize("load", [0.1, 0.5, 0.9, 0.98, 0.999])
def test_md1_mean_is_pollaczek_and_khinchines(load: float) -> None:
    queue = theory.md1(load, 1.0)
    assert queue.mean_wait == pytest.approx(load / (2 * (1 - load)), rel=1e-10)
    assert queue.p_wait == pytest.approx(load, abs=1e-12)


def spitzer(load: float, servers: int) -> tuple[float, float]:
    """P(no wait) and mean wait of E_c/D/1 with work 1, whose wait is that of M/D/c served in turns.

    Spitzer's identity: sums over n of P(S_n > 0) / n and E max(S_n, 0) / n, S_n = n - Gamma(n c, rate).
    """
    rate = load * servers
    n = np.arange(1, 40_000, dtype=float)
    inside = gammainc(n * servers, rate * n)
    # E max(n - G, 0) = n P(G < n) - E[G; G < n]; the last is that of a Gamma with one stage more.
    positive = n * inside - n * servers / rate * gammainc(n * servers + 1, rate * n)
    return math.exp(-float((inside / n).sum())), float((positive / n).sum())


@pytest.mark.parametrize(
    ("servers", "load"),
    [(1, 0.5), (2, 0.5), (2, 0.9), (3, 0.1), (5, 0.8), (10, 0.95), (40, 0.9), (100, 0.95)],
)
def test_mdc_is_spitzers_identity(servers: int, load: float) -> None:
    queue = theory.mdc(load * servers, 1.0, servers)
    none, mean = spitzer(load, servers)
    assert queue.mean_wait == pytest.approx(mean, rel=1e-8, abs=1e-13)
    # Spitzer's first sum holds for the queue of one server's turns, whose no-wait probability is the same.
    assert queue.p_wait == pytest.approx(1 - none, rel=1e-8, abs=1e-13)


@pytest.mark.parametrize(("servers", "load"), [(2, 0.6), (3, 0.85), (8, 0.9)])
def test_mdc_law_is_lindleys_recursion_on_a_grid(servers: int, load: float) -> None:
    """W' = max(0, W + 1 - A) with A Erlang, iterated on a grid of 1/400 until it stands still."""
    h, top = 1 / 400, 12.0
    rate = load * servers
    n = round(top / h)
    # A falls into ((i - 1/2) h, (i + 1/2) h]
    edges = np.maximum((np.arange(0, n + 402) - 0.5) * h, 0)
    arrivals = np.diff(gammainc(servers, rate * edges))
    law = np.zeros(n)
    law[0] = 1.0
    size = 1 << math.ceil(math.log2(2 * n + 900))
    transform = np.fft.rfft(arrivals[::-1], size)
    shift = len(arrivals) - 1 - round(1 / h)
    for _ in range(3000):
        spread = np.fft.irfft(np.fft.rfft(law, size) * transform, size)[: n + len(arrivals) - 1]
        after = np.zeros(n)
        kept = spread[shift + 1 : shift + n]
        after[1 : 1 + len(kept)] = kept
        after[0] = max(0.0, 1 - after.sum())
        still = np.abs(after - law).max() < 1e-13
        law = after
        if still:
            break
    cdf = np.cumsum(law)
    queue = theory.mdc(rate, 1.0, servers)
    for t in (0.2, 0.5, 0.9, 1.3, 2.7):
        on_grid = 0.5 * (cdf[round(t / h)] + cdf[round(t / h) - 1])
        assert queue.wait_cdf(t) == pytest.approx(on_grid, abs=2e-4)


@pytest.mark.parametrize(("servers", "load"), [(1, 0.9), (2, 0.5), (10, 0.9), (100, 0.95)])
def test_the_tail_of_the_wait_integrates_to_its_mean(servers: int, load: float) -> None:
    queue = theory.mdc(load * servers, 1.0, servers)
    fine = np.arange(0, 1, 0.05).tolist() + list(range(1, 200))
    assert integral(lambda t: 1 - queue.wait_cdf(t), fine, 20) == pytest.approx(
        queue.mean_wait, rel=1e-9, abs=1e-12
    )


def test_the_sojourn_is_the_wait_and_the_work() -> None:
    queue = theory.mdc(1.6, 0.8, 4)
    assert queue.sojourn_cdf(1.2) == 0.0
    assert queue.sojourn_percentile(0.95) == pytest.approx(queue.wait_percentile(0.95) + 1.25)
    assert queue.sojourn_percentile(0.01) == pytest.approx(1.25)


@settings(max_examples=40)
@given(servers=st.integers(1, 30), load=st.floats(0.05, 0.95), work=st.floats(0.01, 100))
def test_mdc_waits_less_than_mmc_and_keeps_littles_law(servers: int, load: float, work: float) -> None:
    constant = theory.mdc(load * servers / work, 1 / work, servers)
    exponential = theory.mmc(load * servers / work, 1 / work, servers)
    assert 0 <= constant.mean_wait <= exponential.mean_wait + 1e-13 * work
    assert constant.mean_in_system == pytest.approx(constant.throughput * constant.mean_sojourn)
    assert constant.wait_cdf(constant.wait_percentile(0.99)) >= 0.99 - 1e-10


def test_too_close_to_one_is_refused() -> None:
    with pytest.raises(TheoryError, match="too close to 1"):
        theory.md1(1 - 1e-7, 1.0)
