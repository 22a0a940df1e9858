"""Levels over time, by hand and against a walk over intervals."""

from __future__ import annotations

import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mqsim.errors import UsageError
from mqsim.metrics import depth_series, in_system_series, time_average
from mqsim.trace import How, Outcome, Trace
from tests.trace.hand import Hand
from tests.trace.wild import traces

Stretch = tuple[float, float]


def steps(series: tuple[object, object]) -> list[tuple[float, int]]:
    times, levels = series
    return list(zip(times.tolist(), levels.tolist(), strict=True))  # type: ignore[attr-defined]


def test_depth_by_hand() -> None:
    hand = Hand(end=10.0)
    hand.served(1.0, "worker-1", 1.0, 4.0)
    hand.served(2.0, "worker-1", 4.0, 6.0)
    hand.message(Outcome.READY, created=3.0)
    hand.message(Outcome.EXPIRED, created=3.0, ended=5.0)
    assert steps(depth_series(hand.trace, "tasks")) == [
        (0.0, 0), (1.0, 0), (2.0, 1), (3.0, 3), (4.0, 2), (5.0, 1), (10.0, 1),
    ]  # fmt: skip
    assert steps(in_system_series(hand.trace, "tasks")) == [
        (0.0, 0), (1.0, 1), (2.0, 2), (3.0, 4), (4.0, 3), (5.0, 2), (6.0, 1), (10.0, 1),
    ]  # fmt: skip
    # 1 s at 1, 1 s at 3, 1 s at 2, 5 s at 1.
    assert time_average(depth_series(hand.trace, "tasks"), 0.0, 10.0) == (1.1, 3)
    assert time_average(depth_series(hand.trace, "tasks"), 4.5, 5.5) == (1.5, 2)
    assert time_average(depth_series(hand.trace, "tasks"), 10.0, 10.0) is None


def test_a_requeued_message_is_ready_again_and_a_rejected_one_is_not() -> None:
    hand = Hand(end=10.0)
    copy = hand.message(Outcome.DEAD_LETTERED, created=0.0)
    hand.attempt(copy, "worker-1", 1.0, How.REQUEUED, started=1.0, ended=3.0)
    hand.attempt(copy, "worker-1", 5.0, How.REJECTED, started=5.0, ended=6.0)
    levels = [(0.0, 1), (1.0, 0), (3.0, 1), (5.0, 0), (10.0, 0)]
    assert steps(depth_series(hand.trace, "tasks")) == levels
    assert time_average(in_system_series(hand.trace, "tasks"), 0.0, 10.0) == (0.6, 1)


def test_what_is_given_back_and_dropped_at_once_leaves_no_trace() -> None:
    hand = Hand(end=10.0)
    copy = hand.message(Outcome.DROPPED, created=0.0, ended=3.0)
    hand.attempt(copy, "worker-1", 1.0, How.RETURNED, ended=3.0)
    assert steps(depth_series(hand.trace, "tasks"))[-1] == (10.0, 0)
    assert time_average(depth_series(hand.trace, "tasks"), 0.0, 10.0) == (0.1, 1)


def test_under_auto_ack_a_message_is_in_the_system_until_its_work_is_done() -> None:
    hand = Hand(end=10.0)
    copy = hand.message(Outcome.ACKED, created=1.0)
    hand.attempt(copy, "worker-1", 1.0, How.ACKED, started=2.0, finished=7.0, ended=1.0)
    hand.attempt(hand.message(created=4.0), "worker-2", 4.0, How.ACKED, started=4.0, ended=4.0)
    assert steps(in_system_series(hand.trace, "tasks")) == [(0.0, 0), (1.0, 1), (4.0, 2), (7.0, 1), (10.0, 1)]


def test_what_is_lost_after_its_ack_was_in_the_system_until_it_was_lost() -> None:
    hand = Hand(end=10.0)
    copy = hand.message(Outcome.LOST, created=1.0)
    hand.attempt(copy, "worker-1", 1.0, How.LOST, started=1.0, ended=6.0)
    hand.trace.messages.ended[copy] = 1.0
    assert steps(in_system_series(hand.trace, "tasks")) == [(0.0, 0), (1.0, 1), (6.0, 0), (10.0, 0)]


def test_what_never_entered_is_not_counted() -> None:
    hand = Hand(end=10.0)
    hand.message(Outcome.REFUSED, created=1.0, enqueued=math.nan, ended=1.0)
    hand.message(Outcome.READY, created=1.0, enqueued=math.nan)
    assert steps(depth_series(hand.trace, "tasks")) == [(0.0, 0), (10.0, 0)]
    assert steps(in_system_series(hand.trace, "tasks")) == [(0.0, 0), (10.0, 0)]


def test_what_comes_at_the_last_instant_does_not_raise_the_maximum() -> None:
    hand = Hand(end=10.0)
    hand.message(Outcome.READY, created=4.0)
    for _ in range(3):
        hand.message(Outcome.READY, created=10.0)
    assert time_average(depth_series(hand.trace, "tasks"), 0.0, 10.0) == (0.6, 1)


def test_queues_are_kept_apart_and_an_unknown_one_is_named() -> None:
    hand = Hand(end=10.0)
    hand.message(Outcome.READY, queue="a")
    hand.message(Outcome.READY, queue="b", created=5.0)
    assert steps(depth_series(hand.trace, "b")) == [(0.0, 0), (5.0, 1), (10.0, 1)]
    with pytest.raises(UsageError, match="'c' is not in this trace; it has a, b"):
        depth_series(hand.trace, "c")


def slow_depth(trace: Trace, queue: str) -> list[Stretch]:
    """When each message was ready: stretches, from its life told attempt by attempt."""
    messages, deliveries = trace.messages, trace.deliveries
    stretches = []
    for copy in range(messages.n):
        if trace.queues.names[messages.queue[copy]] != queue or math.isnan(messages.enqueued[copy]):
            continue
        since: float | None = messages.enqueued[copy]
        for row in range(deliveries.n):
            if deliveries.copy[row] == copy:
                assert since is not None
                stretches.append((since, deliveries.sent[row]))
                given_back = How(deliveries.how[row]).name in ("REQUEUED", "RETURNED")
                since = deliveries.ended[row] if given_back else None
        if since is not None:
            left = messages.ended[copy]
            stretches.append((since, trace.end if math.isnan(left) else left))
    return stretches


def slow_in_system(trace: Trace, queue: str) -> list[Stretch]:
    messages = trace.messages
    stretches = []
    for copy in range(messages.n):
        if trace.queues.names[messages.queue[copy]] == queue and not math.isnan(messages.enqueued[copy]):
            left = messages.ended[copy]
            stretches.append((messages.enqueued[copy], trace.end if math.isnan(left) else left))
    return stretches


def slow_average(stretches: list[Stretch], start: float, end: float) -> tuple[float, int]:
    area = sum(max(0.0, min(to, end) - max(since, start)) for since, to in stretches)
    looks = [start] + [t for stretch in stretches for t in stretch if start <= t < end]
    return area / (end - start), max(sum(since <= t < to for since, to in stretches) for t in looks)


@given(trace=traces(), start=st.integers(0, 40).map(float))
@settings(max_examples=200, deadline=None)
def test_time_averages_agree_with_a_walk_over_intervals(trace: Trace, start: float) -> None:
    for queue in trace.queues.names:
        for fast, slow in ((depth_series, slow_depth), (in_system_series, slow_in_system)):
            found = time_average(fast(trace, queue), start, trace.end)
            assert found is not None
            mean, most = slow_average(slow(trace, queue), start, trace.end)
            assert found[0] == pytest.approx(mean, abs=1e-12)
            assert found[1] == most


@given(trace=traces())
@settings(max_examples=100, deadline=None)
def test_a_level_is_never_negative_and_spans_the_run(trace: Trace) -> None:
    for queue in trace.queues.names:
        for times, levels in (depth_series(trace, queue), in_system_series(trace, queue)):
            assert (levels >= 0).all()
            assert (times[1:] > times[:-1]).all()
            assert (times[0], times[-1]) == (trace.start, trace.end)
