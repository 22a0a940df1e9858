"""Nothing lost, nothing twice."""

from __future__ import annotations

import math
from collections import Counter

import pytest
from hypothesis import given, settings

from mqsim.checkers import Status, nothing_lost, nothing_twice
from mqsim.trace import FaultSpan, How, Outcome, Trace
from tests.trace.hand import Hand
from tests.trace.wild import traces

NAN = math.nan


def three_tasks() -> Hand:
    hand = Hand(end=20.0)
    for k in range(3):
        hand.served(0.0, "worker-1", 2.0 * k, 2.0 * k + 2.0)
    return hand


def test_lost_names_the_tasks() -> None:
    hand = three_tasks()
    for _ in range(2):
        copy = hand.message(Outcome.LOST, created=0.0)
        hand.attempt(copy, "worker-1", 0.0, How.LOST, ended=0.0)
    verdict = nothing_lost(hand.trace)
    assert verdict.status is Status.BROKEN
    assert verdict.sentence == "2 of 5 messages lost: web-1 #4 (lost), web-1 #5 (lost)."
    assert verdict.records["copy"].tolist() == [3, 4]
    assert verdict.records["outcome"].tolist() == ["lost", "lost"]


@pytest.mark.parametrize(
    "outcome",
    [
        Outcome.EXPIRED,
        Outcome.DROPPED,
        Outcome.REJECTED,
        Outcome.UNROUTABLE,
        Outcome.REFUSED,
        Outcome.LOST,
    ],
)
def test_each_way_to_be_lost_breaks_it(outcome: Outcome) -> None:
    hand = three_tasks()
    assert nothing_lost(hand.trace).status is Status.NOT_EXERCISED
    hand.message(outcome, created=0.0)
    verdict = nothing_lost(hand.trace)
    assert verdict.status is Status.BROKEN
    assert verdict.records["copy"].tolist() == [3]
    assert f"({outcome.label})" in verdict.sentence


def test_a_calm_run_does_not_exercise_it() -> None:
    verdict = nothing_lost(three_tasks().trace)
    assert verdict.status is Status.NOT_EXERCISED
    assert verdict.sentence == "nothing happened that could have lost one of the 3 messages."
    assert len(verdict.records) == 0
    assert list(verdict.records.columns)[:3] == ["copy", "parent", "origin"]


def test_a_crash_that_gave_everything_back_holds() -> None:
    hand = three_tasks()
    copy = hand.message(created=1.0)
    hand.attempt(copy, "worker-2", 1.0, How.RETURNED, started=1.0, ended=3.0)
    hand.attempt(copy, "worker-1", 6.0, How.ACKED, started=6.0, finished=8.0, ended=8.0)
    verdict = nothing_lost(hand.trace)
    assert verdict.status is Status.HOLDS
    assert verdict.sentence.startswith("none of 4 messages was lost, although 1 attempt to deliver ended")


def test_what_is_under_way_is_told_apart() -> None:
    hand = three_tasks()
    hand.message(Outcome.READY, created=19.0)
    hand.attempt(hand.message(Outcome.UNACKED, created=19.0), "worker-1", 19.0, How.OPEN, started=19.0)
    hand.message(Outcome.DROPPED, created=19.0)
    assert nothing_lost(hand.trace).sentence == (
        "1 of 6 messages lost: web-1 #6 (dropped); 2 still under way when the run ended."
    )


def test_a_dead_letter_lives_on_as_its_next_copy() -> None:
    hand = three_tasks()
    first = hand.message(Outcome.DEAD_LETTERED, number=9)
    parked = hand.message(Outcome.READY, queue="dead", number=9, parent=first, origin=first)
    verdict = nothing_lost(hand.trace)
    assert verdict.status is Status.HOLDS
    assert "some were dead-lettered; 1 still under way" in verdict.sentence
    hand.trace.messages.outcome[parked] = Outcome.DROPPED
    assert nothing_lost(hand.trace).records["copy"].tolist() == [parked]


def test_a_message_that_was_published_again_is_not_lost() -> None:
    hand = three_tasks()
    hand.message(Outcome.REFUSED, number=9, enqueued=NAN)
    assert nothing_lost(hand.trace).status is Status.BROKEN
    hand.served(7.0, "worker-1", 7.0, 8.0, number=9)
    verdict = nothing_lost(hand.trace)
    assert verdict.status is Status.HOLDS
    assert "an attempt to publish failed" in verdict.sentence


def test_a_message_lost_in_one_of_two_queues_is_one_message() -> None:
    hand = three_tasks()
    hand.message(Outcome.DROPPED, queue="log", number=0, origin=0)
    hand.message(Outcome.DROPPED, queue="audit", number=0, origin=0)
    verdict = nothing_lost(hand.trace)
    assert verdict.sentence.startswith("1 of 3 messages lost: web-1 #1 (dropped)")
    assert len(verdict.records) == 2


@pytest.mark.parametrize(
    ("fault", "exercised"),
    [
        (FaultSpan("restart", "broker", 3.0, 5.0), True),
        (FaultSpan("kill", "broker", 5.999, 7.0), True),
        # Everything was done at 6.
        (FaultSpan("kill", "broker", 6.0, 7.0), False),
        (FaultSpan("partition", "broker", 6.0, NAN), False),
        (FaultSpan("crash", "web-1", 3.0, NAN), True),
        # These lose nothing by themselves; what a consumer held is told by the deliveries.
        (FaultSpan("slow", "broker", 3.0, 5.0), False),
        (FaultSpan("alarm", "memory", 3.0, 5.0), False),
        (FaultSpan("crash", "worker-1", 3.0, 5.0), False),
        (FaultSpan("crash", "worker", 3.0, 5.0), False),
    ],
)
def test_which_faults_exercise_it(fault: FaultSpan, exercised: bool) -> None:
    hand = three_tasks()
    hand.trace.faults.append(fault)
    verdict = nothing_lost(hand.trace)
    assert verdict.status is (Status.HOLDS if exercised else Status.NOT_EXERCISED)
    assert (fault.target in verdict.sentence) == exercised


def test_a_fault_that_lasts_meets_what_comes_during_it() -> None:
    hand = three_tasks()
    hand.served(8.0, "worker-1", 8.0, 9.0)
    hand.trace.faults.append(FaultSpan("partition", "worker-1, broker", 6.5, 7.5))
    assert nothing_lost(hand.trace).status is Status.NOT_EXERCISED
    hand.trace.faults.append(FaultSpan("partition", "worker-1, broker", 6.5, 8.5))
    assert nothing_lost(hand.trace).status is Status.HOLDS


@given(trace=traces())
@settings(max_examples=100, deadline=None)
def test_what_is_lost_agrees_with_a_loop(trace: Trace) -> None:
    """In these traces each message has one row and no second chance."""
    bad = {"EXPIRED", "DROPPED", "REJECTED", "UNROUTABLE", "REFUSED", "LOST"}
    rows = [r for r in range(trace.messages.n) if Outcome(trace.messages.outcome[r]).name in bad]
    verdict = nothing_lost(trace)
    assert verdict.records["copy"].tolist() == rows
    assert (verdict.status is Status.BROKEN) == bool(rows)


def redelivered(finished: float = NAN, second: str = "worker-2") -> Hand:
    """A message whose first attempt came back; finished then, or not."""
    hand = three_tasks()
    copy = hand.message(created=6.0)
    hand.attempt(copy, "worker-1", 6.0, How.RETURNED, started=6.0, finished=finished, ended=9.0)
    hand.attempt(copy, second, 9.0, How.ACKED, started=9.0, finished=11.0, ended=11.0)
    return hand


def test_finished_and_delivered_again_is_twice() -> None:
    verdict = nothing_twice(redelivered(finished=8.0).trace)
    assert verdict.status is Status.BROKEN
    assert verdict.sentence == "1 message worked to the end more than once: web-1 #4."
    assert verdict.records[["copy", "attempt", "number"]].to_numpy().tolist() == [[3, 1, 3], [3, 2, 3]]
    assert verdict.records["consumer"].tolist() == ["worker-1", "worker-2"]
    assert verdict.records["queue"].tolist() == ["tasks", "tasks"]


def test_delivered_again_and_finished_once_holds() -> None:
    verdict = nothing_twice(redelivered().trace)
    assert verdict.status is Status.HOLDS
    assert verdict.sentence == "1 message sent to consumers more than once; none was worked to its end twice."


def test_without_redelivery_it_is_not_exercised() -> None:
    assert nothing_twice(three_tasks().trace).status is Status.NOT_EXERCISED


def test_published_again_counts_like_delivered_again() -> None:
    hand = three_tasks()
    hand.served(9.0, "worker-1", 9.0, 10.0, number=0)
    verdict = nothing_twice(hand.trace)
    assert verdict.status is Status.BROKEN
    assert verdict.records["copy"].tolist() == [0, 3]


def test_another_queue_is_another_work() -> None:
    hand = three_tasks()
    hand.served(9.0, "worker-1", 9.0, 10.0, number=0, queue="log")
    assert nothing_twice(hand.trace).status is Status.NOT_EXERCISED


def test_work_that_the_worker_gave_up_is_not_finished() -> None:
    hand = three_tasks()
    copy = hand.message(created=6.0)
    hand.attempt(copy, "worker-1", 6.0, How.REQUEUED, started=6.0, finished=8.0, ended=8.0)
    hand.attempt(copy, "worker-1", 8.0, How.ACKED, started=8.0, finished=9.0, ended=9.0)
    assert nothing_twice(hand.trace).status is Status.HOLDS


def test_an_idempotent_consumer_does_no_harm_the_second_time() -> None:
    hand = redelivered(finished=8.0, second="sure-1")
    hand.trace.cast["sure-1"].idempotent = True
    verdict = nothing_twice(hand.trace)
    assert verdict.status is Status.HOLDS
    assert "did the work again 1 time," in verdict.sentence
    # It does not help that the first one was, when the second is not.
    hand.trace.cast["sure-1"].idempotent = False
    hand.trace.cast["worker-1"].idempotent = True
    assert nothing_twice(hand.trace).status is Status.BROKEN


@given(trace=traces())
@settings(max_examples=100, deadline=None)
def test_what_was_finished_twice_agrees_with_a_loop(trace: Trace) -> None:
    d = trace.deliveries
    finishes = Counter(
        d.copy[r]
        for r in range(d.n)
        if not math.isnan(d.finished[r]) and d.how[r] not in (How.REQUEUED, How.REJECTED, How.LOST)
    )
    sends = Counter(d.copy[r] for r in range(d.n))
    verdict = nothing_twice(trace)
    assert set(verdict.records["copy"]) == {copy for copy, n in finishes.items() if n > 1}
    assert (verdict.status is Status.NOT_EXERCISED) == all(n < 2 for n in sends.values())
