"""Many runs at once: their numbers are those of `summary` of the same runs, whichever engine ran them."""

from __future__ import annotations

import math
from typing import Any

import pytest

from mqsim import runs
from mqsim.errors import UsageError
from mqsim.metrics import slo_miss
from mqsim.metrics.measures import measures
from mqsim.scenario import Scenario, load
from tests.twin.paths import leaves
from tests.twin.test_rules import PLAIN

pytestmark = pytest.mark.xdist_group("twin")

BUSY = Scenario.from_data(PLAIN).with_(
    {
        "warmup": 1,
        "producers.web.arrivals": {"poisson": {"rate": 9}},
        "producers.web.work": {"exponential": {"mean": 0.2}},
        "consumers.worker.count": 2,
        "consumers.worker.fails": {"probability": 0.1, "then": "crash", "restart_after": 0.5},
        "broker.queues.tasks.max_length": 4,
    }
)


@pytest.mark.parametrize("scenario", [BUSY, load("pipeline"), load("retry-storm")], ids=lambda one: one.name)
def test_each_measure_is_the_number_of_the_summary(scenario: Scenario) -> None:
    result = runs.simulate(scenario, engine="simpy")
    expected = leaves(result.summary())
    assert len(expected) > 60
    found = measures(result.trace, expected, result.warmup)
    assert set(found) == set(expected)
    for path, number in expected.items():
        if isinstance(number, float):
            assert math.isclose(found[path], number, rel_tol=1e-12, abs_tol=1e-12), path
        else:
            assert found[path] == number, path


def test_misses_are_those_of_the_service_level() -> None:
    trace = runs.simulate(BUSY, engine="simpy").trace
    found = measures(trace, ["miss(0.5)", "queues.tasks.miss(0.5)"], 1)
    assert found["miss(0.5)"] == slo_miss(trace, 0.5, warmup=1)
    assert found["queues.tasks.miss(0.5)"] == slo_miss(trace, 0.5, warmup=1, queue="tasks")
    assert 0 < found["miss(0.5)"] < 1


@pytest.mark.parametrize(
    ("path", "told"),
    [
        ("queues.nowhere.wait.mean", "queues.tasks"),
        ("queues.tasks.wait.p50th", "queues.tasks.wait.p95"),
        ("queues.tasks.wait", "queues.tasks.wait.mean"),
        ("groups.worker.speed", "groups.worker.utilisation"),
        ("everything", "queues"),
        ("miss(soon)", "not a number of seconds"),
    ],
)
def test_an_unknown_measure_is_refused_and_known_ones_are_named(path: str, told: str) -> None:
    with pytest.raises(UsageError, match=r"measure '") as error:
        measures(runs.simulate(PLAIN, engine="simpy").trace, [path])
    assert told in str(error.value)


PATHS = [
    "queues.tasks.wait.p95",
    "queues.tasks.depth.mean",
    "groups.worker.utilisation",
    "queues.tasks.dropped",
]


@pytest.mark.parametrize("engine", ["simpy", "compiled"])
def test_many_runs_give_what_each_gives_alone(engine: Any) -> None:
    if engine == "compiled":
        pytest.importorskip("numba")
    found = runs.simulate_many(BUSY, [4, 5, 6, 7], PATHS, engine=engine, threads=3)
    assert found.engine == engine
    for k, seed in enumerate([4, 5, 6, 7]):
        alone = leaves(runs.simulate(BUSY, seed, engine="simpy").summary())
        assert [found.numbers[path][k] for path in PATHS] == pytest.approx([alone[path] for path in PATHS])
    assert list(found.table.index) == [4, 5, 6, 7]
    assert list(found.table) == PATHS


def test_progress_counts_the_runs_and_can_end_them() -> None:
    told: list[tuple[int, int]] = []
    runs.simulate_many(PLAIN, range(4), ["flows.count"], engine="simpy", progress=lambda *at: told.append(at))
    assert told == [(1, 4), (2, 4), (3, 4), (4, 4)]

    def enough(done: int, _: int) -> None:
        if done == 2:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        runs.simulate_many(PLAIN, range(10**9, 10**9 + 50), ["flows.count"], engine="simpy", progress=enough)


def test_what_a_run_does_not_have_is_nan() -> None:
    nobody = {**PLAIN, "consumers": {}}
    found = runs.simulate_many(nobody, [1], ["queues.tasks.wait.mean"], engine="simpy")
    assert math.isnan(found.numbers["queues.tasks.wait.mean"][0])


@pytest.mark.parametrize("measure", [[], "queues.tasks.wait.mean"], ids=["none", "a text"])
def test_measures_are_a_list(measure: Any) -> None:
    with pytest.raises(UsageError, match="measure takes a list"):
        runs.simulate_many(PLAIN, [1], measure)


def test_a_seed_is_a_whole_number() -> None:
    with pytest.raises(UsageError, match="seed -1 is not allowed"):
        runs.simulate_many(PLAIN, [-1], ["flows.count"])
