"""What the comments of the presets promise comes true, before and after the change that they tell to try.

The numbers are worked out by hand from the presets: sums of constant work, no chance in them.
"""

from __future__ import annotations

from typing import Any

import pytest

from mqsim.api import simulate
from mqsim.scenario import load

# preset, change, when the last message is acknowledged, how many have which outcome, deliveries
PROMISES: list[tuple[str, dict[str, Any], float, dict[str, int], int]] = [
    ("hello", {}, 2.2, {"acked": 3}, 3),
    ("hello", {"consumers.receiver.start": 5}, 5.6, {"acked": 3}, 3),
    ("task-queue", {}, 6.0, {"acked": 3}, 3),
    ("task-queue", {"consumers.worker.count": 3}, 2.0, {"acked": 3}, 3),
    ("fair-dispatch", {}, 10.0, {"acked": 10}, 10),
    ("fair-dispatch", {"consumers.worker.prefetch": 0}, 15.0, {"acked": 10}, 10),
    ("worker-crash", {}, 10.0, {"acked": 6}, 7),
    # Automatic: acknowledged as they are sent, all at once.
    ("worker-crash", {"consumers.worker.ack": "auto"}, 0.0, {"acked": 4, "lost": 2}, 6),
    ("broker-restart", {"producers.sender.persistent": False}, 5.0, {"acked": 5, "lost": 15}, 6),
    ("poison", {}, 19.4, {"acked": 20, "dead-lettered": 1, "ready": 1}, 23),
    # The task in hand comes back with its node, at 14.7.
    ("quorum-failover", {}, 15.0, {"acked": 20}, 21),
    ("quorum-failover", {"broker.queues.tasks.type": "classic"}, 15.0, {"acked": 11, "lost": 9}, 12),
    ("rolling-restart", {}, 29.85, {"acked": 120}, 120),
    ("rolling-restart", {"broker.queues.tasks.type": "classic"}, 29.85, {"acked": 120}, 120),
    ("poison-quorum", {}, 19.4, {"acked": 20, "dead-lettered": 1, "ready": 1}, 24),
    ("pub-sub", {}, 15.0, {"acked": 20}, 20),
    ("pub-sub", {"broker.bindings.1": None}, 15.0, {"acked": 10}, 10),
]


@pytest.mark.parametrize(("name", "change", "last", "outcomes", "deliveries"), PROMISES)
def test_a_preset_keeps_its_promise(
    name: str, change: dict[str, Any], last: float, outcomes: dict[str, int], deliveries: int
) -> None:
    result = simulate(load(name).with_(change))
    counts = result.messages.outcome.value_counts()
    assert {outcome: int(n) for outcome, n in counts.items() if n} == outcomes
    assert result.messages.acked.max() == pytest.approx(last)
    assert len(result.deliveries) == deliveries


def test_what_is_on_disk_survives_the_restart() -> None:
    result = simulate(load("broker-restart"))
    assert (result.messages.outcome == "acked").all()
    assert len(result.messages) == 20


def test_without_attempts_a_poison_message_blocks_the_good_ones() -> None:
    result = simulate(load("poison").with_({"consumers.worker.fails.attempts": None}))
    # Those of 0 to 5 seconds are done before it comes.
    assert int((result.messages.outcome == "acked").sum()) == 6


def test_without_a_limit_a_poison_message_kills_for_ever() -> None:
    change = {"broker.profile": "3.10", "broker.queues.tasks.delivery_limit": None}
    result = simulate(load("poison-quorum").with_(change))
    # A round takes 0.9 s and begins at 5.5 s: there are 28 until 30 s. Those of 0 to 5 s are done before.
    assert int(result.messages.query("producer == 'bad-1'").deliveries.iloc[0]) == 28
    assert int((result.messages.outcome == "acked").sum()) == 6


def test_retries_without_patience_are_a_storm() -> None:
    storm = simulate(load("retry-storm")).summary()["producers"]["web-1"]
    breeze = simulate(load("retry-storm").with_({"producers.web.retry.factor": 2})).summary()["producers"][
        "web-1"
    ]
    assert storm["created"] == breeze["created"]
    assert storm["published"] > 5 * storm["created"]
    assert breeze["published"] < storm["published"] / 3


def test_bursts_fill_the_queue_and_the_same_average_does_not() -> None:
    bursts = simulate(load("burst")).summary()["queues"]["tasks"]["depth"]
    even = simulate(load("burst").with_({"producers.web.arrivals": {"poisson": {"rate": 9.6}}})).summary()
    assert bursts["max"] > 5 * even["queues"]["tasks"]["depth"]["max"]


def test_the_slow_worker_gets_a_small_share_and_without_prefetch_holds_tasks_up() -> None:
    fair = simulate(load("unequal-workers")).summary()
    greedy = simulate(load("unequal-workers").with_({"consumers.worker.prefetch": 0})).summary()
    assert fair["consumers"]["worker-3"]["share"] < 0.2
    assert greedy["queues"]["tasks"]["wait"]["p99"] > 10 * fair["queues"]["tasks"]["wait"]["p99"]


def test_the_slowest_stage_collects_the_waiting() -> None:
    two = simulate(load("pipeline")).summary()["queues"]
    one = simulate(load("pipeline").with_({"consumers.resizer.count": 1})).summary()["queues"]
    assert two["pictures"]["wait"]["mean"] > 2 * two["resized"]["wait"]["mean"]
    assert one["pictures"]["depth"]["max"] > 100
