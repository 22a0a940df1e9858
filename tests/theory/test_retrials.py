from __future__ import annotations

import pytest

from mqsim import theory
from mqsim.errors import TheoryError
from tests.theory.oracles import stationary


@pytest.mark.parametrize(("load", "retry"), [(0.3, 0.5), (0.8, 0.1), (0.9, 3.0), (0.97, 1.0)])
def test_one_server_is_falin_and_templetons_closed_form(load: float, retry: float) -> None:
    """Mean number absent: load² / (1 - load) + arrivals load / (retry (1 - load))."""
    queue = theory.mmc_retrial(load, 1.0, 1, 1, retry)
    assert queue.mean_waiting == pytest.approx((load**2 + load * load / retry) / (1 - load), rel=1e-9)
    assert queue.p_wait == pytest.approx(load)
    assert queue.mean_queued == 0.0


@pytest.mark.parametrize(
    ("arrivals", "servers", "room", "retry"), [(0.8, 1, 4, 0.3), (1.5, 2, 2, 1.0), (2.4, 3, 6, 0.2)]
)
def test_more_servers_and_room_are_their_chain(
    arrivals: float, servers: int, room: int, retry: float
) -> None:
    def steps(state):
        absent, n = state
        if n < room:
            yield (absent, n + 1), arrivals
            if absent:
                yield (absent - 1, n + 1), absent * retry
        elif absent < 250:
            yield (absent + 1, n), arrivals
        if n:
            yield (absent, n - 1), float(min(n, servers))

    p = stationary((0, 0), steps)
    queue = theory.mmc_retrial(arrivals, 1.0, servers, room, retry)
    assert queue.mean_in_system == pytest.approx(sum((a + n) * x for (a, n), x in p.items()), rel=1e-8)
    late = sum((a + max(0, n - servers)) * x for (a, n), x in p.items())
    assert queue.mean_waiting == pytest.approx(late, rel=1e-8)
    assert queue.mean_wait == pytest.approx(late / arrivals, rel=1e-8)
    assert queue.mean_sojourn == pytest.approx(late / arrivals + 1)
    assert queue.mean_queued * arrivals == pytest.approx(
        sum(max(0, n - servers) * x for (_, n), x in p.items())
    )
    assert queue.p_wait == pytest.approx(sum(x for (_, n), x in p.items() if n >= servers))


@pytest.mark.parametrize(("arrivals", "servers"), [(0.8, 1), (2.4, 3)])
def test_eager_retries_are_a_queue_without_a_limit(arrivals: float, servers: int) -> None:
    queue = theory.mmc_retrial(arrivals, 1.0, servers, servers, 1e6)
    assert queue.mean_wait == pytest.approx(theory.mmc(arrivals, 1.0, servers).mean_wait, rel=1e-4)


def test_outside_its_range() -> None:
    with pytest.raises(TheoryError, match="steady state"):
        theory.mmc_retrial(1.0, 1.0, 1, 1, 1.0)
    with pytest.raises(TheoryError, match="matter"):
        theory.mmc_retrial(0.999, 1.0, 1, 1, 1e-4)
