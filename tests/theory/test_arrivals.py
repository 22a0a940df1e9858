from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import gamma

from mqsim import theory
from mqsim.errors import TheoryError
from tests.theory.oracles import stationary


@pytest.mark.parametrize("sizes", [{1: 1.0}, {3: 1.0}, {1: 0.5, 2: 0.3, 10: 0.2}])
@pytest.mark.parametrize("load", [0.3, 0.85])
def test_batches_are_their_chain(sizes: dict[int, float], load: float) -> None:
    mean = sum(n * x for n, x in sizes.items())
    rate, top = load / mean, 1200

    def steps(n):
        for size, chance in sizes.items():
            if n + size <= top:
                yield n + size, rate * chance
        if n:
            yield n - 1, 1.0

    p = stationary(0, steps)
    queue = theory.batch_mm1(rate, 1.0, sizes)
    assert queue.mean_in_system == pytest.approx(sum(n * x for n, x in p.items()), rel=1e-8)
    positions = {k: sum(x for n, x in sizes.items() if n > k) / mean for k in range(max(sizes))}
    numbers = np.zeros(top + max(sizes))
    for n, x in p.items():
        for k, y in positions.items():
            numbers[n + k] += x * y
    for t in (0.2, 1.0, 5.0):
        # The sum of n exponentials exceeds t; of none, never.
        longer = np.concatenate(([0.0], gamma.sf(t, np.arange(1, len(numbers) + 1))))
        assert 1 - queue.wait_cdf(t) == pytest.approx(numbers @ longer[:-1], abs=1e-9)
        assert 1 - queue.sojourn_cdf(t) == pytest.approx(numbers @ longer[1:], abs=1e-9)
    assert queue.p_wait == pytest.approx(1 - queue.wait_cdf(0), abs=1e-12)


def test_batches_of_constant_size_by_hand() -> None:
    """Gross et al., section 3.1: L = load (size + 1) / (2 (1 - load))."""
    queue = theory.batch_mm1(0.2, 1.0, 3)
    assert queue.mean_in_system == pytest.approx(0.6 * 4 / (2 * 0.4))


@pytest.mark.parametrize(("load", "size"), [(0.5, 1), (0.7, 4)])
def test_batches_of_general_work_follow_the_moments(load: float, size: int) -> None:
    general = theory.batch_mg1(load / size, 1.0, 2.0, size, size**2)
    assert general.mean_wait == pytest.approx(theory.batch_mm1(load / size, 1.0, size).mean_wait)
    assert theory.batch_mg1(load, 1.0, 5.0, 1, 1).mean_wait == pytest.approx(
        theory.mg1(load, 1.0, 5.0).mean_wait
    )


def test_batches_of_constant_work_are_a_chain_at_departures() -> None:
    """M[X]/D/1 at its departures: what a message leaves behind came in its batch or in its sojourn."""
    rate, sizes, top = 0.25, {1: 0.5, 4: 0.5}, 400
    pmf = np.zeros(top)
    # Number of messages that come in one unit of work, by Panjer's recursion.
    pmf[0] = math.exp(-rate)
    for n in range(1, top):
        pmf[n] = rate / n * sum(k * x * pmf[n - k] for k, x in sizes.items() if k <= n)
    work = np.zeros((top, top))
    for n in range(top):
        if n:
            work[n, n - 1 :] = pmf[: top - n + 1]
        else:
            for k, x in sizes.items():
                work[0, k - 1 :] += x * pmf[: top - k + 1]
    work[:, -1] += 1 - work.sum(axis=1)
    matrix = work.T - np.eye(top)
    matrix[0] = 1.0
    left = np.linalg.solve(matrix, np.eye(top)[0])
    queue = theory.batch_mg1(rate, 1.0, 1.0, 2.5, 8.5)
    # A departure leaves those that came after it: its batch mates behind it and all that came in its sojourn.
    behind = (8.5 - 2.5) / (2 * 2.5)
    sojourn = (float(left @ np.arange(top)) - behind) / (rate * 2.5)
    assert queue.mean_sojourn == pytest.approx(sojourn, rel=1e-8)


@pytest.mark.parametrize(
    ("rates", "switch", "servers"),
    [((0.2, 1.5), (0.1, 0.3), 1), ((0.0, 3.0), (0.05, 0.1), 2), ((2.0, 0.5, 4.0), (1.0, 0.7, 2.0), 3)],
)
def test_mmpp_is_its_chain(rates: tuple[float, ...], switch: tuple[float, ...], servers: int) -> None:
    phases = len(rates)

    def steps(state):
        n, phase = state
        if n < 900 and rates[phase]:
            yield (n + 1, phase), rates[phase]
        if n:
            yield (n - 1, phase), float(min(n, servers))
        yield (n, (phase + 1) % phases), switch[phase]

    p = stationary((0, 0), steps)
    queue = theory.mmpp_mc(rates, switch, 1.0, servers)
    assert queue.arrival_rate == pytest.approx(sum(rates[phase] * x for (_, phase), x in p.items()), rel=1e-8)
    assert queue.mean_in_system == pytest.approx(sum(n * x for (n, _), x in p.items()), rel=1e-6)
    found = [(n, rates[phase] * x / queue.arrival_rate) for (n, phase), x in p.items()]
    assert queue.p_wait == pytest.approx(sum(x for n, x in found if n >= servers), rel=1e-8)
    for t in (0.5, 3.0, 20.0):
        exact = sum(x * gamma.sf(t, n - servers + 1, scale=1 / servers) for n, x in found if n >= servers)
        assert 1 - queue.wait_cdf(t) == pytest.approx(exact, abs=1e-8)
        if servers == 1:
            exact = sum(x * gamma.sf(t, n + 1) for n, x in found)
            assert 1 - queue.sojourn_cdf(t) == pytest.approx(exact, abs=1e-8)


def test_a_matrix_of_switching_says_the_same_as_its_rates() -> None:
    one = theory.mmpp_m1([0.2, 1.5], [0.1, 0.3], 1.0)
    two = theory.mmpp_m1([0.2, 1.5], [[-0.1, 0.1], [0.3, -0.3]], 1.0)
    assert one == two


@pytest.mark.parametrize(("load", "servers"), [(0.7, 1), (0.9, 3)])
def test_equal_rates_are_poisson(load: float, servers: int) -> None:
    rate = load * servers
    queue, exact = theory.mmpp_mc([rate, rate], [0.3, 0.1], 1.0, servers), theory.mmc(rate, 1.0, servers)
    assert queue.mean_wait == pytest.approx(exact.mean_wait, rel=1e-10)
    assert queue.sojourn_percentile(0.99) == pytest.approx(exact.sojourn_percentile(0.99), rel=1e-9)


@settings(max_examples=30)
@given(base=st.floats(0.1, 0.8), swing=st.floats(0, 0.99), pace=st.floats(0.01, 10))
def test_mmpp_waits_longer_than_poisson(base: float, swing: float, pace: float) -> None:
    queue = theory.mmpp_m1([base * (1 - swing), base * (1 + swing)], [pace, pace], 1.0)
    assert queue.mean_wait >= theory.mm1(base, 1.0).mean_wait * (1 - 1e-9)
    assert queue.mean_in_system == pytest.approx(queue.throughput * queue.mean_sojourn)


@pytest.mark.parametrize(
    ("call", "says"),
    [
        (lambda: theory.mmpp_m1([0.0, 0.0], [1, 1], 1.0), "above 0"),
        (lambda: theory.mmpp_m1([0.5, 0.5], [1, 1, 1], 1.0), "shape"),
        (lambda: theory.mmpp_m1([0.5, 3.0], [1, 1], 1.0), "steady state"),
        (lambda: theory.mmpp_m1([0.5, 0.4], [[0, 1], [0, 0]], 1.0), "parts"),
        (lambda: theory.batch_mm1(0.2, 1.0, {1: 0.5, 2: 0.4}), "sum to 0.9"),
        (lambda: theory.batch_mm1(0.2, 1.0, {}), "sum to 0"),
        (lambda: theory.batch_mm1(0.2, 1.0, 0), "sizes"),
        (lambda: theory.batch_mg1(0.2, 1.0, 1.0, 0.5, 1.0), "at least 1"),
    ],
)
def test_malformed_arrivals_are_refused(call, says: str) -> None:
    with pytest.raises(TheoryError, match=says):
        call()
