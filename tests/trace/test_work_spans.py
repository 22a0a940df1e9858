"""When consumers were up, and when they worked."""

from __future__ import annotations

import math

import pytest

from mqsim.trace import How
from mqsim.trace.work_spans import up_spans, work
from tests.trace.hand import Hand


def test_up_to_now_means_up_to_the_end() -> None:
    hand = Hand(end=9.0).consumer("worker-1", up=[(1.0, 2.0), (4.0, math.nan)])
    assert up_spans(hand.trace, "worker-1").tolist() == [[1.0, 2.0], [4.0, 9.0]]
    assert up_spans(hand.trace, "nobody").shape == (0, 2)


@pytest.mark.parametrize(
    ("how", "times", "end"),
    [
        (How.ACKED, {"finished": 4.0, "ended": 4.5}, 4.0),
        (How.OPEN, {}, 10.0),
        (How.REQUEUED, {"ended": 3.5}, 3.5),
        (How.REJECTED, {"ended": 3.5}, 3.5),
        (How.RETURNED, {"ended": 3.5}, 3.5),
        (How.LOST, {"ended": 3.5}, 3.5),
        # The broker counted it as done when it was sent, or when work began: that says nothing of the work.
        (How.ACKED, {"ended": 2.5}, 10.0),
    ],
)
def test_where_work_ends(how: How, times: dict[str, float], end: float) -> None:
    hand = Hand(end=10.0)
    hand.attempt(hand.message(), "worker-1", 2.0, how, started=2.0, **times)
    found = work(hand.trace)
    assert (found.start.tolist(), found.end.tolist(), found.delivery.tolist()) == ([2.0], [end], [0])


def test_work_breaks_off_when_the_worker_goes_down_whatever_the_broker_knows() -> None:
    hand = Hand(end=200.0).consumer("worker-1", up=[(0.0, 40.0), (100.0, math.nan)])
    hand.attempt(hand.message(), "worker-1", 30.0, How.RETURNED, started=30.0, ended=150.0)
    hand.attempt(hand.message(), "worker-1", 110.0, How.OPEN, started=110.0)
    assert work(hand.trace).end.tolist() == [40.0, 200.0]


def test_work_breaks_off_when_the_worker_starts_on_something_else() -> None:
    hand = Hand(end=50.0)
    hand.attempt(hand.message(), "worker-1", 1.0, How.ACKED, started=1.0, ended=1.0)
    hand.attempt(hand.message(), "worker-2", 2.0, How.OPEN, started=2.0)
    hand.attempt(hand.message(), "worker-1", 5.0, How.ACKED, started=5.0, finished=6.0, ended=6.0)
    assert work(hand.trace).end.tolist() == [5.0, 50.0, 6.0]


def test_what_was_never_started_is_no_work() -> None:
    hand = Hand()
    hand.attempt(hand.message(), "worker-1", 1.0, How.OPEN)
    assert len(work(hand.trace).start) == 0
