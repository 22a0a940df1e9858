"""What-if, drain, prefetch, sweep and sensitivity against formulas, each other, and bad input."""

from __future__ import annotations

import json
import math
import subprocess
import sys
from pkgutil import iter_modules
from typing import TYPE_CHECKING

import numpy as np
import pytest

from mqsim import planning, theory
from mqsim.errors import ScenarioError, UsageError
from mqsim.planning.events import burst, killed, slowed
from mqsim.planning.prefetch import _value
from mqsim.planning.targets import Measure
from mqsim.planning.units import seconds
from mqsim.planning.values import Value, Valued
from mqsim.scenario import Scenario

if TYPE_CHECKING:
    from pathlib import Path

LOAD = {"rate": "20/s", "work": "100ms", "jobs": 1}


def test_importing_a_module_hides_no_question() -> None:
    """In a process of its own: here every module is imported already."""
    modules = ", ".join(f"mqsim.planning.{each.name}" for each in iter_modules(planning.__path__))
    program = (
        f"import {modules}, mqsim as mq\n"
        "print(*(name for name in mq.planning.__all__ if not callable(getattr(mq.planning, name))))"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == ""


def queue(**changes: object) -> Scenario:
    data = {
        "duration": 300,
        "broker": {"queues": {"q": {}}},
        "producers": {"p": {"to": "q", "arrivals": {"poisson": {"rate": 8}}, "work": 0.3}},
        "consumers": {"w": {"queue": "q", "count": 4}},
    }
    return Scenario.from_data(data | changes)


def row(answer: planning.Answer, measure: str) -> dict[str, float]:
    return next(line for line in answer.rows if line["measure"] == measure)


def test_nothing_changed_is_no_difference_at_all() -> None:
    answer = planning.what_if(scenario=queue(), change="consumers.w.count=4", jobs=1, budget=100_000)
    assert {line["difference"] for line in answer.rows} == {0.0}
    assert "shows no difference" in answer.sentence


def test_one_worker_more_does_what_theory_says() -> None:
    answer = planning.what_if(**LOAD, workers=3, change="consumers.worker.count=4", measure="sojourn.mean")
    found = row(answer, "tasks.sojourn.mean")
    exact = theory.mmc(20, 10, 4).mean_sojourn - theory.mmc(20, 10, 3).mean_sojourn
    assert found["difference low"] <= exact <= found["difference high"]
    assert found["difference high"] < 0.0
    assert "falls from" in answer.sentence


def test_common_luck_knows_a_difference_better_than_either_side() -> None:
    answer = planning.what_if(**LOAD, workers=4, change="consumers.worker.count=5", measure="sojourn.mean")
    found = row(answer, "tasks.sojourn.mean")
    width = found["difference high"] - found["difference low"]
    apart = planning.size(**LOAD, workers="4..4", target="mean < 1h", simulate=True, seed=1).data["targets"][
        0
    ]
    assert width < apart["high"] - apart["low"]


def test_a_killed_worker_is_told_with_what_it_does() -> None:
    answer = planning.what_if(scenario=queue(), kill="w-2@100:60", jobs=1, budget=100_000)
    assert answer.sentence.startswith(
        "If w-2 is killed at 100 s for 60 s: the mean of the sojourn in queue q rises"
    )
    assert "no message of queue q is lost" in answer.sentence
    assert row(answer, "q.recover")["after"] >= 60  # The outage itself is part of it.
    assert math.isnan(row(answer, "q.recover")["before"])
    assert "has recovered" in answer.sentence
    assert "after the fault began, which means that the fault is over" in answer.sentence
    plain = planning.what_if(
        scenario=queue(), kill="w-2@100:60", target="q.p99 < 1ms", jobs=1, budget=100_000
    )
    assert (answer.status, plain.status) == (0, 1)


def test_a_target_and_the_table_say_the_same_number() -> None:
    answer = planning.what_if(
        scenario=queue(), kill="w-2@100:60", target="q.p99 < 2s", jobs=1, budget=100_000
    )
    value = row(answer, "q.sojourn.p99")["after"]
    rises, judged = answer.sentence.split(" The target ")
    assert f"to {seconds(value)} (by" in rises
    assert f": {seconds(value)} (" in judged
    assert any(
        "over all messages of a run of 5 min and not over the time of the fault" in n for n in answer.notes
    )


def test_an_outage_that_nobody_notices_takes_its_own_time() -> None:
    """At a load of 0.03 the queue never fills, so it has recovered when the worker is back."""
    answer = planning.what_if(
        scenario=queue(producers={"p": {"to": "q", "arrivals": {"every": 10}, "work": 0.3}}),
        kill="w-2@100:60",
        jobs=1,
        budget=20_000,
    )
    assert row(answer, "q.recover")["after"] == 60


def test_a_run_that_was_cut_is_not_called_unbounded() -> None:
    """300 s are not enough for what came in 100 s without any worker: 800 messages, of 5.3 a second."""
    cut = planning.what_if(
        scenario=queue(), kill="w@90:200", measure=["q.p99", "recover"], jobs=1, budget=50_000
    )
    assert "some runs end at 5 min while messages are still under way; give a longer duration" in cut.sentence
    assert "has not recovered in some runs when they end at 5 min" in cut.sentence
    assert "unstable" not in cut.sentence


def test_an_overload_and_a_time_without_a_value_are_named_on_either_side() -> None:
    """4 workers do 13.3 a second, 2 of them 6.7, and 8 come."""
    asked = {"jobs": 1, "budget": 50_000, "measure": "q.p99"}
    says = "unstable: 8 messages a second come to queue q and its consumers can work off 6.667"
    dead = planning.what_if(scenario=queue(), kill=["w-1@10", "w-2@10"], **asked)
    fewer = planning.what_if(scenario=queue(), change="consumers.w.count=2", **asked)
    more = planning.what_if(
        scenario=queue().with_({"consumers.w.count": 2}), change="consumers.w.count=4", **asked
    )
    assert f"With the change queue q is {says}" in dead.sentence
    assert f"With the change queue q is {says}" in fewer.sentence
    assert f"Before the change queue q is {says}" in more.sentence
    assert "before, it has no value" in more.sentence


def test_workers_of_different_speed_have_a_mean_throughput_and_no_time_is_called_forever() -> None:
    """Speeds 1, 1 and 0.5 with a work of 2 s are 0.5, 0.5 and 0.25 messages a second."""
    scenario = queue(
        duration=3600,
        producers={
            "p": {"to": "q", "arrivals": {"poisson": {"rate": 1}}, "work": {"exponential": {"mean": 2}}}
        },
        consumers={"w": {"queue": "q", "count": 3, "speed": [1, 1, 0.5]}},
    )
    answer = planning.prefetch(scenario=scenario, values="1,250", budget=4_000, jobs=1)
    column = "a worker's throughput with a backlog, by theory"
    assert [line[column] for line in answer.rows] == pytest.approx([1.25 / 3] * 2)
    assert "forever" not in answer.sentence


def test_a_tail_beyond_the_end_of_the_runs_is_at_least_so_long() -> None:
    p99 = Measure("time", "q", "sojourn", "p99")
    found = {1: Valued({p99: Value(math.inf, 1122.0, math.inf)})}
    assert _value(found, 1, p99) == (
        "at least 18.7 min (its slowest messages are not done when the runs end)"
    )


def test_events_are_faults_and_producers() -> None:
    assert killed("packer-2@600:300") == {"crash": "packer-2", "at": 600.0, "restart_after": 300.0}
    assert killed("packer@10min") == {"crash": "packer", "at": 600.0}
    assert killed("broker@5s:1min") == {"kill": "broker", "at": 5.0, "down": 60.0}
    assert slowed("w*3@1min:30s") == {"slow": "w", "at": 60.0, "factor": 3.0, "for": 30.0}
    made = burst("x2.5@60:30", queue())["producers.p-burst"]
    assert (made["start"], made["stop"]) == (60.0, 90.0)
    assert made["arrivals"] == {"poisson": {"rate": pytest.approx(8 * 1.5)}}


@pytest.mark.parametrize(
    ("asked", "says"),
    [
        ({}, "say what happens"),
        ({"kill": "w-2"}, "write NAME@TIME"),
        ({"kill": "w-2@soon"}, "write a time such as"),
        ({"kill": "w-2@-5"}, "a time is 0 or more"),
        ({"slow": "w@60:30"}, "write NAME\\*FACTOR"),
        ({"burst": "2@60:30"}, "a factor above 1"),
        ({"burst": "x0.5@60:30"}, "a factor above 1"),
        ({"burst": "x2@60"}, "a factor above 1"),
        ({"kill": "w-2@400"}, "the run ends at"),
        ({"change": "consumers.w.count"}, "write PATH=VALUE"),
    ],
)
def test_what_cannot_happen_says_why(asked: dict[str, str], says: str) -> None:
    with pytest.raises(UsageError, match=says):
        planning.what_if(scenario=queue(), **asked)


def test_whoever_is_not_there_cannot_die() -> None:
    with pytest.raises(ScenarioError, match="w-9"):
        planning.what_if(scenario=queue(), kill="w-9@10")


def mean_passage(backlog: int, rate: float, mu: float, servers: int) -> float:
    """The mean time from `backlog` in the system to `servers`, by solving the chain's equations."""
    top = backlog + 4000
    states = np.arange(servers + 1, top + 1)
    down = servers * mu
    # T(n) = 1/(rate + down) + rate/(rate + down) T(n + 1) + down/(rate + down) T(n - 1), with T(servers) = 0.
    matrix = np.zeros((3, states.size))
    matrix[0, 1:] = -rate / (rate + down)
    matrix[1] = 1.0
    matrix[2, :-1] = -down / (rate + down)
    matrix[1, -1] -= rate / (rate + down)
    from scipy.linalg import solve_banded

    times = solve_banded((1, 1), matrix, np.full(states.size, 1 / (rate + down)))
    return float(times[backlog - servers - 1])


def test_a_drain_is_the_chains_first_passage() -> None:
    answer = planning.drain(backlog="1k", rate="50/s", work="40ms", workers=4)
    assert answer.rows[0]["seconds"] == pytest.approx(mean_passage(1000, 50, 25, 4), rel=1e-6)
    assert "exactly" in answer.sentence


def test_a_simulated_drain_agrees_with_the_chain() -> None:
    scenario = Scenario.from_data(
        {
            "duration": 10,
            "broker": {"queues": {"q": {}}},
            "producers": {
                "p": {
                    "to": "q",
                    "arrivals": {"poisson": {"rate": 50}},
                    "work": {"gamma": {"mean": 0.04, "cv": 1}},
                }
            },
            "consumers": {"w": {"queue": "q", "count": 4}},
        }
    )
    answer = planning.drain(scenario=scenario, backlog=400, jobs=1)
    found = answer.rows[0]
    assert found["how"] == "simulated"
    low, high = found["seconds low"], found["seconds high"]
    assert low - 0.5 * (high - low) <= mean_passage(400, 50, 25, 4) <= high + 0.5 * (high - low)


def test_constant_work_drains_in_rounds() -> None:
    answer = planning.drain(backlog=1001, rate="0", work="40ms", cv=0, workers=8)
    # 126 rounds; nothing waits any more when the last begins.
    assert answer.rows[0]["seconds"] == pytest.approx(125 * 0.04)


@pytest.mark.parametrize(
    ("prefetch", "count", "of_one"), [(0, 1, 400), (0, 4, 400), (50, 2, 200), (1000, 4, 400)]
)
def test_a_backlog_that_moved_to_the_workers_is_not_gone(prefetch: int, count: int, of_one: int) -> None:
    """The first worker is sent what it may hold, here all unless it is 50; its last message begins one
    work before its end.
    """
    answer = planning.drain(
        backlog=400, rate="0", work="100ms", cv=0, workers=count, prefetch=prefetch, jobs=1
    )
    assert answer.rows[0]["seconds"] == pytest.approx((of_one - 1) * 0.1)


def test_a_drain_ends_though_busy_workers_always_hold_something() -> None:
    """By mean rates the backlog takes 500 / (100 - 80) s; some worker holds a message not begun for ever."""
    answer = planning.drain(backlog=500, rate="80/s", work="100ms", workers=10, prefetch=20, jobs=1)
    assert answer.rows[0]["seconds"] == pytest.approx(500 / (100 - 80), rel=0.5)


def test_a_backlog_of_one_worker_is_told_by_its_own_rate_where_the_budget_is_small() -> None:
    """The first of 4 workers has all 60k and a quarter of what comes: 60k / ((4 / 60 ms - 50) / 4)."""
    answer = planning.drain(
        backlog="60k", rate="50/s", work="60ms", workers=4, prefetch=0, budget=1000, jobs=1
    )
    assert answer.rows[0]["seconds"] == pytest.approx(60_000 / ((4 / 0.06 - 50) / 4))


def test_a_drain_that_never_ends_says_so_and_how_many_workers_it_takes() -> None:
    never = planning.drain(backlog="1k", rate="100/s", work="40ms", workers=4)
    assert "are never worked off: 100 messages a second come" in never.sentence
    enough = planning.drain(backlog="1k", rate="100/s", work="40ms", workers="1..20", within="30s")
    assert enough.rows[-1]["consumers.worker.count"] == next(
        c for c in range(5, 21) if mean_passage(1000, 100, 25, c) <= 30
    )
    assert enough.status == 0
    short = planning.drain(backlog="1k", rate="100/s", work="40ms", workers="1..4", within="30s")
    assert short.status == 1


def test_prefetch_keeps_workers_busy_over_the_network() -> None:
    answer = planning.prefetch(
        rate="75/s", work="10ms", cv=0, latency="10ms", workers=1, values="1..6", budget=400_000, jobs=1
    )
    # One worker does p / (20 ms + 10 ms) a second at most: 33, 67 and then 100, which is all it can.
    assert answer.data["value"] == 3
    assert answer.data["needed"] == 3
    assert "With 2 the queue is unstable" in answer.sentence


def test_a_large_prefetch_is_told_to_hold_messages() -> None:
    answer = planning.prefetch(rate="8/s", work="400ms", workers=4, values="1,100", budget=600_000, jobs=1)
    assert answer.data["value"] == 1
    assert "messages wait with busy workers" in answer.sentence


def test_a_sweep_is_theory_where_theory_is_exact() -> None:
    answer = planning.sweep(rate="250/s", work="40ms", workers="9..14", measure=["p99", "utilisation"])
    table = answer.table.set_index("consumers.worker.count")
    for servers in range(11, 15):
        exact = theory.mmc(250, 25, servers)
        assert table.loc[servers, "tasks.sojourn.p99"] == pytest.approx(exact.sojourn_percentile(0.99))
        assert table.loc[servers, "groups.worker.utilisation"] == pytest.approx(10 / servers)
    assert "can work off 225" in table.loc[9, "because"]
    assert math.isnan(table.loc[9, "tasks.sojourn.p99"])


def test_a_grid_has_every_pair_and_one_at_a_time_has_not() -> None:
    asked = {"scenario": queue(), "vary": ["consumers.w.count=3..5", "consumers.w.speed=1..2"], "budget": 3e4}
    grid = planning.sweep(**asked, jobs=1)
    assert len(grid.rows) == 6
    assert len(planning.sweep(**asked, one_at_a_time=True, jobs=1).rows) == 5
    from mqsim.viz.description import data

    assert len(data(grid.figure())) == 6


def test_a_sweep_goes_on_from_its_file(tmp_path: Path) -> None:
    kept = tmp_path / "sweep.jsonl"
    asked = {
        "scenario": queue(),
        "vary": "consumers.w.count=3..6",
        "simulate": True,
        "budget": 5e3,
        "jobs": 1,
    }
    whole = planning.sweep(**asked)
    planning.sweep(**asked | {"vary": "consumers.w.count=3..4"}, resume=kept)
    begun = kept.read_text().splitlines()
    assert len(begun) == 2
    again = planning.sweep(**asked, resume=kept)
    assert kept.read_text().splitlines()[:2] == begun
    assert json.dumps(again.data["settings"]) == json.dumps(whole.data["settings"])
    kept.write_text("nonsense\n")
    with pytest.raises(UsageError, match="line 1 is none that a plan wrote"):
        planning.sweep(**asked, resume=kept)


def test_ctrl_c_keeps_what_is_finished(tmp_path: Path) -> None:
    kept = tmp_path / "sweep.jsonl"

    def stop(done: float, of: float) -> None:
        if done == 2:
            raise KeyboardInterrupt

    asked = {
        "scenario": queue(),
        "vary": "consumers.w.count=3..6",
        "simulate": True,
        "budget": 5e3,
        "jobs": 1,
    }
    stopped = planning.sweep(**asked, resume=kept, progress=stop)
    assert "Stopped after 2 of 4 settings" in stopped.sentence
    assert stopped.status == 3
    assert len(kept.read_text().splitlines()) == 2
    assert planning.sweep(**asked, resume=kept).status == 0


def test_sensitivity_ranks_by_theory() -> None:
    answer = planning.sensitivity(rate="250/s", work="40ms", workers=12)
    by = {line["input"]: line for line in answer.rows}
    assert by["rate of sender"]["larger"] == pytest.approx(theory.mmc(275, 25, 12).sojourn_percentile(0.99))
    assert by["work at worker"]["smaller"] == pytest.approx(
        theory.mmc(250, 25 / 0.9, 12).sojourn_percentile(0.99)
    )
    assert by["count of worker (± 1)"]["smaller"] == pytest.approx(
        theory.mmc(250, 25, 11).sojourn_percentile(0.99)
    )
    swings = [line["swing"] for line in answer.rows]
    assert swings == sorted(swings, reverse=True)


@pytest.mark.parametrize(
    ("ask", "says"),
    [
        (lambda: planning.sweep(scenario=queue()), "say what may change"),
        (lambda: planning.sweep(**LOAD, workers="3..5", measure="q99"), "no number called"),
        (lambda: planning.drain(backlog="some", **LOAD), "--backlog"),
        (lambda: planning.drain(backlog=5, scenario=queue(), queue="x"), "which queue holds the backlog: q"),
        (lambda: planning.prefetch(**LOAD, workers="1..3"), "no other range"),
        (lambda: planning.prefetch(**LOAD, values="-1..3"), "a prefetch is a whole number"),
        (lambda: planning.sensitivity(**LOAD, by="200%"), "less than all of it"),
        (lambda: planning.sensitivity(**LOAD, inputs="network.name"), "no number of this scenario"),
    ],
)
def test_bad_questions_get_one_sentence(ask, says: str) -> None:
    with pytest.raises(UsageError, match=says) as caught:
        ask()
    assert "\n" not in str(caught.value)
