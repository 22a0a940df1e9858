"""Prefetch respected."""

from __future__ import annotations

import pytest
from hypothesis import given, settings

from mqsim.checkers import Status, prefetch_respected
from mqsim.trace import How, Outcome, Trace
from tests.trace.hand import Hand
from tests.trace.wild import traces


def sent(hand: Hand, consumer: str, at: float, ended: float | None) -> None:
    copy = hand.message(Outcome.UNACKED)
    if ended is None:
        hand.attempt(copy, consumer, at, How.OPEN)
    else:
        hand.attempt(copy, consumer, at, How.ACKED, started=at, finished=ended, ended=ended)


def test_full_hands_and_no_more_hold() -> None:
    hand = Hand().consumer("worker-1", prefetch=2)
    for at, ended in ((0.0, 3.0), (0.0, 5.0), (3.0, None), (5.0, None)):
        sent(hand, "worker-1", at, ended)
    verdict = prefetch_respected(hand.trace)
    assert verdict.status is Status.HOLDS
    assert verdict.sentence == "1 consumer reached the prefetch limit, and none exceeded it."


def test_one_too_many_is_shown() -> None:
    hand = Hand().consumer("worker-1", prefetch=2).consumer("worker-2", prefetch=2)
    for at, ended in ((0.0, 3.0), (0.0, 5.0), (2.9, None), (6.0, None)):
        sent(hand, "worker-1", at, ended)
        sent(hand, "worker-2", at + 0.1, at + 0.2)
    verdict = prefetch_respected(hand.trace)
    assert verdict.status is Status.BROKEN
    assert verdict.sentence == "1 message sent beyond the prefetch: to worker-1."
    assert verdict.records[["copy", "sent", "outstanding"]].to_numpy().tolist() == [[4, 2.9, 3]]


def test_a_limit_that_was_never_reached_is_not_exercised() -> None:
    hand = Hand().consumer("worker-1", prefetch=3)
    sent(hand, "worker-1", 0.0, None)
    sent(hand, "worker-1", 0.0, None)
    assert prefetch_respected(hand.trace).status is Status.NOT_EXERCISED
    sent(hand, "worker-1", 1.0, None)
    assert prefetch_respected(hand.trace).status is Status.HOLDS
    sent(hand, "worker-1", 1.0, None)
    assert prefetch_respected(hand.trace).status is Status.BROKEN


@pytest.mark.parametrize(("prefetch", "ack"), [(0, "manual"), (1, "auto")])
def test_without_a_limit_it_is_not_exercised(prefetch: int, ack: str) -> None:
    hand = Hand().consumer("worker-1", prefetch=prefetch, ack=ack)
    for _ in range(3):
        sent(hand, "worker-1", 0.0, None)
    verdict = prefetch_respected(hand.trace)
    assert verdict.status is Status.NOT_EXERCISED
    assert verdict.sentence == "no consumer acknowledges under a prefetch."


def test_an_early_ack_is_still_an_ack_under_the_limit() -> None:
    hand = Hand().consumer("worker-1", prefetch=1, ack="early")
    for _ in range(2):
        sent(hand, "worker-1", 0.0, None)
    assert prefetch_respected(hand.trace).status is Status.BROKEN


def test_what_is_lost_after_an_early_ack_was_off_the_hands_with_that_ack() -> None:
    hand = Hand().consumer("worker-1", prefetch=1, ack="early")
    lost = hand.message(Outcome.LOST, acked=1.5)
    hand.attempt(lost, "worker-1", 1.0, How.LOST, started=1.0, ended=9.0)
    sent(hand, "worker-1", 1.5, None)
    assert prefetch_respected(hand.trace).status is Status.HOLDS
    hand.trace.messages.acked[lost] = 2.0
    assert prefetch_respected(hand.trace).status is Status.BROKEN


def test_a_new_subscription_has_a_new_allowance() -> None:
    hand = Hand().consumer("worker-1", prefetch=1)
    sent(hand, "worker-1", 1.0, 120.0)
    sent(hand, "worker-1", 60.0, None)
    assert prefetch_respected(hand.trace).status is Status.BROKEN
    hand.trace.events.add(0.5, "subscribed", "worker-1", "tasks")
    hand.trace.events.add(60.0, "subscribed", "worker-2", "tasks")
    assert prefetch_respected(hand.trace).status is Status.BROKEN
    hand.trace.events.add(60.0, "subscribed", "worker-1", "tasks")
    assert prefetch_respected(hand.trace).status is Status.HOLDS


@given(trace=traces())
@settings(max_examples=200, deadline=None)
def test_what_was_held_agrees_with_a_slow_scan(trace: Trace) -> None:
    d = trace.deliveries
    beyond, reached = [], False
    for r in range(d.n):
        limit = trace.cast[trace.actors.names[d.consumer[r]]].prefetch
        others = [a for a in range(d.n) if d.consumer[a] == d.consumer[r]]
        sent_by_now = sum(d.sent[a] < d.sent[r] or (d.sent[a] == d.sent[r] and a <= r) for a in others)
        over_by_now = sum(d.ended[a] <= d.sent[r] for a in others)
        held = sent_by_now - over_by_now
        if limit and held > limit:
            beyond.append(r)
        reached = reached or (limit > 0 and held == limit)
    verdict = prefetch_respected(trace)
    assert sorted(verdict.records.index.tolist()) == beyond
    if not beyond:
        assert (verdict.status is Status.HOLDS) == reached
