"""Which rows are one message, and what became of them."""

from __future__ import annotations

import math

import numpy as np
import pytest

from mqsim.trace import How, Outcome
from mqsim.trace.completion import Completion, completions, dense, finished_attempts, message_ids
from tests.trace.hand import Hand

NAN = math.nan


def fate_of(hand: Hand) -> list[str]:
    return [Completion(fate).name for fate in completions(hand.trace).tolist()]


def test_each_outcome_has_its_fate() -> None:
    hand = Hand()
    for outcome in Outcome:
        hand.message(outcome, finished=1.0 if outcome == Outcome.ACKED else NAN)
    assert fate_of(hand) == [
        "UNDER_WAY", "DONE", "UNDER_WAY", "FAILED", "FAILED", "FAILED", "PASSED_ON", "FAILED",
        "FAILED", "FAILED",
    ]  # fmt: skip


def test_acknowledged_before_the_work_is_done_is_under_way() -> None:
    hand = Hand()
    hand.message(Outcome.ACKED, acked=1.0)
    assert fate_of(hand) == ["UNDER_WAY"]


def test_a_second_attempt_to_publish_makes_good() -> None:
    hand = Hand()
    hand.message(Outcome.REFUSED, number=0, enqueued=NAN)
    hand.message(Outcome.ACKED, number=0, finished=2.0)
    hand.message(Outcome.REFUSED, number=1, enqueued=NAN)
    hand.message(Outcome.REFUSED, number=2, enqueued=NAN)
    hand.message(Outcome.READY, number=2)
    assert fate_of(hand) == ["RETRIED", "DONE", "FAILED", "RETRIED", "UNDER_WAY"]


def test_another_queue_or_producer_or_parent_does_not_make_good() -> None:
    hand = Hand()
    hand.message(Outcome.REFUSED, number=0)
    hand.message(Outcome.ACKED, number=0, queue="other", finished=2.0)
    hand.message(Outcome.ACKED, number=0, producer="web-2", finished=2.0)
    assert fate_of(hand)[0] == "FAILED"
    # Round by a retry queue and back: the last copy was dropped, and the first was only passed on.
    again = Hand()
    first = again.message(Outcome.DEAD_LETTERED, number=0)
    retry = again.message(Outcome.DEAD_LETTERED, number=0, queue="retry", parent=first)
    again.message(Outcome.DROPPED, number=0, parent=retry)
    assert fate_of(again) == ["PASSED_ON", "PASSED_ON", "FAILED"]


def test_what_reached_no_queue_is_made_good_by_any_queue_but_not_by_its_parent() -> None:
    hand = Hand()
    hand.message(Outcome.REFUSED, number=0, queue=None, enqueued=NAN)
    first = hand.message(Outcome.ACKED, number=0, finished=1.0)
    hand.message(Outcome.UNROUTABLE, number=0, queue=None, parent=first, enqueued=NAN)
    assert fate_of(hand) == ["RETRIED", "DONE", "FAILED"]


def test_forwarded_again_after_a_redelivery_makes_good() -> None:
    hand = Hand()
    first = hand.message(Outcome.ACKED, finished=9.0)
    hand.attempt(first, "worker-1", 1.0, How.RETURNED, started=1.0, ended=3.0)
    hand.attempt(first, "worker-2", 3.0, How.ACKED, started=3.0, finished=9.0, ended=9.0)
    for producer, created, outcome, queue in (
        ("worker-1", 2.0, Outcome.LOST, "next"),
        ("worker-2", 8.0, Outcome.READY, "next"),
        # Two of one attempt are two messages: one does not stand for the other.
        ("worker-2", 7.5, Outcome.DROPPED, "next"),
        # And there was no second to this queue.
        ("worker-1", 2.0, Outcome.LOST, "log"),
    ):
        hand.message(outcome, queue=queue, producer=producer, created=created, parent=first, origin=first)
    assert fate_of(hand) == ["DONE", "RETRIED", "UNDER_WAY", "FAILED", "FAILED"]


def test_message_ids_join_producer_and_number() -> None:
    hand = Hand()
    hand.message(number=5)
    hand.message(number=5, queue="other")
    hand.message(number=6)
    hand.message(number=5, producer="web-2")
    ids = message_ids(hand.trace).tolist()
    assert ids[0] == ids[1]
    assert len({ids[0], ids[2], ids[3]}) == 3
    assert set(ids) == {0, 1, 2}


def test_rows_without_a_producer_go_by_their_origin() -> None:
    hand = Hand()
    for origin in (0, 0, 2):
        row = hand.message(number=0, origin=origin)
        hand.trace.messages.producer[row] = -1
    ids = message_ids(hand.trace).tolist()
    assert ids[0] == ids[1] != ids[2]


def test_work_that_was_given_back_by_the_worker_was_not_finished() -> None:
    hand = Hand()
    copy = hand.message()
    for how in How:
        hand.attempt(copy, "worker-1", 1.0, how, started=1.0, finished=2.0, ended=2.0)
    done = [How(how).name for how, yes in zip(How, finished_attempts(hand.trace), strict=True) if yes]
    assert done == ["OPEN", "ACKED", "RETURNED"]


def test_an_empty_trace_has_no_fates() -> None:
    assert fate_of(Hand()) == []
    assert len(message_ids(Hand().trace)) == 0


@pytest.mark.parametrize(
    "keys", [[], [0], [2, 0, 1], [5, 5, 3], [7, 0, 7, 100], [10**12, 3, 10**12], [-4, 0, -4, 9]], ids=str
)
def test_ranks_are_places_among_the_different_keys(keys: list[int]) -> None:
    in_order = sorted(set(keys))
    assert dense(np.array(keys, np.int64)).tolist() == [in_order.index(key) for key in keys]
