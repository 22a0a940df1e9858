"""Flows and service levels, by hand and against a loop."""

from __future__ import annotations

import math
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mqsim.errors import UsageError
from mqsim.metrics import slo_miss, summary
from mqsim.trace import How, Outcome, Trace
from tests.trace.hand import Hand
from tests.trace.wild import traces

NAN = math.nan


def flows(hand: Hand) -> dict[str, Any]:
    numbers: dict[str, Any] = summary(hand.trace)["flows"]
    return numbers


def test_a_pipeline_is_one_flow_from_the_first_creation_to_the_last_ack() -> None:
    hand = Hand()
    first = hand.served(1.0, "cook-1", 2.0, 3.0)
    hand.served(1.0, "waiter-1", 4.0, 6.5, queue="hall", number=0, parent=first, origin=first)
    assert flows(hand) == {
        "count": 1, "finished": 1, "unfinished": 0,
        "mean": 5.5, "p50": 5.5, "p95": 5.5, "p99": 5.5, "max": 5.5,
    }  # fmt: skip


def test_a_forwarded_message_of_its_own_name_belongs_to_the_flow_of_its_origin() -> None:
    hand = Hand()
    first = hand.served(1.0, "cook-1", 2.0, 3.0)
    hand.served(3.0, "waiter-1", 4.0, 9.0, queue="hall", producer="cook-1", parent=first, origin=first)
    assert (flows(hand)["count"], flows(hand)["max"]) == (1, 8.0)


def test_a_fan_out_ends_when_both_are_acked() -> None:
    hand = Hand()
    hand.served(0.0, "a-1", 1.0, 2.0, queue="a", number=0)
    hand.served(0.0, "b-1", 1.0, 7.0, queue="b", number=0, origin=0)
    hand.served(10.0, "a-1", 11.0, 12.0, queue="a", number=1)
    hand.message(Outcome.READY, created=10.0, queue="b", number=1, origin=2)
    assert (flows(hand)["count"], flows(hand)["finished"], flows(hand)["unfinished"]) == (2, 1, 1)
    assert flows(hand)["mean"] == 7.0


def test_a_message_that_came_through_a_dead_letter_queue_is_finished() -> None:
    hand = Hand()
    first = hand.message(Outcome.DEAD_LETTERED, number=0, ended=1.0)
    retry = hand.message(Outcome.DEAD_LETTERED, queue="retry", number=0, parent=first, origin=0, ended=6.0)
    hand.served(0.0, "worker-1", 7.0, 8.0, number=0, parent=retry, origin=0)
    assert (flows(hand)["finished"], flows(hand)["max"]) == (1, 8.0)


def test_what_was_lost_on_the_way_is_not_finished_and_what_was_published_again_is() -> None:
    hand = Hand()
    first = hand.served(0.0, "cook-1", 1.0, 2.0, number=0)
    hand.message(Outcome.DROPPED, queue="hall", number=0, parent=first, origin=first)
    hand.message(Outcome.REFUSED, created=5.0, number=1, enqueued=NAN)
    hand.served(5.0, "cook-1", 6.0, 8.0, number=1)
    assert (flows(hand)["count"], flows(hand)["finished"], flows(hand)["max"]) == (2, 1, 3.0)


def test_the_flow_ends_with_the_ack_the_service_level_with_the_work() -> None:
    hand = Hand()
    copy = hand.message()
    hand.attempt(copy, "worker-1", 0.0, How.ACKED, started=0.0, finished=2.0, ended=2.5)
    assert flows(hand)["max"] == 2.5
    assert slo_miss(hand.trace, 2.0) == 0.0
    assert slo_miss(hand.trace, 1.9) == 1.0


def test_misses_by_hand() -> None:
    hand = Hand(end=50.0)
    hand.served(0.0, "worker-1", 1.0, 2.0)
    hand.served(1.0, "worker-1", 2.0, 6.0)
    hand.message(Outcome.LOST, created=2.0)
    hand.message(Outcome.REFUSED, created=2.0, enqueued=NAN)
    hand.message(Outcome.UNROUTABLE, created=2.0, queue=None, enqueued=NAN)
    hand.message(Outcome.DROPPED, created=2.0)
    hand.message(Outcome.READY, created=49.9)
    hand.attempt(hand.message(Outcome.ACKED, created=2.0), "worker-2", 2.0, How.ACKED, started=2.0, ended=2.0)
    assert slo_miss(hand.trace, 2.0) == pytest.approx(7 / 8)
    assert slo_miss(hand.trace, 5.0) == pytest.approx(6 / 8)
    assert slo_miss(hand.trace, 5.0, warmup=0.5) == pytest.approx(6 / 7)
    assert slo_miss(hand.trace, 5.0, queue="tasks") == pytest.approx(5 / 7)
    assert slo_miss(hand.trace, 5.0, warmup=60.0) is None


def test_in_one_queue_the_first_finish_counts() -> None:
    hand = Hand()
    hand.served(0.0, "worker-1", 1.0, 9.0, number=0)
    hand.served(0.0, "worker-2", 1.0, 3.0, number=0)
    hand.message(Outcome.READY, queue="log", number=0)
    assert slo_miss(hand.trace, 4.0, queue="tasks") == 0.0
    assert slo_miss(hand.trace, 4.0, queue="log") == 1.0
    assert slo_miss(hand.trace, 4.0) == 1.0


@pytest.mark.parametrize("limit", [-1.0, NAN])
def test_a_limit_is_a_number_of_seconds(limit: float) -> None:
    with pytest.raises(UsageError, match="limit"):
        slo_miss(Trace(), limit)


def test_an_unknown_queue_is_named_and_an_empty_trace_has_no_share() -> None:
    with pytest.raises(UsageError, match="'x' is not in this trace"):
        slo_miss(Trace(), 1.0, queue="x")
    assert slo_miss(Trace(), 1.0) is None


@given(trace=traces(), limit=st.integers(0, 10).map(float))
@settings(max_examples=100, deadline=None)
def test_without_copies_of_copies_a_flow_is_a_row(trace: Trace, limit: float) -> None:
    """In these traces each message has one row, so flows can be counted by it."""
    m = trace.messages
    done = [m.outcome[r] == Outcome.ACKED and not math.isnan(m.finished[r]) for r in range(m.n)]
    times = [m.acked[r] - m.created[r] for r in range(m.n) if done[r]]
    numbers = summary(trace)["flows"]
    assert (numbers["count"], numbers["finished"]) == (m.n, len(times))
    if times:
        assert numbers["mean"] == pytest.approx(sum(times) / len(times))
        assert numbers["max"] == max(times)
    in_time = sum(done[r] and m.finished[r] - m.created[r] <= limit for r in range(m.n))
    expected = pytest.approx(1 - in_time / m.n) if m.n else None
    assert slo_miss(trace, limit) == expected
