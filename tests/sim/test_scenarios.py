"""Scenarios, each against a number from elsewhere: theory, a hand, or counting."""

from __future__ import annotations

from math import ceil
from typing import TYPE_CHECKING

import numpy as np
import pytest

from mqsim import theory
from mqsim.statistics import mean_interval, paired
from mqsim.trace.frames import columns
from tests.sim import scenarios
from tests.sim.invariants import violations
from tests.sim.small import lived, outcomes, times

if TYPE_CHECKING:
    from collections.abc import Callable

    from mqsim.api import Result, Scenario

# Ten rows of statistics share a risk of one in a hundred. The seed was fixed before looking.
CONFIDENCE = 0.999
SEED = 2


def flow(result: Result) -> float:
    """Mean time from a message's creation to the last acknowledgement of all that came of it."""
    origin, created, acked = columns(result.trace.messages, "origin", "created", "acked")
    last = np.full(len(origin), -np.inf)
    np.maximum.at(last, origin, acked)
    roots = np.unique(origin)
    return float((last[roots] - created[roots])[100:].mean())


def throughput(result: Result) -> float:
    (acked,) = columns(result.trace.messages, "acked")
    return len(acked) / float(acked.max())


@pytest.mark.parametrize(
    ("scenario", "measure", "exact", "replications"),
    [
        (scenarios.tandem(4000), flow, theory.tandem(1, [2, 2.5]).mean_sojourn, 12),
        (scenarios.fan_out(4000), flow, theory.fork_join_two(0.5, 1).mean_sojourn, 12),
        (scenarios.closed_loop(8000), throughput, theory.finite_source(5, 1, 2).throughput, 8),
        (scenarios.bursts(12000), flow, theory.mmpp_m1([2, 12], [0.2, 1.8], 5).mean_sojourn, 16),
        (scenarios.batches(4000), flow, theory.batch_mm1(0.5, 2, {1: 0.5, 3: 0.5}).mean_sojourn, 12),
        (scenarios.split({"choice": ["0", "1", "2", "3"]}, 5000), flow, theory.mm1(0.5, 1).mean_sojourn, 10),
        (scenarios.split({"hash": 4}, 5000), flow, theory.mm1(0.5, 1).mean_sojourn, 10),
        (
            scenarios.backlog(scenarios.exponential(0.1)),
            lambda r: r.trace.end,
            theory.drain_time(501, 10, 4),
            20,
        ),
    ],
    ids=["tandem", "fan-out", "closed", "bursts", "batches", "split", "hash", "backlog"],
)
def test_a_scenario_has_the_mean_that_theory_gives(
    scenario: Scenario, measure: Callable[[Result], float], exact: float, replications: int
) -> None:
    interval = mean_interval([measure(lived(scenario, SEED, k)[1]) for k in range(replications)], CONFIDENCE)
    assert exact in interval, f"{exact} is not in {interval}"
    assert interval.relative < 0.1


@pytest.mark.parametrize("name", scenarios.SCENARIOS)
def test_the_books_of_every_scenario_balance(name: str) -> None:
    assert violations(*lived(scenarios.SCENARIOS[name], SEED)) == []


def test_a_fan_out_has_one_flow_that_ends_with_the_later_part() -> None:
    _, result = lived(scenarios.fan_out(500), SEED)
    assert result.summary()["flows"]["count"] == result.summary()["flows"]["finished"] == 500
    slower = np.maximum(times(result, "acked", "left"), times(result, "acked", "right"))  # type: ignore[call-overload]
    created = np.array(times(result, "created", "left"))
    assert result.summary()["flows"]["mean"] == pytest.approx((slower - created).mean(), rel=1e-9)


def test_a_retry_through_a_dead_letter_queue_rests_for_its_time_to_live_and_ends_well() -> None:
    _, result = lived(scenarios.retried(), SEED)
    table, names = result.trace.messages, result.trace.queues.names
    rested = [i for i in range(table.n) if names[table.queue[i]] == "rest"]
    assert all(round(table.ended[i] - table.enqueued[i], 9) == 1 for i in rested)
    tries = outcomes(result, "tasks")
    assert tries.count("acked") == 2000
    # Attempts are geometric: 2000 / 0.7 on average, standard deviation sqrt(2000 x 0.3) / 0.7 = 35.
    assert abs(len(tries) - 2000 / 0.7) < 3.3 * 35
    assert len(rested) == len(tries) - 2000
    # Work belongs to the message, however often it comes back.
    work = {number: set() for number in range(2000)}  # type: ignore[var-annotated]
    for k in range(result.trace.deliveries.n):
        copy = result.trace.deliveries.copy[k]
        end = table.finished[copy] if table.finished[copy] == table.finished[copy] else table.ended[copy]
        work[table.number[copy]].add(round(end - table.started[copy], 6))
    assert {len(each) for each in work.values() if each} == {1}


def test_request_and_reply_takes_five_hops_and_two_works() -> None:
    _, result = lived(scenarios.request_and_reply(), SEED)
    # Request there and to the server, 0.2 s of work, reply there and to the client, 0.05 s, acknowledgement.
    assert times(result, "acked", "replies") == [round(k + 5 * 0.01 + 0.2 + 0.05, 9) for k in range(3)]
    assert result.summary()["flows"]["mean"] == pytest.approx(0.3)


def test_work_slows_from_10_to_30_ms_over_20_minutes_and_back() -> None:
    _, result = lived(scenarios.slowing(), SEED)
    started, finished = columns(result.trace.messages, "started", "finished")
    minutes = started / 60
    expected = np.where(minutes <= 20, 10 + minutes, 50 - minutes)
    np.testing.assert_allclose(1000 * (finished - started), expected, rtol=1e-9)
    assert 1000 * (finished - started).max() == pytest.approx(30)


def test_a_hash_sends_a_message_where_it_went_before_and_a_choice_where_chance_says() -> None:
    def keys(by: dict[str, object], seed: int) -> list[int]:
        table = lived(scenarios.split(by, 400), seed)[1].trace.messages  # type: ignore[arg-type]
        return list(table.queue[: table.n])

    assert keys({"hash": 4}, 1) == keys({"hash": 4}, 2)
    assert keys({"choice": ["0", "1", "2", "3"]}, 1) != keys({"choice": ["0", "1", "2", "3"]}, 2)


def test_a_backlog_of_500_is_drained_when_a_hand_says() -> None:
    _, result = lived(scenarios.backlog(), SEED)
    assert result.trace.end == pytest.approx(theory.drain_time_constant(501, 10, 4))


@pytest.mark.parametrize("prefetch", [1, 2, 4, 6, 8])
def test_an_always_full_queue_gives_prefetch_over_round_trip_and_work(prefetch: int) -> None:
    _, result = lived(scenarios.always_full(prefetch), SEED)
    (acked,) = columns(result.trace.messages, "acked")
    # Whole periods of (RTT + s) or s fit into 12 s, so the count is exact but for one message.
    measured = int(((acked >= 6) & (acked < 18)).sum())
    assert abs(measured - 12 * theory.prefetch_throughput(prefetch, 0.1, 50)) <= 1


def test_autoscaling_follows_the_backlog_it_sees() -> None:
    _, result = lived(scenarios.autoscaled(), SEED)
    enqueued, ended = columns(result.trace.messages, "enqueued", "ended")
    table = result.trace.deliveries
    spans = [
        span for name, actor in result.trace.cast.items() if actor.group == "worker" for span in actor.up
    ]
    most = 0
    for look in np.arange(5, 400, 5):
        # In the queue, less what is with consumers at that moment.
        inside = int(((enqueued < look) & ~(ended < look)).sum())
        held = sum(table.sent[k] < look and not table.ended[k] < look for k in range(table.n))
        wanted = min(max(ceil((inside - held) / 20), 1), 8)
        up = sum(start <= look and not end <= look for start, end in spans)
        assert up == wanted, f"at {look} s"
        most = max(most, int(up))
    assert most >= 4


def test_two_designs_are_compared_under_common_random_numbers() -> None:
    three, four = scenarios.served(3, 0.6, 3, messages=4000), scenarios.served(3, 0.6, 4, messages=4000)
    first = [lived(three, seed)[1] for seed in range(12)]
    second = [lived(four, seed)[1] for seed in range(12)]
    for a, b in zip(first, second, strict=True):
        assert times(a, "created") == times(b, "created")
    before, after = ([flow(result) for result in runs] for runs in (first, second))
    exact = theory.mmc(3, 1 / 0.6, 3).mean_sojourn - theory.mmc(3, 1 / 0.6, 4).mean_sojourn
    assert exact in paired(before, after, CONFIDENCE)
    assert paired(before, after).low > 0
    # The shared luck cancels: other seeds for the second design give a wider interval.
    assert paired(before, after).half_width < 0.8 * paired(before, after[6:] + after[:6]).half_width
