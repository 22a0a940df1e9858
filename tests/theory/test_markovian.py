from __future__ import annotations

import math
import pickle
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.integrate import quad

from mqsim import theory
from mqsim.errors import TheoryError
from tests.theory.oracles import absorbing, alive, integral

SERVERS = st.integers(1, 40)
LOADS = st.floats(0.01, 0.98)


def erlang_b_by_its_sum(servers: int, load: Fraction) -> Fraction:
    terms = [load**n / math.factorial(n) for n in range(servers + 1)]
    return terms[-1] / sum(terms)


@pytest.mark.parametrize(("servers", "load"), [(1, "1/3"), (2, "1"), (10, "5"), (40, "39"), (120, "100")])
def test_erlang_b_is_the_exact_fraction(servers: int, load: str) -> None:
    exact = erlang_b_by_its_sum(servers, Fraction(load))
    assert theory.erlang_b(servers, float(Fraction(load))) == pytest.approx(float(exact), rel=1e-13)


@pytest.mark.parametrize(
    ("servers", "load", "half"), [(5, 1.36, 0.005), (10, 4.46, 0.005), (20, 12.0, 0.05), (100, 84.1, 0.05)]
)
def test_erlang_b_meets_the_printed_traffic_table(servers: int, load: float, half: float) -> None:
    """The loads of 1 % blocking as Erlang B traffic tables print them, rounded to three digits."""
    assert theory.erlang_b(servers, load - half) <= 0.01 <= theory.erlang_b(servers, load + half)


@pytest.mark.parametrize(
    ("servers", "waits", "waiting", "in_system", "sojourn"),
    [(2, 0.245, 0.175, 1.008, 0.101), (3, 0.058, 0.022, 0.856, 0.086), (4, 0.011, 0.003, 0.836, 0.084)],
)
def test_mmc_meets_a_printed_table(
    servers: int, waits: float, waiting: float, in_system: float, sojourn: float
) -> None:
    """The table printed with Cengage Learning's spreadsheet "Multiple Server Queueing Model": 10 come, 12 are
    served.
    """
    queue = theory.mmc(10.0, 12.0, servers)
    found = (queue.p_wait, queue.mean_waiting, queue.mean_in_system, queue.mean_sojourn)
    assert found == pytest.approx((waits, waiting, in_system, sojourn), abs=0.00051)


def test_mmc_meets_a_printed_example() -> None:
    """Render, Stair and Hanna, Quantitative Analysis for Management, chapter 14, alternative example 3.

    Two clerks, 20 questions an hour, 2 minutes each: three quarters of a person is there on average.
    """
    queue = theory.mmc(20.0, 30.0, 2)
    assert queue.mean_in_system == pytest.approx(0.75, rel=1e-12)
    assert 1.0 - queue.utilisation == pytest.approx(2 / 3)


@pytest.mark.parametrize(("servers", "load"), [(1, "4/5"), (2, "1"), (3, "2"), (7, "13/2"), (60, "57")])
def test_erlang_c_is_the_exact_fraction(servers: int, load: str) -> None:
    a = Fraction(load)
    top = a**servers / math.factorial(servers) * servers / (servers - a)
    exact = top / (sum(a**n / math.factorial(n) for n in range(servers)) + top)
    assert theory.erlang_c(servers, float(a)) == pytest.approx(float(exact), rel=1e-12)


def test_mm1_by_hand() -> None:
    queue = theory.mm1(0.8, 1.0)
    assert queue.mean_wait == pytest.approx(4.0)
    assert queue.mean_sojourn == pytest.approx(5.0)
    assert queue.mean_waiting == pytest.approx(3.2)
    assert queue.mean_in_system == pytest.approx(4.0)
    assert queue.p_wait == pytest.approx(0.8)
    assert queue.wait_percentile(0.95) == pytest.approx(math.log(0.8 / 0.05) / 0.2, rel=1e-11)
    assert queue.sojourn_percentile(0.99) == pytest.approx(math.log(100) / 0.2, rel=1e-11)
    assert queue.wait_percentile(0.2) == 0.0
    assert queue.wait_cdf(0.0) == pytest.approx(0.2)


@pytest.mark.parametrize(
    ("arrivals", "rate", "servers"), [(1.5, 1.0, 2), (1.0, 1.0, 2), (4.0, 0.9, 5), (0.3, 1.0, 3)]
)
def test_mmc_laws_are_those_of_a_tagged_message(arrivals: float, rate: float, servers: int) -> None:
    """A message that finds n waits for n - c + 1 departures; (1, 1, 2) has two equal rates in its sojourn."""
    top = 250
    weights = [1.0]
    for n in range(1, top):
        weights.append(weights[-1] * arrivals / (min(n, servers) * rate))
    total = sum(weights)
    queue = theory.mmc(arrivals, rate, servers)
    ahead = list(range(top - servers + 1))
    steps = lambda k: [(k - 1, servers * rate)] if k > 0 else [(-1, rate)]  # noqa: E731
    generator, index = absorbing(ahead, steps)
    start = [0.0] * len(ahead)
    for n, weight in enumerate(weights):
        start[index[max(0, n - servers + 1)]] += weight / total
    vector = np.array(start)
    waiting_generator, waiting_start = generator[1:, 1:], vector[1:]
    for t in (0.1, 0.7, 2.0, 6.0):
        assert 1 - queue.sojourn_cdf(t) == pytest.approx(alive(generator, vector, t), abs=1e-11)
        assert 1 - queue.wait_cdf(t) == pytest.approx(alive(waiting_generator, waiting_start, t), abs=1e-11)


@given(servers=SERVERS, load=LOADS, rate=st.floats(0.01, 100))
def test_mmc_keeps_littles_law_and_its_own_laws(servers: int, load: float, rate: float) -> None:
    queue = theory.mmc(load * servers * rate, rate, servers)
    assert queue.mean_in_system == pytest.approx(queue.throughput * queue.mean_sojourn)
    assert queue.mean_waiting == pytest.approx(queue.throughput * queue.mean_wait)
    assert queue.mean_in_system - queue.mean_waiting == pytest.approx(load * servers, rel=1e-6)
    assert 1 - queue.wait_cdf(0) == pytest.approx(queue.p_wait, abs=1e-12)
    for p in (0.5, 0.95, 0.999):
        assert queue.sojourn_cdf(queue.sojourn_percentile(p)) == pytest.approx(p, abs=1e-10)


@given(servers=SERVERS, low=LOADS, high=LOADS)
def test_more_load_means_more_waiting(servers: int, low: float, high: float) -> None:
    low, high = sorted((low, high))
    slack, busy = (theory.mmc(load * servers, 1.0, servers) for load in (low, high))
    assert slack.mean_wait <= busy.mean_wait * (1 + 1e-12)
    assert slack.p_wait <= busy.p_wait * (1 + 1e-12)


@pytest.mark.parametrize(("servers", "load"), [(1, 0.5), (2, 0.5), (4, 0.75), (10, 0.97)])
def test_the_tail_of_a_law_integrates_to_its_mean(servers: int, load: float) -> None:
    queue = theory.mmc(load * servers, 1.0, servers)
    edges = [0, 1, 5, 20, 100, 1000, 3000]
    assert integral(lambda t: 1 - queue.sojourn_cdf(t), edges) == pytest.approx(queue.mean_sojourn, rel=1e-6)
    assert quad(lambda t: 1 - queue.wait_cdf(t), 0, math.inf)[0] == pytest.approx(queue.mean_wait, rel=1e-6)


@pytest.mark.parametrize("goal", [0.5, 0.05, 0.001])
def test_servers_needed_is_the_least(goal: float) -> None:
    count = theory.servers_needed(7.3, 1.0, goal)
    assert theory.mmc(7.3, 1.0, count).mean_wait <= goal
    assert count == 8 or theory.mmc(7.3, 1.0, count - 1).mean_wait > goal


@pytest.mark.parametrize("what", ["wait", "sojourn"])
@pytest.mark.parametrize(("part", "time"), [(0.5, 1.0), (0.95, 3.2), (0.99, 6.0), (0.999, 7.0)])
def test_servers_needed_for_a_share_is_the_least(what: str, part: float, time: float) -> None:
    count = theory.servers_needed(7.3, 1.0, **{what: (part, time)})
    cdf = lambda n: getattr(theory.mmc(7.3, 1.0, n), f"{what}_cdf")(time)  # noqa: E731
    assert cdf(count) >= part
    assert count == 8 or cdf(count - 1) < part


def test_servers_needed_meets_all_goals_together() -> None:
    alone = [theory.servers_needed(7.3, 1.0, 0.05), theory.servers_needed(7.3, 1.0, sojourn=(0.99, 4.7))]
    assert theory.servers_needed(7.3, 1.0, 0.05, sojourn=(0.99, 4.7)) == max(alone)
    assert theory.servers_needed(7.3, 1.0, mean_sojourn=1.05) == alone[0]


@pytest.mark.parametrize(
    ("goal", "says"),
    [
        ({}, "asks for a goal"),
        ({"sojourn": (0.99, 4.6)}, r"the work alone takes 4\.605"),
        ({"mean_sojourn": 1.0}, "the work alone takes 1 s"),
        ({"wait": 0.99}, "a share and a time"),
        ({"wait": (99, 1.0)}, r"wait\[0\]: 99"),
        ({"wait": (0.0, 1.0)}, "asks for nothing"),
        ({"sojourn": (0.9, -1.0)}, r"sojourn\[1\]: -1"),
    ],
)
def test_servers_needed_refuses_what_no_count_can_meet(goal: dict[str, object], says: str) -> None:
    with pytest.raises(TheoryError, match=says):
        theory.servers_needed(7.3, 1.0, **goal)


def test_mg_infinity_never_waits() -> None:
    queue = theory.mg_infinity(3.0, 2.0)
    assert (queue.mean_in_system, queue.mean_wait, queue.wait_percentile(0.99)) == (6.0, 0.0, 0.0)
    with pytest.raises(TheoryError, match="mean_sojourn"):
        queue.sojourn_percentile(0.5)


def test_little_gives_the_third_of_three() -> None:
    assert theory.little(rate=2.0, time=3.0) == 6.0
    assert theory.little(number=6.0, rate=2.0) == 3.0
    assert theory.little(number=6.0, time=3.0) == 2.0
    with pytest.raises(TheoryError, match="exactly two"):
        theory.little(rate=2.0)
    with pytest.raises(TheoryError, match="rate"):
        theory.little(rate=-2.0, time=1.0)


def test_a_result_survives_being_sent_to_another_process() -> None:
    queue = theory.mmc(1.5, 1.0, 2)
    again = pickle.loads(pickle.dumps(queue))
    assert again == queue
    assert again.sojourn_percentile(0.9) == queue.sojourn_percentile(0.9)


@pytest.mark.parametrize("p", [1.0, 95, -0.1, math.nan, True, "0.5"])
def test_a_percentile_is_asked_for_by_its_share(p: object) -> None:
    with pytest.raises(TheoryError, match=r"^p: "):
        theory.mm1(0.5, 1.0).wait_percentile(p)  # type: ignore[arg-type]


def test_a_law_is_not_asked_about_negative_times() -> None:
    with pytest.raises(TheoryError, match=r"^t: -1"):
        theory.mm1(0.5, 1.0).sojourn_cdf(-1.0)
