from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mqsim import theory
from mqsim.errors import TheoryError
from tests.theory.oracles import stationary


def test_jackson_with_feedback_is_its_chain() -> None:
    outside, rates, routing, servers = [0.3, 0.2], [1.0, 0.7], [[0.1, 0.5], [0.3, 0.0]], [1, 2]

    def steps(state):
        for i in (0, 1):
            up = list(state)
            up[i] += 1
            if up[i] <= 60:
                yield tuple(up), outside[i]
            if state[i]:
                leaving = min(state[i], servers[i]) * rates[i]
                down = list(state)
                down[i] -= 1
                yield tuple(down), leaving * (1 - sum(routing[i]))
                moved = list(down)
                moved[1 - i] += 1
                if moved[1 - i] <= 60:
                    yield tuple(moved), leaving * routing[i][1 - i]

    p = stationary((0, 0), steps)
    network = theory.jackson(outside, rates, routing, servers)
    for i, node in enumerate(network.nodes):
        assert node.mean_in_system == pytest.approx(sum(s[i] * x for s, x in p.items()), rel=1e-7)
    assert network.mean_sojourn == pytest.approx(network.mean_in_system / 0.5)
    assert network.visits[0] == pytest.approx(network.nodes[0].arrival_rate / 0.5)
    with pytest.raises(TheoryError, match="tandem"):
        network.sojourn_percentile(0.5)


def test_requeueing_to_the_tail_is_jackson_with_one_node() -> None:
    """Each attempt fails with 0.2: the server sees 1 / 0.8 visits of each job."""
    network = theory.jackson([0.4], [1.0], [[0.2]])
    assert network.mean_in_system == pytest.approx(theory.mm1(0.5, 1.0).mean_in_system)


def test_a_delay_is_a_node_without_waiting() -> None:
    network = theory.jackson([0.5, 0], [1.0, 0.1], [[0, 0.3], [1, 0]], [1, math.inf])
    assert network.nodes[1].mean_sojourn == pytest.approx(10.0)
    flow = 0.5 / 0.7
    assert network.mean_in_system == pytest.approx(flow / (1 - flow) + 0.3 * flow * 10)


def test_tandem_sojourn_is_the_sum_of_independent_exponentials() -> None:
    network = theory.tandem(0.5, [1.0, 2.0, 0.9])
    a, b, c = 0.5, 1.5, 0.4
    assert network.mean_sojourn == pytest.approx(1 / a + 1 / b + 1 / c)
    for t in (0.0, 0.3, 2.0, 12.0):
        exact = (
            b * c / ((b - a) * (c - a)) * math.exp(-a * t)
            + a * c / ((a - b) * (c - b)) * math.exp(-b * t)
            + a * b / ((a - c) * (b - c)) * math.exp(-c * t)
        )
        assert 1 - network.sojourn_cdf(t) == pytest.approx(exact, abs=1e-12)
    assert network.sojourn_cdf(network.sojourn_percentile(0.99)) == pytest.approx(0.99)


def test_tandem_of_equal_servers_is_erlang() -> None:
    """Two stages of rate 0.5: P(sojourn > t) = (1 + t / 2) exp(-t / 2)."""
    network = theory.tandem(0.5, [1.0, 1.0])
    assert 1 - network.sojourn_cdf(4.0) == pytest.approx(3 * math.exp(-2))


def test_tandem_with_more_servers_knows_its_mean_alone() -> None:
    network = theory.tandem(1.5, [1.0, 2.0], [2, 1])
    assert network.mean_sojourn == pytest.approx(
        theory.mmc(1.5, 1, 2).mean_sojourn + theory.mm1(1.5, 2).mean_sojourn
    )
    with pytest.raises(TheoryError, match="single servers"):
        network.sojourn_cdf(1.0)


@pytest.mark.parametrize("load", [0.2, 0.5, 0.7])
def test_fork_join_of_two_is_its_chain(load: float) -> None:
    top = 90

    def steps(state):
        a, b = state
        if max(a, b) < top:
            yield (a + 1, b + 1), load
        if a:
            yield (a - 1, b), 1.0
        if b:
            yield (a, b - 1), 1.0

    # Jobs finish in order in each queue, so those unfinished somewhere are as many as the longer queue holds.
    jobs = sum(max(s) * x for s, x in stationary((0, 0), steps).items())
    forked = theory.fork_join_two(load, 1.0)
    assert forked.mean_in_system == pytest.approx(jobs, rel=1e-6)
    assert forked.mean_synchronisation == pytest.approx(jobs / load - 1 / (1 - load), rel=1e-5)


@pytest.mark.parametrize("users", [1, 2, 7])
def test_mva_is_its_chain(users: int) -> None:
    demands, think = (1.0, 0.6), 2.0

    def steps(state):
        thinking, a, b = state
        if thinking:
            yield (thinking - 1, a + 1, b), thinking / think
        if a:
            yield (thinking, a - 1, b + 1), 1 / demands[0]
        if b:
            yield (thinking + 1, a, b - 1), 1 / demands[1]

    p = stationary((users, 0, 0), steps)
    network = theory.mva(users, demands, think)
    assert network.throughput == pytest.approx(sum(s[0] * x for s, x in p.items()) / think)
    assert network.mean_numbers[0] == pytest.approx(sum(s[1] * x for s, x in p.items()))
    assert network.mean_numbers[1] == pytest.approx(sum(s[2] * x for s, x in p.items()))
    assert network.utilisations[0] == pytest.approx(sum(x for s, x in p.items() if s[1]))
    assert network.mean_thinking + sum(network.mean_numbers) == pytest.approx(users)


@given(users=st.integers(1, 60), think=st.floats(0.01, 50), work=st.floats(0.01, 5))
def test_mva_of_one_station_is_the_finite_source(users: int, think: float, work: float) -> None:
    assert theory.mva(users, [work], think).throughput == pytest.approx(
        theory.finite_source(users, think, 1 / work).throughput, rel=1e-9
    )


@given(load=st.floats(0.01, 0.98), branches=st.integers(2, 32))
def test_fork_join_approximation_agrees_with_its_anchors(load: float, branches: int) -> None:
    """Exact for two branches; at no load the mean of the longest of n exponentials, a harmonic number."""
    assert theory.fork_join(load, 1.0, 2) == pytest.approx(theory.fork_join_two(load, 1.0).mean_sojourn)
    assert theory.fork_join(1e-9, 1.0, branches) == pytest.approx(sum(1 / k for k in range(1, branches + 1)))
    assert theory.fork_join(load, 1.0, branches + 1) > theory.fork_join(load, 1.0, branches)


@pytest.mark.parametrize("load", [0.3, 0.9])
def test_kingman_is_exact_for_mg1_and_allen_cunneen_for_mmc(load: float) -> None:
    assert theory.kingman(load, 1.0, 1.0, 0.5).mean_wait == pytest.approx(
        theory.mg1(load, 1.0, 1.25).mean_wait
    )
    both = theory.allen_cunneen(3 * load, 1.0, 3, 1.0, 1.0)
    assert both.mean_wait == pytest.approx(theory.mmc(3 * load, 1.0, 3).mean_wait)
    assert not both.exact
    assert math.isnan(both.p_wait)
    assert theory.mmc(3 * load, 1.0, 3).exact


@pytest.mark.parametrize(("servers", "load"), [(2, 0.8), (5, 0.9), (10, 0.95)])
def test_allen_cunneen_is_near_mdc_under_load(servers: int, load: float) -> None:
    approximate = theory.allen_cunneen(servers * load, 1.0, servers, 1.0, 0.0).mean_wait
    assert approximate == pytest.approx(theory.mdc(servers * load, 1.0, servers).mean_wait, rel=0.1)


@pytest.mark.parametrize(
    ("call", "says"),
    [
        (lambda: theory.jackson([1], [2], [[1.0]]), "never leave"),
        (lambda: theory.jackson([1, 0], [2, 2], [[0, 0.5], [0.7, 0.7]]), "sum to 1"),
        (lambda: theory.jackson([1], [2, 2], [[0, 0], [0, 0]]), "2 nodes"),
        (lambda: theory.jackson([0], [2], [[0]]), "above 0"),
        (lambda: theory.jackson([1, 0], [2, 2], [[0, 0], [0, 0]]), "node 1 is never visited"),
        (lambda: theory.tandem(1.0, [2.0, 0.9]), r"node 1 \(M/M/1\)"),
        (lambda: theory.tandem(1.0, []), "at least 1"),
        (lambda: theory.mva(0, [1.0]), "population"),
    ],
)
def test_impossible_networks_are_refused(call, says: str) -> None:
    with pytest.raises(TheoryError, match=says):
        call()
