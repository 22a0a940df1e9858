"""Fair share."""

from __future__ import annotations

import math

import pytest

from mqsim.checkers import Status, fair_share
from mqsim.trace import How, Outcome
from tests.trace.hand import Hand


def shared(*busy: list[tuple[float, float]]) -> Hand:
    """Workers of one group, and when each of them worked."""
    hand = Hand(end=100.0)
    for k, stretches in enumerate(busy, start=1):
        hand.consumer(f"worker-{k}")
        for start, end in stretches:
            hand.served(0.0, f"worker-{k}", start, end)
    return hand


def test_three_tasks_for_three_workers_hold() -> None:
    verdict = fair_share(shared([(0, 2)], [(0, 2)], [(0, 2)]).trace)
    assert verdict.status is Status.HOLDS
    assert verdict.records["busy"].tolist() == [2.0, 2.0, 2.0]
    assert verdict.records["together"].tolist() == [100.0] * 3


def test_one_takes_all_three_is_broken() -> None:
    verdict = fair_share(shared([(0, 2), (2, 4), (4, 6)], [], []).trace)
    assert verdict.status is Status.BROKEN
    assert verdict.sentence == "while all of worker were up, worker-1 worked 6 s and worker-2 0 s."
    assert verdict.records[["consumer", "busy", "bound"]].to_numpy().tolist() == [
        ["worker-1", 6.0, 2.0], ["worker-2", 0.0, 2.0], ["worker-3", 0.0, 2.0],
    ]  # fmt: skip


def test_one_task_is_too_little_to_share() -> None:
    assert fair_share(shared([(0, 2)], []).trace).status is Status.NOT_EXERCISED
    assert fair_share(shared([], []).trace).status is Status.NOT_EXERCISED
    assert fair_share(shared([(0, 2), (2, 4)]).trace).status is Status.NOT_EXERCISED


def test_the_bound_is_twice_the_least_and_one_message() -> None:
    # Longest piece 3 s, least busy 5 s: up to 13 s are fair.
    fair = shared([(0, 3), (3, 6), (6, 9), (9, 12), (12, 13)], [(0, 3), (3, 5)])
    assert fair_share(fair.trace).status is Status.HOLDS
    fair.served(0.0, "worker-1", 13.0, 13.001)
    assert fair_share(fair.trace).status is Status.BROKEN
    assert fair_share(fair.trace, factor=2.5).status is Status.HOLDS
    assert fair_share(fair.trace, factor=1.0).records["bound"].tolist() == [8.0, 8.0]


def test_heavy_and_light_tasks_in_turn_are_unfair_by_time() -> None:
    heavy, light = ([(2.0 * k, 2.0 * k + length) for k in range(4)] for length in (2.0, 0.1))
    assert fair_share(shared(heavy, light).trace).status is Status.BROKEN


def test_only_the_time_when_all_are_up_counts() -> None:
    hand = shared([(0, 2), (2, 4), (40, 42), (42, 44)], [(40, 43), (43, 44)])
    hand.trace.cast["worker-2"].up = [(10.0, 20.0), (30.0, 43.0)]
    hand.trace.cast["worker-1"].up = [(0.0, 43.5)]
    verdict = fair_share(hand.trace)
    assert verdict.status is Status.HOLDS
    assert verdict.records["busy"].tolist() == [3.0, 3.0]
    assert verdict.records["together"].tolist() == [23.0, 23.0]
    hand.trace.cast["worker-2"].up = [(0.0, math.nan)]
    hand.trace.cast["worker-1"].up = [(0.0, math.nan)]
    assert fair_share(hand.trace).records["busy"].tolist() == [8.0, 4.0]


def test_workers_that_were_never_up_together_are_not_compared() -> None:
    hand = shared([(0, 2), (2, 4)], [])
    hand.trace.cast["worker-1"].up = [(0.0, 10.0)]
    hand.trace.cast["worker-2"].up = [(10.0, math.nan)]
    assert fair_share(hand.trace).status is Status.NOT_EXERCISED
    hand.trace.cast["worker-2"].up = []
    assert fair_share(hand.trace).status is Status.NOT_EXERCISED


def test_groups_are_judged_one_by_one_and_producers_not_at_all() -> None:
    hand = shared([(0, 2), (2, 4)], [(0, 2), (2, 4)])
    hand.consumer("cook-1").consumer("cook-2")
    for k in range(3):
        hand.served(0.0, "cook-2", k, k + 1.0)
    verdict = fair_share(hand.trace)
    assert verdict.status is Status.BROKEN
    assert verdict.records["group"].tolist() == ["cook", "cook"]
    assert verdict.records["busy"].tolist() == [0.0, 3.0]


@pytest.mark.parametrize("how", [How.RETURNED, How.REQUEUED])
def test_work_in_vain_is_work(how: How) -> None:
    hand = shared([(0, 2), (2, 4)], [])
    hand.attempt(hand.message(Outcome.READY), "worker-2", 0.0, how, started=0.0, ended=3.0)
    verdict = fair_share(hand.trace)
    assert verdict.status is Status.HOLDS
    assert verdict.records["busy"].tolist() == [4.0, 3.0]
