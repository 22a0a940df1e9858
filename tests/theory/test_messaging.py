from __future__ import annotations

import math
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mqsim import theory
from mqsim.errors import TheoryError
from tests.theory.oracles import stationary


def windowed(prefetch: int, latency: float, work: float, messages: int) -> float:
    """Play a consumer with a window: each acknowledgement brings the next delivery one round trip later."""
    received = [latency] * prefetch
    free, finished = 0.0, []
    for n in range(messages):
        free = max(free, received[n]) + work
        finished.append(free)
        received.append(free + 2 * latency)
    half = messages // 2
    return (messages - 1 - half) / (finished[-1] - finished[half])


@pytest.mark.parametrize("prefetch", [1, 2, 5, 10, 21, 22, 100])
@pytest.mark.parametrize(("latency", "work"), [(0.05, 0.005), (0.0005, 0.01), (0.0, 0.1)])
def test_prefetch_throughput_is_a_window_played_by_hand(prefetch: int, latency: float, work: float) -> None:
    played = windowed(prefetch, latency, work, 200 * prefetch + 2)
    assert theory.prefetch_throughput(prefetch, 2 * latency, 1 / work) == pytest.approx(played, rel=0.005)


@pytest.mark.parametrize(
    ("round_trip", "work", "least"), [(0.1, 0.005, 21), (0.0, 1.0, 1), (0.3, 0.1, 4), (0.05, 1.0, 2)]
)
def test_prefetch_needed_is_the_least_that_keeps_busy(round_trip: float, work: float, least: int) -> None:
    assert theory.prefetch_needed(round_trip, 1 / work) == least
    assert theory.prefetch_throughput(least, round_trip, 1 / work) == pytest.approx(1 / work)
    if least > 1:
        assert theory.prefetch_throughput(least - 1, round_trip, 1 / work) < 1 / work


@pytest.mark.parametrize("prefetch", [1, 4, 30])
def test_prefetch_of_exponential_work_is_a_closed_chain(prefetch: int) -> None:
    """The network's delay as two exponential stages: a delay counts by its mean alone."""
    round_trip, work = 2.0, 0.7

    def steps(state):
        out, back = state
        here = prefetch - out - back
        if here:
            yield (out + 1, back), 1 / work
        if out:
            yield (out - 1, back + 1), out * 4 / round_trip
        if back:
            yield (out, back - 1), back * 4 / (3 * round_trip)

    p = stationary((0, 0), steps)
    busy = sum(x for s, x in p.items() if sum(s) < prefetch)
    assert theory.prefetch_throughput_exponential(prefetch, round_trip, 1 / work) == pytest.approx(
        busy / work
    )


@given(prefetch=st.integers(1, 60), round_trip=st.floats(0.001, 5), work=st.floats(0.001, 5))
def test_variable_work_never_beats_constant_work(prefetch: int, round_trip: float, work: float) -> None:
    varied = theory.prefetch_throughput_exponential(prefetch, round_trip, 1 / work)
    assert varied <= theory.prefetch_throughput(prefetch, round_trip, 1 / work) * (1 + 1e-9)
    assert theory.prefetch_throughput_exponential(prefetch, 0.0, 1 / work) == 1 / work


@pytest.mark.parametrize(
    ("backlog", "servers", "arrivals", "left"),
    [(10, 1, 0.0, 0), (40, 3, 2.0, 0), (40, 3, 2.0, 3), (2, 4, 1.0, 0), (5, 8, 3.0, 5), (6, 4, 3.5, 2)],
)
def test_drain_time_is_a_first_passage(backlog: int, servers: int, arrivals: float, left: int) -> None:
    top = 600
    matrix = np.zeros((top + 1, top + 1))
    right = np.ones(top + 1)
    for n in range(top + 1):
        if n <= left:
            matrix[n, n], right[n] = 1.0, 0.0
            continue
        up, down = (arrivals if n < top else 0.0), float(min(n, servers))
        matrix[n, n] = up + down
        matrix[n, n - 1] = -down
        if n < top:
            matrix[n, n + 1] = -up
    exact = np.linalg.solve(matrix, right)[backlog]
    assert theory.drain_time(backlog, 1.0, servers, arrivals, left) == pytest.approx(
        exact, rel=1e-9, abs=1e-9
    )


def test_drain_time_by_hand() -> None:
    assert theory.drain_time(100, 2.0) == pytest.approx(50.0)
    assert theory.drain_time(100, 2.0, arrival_rate=1.0) == pytest.approx(100.0)
    assert theory.drain_time(3, 1.0, 3) == pytest.approx(1 + 1 / 2 + 1 / 3)
    assert theory.drain_time(0, 1.0) == 0.0
    assert theory.drain_time_constant(10, 2, 4) == pytest.approx(1.5)
    assert theory.drain_time_constant(0, 2, 4) == 0.0


@pytest.mark.parametrize("redraw", [True, False])
@pytest.mark.parametrize(
    ("probability", "attempts", "after"),
    [(0.2, None, 1.0), (0.5, 3, 1.0), (0.3, 2, 0.25), (1.0, 4, 0.5), (0.0, 1, 1.0)],
)
def test_requeued_work_is_enumerated(
    redraw: bool, probability: float, attempts: int | None, after: float
) -> None:
    """Work of 1 or 3 with equal chance (moments 2 and 5), all outcomes of all attempts listed."""
    most = attempts or 60
    first = second = tries = lost = 0.0
    for failures in range(most + 1):
        fails = failures == most
        chance = probability**failures * (1.0 if fails else 1 - probability)
        count = failures + (0 if fails else 1)
        if redraw:
            # Number of long ones among the failing attempts is binomial; the last attempt is 1 or 3.
            for long in range(failures + 1):
                weight = chance * math.comb(failures, long) / 2**failures
                spent = after * (failures + 2 * long)
                for last, half in [(0.0, 1.0)] if fails else [(1.0, 0.5), (3.0, 0.5)]:
                    first += weight * half * (spent + last)
                    second += weight * half * (spent + last) ** 2
        else:
            for work in (1.0, 3.0):
                total = work * (after * failures + (0 if fails else 1))
                first += chance * total / 2
                second += chance * total**2 / 2
        tries += chance * count
        lost += chance if fails else 0.0
    result = theory.requeued_work(2.0, 5.0, probability, attempts=attempts, after=after, redraw=redraw)
    assert result.mean == pytest.approx(first)
    assert result.second_moment == pytest.approx(second)
    assert result.attempts == pytest.approx(tries)
    assert result.p_given_up == pytest.approx(lost, abs=1e-12)


def test_requeued_exponential_work_is_a_slower_exponential() -> None:
    work = theory.requeued_work(1.0, 2.0, 0.2)
    assert theory.mg1(0.5, work.mean, work.second_moment).mean_sojourn == pytest.approx(
        theory.mm1(0.5, 0.8).mean_sojourn
    )


def test_usl_is_amdahl_without_coherency_and_peaks_where_it_says() -> None:
    assert theory.usl(8, 2.0, 0.1, 0.0) == pytest.approx(2 / (0.1 + 0.9 / 8))
    assert theory.usl(5, 3.0, 0.0, 0.0) == pytest.approx(15.0)
    assert theory.usl_peak(0.1, 0.0) == math.inf
    top = theory.usl_peak(0.05, 0.001)
    around = [theory.usl(top * x, 1.0, 0.05, 0.001) for x in (0.9, 0.97, 1.0)]
    assert all(low < high for low, high in pairwise(around))
    assert theory.usl(top * 1.03, 1.0, 0.05, 0.001) < around[-1]


def test_usl_fit_finds_what_made_the_numbers() -> None:
    servers = [1, 2, 4, 8, 16, 32]
    measured = [theory.usl(n, 50.0, 0.04, 0.0007) for n in servers]
    assert theory.usl_fit(servers, measured) == pytest.approx((50.0, 0.04, 0.0007))


@pytest.mark.parametrize(
    ("call", "says"),
    [
        (lambda: theory.prefetch_throughput(0, 1.0, 1.0), "prefetch: 0"),
        (lambda: theory.prefetch_throughput(1, -1.0, 1.0), "round_trip: -1"),
        (lambda: theory.drain_time(10, 1.0, 2, 2.0), "steady state"),
        (lambda: theory.drain_time(10, 1.0, left=11), "at most the backlog"),
        (lambda: theory.requeued_work(1.0, 2.0, 1.0), "limit of attempts"),
        (lambda: theory.requeued_work(1.0, 0.5, 0.1), "square of the mean"),
        (lambda: theory.usl(0.5, 1.0, 0.1, 0.1), "1 or more"),
        (lambda: theory.usl_fit([1, 2, 2], [1, 2, 2]), "three or more"),
    ],
)
def test_outside_its_range(call, says: str) -> None:
    with pytest.raises(TheoryError, match=says):
        call()
