"""Order kept."""

from __future__ import annotations

import math

import pytest
from hypothesis import given, settings

from mqsim.checkers import Status, order_kept
from mqsim.trace import How, Outcome, Trace
from tests.trace.hand import Hand
from tests.trace.wild import traces


def test_one_worker_in_turn_holds() -> None:
    hand = Hand()
    for k in range(3):
        hand.served(0.5 * k, "worker-1", 2.0 * k, 2.0 * k + 2.0)
    verdict = order_kept(hand.trace)
    assert verdict.status is Status.HOLDS
    assert verdict.sentence == "3 messages started in the order of their queues and producers."


def test_overtaking_is_shown() -> None:
    hand = Hand()
    hand.served(0.0, "worker-1", 0.0, 2.0)
    slow = hand.served(1.0, "worker-1", 5.0, 6.0)
    fast = hand.served(1.5, "worker-2", 4.0, 5.0)
    verdict = order_kept(hand.trace)
    assert verdict.status is Status.BROKEN
    assert verdict.sentence == "1 message started ahead of turn: web-1 #3 before web-1 #2."
    assert verdict.records[["copy", "overtook", "first_start"]].to_numpy().tolist() == [[fast, slow, 4.0]]


def test_an_idle_system_does_not_exercise_it() -> None:
    hand = Hand()
    for k in range(3):
        hand.served(5.0 * k, "worker-1", 5.0 * k, 5.0 * k + 1.0)
    assert order_kept(hand.trace).status is Status.NOT_EXERCISED
    relay = Hand()
    relay.served(0.0, "worker-1", 2.0, 4.0)
    relay.served(2.0, "worker-1", 4.0, 5.0)
    assert order_kept(relay.trace).status is Status.NOT_EXERCISED
    one = Hand()
    one.served(0.0, "worker-1", 3.0, 4.0)
    assert order_kept(one.trace).status is Status.NOT_EXERCISED


def test_starting_together_is_in_order() -> None:
    hand = Hand()
    for k in range(3):
        hand.served(0.0, f"worker-{k}", 1.0, 2.0)
    assert order_kept(hand.trace).status is Status.HOLDS


def test_only_the_queue_matters_not_the_moment_of_creation() -> None:
    hand = Hand()
    hand.served(0.0, "worker-1", 4.0, 5.0, producer="web-1", enqueued=2.0)
    hand.served(1.0, "worker-2", 3.0, 6.0, producer="web-2", enqueued=1.0)
    assert order_kept(hand.trace).status is Status.HOLDS
    other = Hand()
    other.served(0.0, "worker-1", 4.0, 5.0, queue="a", number=0)
    other.served(1.0, "worker-2", 3.0, 6.0, queue="b", number=1)
    assert order_kept(other.trace).status is Status.NOT_EXERCISED


def test_the_first_start_counts_not_the_second_attempt() -> None:
    hand = Hand()
    copy = hand.message(created=0.0)
    hand.attempt(copy, "worker-1", 1.0, How.REQUEUED, started=1.0, ended=2.0)
    hand.attempt(copy, "worker-1", 9.0, How.ACKED, started=9.0, finished=10.0, ended=10.0)
    hand.served(0.5, "worker-1", 2.0, 4.0)
    assert order_kept(hand.trace).status is Status.HOLDS


def test_prefetched_by_a_worker_that_died_unstarted_is_overtaken() -> None:
    hand = Hand()
    copy = hand.message(created=0.0)
    hand.attempt(copy, "worker-1", 0.0, How.RETURNED, ended=5.0)
    hand.attempt(copy, "worker-2", 5.0, How.ACKED, started=5.0, finished=6.0, ended=6.0)
    hand.served(1.0, "worker-2", 3.0, 5.0)
    assert order_kept(hand.trace).records["overtook"].tolist() == [copy]


@pytest.mark.parametrize(
    ("outcome", "broken"),
    [(Outcome.READY, True), (Outcome.UNACKED, True), (Outcome.EXPIRED, False), (Outcome.DROPPED, False)],
)
def test_whoever_still_waits_is_overtaken_whoever_left_is_not(outcome: Outcome, broken: bool) -> None:
    hand = Hand()
    hand.message(outcome, created=0.0)
    hand.served(1.0, "worker-1", 3.0, 5.0)
    hand.served(1.0, "worker-1", 5.0, 6.0)
    verdict = order_kept(hand.trace)
    assert verdict.status is (Status.BROKEN if broken else Status.HOLDS)
    assert verdict.records["copy"].tolist() == ([1, 2] if broken else [])


def test_published_again_breaks_the_order_of_its_producer() -> None:
    hand = Hand()
    hand.message(Outcome.REFUSED, number=0, enqueued=math.nan)
    hand.served(1.0, "worker-1", 1.0, 2.0, number=1)
    again = hand.served(0.0, "worker-1", 3.0, 4.0, number=0, enqueued=3.0)
    verdict = order_kept(hand.trace)
    assert verdict.status is Status.BROKEN
    assert verdict.records[["copy", "overtook"]].to_numpy().tolist() == [[1, again]]


def test_a_second_copy_of_what_was_started_is_no_disorder() -> None:
    hand = Hand()
    hand.served(0.0, "worker-1", 1.0, 2.0, number=0)
    hand.served(0.0, "worker-1", 2.0, 3.0, number=1)
    hand.served(0.0, "worker-1", 3.0, 4.0, number=0, enqueued=3.0)
    assert order_kept(hand.trace).status is Status.HOLDS


def test_what_four_cooks_mixed_up_is_not_the_waiters_fault() -> None:
    hand = Hand()
    for number, enqueued in ((1, 1.0), (0, 2.0)):
        hand.served(
            0.0, "waiter-1", 3.0 + enqueued, 9.0, number=number, queue="hall", parent=0, enqueued=enqueued
        )
    assert order_kept(hand.trace).status is Status.HOLDS


@given(trace=traces())
@settings(max_examples=200, deadline=None)
def test_who_overtook_agrees_with_comparing_every_pair(trace: Trace) -> None:
    m, d = trace.messages, trace.deliveries
    first = {}
    for r in range(m.n):
        starts = [d.started[a] for a in range(d.n) if d.copy[a] == r and not math.isnan(d.started[a])]
        waits = m.outcome[r] in (Outcome.READY, Outcome.UNACKED, Outcome.ACKED)
        if not math.isnan(m.enqueued[r]) and (starts or waits):
            first[r] = min(starts, default=math.inf)
    passed, met = set(), False
    for early in first:
        for late in first:
            if (m.queue[early], m.priority[early]) != (m.queue[late], m.priority[late]):
                continue
            by_queue = (m.enqueued[early], early) < (m.enqueued[late], late)
            by_number = m.producer[early] == m.producer[late] and m.number[early] < m.number[late]
            if (by_queue or by_number) and first[late] < first[early]:
                passed.add(late)
            if (by_queue or by_number) and m.enqueued[late] < first[early]:
                met = True
    verdict = order_kept(trace)
    assert verdict.records["copy"].tolist() == sorted(passed)
    if not passed:
        assert (verdict.status is Status.HOLDS) == (met and any(map(math.isfinite, first.values())))
    for row in verdict.records.itertuples():
        assert first[row.copy] == row.first_start < first[row.overtook]
