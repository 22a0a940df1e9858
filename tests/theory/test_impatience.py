from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.integrate import quad
from scipy.linalg import expm

from mqsim import theory
from tests.theory.oracles import absorbing, stationary

CASES = [(0.8, 1, 0.3), (3.0, 2, 0.5), (10.0, 8, 2.0), (40.0, 30, 0.1), (1.0, 4, 1.0)]


@pytest.mark.parametrize(("arrivals", "servers", "impatience"), CASES)
def test_patience_is_erlang_as_chain(arrivals: float, servers: int, impatience: float) -> None:
    top = servers + 400

    def leaving(n: int) -> float:
        return min(n, servers) + max(0, n - servers) * impatience

    p = stationary(
        0, lambda n: ([(n + 1, arrivals)] if n < top else []) + ([(n - 1, leaving(n))] if n else [])
    )
    queue = theory.mmc_patience(arrivals, 1.0, servers, impatience)
    waiting = sum(max(0, n - servers) * x for n, x in p.items())
    assert queue.mean_waiting == pytest.approx(waiting, rel=1e-9)
    assert queue.p_abandon == pytest.approx(waiting * impatience / arrivals, rel=1e-9)
    assert queue.throughput == pytest.approx(sum(min(n, servers) * x for n, x in p.items()), rel=1e-9)
    assert queue.mean_in_system == pytest.approx(sum(n * x for n, x in p.items()), rel=1e-9)
    # One message with k ahead of it: served when k falls below 0, or gone at its own impatience.
    deep = 320
    states = list(range(deep))
    move = lambda k: [(k - 1, servers + k * impatience), ("gone", impatience)]  # noqa: E731
    generator, index = absorbing(states, move)
    start = np.zeros(deep)
    for n, x in p.items():
        if servers <= n < servers + deep:
            start[index[n - servers]] += x
    reach = np.linalg.solve(-generator, np.eye(deep)[0] * servers)
    served = sum(x for n, x in p.items() if n < servers) + float(start @ reach)
    assert queue.p_wait == pytest.approx(float(start @ reach) / served, rel=1e-9)
    assert queue.mean_wait == pytest.approx(
        float(start @ np.linalg.solve(-generator, reach)) / served, rel=1e-9
    )
    for t in (0.1, 0.5, 2.0):
        assert 1 - queue.wait_cdf(t) == pytest.approx(
            float(start @ expm(generator * t) @ reach) / served, abs=1e-10
        )


@pytest.mark.parametrize("arrivals", [0.3, 0.9, 1.0, 1.7])
@pytest.mark.parametrize("patience", [0.2, 2.0, 9.0])
def test_one_server_with_a_deadline_is_barrers_formula(arrivals: float, patience: float) -> None:
    """D. Barrer (1957): with load r, e = exp(-(1 - r) patience): lost (1 - r) r e / (1 - r² e)."""
    queue = theory.mmc_deadline(arrivals, 1.0, 1, patience)
    if arrivals == 1.0:
        exact = 1 / (2 + patience)
    else:
        e = math.exp(-(1 - arrivals) * patience)
        exact = (1 - arrivals) * arrivals * e / (1 - arrivals**2 * e)
    assert queue.p_abandon == pytest.approx(exact, rel=1e-10)
    assert queue.wait_cdf(patience) == pytest.approx(1.0)


def test_a_deadline_in_one_hundred_stages_approaches_the_chain() -> None:
    """M/M/1 with Erlang patience tends to a deadline; here the workload itself is put on a grid.

    The offered wait V: V' = -1, jumps by exponential work at each arrival that finds V below the deadline.
    """
    arrivals, patience, h = 1.3, 1.5, 0.01
    top = round(20 / h)
    cells = np.arange(top + 1)

    def steps(i):
        if i:
            yield i - 1, 1 / h
        if i * h < patience:
            for j in range(1, min(top - i, 1200) + 1):
                yield i + j, arrivals * (math.exp(-(j - 1) * h) - math.exp(-j * h))

    p = stationary(0, steps)
    law = np.array([p.get(int(i), 0.0) for i in cells])
    lost = float(law[cells * h >= patience].sum())
    assert theory.mmc_deadline(arrivals, 1.0, 1, patience).p_abandon == pytest.approx(lost, rel=0.02)


@pytest.mark.parametrize(("arrivals", "servers"), [(1.5, 2), (0.9, 1), (7.0, 10)])
def test_endless_patience_is_mmc(arrivals: float, servers: int) -> None:
    exact = theory.mmc(arrivals, 1.0, servers)
    for queue in (
        theory.mmc_patience(arrivals, 1.0, servers, 1e-10),
        theory.mmc_deadline(arrivals, 1.0, servers, 1e6),
    ):
        assert queue.mean_wait == pytest.approx(exact.mean_wait, rel=1e-7)
        assert queue.p_wait == pytest.approx(exact.p_wait, rel=1e-7)
        assert queue.sojourn_percentile(0.99) == pytest.approx(exact.sojourn_percentile(0.99), rel=1e-7)
        assert queue.p_abandon < 1e-7


@pytest.mark.parametrize("formula", [theory.mmc_deadline, theory.mmc_patience])
@pytest.mark.parametrize(("arrivals", "servers", "patience"), [(3.0, 2, 2.0), (0.9, 1, 1.0)])
def test_the_tails_integrate_to_the_means(formula, arrivals: float, servers: int, patience: float) -> None:
    queue = formula(arrivals, 1.0, servers, patience)
    wait = quad(lambda t: 1 - queue.wait_cdf(t), 0, 40, points=[patience], limit=200)[0]
    sojourn = quad(lambda t: 1 - queue.sojourn_cdf(t), 0, 60, points=[patience], limit=200)[0]
    assert wait == pytest.approx(queue.mean_wait, rel=1e-6)
    assert sojourn == pytest.approx(queue.mean_sojourn, rel=1e-6)


@settings(max_examples=40)
@given(load=st.floats(0.05, 4), servers=st.integers(1, 40), rate=st.floats(0.01, 20))
def test_flows_balance_and_patience_helps_throughput(load: float, servers: int, rate: float) -> None:
    queue = theory.mmc_patience(load * servers, 1.0, servers, rate)
    assert queue.throughput == pytest.approx(load * servers * (1 - queue.p_abandon), rel=1e-9)
    assert queue.mean_waiting * rate == pytest.approx(load * servers * queue.p_abandon, rel=1e-6, abs=1e-12)
    patient = theory.mmc_patience(load * servers, 1.0, servers, rate / 2)
    assert patient.throughput >= queue.throughput * (1 - 1e-9)


def test_a_thousand_servers_do_not_overflow() -> None:
    queue = theory.mmc_patience(1500.0, 1.0, 1000, 1.0)
    # Overload: in the fluid limit a third of the messages leaves.
    assert queue.p_abandon == pytest.approx(1 / 3, rel=1e-3)
