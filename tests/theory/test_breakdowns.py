from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mqsim import theory
from mqsim.errors import TheoryError
from tests.theory.oracles import stationary

CASES = [(0.5, 1.0, 1, 0.05, 0.5), (1.0, 1.0, 2, 0.01, 0.1), (2.0, 1.0, 3, 0.2, 1.0), (0.3, 1.0, 1, 1.0, 1.0)]


@pytest.mark.parametrize(("arrivals", "rate", "servers", "fail", "repair"), CASES)
def test_breakdowns_are_their_chain(
    arrivals: float, rate: float, servers: int, fail: float, repair: float
) -> None:
    def steps(state):
        n, up = state
        if n < 700:
            yield (n + 1, up), arrivals
        if min(n, up):
            yield (n - 1, up), min(n, up) * rate
        if up:
            yield (n, up - 1), up * fail
        if up < servers:
            yield (n, up + 1), (servers - up) * repair

    p = stationary((0, servers), steps)
    queue = theory.mmc_breakdowns(arrivals, rate, servers, fail, repair)
    assert queue.mean_in_system == pytest.approx(sum(n * x for (n, _), x in p.items()), rel=1e-7)
    assert queue.p_wait == pytest.approx(sum(x for (n, up), x in p.items() if n >= up), rel=1e-8)
    busy = sum(min(n, up) * x for (n, up), x in p.items())
    assert queue.utilisation * servers == pytest.approx(busy, rel=1e-8)


@pytest.mark.parametrize(
    ("arrivals", "fail", "repair"), [(0.5, 0.05, 0.5), (0.7, 0.01, 0.2), (0.2, 1.0, 1.0)]
)
def test_one_server_is_white_and_christies_formula(arrivals: float, fail: float, repair: float) -> None:
    """H. White and L. Christie, Operations Research 6 (1958) 79-95: preemptive priority of the breakdowns.

    Breakdowns are the important class of a preemptive-resume M/G/1: while the server is up they
    come as a Poisson process, one at a time. With x = fail / repair the mean number in the system is
    (load (1 + x) + arrivals fail / (repair² (1 + x))) / (1 - load (1 + x)).
    """
    x = fail / repair
    effective = arrivals * (1 + x)
    exact = (effective + arrivals * fail / (repair * repair * (1 + x))) / (1 - effective)
    queue = theory.mmc_breakdowns(arrivals, 1.0, 1, fail, repair)
    assert queue.mean_in_system == pytest.approx(exact, rel=1e-10)


@pytest.mark.parametrize(("arrivals", "servers"), [(0.8, 1), (2.4, 3), (9.0, 12)])
def test_servers_that_hardly_fail_are_mmc(arrivals: float, servers: int) -> None:
    queue, exact = (
        theory.mmc_breakdowns(arrivals, 1.0, servers, 1e-9, 1.0),
        theory.mmc(arrivals, 1.0, servers),
    )
    assert queue.mean_wait == pytest.approx(exact.mean_wait, rel=1e-6)
    assert queue.p_wait == pytest.approx(exact.p_wait, rel=1e-6)


@settings(max_examples=40)
@given(
    load=st.floats(0.05, 0.9), servers=st.integers(1, 8), fail=st.floats(0.001, 2), repair=st.floats(0.01, 5)
)
def test_failing_servers_only_make_it_worse(load: float, servers: int, fail: float, repair: float) -> None:
    arrivals = load * servers * repair / (fail + repair)
    queue = theory.mmc_breakdowns(arrivals, 1.0, servers, fail, repair)
    assert queue.mean_wait >= theory.mmc(arrivals, 1.0, servers).mean_wait * (1 - 1e-9)
    more = theory.mmc_breakdowns(arrivals, 1.0, servers, fail * 0.9, repair)
    assert more.mean_wait <= queue.mean_wait * (1 + 1e-9)


def test_availability_counts_towards_the_load() -> None:
    with pytest.raises(TheoryError, match=r"utilisation 1\.2"):
        theory.mmc_breakdowns(0.6, 1.0, 1, 1.0, 1.0)


def test_two_hundred_servers_do_not_overflow() -> None:
    """With rare failures, short repairs and a light load the waits are those of M/M/c, all but nothing."""
    queue = theory.mmc_breakdowns(150.0, 1.0, 200, 1e-6, 1.0)
    assert queue.mean_in_system == pytest.approx(150.0, rel=1e-4)
