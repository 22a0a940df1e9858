"""The fault `fail`: work fails while something that it needs is down, worked out by hand."""

from __future__ import annotations

import math
from typing import Any

import pytest

from mqsim.api import simulate
from mqsim.trace import Outcome
from mqsim.trace.frames import columns
from tests.sim.small import scenario


def attempts(what: Any) -> list[tuple[int, float, float | None]]:
    """Each attempt: number of its message, start, end of the work (None where it failed)."""
    trace = simulate(what).trace
    copy, started, finished = columns(trace.deliveries, "copy", "started", "finished")
    ends = [None if math.isnan(end) else end for end in finished.tolist()]
    return list(zip(copy.tolist(), started.tolist(), ends, strict=True))


def test_what_begins_while_it_is_down_fails_and_comes_back() -> None:
    what = scenario(at=[0, 1, 2, 3], work=0.5, faults=[{"fail": "worker", "at": 1.2, "for": 1.5}])
    # Message 1 began before. Message 2 fails at 2.5 and again at 3.0, and succeeds once 2.7 is past.
    expected = [(0, 0, 0.5), (1, 1, 1.5), (2, 2, None), (2, 2.5, None), (2, 3, 3.5), (3, 3.5, 4)]
    assert attempts(what) == expected


def test_after_says_how_long_a_failing_attempt_takes() -> None:
    what = scenario(at=[0], work=1, faults=[{"fail": "worker", "at": 0, "for": 0.6, "after": 0.25}])
    assert [start for _, start, _ in attempts(what)] == [0, 0.25, 0.5, 0.75]


@pytest.mark.parametrize(
    ("fault", "outcomes"),
    [
        ({"then": "reject"}, [Outcome.REJECTED, Outcome.ACKED]),
        ({"then": "drop"}, [Outcome.LOST, Outcome.ACKED]),
        ({"attempts": 1}, [Outcome.REJECTED, Outcome.ACKED]),
        ({"probability": 0}, [Outcome.ACKED, Outcome.ACKED]),
    ],
)
def test_what_happens_to_the_message(fault: dict[str, Any], outcomes: list[Outcome]) -> None:
    what = scenario(at=[0, 5], work=1, faults=[{"fail": "worker", "at": 0, "for": 2} | fault])
    assert [Outcome(each) for each in columns(simulate(what).trace.messages, "outcome")[0]] == outcomes


def test_what_the_consumer_says_of_failing_counts_where_the_fault_is_silent() -> None:
    what = scenario(
        at=[0, 5],
        work=1,
        consumer={"fails": {"then": "reject"}},
        faults=[{"fail": "worker", "at": 0, "for": 2}],
    )
    assert columns(simulate(what).trace.messages, "outcome")[0].tolist() == [Outcome.REJECTED, Outcome.ACKED]


def test_a_consumer_that_crashes_of_it_starts_again() -> None:
    fault = {"fail": "worker", "at": 0, "for": 2, "then": "crash", "restart_after": 4}
    what = scenario(at=[0], work=1, faults=[fault])
    assert attempts(what) == [(0, 0, None), (0, 5, 6)]


def test_consumers_that_start_meanwhile_are_hit_too() -> None:
    faults = [{"fail": "worker", "at": 1, "for": 4}, {"crash": "worker-1", "at": 2, "restart_after": 1}]
    what = scenario(at=[3.5], work=1, faults=faults)
    assert [start for _, start, _ in attempts(what)] == [3.5, 4.5, 5.5]


def test_one_consumer_alone_can_be_hit_and_two_outages_end_one_by_one() -> None:
    faults = [{"fail": "worker-1", "at": 0, "for": 3}, {"fail": "worker-1", "at": 1, "for": 1}]
    what = scenario(at=[0, 0], work=1, consumer={"count": 2, "prefetch": 1}, faults=faults)
    trace = simulate(what).trace
    consumer, finished = columns(trace.deliveries, "consumer", "finished")
    names = [trace.actors.names[code] for code in consumer]
    failed = [name for name, end in zip(names, finished, strict=True) if math.isnan(end)]
    assert set(failed) == {"worker-1"}


def test_the_share_that_fails_is_the_probability_and_the_same_messages_fail_with_more_workers() -> None:
    def rejected(count: int) -> set[int]:
        what = scenario(
            at=[i / 10 for i in range(2000)],
            work=0.05,
            consumer={"count": count},
            faults=[{"fail": "worker", "at": 0, "probability": 0.3, "then": "reject"}],
        )
        outcome, number = columns(simulate(what, seed=5).trace.messages, "outcome", "number")
        return set(number[outcome == Outcome.REJECTED].tolist())

    one = rejected(1)
    # Five standard deviations of a binomial count.
    assert abs(len(one) - 600) < 5 * math.sqrt(2000 * 0.3 * 0.7)
    assert one == rejected(3)


def test_an_outage_is_told_as_a_fault() -> None:
    what = scenario(at=[0, 9], faults=[{"fail": "worker", "at": 1, "for": 2}])
    (span,) = simulate(what).trace.faults
    assert (span.kind, span.target, span.start, span.end) == ("fail", "worker", 1.0, 3.0)
