"""What a run's numbers are doubted for, and that sound runs are left in peace."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from mqsim.api import Result, simulate
from mqsim.report import report_html
from mqsim.runs import endless, wide
from mqsim.scenario import presets
from tests.cli.command import mqsim
from tests.matching.plain import scenario

if TYPE_CHECKING:
    from pathlib import Path

ONE = {"consumers.w.count": 1}


def ran(changes: dict[str, Any], seed: int = 0, **rest: Any) -> Result:
    return simulate(scenario({"duration": 400.0} | changes, **rest), seed=seed)


def kinds(result: Result) -> list[tuple[str, str]]:
    return [(one.kind, one.about) for one in result.run_warnings]


def test_an_overloaded_queue_is_told_with_what_to_do() -> None:
    result = ran(ONE)
    assert kinds(result) == [("overload", "q")]
    (says,) = result.warnings
    assert says.startswith("Queue q is overloaded: 1.2 messages a second come, and 1 is all that")
    assert "add consumers, or lower the rate" in says
    assert says in report_html(result)


def test_a_queue_that_starts_to_grow_on_the_way_is_found_by_its_trend() -> None:
    busier = {"producers.p.arrivals": {"poisson": {"rate": 1.6}}}
    result = ran(busier, faults=[{"crash": "w-1", "at": 20.0}])
    assert kinds(ran(busier, faults=[{"crash": "w-1", "at": 20.0, "restart_after": 1.0}])) == []
    assert kinds(result) == [("growth", "q")]
    assert "goes on growing" in result.warnings[0]
    # Rates that change over time have no load to compute; here they only rise.
    rising = {"producers.p.arrivals": {"profile": {"points": [[0, 1], [400, 5]]}}}
    assert kinds(ran(rising)) == [("surge", "q"), ("growth", "q")]


@pytest.mark.parametrize("cost", ["publish", "deliver"])
def test_a_saturated_broker_is_told(cost: str) -> None:
    result = ran({f"broker.costs.{cost}": 1.0})
    assert ("overload", "") in kinds(result)
    assert "asked for 1.2 s of its own time" in " ".join(result.warnings)


def test_messages_held_up_before_their_queue_are_found_by_their_trend() -> None:
    rising = {"producers.p.arrivals": {"profile": {"points": [[0, 0.5], [400, 3]]}}, "consumers.w.count": 9}
    assert ("growth", "") in kinds(ran(rising | {"broker.costs.publish": 1.0}))
    assert kinds(ran(rising | {"broker.costs.publish": 0.01})) == []


def test_a_window_of_confirms_that_holds_a_producer_back_is_told() -> None:
    result = ran(
        {"producers.p.confirms": {"window": 1}, "network.links": [{"between": ["p", "broker"], "latency": 1}]}
    )
    assert ("overload", "p") in kinds(result)
    assert "raise confirms.window" in " ".join(result.warnings)


def test_a_short_run_is_told_and_a_long_one_is_not() -> None:
    busy = ONE | {"producers.p.arrivals": {"poisson": {"rate": 0.8}}}
    result = ran(busy)
    assert kinds(result) == [("short", "q")]
    assert "at a load of 0.8" in result.warnings[0]
    assert "replicate it" in result.warnings[0]
    assert kinds(ran(busy | {"duration": 80_000.0})) == []


def test_the_length_that_is_asked_for_does_what_it_promises() -> None:
    """400 lengths of forgetting: one run's mean wait is then off by a tenth or so."""
    busy = ONE | {"producers.p.arrivals": {"poisson": {"rate": 0.7}}, "duration": 400 / (1 - 0.7**0.5) ** 2}
    waits = [ran(busy, seed).summary()["queues"]["q"]["wait"]["mean"] for seed in range(12)]
    # M/M/1: 0.7 / 0.3.
    off = np.sqrt(np.mean((np.array(waits) / (0.7 / 0.3) - 1) ** 2))
    assert 0.03 < off < 0.2


@pytest.mark.parametrize(
    "changes",
    [
        {"producers.p.messages": 50},
        {"producers.p.arrivals": {"saturate": {"ready": 20}}},
        {"producers.p.arrivals": {"closed": {"users": 9, "think": 1.0}}},
        ONE | {"broker.queues.q.max_length": 5},
        ONE | {"producers.p.stop": 100.0},
        {"producers.p.arrivals": {"every": 1.0}, "producers.p.work": 1.0},
    ],
)
def test_what_is_meant_to_be_so_raises_no_alarm(changes: dict[str, Any]) -> None:
    assert kinds(ran(changes)) == []


def test_sound_runs_raise_no_alarm() -> None:
    """M/M/2 at 0.6, ten times as long as needed."""
    needed = 400 / 2 / (1 - 0.6**0.5) ** 2
    for seed in range(5):
        assert kinds(ran({"duration": 10 * needed}, seed)) == []


def test_of_the_presets_only_those_are_doubted_that_are_short_beside_their_chance() -> None:
    found = {name: kinds(simulate(name)) for name in presets()}
    assert {name: each for name, each in found.items() if each} == {
        "burst": [("short", "tasks")],
        "pipeline": [("short", "pictures")],
        "unequal-workers": [("short", "tasks")],
    }


def test_a_run_that_may_never_end_is_told_before_it_starts() -> None:
    never = {"duration": None, "until": {"empty": "q"}, "max_duration": 300.0} | ONE
    chosen = scenario(never)
    assert "may never be empty" in endless(chosen)
    assert endless(scenario(never | {"consumers.w.count": 2})) == ""
    assert endless(scenario(ONE)) == ""
    result = simulate(chosen.with_({"broker.queues.q.ready": 50}))
    assert any("stopped at max_duration" in says for says in result.warnings)
    assert ("overload", "q") in kinds(result)


def test_the_command_line_says_so_before_it_runs(tmp_path: Path) -> None:
    file = tmp_path / "never.yaml"
    file.write_text(
        scenario({"duration": None, "until": {"empty": "q"}, "max_duration": 5.0} | ONE).to_yaml()
    )
    said = mqsim("run", file, "--json")
    assert said.stderr.startswith("mind: Queue q may never be empty")
    assert any("q is overloaded" in says for says in json.loads(said.stdout)["warnings"])


def test_a_room_of_nothing_that_refuses_everything_is_told() -> None:
    none = {"broker.queues.q.max_length": 0, "broker.queues.q.overflow": "reject-publish"}
    result = ran(none)
    assert result.summary()["queues"]["q"]["refused"] == result.summary()["queues"]["q"]["created"]
    assert any("refuses every message" in says for says in result.warnings)
    assert ran({"broker.queues.q.max_length": 0}).warnings == []


def test_a_delivery_limit_that_nacks_do_not_reach_is_told() -> None:
    limited = {
        "broker.queues.q.type": "quorum",
        "broker.queues.q.delivery_limit": 2,
        "consumers.w.fails": {"probability": 0.1},
    }
    assert any("does not count a nack" in says for says in ran(limited).warnings)
    assert not any(
        "does not count a nack" in says for says in ran(limited | {"broker.profile": "4.0"}).warnings
    )
    assert not any(
        "does not count a nack" in says for says in ran(limited | {"consumers.w.fails.attempts": 3}).warnings
    )


def test_wide_intervals_are_told_with_how_many_replications_would_do() -> None:
    figures = {
        "queues.q.wait.mean": {"mean": 2.0, "half_width": 0.8, "runs": 5},
        "queues.q.throughput": {"mean": 1.0, "half_width": 0.01, "runs": 5},
        "queues.q.lost": {"mean": 1.0, "half_width": 1.0, "runs": 5},
    }
    (doubt,) = wide(figures)
    # 40 % is four times a tenth: sixteen times five runs.
    assert doubt.about == "queues.q.wait.mean"
    assert "± 40% of its mean: about 80 replications" in doubt.message
    assert wide({"queues.q.wait.mean": {"mean": 2.0, "half_width": 0.1, "runs": 5}}) == []
    assert wide({"queues.q.wait.mean": {"mean": None, "half_width": None, "runs": 0}}) == []


def test_replications_tell_what_they_are_doubted_for() -> None:
    few = json.loads(mqsim("run", "pipeline", "--replications", "3", "--json").stdout)
    assert ["is wide" in says for says in few["warnings"]] == [True]
    over = ["--set", "consumers.resizer.count=1"]
    told = json.loads(mqsim("run", "pipeline", "--replications", "3", "--json", *over).stdout)
    assert ["pictures is overloaded" in says for says in told["warnings"]] == [True]
    assert "mind" in mqsim("run", "pipeline", "--replications", "2").stdout
