"""Pools: one consumer with one connection and several slots, against a recursion of its own and by hand."""

from __future__ import annotations

import heapq
from typing import TYPE_CHECKING

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from mqsim.api import simulate
from mqsim.matching import Fit, applies, loads
from mqsim.theory import mmc
from mqsim.trace import How
from mqsim.trace.frames import columns
from mqsim.trace.work_spans import work
from tests.sim.small import lived, scenario

if TYPE_CHECKING:
    from collections.abc import Sequence

    from mqsim.trace import Trace


def first_free(arrivals: Sequence[float], works: Sequence[float], servers: int) -> list[float]:
    """When each message is done if the server that is free first takes the next one."""
    free = [0.0] * servers
    done = []
    for arrival, seconds in zip(arrivals, works, strict=True):
        begin = max(heapq.heappop(free), arrival)
        done.append(begin + seconds)
        heapq.heappush(free, done[-1])
    return done


def most_at_once(trace: Trace) -> int:
    """The largest number of messages that were worked on at one time."""
    spans = work(trace)
    steps = sorted([(t, 1) for t in spans.start.tolist()] + [(t, -1) for t in spans.end.tolist()])
    level = most = 0
    for _, step in steps:
        level += step
        most = max(most, level)
    return most


LOADS = st.lists(st.tuples(st.integers(0, 20), st.integers(1, 40)), min_size=1, max_size=25)


@settings(max_examples=60, suppress_health_check=[HealthCheck.too_slow], deadline=None)
@given(LOADS, st.integers(1, 5), st.integers(0, 7))
def test_a_pool_serves_as_many_at_a_time_as_slots_and_prefetch_allow(
    load: list[tuple[int, int]], slots: int, prefetch: int
) -> None:
    at = np.cumsum([gap / 10 for gap, _ in load]).tolist()
    works = [seconds / 10 for _, seconds in load]
    what = scenario(at=at, work={"list": works}, consumer={"slots": slots, "prefetch": prefetch})
    trace = simulate(what).trace
    servers = min(slots, prefetch) if prefetch else slots
    (finished,) = columns(trace.messages, "finished")
    assert finished.tolist() == pytest.approx(first_free(at, works, servers))
    assert most_at_once(trace) <= servers


def test_a_pool_is_the_queue_with_as_many_servers() -> None:
    pool = scenario(
        producer={"arrivals": {"poisson": {"rate": 3.2}}, "work": {"exponential": {"mean": 1}}},
        consumer={"slots": 4, "prefetch": 4},
        duration=100,
    )
    (match,) = applies(pool).queues
    assert (match.fit, match.model) == (Fit.EXACT, "M/M/4")
    assert match.value("wait.mean") == pytest.approx(mmc(3.2, 1.0, 4).mean_wait)
    (load,) = loads(pool)
    assert (load.capacity, load.share) == (4.0, 0.8)
    (limited,) = loads(pool.with_({"consumers.worker.prefetch": 3}))
    assert (limited.capacity, limited.over) == (3.0, True)
    assert loads(pool.with_({"consumers.worker.prefetch": 20}))[0].capacity == 4.0


def test_utilisation_counts_slots() -> None:
    what = scenario(at=[0, 0, 0, 0], work={"list": [1, 2, 3, 4]}, consumer={"slots": 5, "prefetch": 5})
    told = simulate(what).summary()["consumers"]["worker-1"]
    assert told["utilisation"] == pytest.approx((1 + 2 + 3 + 4) / (5 * 4))
    assert told["of_up_time"] == told["utilisation"]


def test_a_crash_takes_the_work_of_all_slots() -> None:
    what = scenario(
        at=[0, 0, 0],
        work=2,
        consumer={"slots": 2, "prefetch": 2},
        consumers=None,
        faults=[{"crash": "worker-1", "at": 1, "restart_after": 3}],
    )
    trace = simulate(what).trace
    started, how = columns(trace.deliveries, "started", "how")
    # Two begin at 0 and are lost with the process at 1; it is back at 4, then a free slot takes the third.
    assert started.tolist() == [0, 0, 4, 4, 6]
    assert [How(each) for each in how] == [How.RETURNED, How.RETURNED, How.ACKED, How.ACKED, How.ACKED]
    assert work(trace).end.tolist() == [1, 1, 6, 6, 8]


def test_a_pool_that_stops_finishes_what_it_works_on_and_begins_nothing() -> None:
    what = scenario(
        at=[0, 0, 0, 0],
        work={"list": [2, 5, 2, 2]},
        consumer={"slots": 2, "prefetch": 4},
        duration=20,
        faults=[{"stop": "worker-1", "at": 1}],
    )
    world, result = lived(what)
    assert columns(result.trace.deliveries, "finished")[0].tolist()[:2] == [2, 5]
    assert np.isnan(columns(result.trace.deliveries, "started")[0][2:]).all()
    assert world.broker.queues["tasks"].waiting == 2
    assert result.trace.cast["worker-1"].up == [(0.0, 5.0)]


def test_a_pool_that_stands_still_goes_on_in_all_slots() -> None:
    what = scenario(
        at=[0, 0, 0],
        work={"list": [2, 3, 1]},
        consumer={"slots": 2, "prefetch": 3},
        faults=[{"hang": "worker-1", "at": 1, "for": 10}],
    )
    assert columns(simulate(what).trace.messages, "finished")[0].tolist() == [12, 13, 13]


def test_a_slow_pool_is_slow_in_all_slots() -> None:
    what = scenario(
        at=[0, 0],
        work={"list": [2, 4]},
        consumer={"slots": 2, "prefetch": 2},
        faults=[{"slow": "worker-1", "at": 1, "factor": 2, "for": 4}],
    )
    # The first has 1 s left, which takes 2; the second has 3, of which 2 are done by 5 and 1 is left then.
    assert columns(simulate(what).trace.messages, "finished")[0].tolist() == [3, 6]


def test_a_lost_acknowledgement_before_work_loses_every_slot_of_a_dead_pool() -> None:
    what = scenario(
        at=[0, 0, 0],
        work=5,
        consumer={"slots": 2, "ack": "auto"},
        duration=10,
        faults=[{"crash": "worker-1", "at": 1}],
    )
    assert simulate(what).summary()["queues"]["tasks"]["lost"] == 3
