"""The numbers of a run: by hand, and against loops that know nothing of numpy."""

from __future__ import annotations

import json
import math
from collections import Counter
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mqsim.errors import UsageError
from mqsim.metrics import summary
from mqsim.metrics.window import percentile
from mqsim.trace import How, Outcome, ProducerCounts, Trace
from tests.trace.hand import Hand
from tests.trace.wild import traces

NAN = math.nan


@pytest.fixture
def hand() -> Hand:
    """Ten seconds: two workers, three messages done, one lost, one still waiting, one that no queue took."""
    hand = Hand(end=10.0)
    hand.consumer("worker-1").consumer("worker-2", up=[(0.0, 5.0)])
    hand.served(0.0, "worker-1", 0.0, 2.0)
    hand.served(1.0, "worker-1", 2.0, 5.0)
    hand.served(1.0, "worker-2", 1.5, 2.5)
    lost = hand.message(Outcome.LOST, created=2.0)
    hand.attempt(lost, "worker-2", 4.0, How.LOST, started=4.0, ended=5.0)
    hand.message(Outcome.READY, created=9.0)
    hand.message(Outcome.UNROUTABLE, queue=None, created=9.0, enqueued=NAN)
    hand.trace.counts["web-1"] = ProducerCounts(6, 7, 5, 1, 1, 0.25)
    return hand


def test_a_queue_by_hand(hand: Hand) -> None:
    tasks = summary(hand.trace)["queues"]["tasks"]
    assert {outcome.label: tasks[outcome.label] for outcome in Outcome} == {
        "ready": 1, "acked": 3, "unacked": 0, "expired": 0, "dropped": 0, "rejected": 0, "dead-lettered": 0,
        "unroutable": 0, "refused": 0, "lost": 1,
    }  # fmt: skip
    assert (tasks["created"], tasks["published"], tasks["unfinished"]) == (5, 5, 1)
    assert (tasks["redelivered"], tasks["duplicates"]) == (0, 0)
    assert tasks["throughput"] == pytest.approx(0.3)
    # Waits 0, 1 and 0.5; services 2, 3 and 1; sojourns 2, 4 and 1.5.
    assert tasks["p_wait"] == pytest.approx(2 / 3)
    assert tasks["wait"] == pytest.approx(
        {"count": 3, "mean": 0.5, "p50": 0.5, "p95": 0.95, "p99": 0.99, "max": 1.0}
    )
    assert tasks["service"] == pytest.approx(
        {"count": 3, "mean": 2.0, "p50": 2.0, "p95": 2.9, "p99": 2.98, "max": 3.0}
    )
    assert tasks["sojourn"] == pytest.approx(
        {"count": 3, "mean": 2.5, "p50": 2.0, "p95": 3.8, "p99": 3.96, "max": 4.0}
    )
    # Ready: 1 to 2, 1 to 1.5, 2 to 4, 9 to 10.
    assert tasks["depth"] == pytest.approx({"mean": 0.45, "max": 2})
    assert tasks["in_system"] == pytest.approx({"mean": (2 + 4 + 1.5 + 3 + 1) / 10, "max": 3})


def test_consumers_by_hand(hand: Hand) -> None:
    numbers = summary(hand.trace)
    assert numbers["consumers"]["worker-1"] == pytest.approx(
        {"handled": 2, "share": 2 / 3, "utilisation": 0.5, "of_up_time": 0.5}
    )
    # 1 s of work done and 1 s until it went down, in 5 s.
    assert numbers["consumers"]["worker-2"] == pytest.approx(
        {"handled": 1, "share": 1 / 3, "utilisation": 0.2, "of_up_time": 0.4}
    )
    assert numbers["groups"] == {
        "worker": pytest.approx(
            {"consumers": 2, "handled": 3, "share": 1.0, "utilisation": 7 / 20, "of_up_time": 7 / 15}
        )
    }


def test_producers_messages_and_window(hand: Hand) -> None:
    numbers = summary(hand.trace, warmup=1.0)
    assert numbers["producers"] == {
        "web-1": {
            "created": 6, "published": 7, "confirmed": 5, "nacked": 1, "returned": 1, "blocked_for": 0.25,
        }
    }  # fmt: skip
    assert numbers["window"] == {"start": 1.0, "end": 10.0}
    assert (numbers["messages"]["created"], numbers["messages"]["unroutable"]) == (5, 1)
    assert numbers["messages"]["unfinished"] == 1


def test_the_warm_up_leaves_out_what_was_created_in_it(hand: Hand) -> None:
    tasks = summary(hand.trace, warmup=1.0)["queues"]["tasks"]
    assert (tasks["created"], tasks["acked"], tasks["wait"]["count"]) == (4, 2, 2)
    # Acknowledgements in the window count whenever the message was created: at 2, 2.5 and 5, in 9 s.
    assert tasks["throughput"] == pytest.approx(3 / 9)
    one = summary(hand.trace, warmup=1.0)["consumers"]["worker-1"]
    assert one == pytest.approx({"handled": 1, "share": 0.5, "utilisation": 4 / 9, "of_up_time": 4 / 9})
    at_four = summary(hand.trace, warmup=4.0)["consumers"]
    assert at_four["worker-1"]["utilisation"] == pytest.approx(1 / 6)
    assert at_four["worker-2"]["of_up_time"] == pytest.approx(1.0)


def test_after_the_end_there_is_nothing_and_nothing_is_null(hand: Hand) -> None:
    numbers = summary(hand.trace, warmup=20.0)
    tasks = numbers["queues"]["tasks"]
    assert tasks["throughput"] is None
    assert tasks["p_wait"] is None
    assert tasks["wait"] == {"count": 0, "mean": None, "p50": None, "p95": None, "p99": None, "max": None}
    assert tasks["depth"] == {"mean": None, "max": None}
    assert numbers["consumers"]["worker-1"] == {
        "handled": 0, "share": None, "utilisation": None, "of_up_time": None,
    }  # fmt: skip
    assert numbers["flows"]["mean"] is None


@pytest.mark.parametrize("warmup", [-1.0, NAN, math.inf, "auto", True])
def test_a_warm_up_is_a_number_of_seconds(warmup: Any) -> None:
    with pytest.raises(UsageError, match="warmup"):
        summary(Trace(), warmup=warmup)


def test_an_empty_trace_has_an_empty_summary() -> None:
    numbers = summary(Trace())
    assert numbers["queues"] == numbers["consumers"] == numbers["producers"] == {}
    assert numbers["flows"]["count"] == 0


def test_a_drained_run_counts_its_last_instant() -> None:
    hand = Hand(end=0.0)
    hand.served(0.0, "worker-1", 0.0, 0.0)
    tasks = summary(hand.trace)["queues"]["tasks"]
    assert (tasks["created"], tasks["acked"], tasks["throughput"]) == (1, 1, None)


def test_redelivered_and_duplicates() -> None:
    hand = Hand(end=20.0)
    # Finished twice: the connection broke before the first acknowledgement.
    twice = hand.message(created=1.0)
    hand.attempt(twice, "worker-1", 1.0, How.RETURNED, started=1.0, finished=2.0, ended=3.0)
    hand.attempt(twice, "worker-2", 3.0, How.ACKED, started=3.0, finished=4.0, ended=4.0)
    # Given back before it was done: sent twice, finished once.
    again = hand.message(created=2.0)
    hand.attempt(again, "worker-1", 5.0, How.REQUEUED, started=5.0, ended=6.0)
    hand.attempt(again, "worker-1", 6.0, How.ACKED, started=6.0, finished=7.0, ended=7.0)
    # Published twice, after a lost confirm: two copies, both finished.
    hand.served(8.0, "worker-1", 8.0, 9.0, number=7)
    hand.served(8.0, "worker-2", 9.0, 10.0, number=7)
    # In another queue it is another copy's work.
    hand.served(8.0, "worker-1", 10.0, 11.0, number=7, queue="log")
    numbers = summary(hand.trace)
    assert (numbers["queues"]["tasks"]["redelivered"], numbers["queues"]["tasks"]["duplicates"]) == (2, 2)
    assert (numbers["queues"]["log"]["redelivered"], numbers["queues"]["log"]["duplicates"]) == (0, 0)
    assert numbers["consumers"]["worker-1"]["handled"] == 4
    assert summary(hand.trace, warmup=2.0)["queues"]["tasks"]["duplicates"] == 1


def test_acknowledged_early_and_not_done_is_unfinished() -> None:
    hand = Hand(end=20.0)
    hand.attempt(hand.message(), "worker-1", 1.0, How.ACKED, started=1.0, ended=1.0)
    tasks = summary(hand.trace)["queues"]["tasks"]
    assert (tasks["acked"], tasks["unfinished"], tasks["sojourn"]["count"]) == (1, 1, 0)
    assert summary(hand.trace)["consumers"]["worker-1"]["utilisation"] == pytest.approx(19 / 20)


def test_work_that_is_done_counts_before_its_ack_arrives_and_work_in_vain_does_not() -> None:
    hand = Hand(end=20.0)
    hand.attempt(hand.message(Outcome.UNACKED), "worker-1", 1.0, How.OPEN, started=1.0, finished=4.0)
    refused = hand.message(Outcome.REJECTED)
    hand.attempt(refused, "worker-1", 4.0, How.REJECTED, started=4.0, finished=19.0, ended=19.0)
    tasks = summary(hand.trace)["queues"]["tasks"]
    assert (tasks["sojourn"]["count"], tasks["sojourn"]["max"]) == (1, 4.0)
    assert (tasks["unacked"], tasks["unfinished"]) == (1, 1)


def test_a_wait_of_less_than_a_picosecond_is_none() -> None:
    hand = Hand()
    hand.served(1.0, "worker-1", 1.0 + 4e-13, 2.0)
    hand.served(3.0, "worker-1", 3.0 + 4e-12, 4.0)
    assert summary(hand.trace)["queues"]["tasks"]["p_wait"] == 0.5


def test_share_is_of_the_queues_a_consumer_takes_from() -> None:
    hand = Hand().consumer("idle-1")
    for k in range(3):
        hand.served(k, "cook-1" if k else "cook-2", k, k + 1.0, queue="kitchen")
        hand.served(k, "waiter-1", k, k + 1.0, queue="hall")
    numbers = summary(hand.trace)["consumers"]
    assert [numbers[name]["share"] for name in ("cook-1", "cook-2", "waiter-1", "idle-1")] == pytest.approx(
        [2 / 3, 1 / 3, 1.0, 0.0]
    )


def test_reading_numbers_changes_nothing() -> None:
    hand = Hand()
    hand.served(0.0, "worker-1", 0.0, 1.0)
    hand.consumer("late-1")
    hand.trace.cast["never-1"] = hand.trace.cast["late-1"]
    before = list(hand.trace.actors.names)
    assert summary(hand.trace)["consumers"]["never-1"]["handled"] == 0
    assert hand.trace.actors.names == before


def linear(sample: list[float], p: int) -> float:
    """The percentile between the two nearest ranks."""
    rank = (len(sample) - 1) * p / 100
    low = math.floor(rank)
    high = min(low + 1, len(sample) - 1)
    return sorted(sample)[low] + (rank - low) * (sorted(sample)[high] - sorted(sample)[low])


def slow_times(trace: Trace, queue: int, warmup: float) -> dict[str, list[float]]:
    m = trace.messages
    times: dict[str, list[float]] = {"wait": [], "service": [], "sojourn": []}
    for row in range(m.n):
        done = m.outcome[row] in (Outcome.ACKED, Outcome.UNACKED) and not math.isnan(m.finished[row])
        if m.queue[row] == queue and m.created[row] >= warmup and done:
            times["wait"].append(m.started[row] - m.enqueued[row])
            times["service"].append(m.finished[row] - m.started[row])
            times["sojourn"].append(m.finished[row] - m.created[row])
    return times


@given(trace=traces(), warmup=st.integers(0, 6).map(float))
@settings(max_examples=150, deadline=None)
def test_statistics_agree_with_plain_loops(trace: Trace, warmup: float) -> None:
    numbers = summary(trace, warmup)
    for code, name in enumerate(trace.queues.names):
        queue = numbers["queues"][name]
        for key, sample in slow_times(trace, code, warmup).items():
            assert queue[key]["count"] == len(sample)
            if sample:
                assert queue[key]["mean"] == pytest.approx(math.fsum(sample) / len(sample))
                assert queue[key]["max"] == max(sample)
                for p in (50, 95, 99):
                    assert queue[key][f"p{p}"] == pytest.approx(linear(sample, p))
            else:
                assert queue[key]["mean"] is None


@given(trace=traces(), warmup=st.integers(0, 6).map(float))
@settings(max_examples=150, deadline=None)
def test_counts_agree_with_plain_loops(trace: Trace, warmup: float) -> None:
    numbers = summary(trace, warmup)
    m, d = trace.messages, trace.deliveries
    finishes: Counter[tuple[int, int, int]] = Counter()
    handled: Counter[str] = Counter()
    for row in range(d.n):
        copy = d.copy[row]
        given_up = d.how[row] in (How.REQUEUED, How.REJECTED, How.LOST)
        if not math.isnan(d.finished[row]) and not given_up and m.created[copy] >= warmup:
            finishes[(m.producer[copy], m.number[copy], m.queue[copy])] += 1
            handled[trace.actors.names[d.consumer[row]]] += 1
    for code, name in enumerate(trace.queues.names):
        rows = [r for r in range(m.n) if m.queue[r] == code and m.created[r] >= warmup]
        queue = numbers["queues"][name]
        for outcome in Outcome:
            assert queue[outcome.label] == sum(m.outcome[r] == outcome for r in rows)
        assert queue["created"] == len(rows)
        assert queue["redelivered"] == sum(m.deliveries[r] > 1 for r in rows)
        assert queue["duplicates"] == sum(n - 1 for key, n in finishes.items() if key[2] == code)
        acks = sum(m.queue[r] == code and warmup <= m.acked[r] <= trace.end for r in range(m.n))
        assert queue["throughput"] == pytest.approx(acks / (trace.end - warmup))
    for name, consumer in numbers["consumers"].items():
        assert consumer["handled"] == handled[name]


@given(trace=traces())
@settings(max_examples=50, deadline=None)
def test_a_summary_is_json_without_nan(trace: Trace) -> None:
    numbers = summary(trace)
    assert json.loads(json.dumps(numbers, allow_nan=False)) == numbers


@given(st.lists(st.floats(0, 1e6), min_size=1, max_size=60), st.sampled_from([0, 5, 37.5, 50, 95, 99, 100]))
def test_a_percentile_is_that_of_numpy_to_the_bit(sample: list[float], p: float) -> None:
    assert percentile(np.sort(sample), p) == np.percentile(sample, p)
