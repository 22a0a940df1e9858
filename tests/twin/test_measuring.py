"""Numbers that the kernel counts as it goes are those of `summary` of the same run."""

from __future__ import annotations

import math
from typing import Any

import pytest

from mqsim import run_size, runs
from mqsim.errors import MqsimError, UsageError
from mqsim.scenario import Scenario
from mqsim.twin import eligible
from tests.twin.drawing import scenario as drawn
from tests.twin.test_rules import PLAIN

pytestmark = pytest.mark.xdist_group("twin")
pytest.importorskip("numba", reason="the twin needs numba: pip install 'mqsim[fast]'")

BUNCH = 40
DRAWN = 160


def countable(seed: int) -> dict[str, Any]:
    """The drawn scenario of that number, without what makes further copies of a message; half of them with a
    warm-up.
    """
    data = drawn(seed)
    for queue in data["broker"]["queues"].values():
        queue.pop("dead_letter", None)
    for consumer in data["consumers"].values():
        consumer.pop("publish", None)
    for producer in data["producers"].values():
        producer.pop("confirms", None)
        producer.pop("retry", None)
    return data | ({"warmup": 2} if seed % 2 else {})


def outcome_of(data: dict[str, Any]) -> str:
    """The first number that differs; `-` where the scenario can't be run or counted."""
    from mqsim.twin.measuring import counts
    from tests.twin.comparing import difference_of_numbers

    try:
        scenario = Scenario.from_data(data)
        if eligible(scenario) or not counts(scenario):
            return "-"
        return difference_of_numbers(scenario)
    except MqsimError:
        return "-"


@pytest.mark.parametrize("first", range(0, DRAWN, BUNCH))
def test_what_is_counted_is_what_the_summary_tells(first: int) -> None:
    found = {seed: outcome_of(countable(seed)) for seed in range(first, first + BUNCH)}
    assert {seed: text for seed, text in found.items() if text not in ("", "-")} == {}
    assert sum(text == "" for text in found.values()) >= BUNCH // 2


@pytest.mark.parametrize(
    "changes",
    [
        {"warmup": "auto"},
        {"broker.queues.tasks.dead_letter": {"key": "dead"}},
        {"consumers.worker.publish": [{"to": "dead"}]},
        {"producers.web.confirms": {}},
    ],
    ids=["warm-up", "dead letters", "forwards", "confirms"],
)
def test_what_cannot_be_counted_is_read_from_tables(changes: dict[str, Any]) -> None:
    from mqsim.twin.measuring import counts

    scenario = Scenario.from_data(PLAIN).with_(changes)
    assert not counts(scenario)
    found = runs.simulate_many(scenario, [3], ["queues.tasks.sojourn.p95"], engine="compiled")
    summary = runs.simulate(scenario, 3, engine="simpy").summary()
    assert found.numbers["queues.tasks.sojourn.p95"][0] == summary["queues"]["tasks"]["sojourn"]["p95"]


MANY = {"producers.web.arrivals": {"every": 0.001}, "producers.web.work": 0.0001, "duration": 30}


def test_rows_are_used_again() -> None:
    from mqsim.twin import play

    most = 0

    def watch(_: float, copies: int) -> None:
        nonlocal most
        most = max(most, copies)

    found = play.measure(Scenario.from_data(PLAIN).with_(MANY), ["messages.acked"], watch=watch)
    assert found["messages.acked"] == 30_000
    assert most < 10


def test_a_run_without_tables_may_be_longer(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(run_size, "MOST_MESSAGES", 20_000)
    scenario = Scenario.from_data(PLAIN).with_(MANY)
    found = runs.simulate_many(scenario, [1], ["queues.tasks.wait.mean"], engine="compiled")
    assert math.isclose(found.numbers["queues.tasks.wait.mean"][0], 0.0, abs_tol=1e-12)


@pytest.mark.parametrize(
    "path", ["queues.nowhere.wait.mean", "queues.tasks.wait.p50th", "miss(soon)", "miss(-1)"]
)
def test_an_unknown_number_is_refused_as_it_is_for_tables(path: str) -> None:
    with pytest.raises(UsageError) as counted:
        runs.simulate_many(PLAIN, [1], [path], engine="compiled")
    with pytest.raises(UsageError) as read:
        runs.simulate_many(PLAIN, [1], [path], engine="simpy")
    assert str(counted.value) == str(read.value)
