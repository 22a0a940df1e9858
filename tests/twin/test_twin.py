"""The twin gives the traces of `sim`, bit for bit: on drawn scenarios, on presets, through the front door."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

from mqsim import run_size, runs, twin
from mqsim.errors import UsageError
from mqsim.runs.engines import load_for
from mqsim.scenario import Scenario, load
from mqsim.twin import ahead, sources
from mqsim.twin.readiness import Readiness, readiness
from tests.twin import fuzz
from tests.twin.test_rules import PLAIN, PRESETS

pytestmark = pytest.mark.xdist_group("twin")
numba = pytest.importorskip("numba", reason="the twin needs numba: pip install 'mqsim[fast]'")

BUNCH = 30
DRAWN = 300


@pytest.mark.parametrize("first", range(0, DRAWN, BUNCH))
def test_drawn_scenarios_give_equal_traces(first: int) -> None:
    from tests.twin.drawing import scenario

    outcomes = {seed: fuzz.outcome_of(scenario(seed)) for seed in range(first, first + BUNCH)}
    assert {seed: found for seed, (_, found) in outcomes.items() if found} == {}
    equal = [seed for seed, (outcome, _) in outcomes.items() if outcome == "equal"]
    assert len(equal) >= BUNCH // 2, outcomes


@pytest.mark.parametrize("preset", [name for name, plays in sorted(PRESETS.items()) if plays])
def test_presets_give_equal_traces(preset: str) -> None:
    from tests.twin.comparing import difference

    scenario = load(preset)
    assert difference(scenario) == ""
    assert difference(scenario, replication=3) == ""


@pytest.mark.parametrize(
    "changes",
    [
        {"consumers.worker.prefetch": 0, "broker.queues.tasks.ready": 5000},
        {"producers.web.arrivals": {"batches": {"every": 1, "size": 3000}}, "consumers.worker.count": 9},
        {"producers.web.arrivals": {"saturate": {"ready": 3000}}, "network.latency": 0.5},
        {"producers.web.arrivals": {"closed": {"users": 40, "think": 0.01}}, "consumers.worker.count": 40},
        {"faults": [{"crash": "worker", "every": 0.01, "repair": 0.01}]},
        {"consumers.worker.fails": {"probability": 0.9, "after": 0.1}},
        {
            "broker.queues.tasks": {"message_ttl": 5, "dead_letter": {"key": "dead"}},
            "producers.web.arrivals": {"at": [0.5] * 9000},
        },
    ],
    ids=["preload", "bursts", "saturation", "users", "crashes", "attempts", "expiry"],
)
def test_tables_grow_as_far_as_they_must(changes: dict[str, Any]) -> None:
    from tests.twin.comparing import difference

    assert difference(Scenario.from_data(PLAIN).with_(changes)) == ""


def test_minimising_finds_what_makes_the_difference() -> None:
    data = {"a": [1, {"b": 8, "c": 3}], "d": {"e": 5}}
    least = fuzz.minimised(data, lambda each: "b" in str(each) and "8" in str(each))
    assert least == {"a": [{"b": 8}]}


def test_a_difference_is_told_with_its_place() -> None:
    from mqsim.sim import World
    from tests.twin.comparing import first_difference

    scenario = Scenario.from_data(PLAIN)
    one, other = World(scenario, 1).run_to_end(), World(scenario, 1).run_to_end()
    assert first_difference(one, other) == ""
    other.messages.finished[2] += 1e-9
    assert first_difference(one, other).startswith("messages.finished[2]: sim ")
    other.messages.finished[2] = one.messages.finished[2]
    other.events.detail[0] = "otherwise"
    assert first_difference(one, other).startswith("event 0: sim ")


# -- the front door ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("engine", ["simpy", "compiled"])
def test_a_result_tells_its_engine(engine: Any) -> None:
    assert runs.simulate(PLAIN, engine=engine).engine == engine


def test_engines_give_equal_results() -> None:
    one, other = runs.simulate(PLAIN, 7, engine="simpy"), runs.simulate(PLAIN, 7, engine="compiled")
    assert (one.digest(), one.event_digest()) == (other.digest(), other.event_digest())
    assert one.summary() == other.summary()


def test_an_unknown_engine_is_refused() -> None:
    with pytest.raises(
        UsageError, match="engine 'fast' is not allowed; it must be one of auto, simpy, compiled"
    ):
        runs.simulate(PLAIN, engine="fast")  # type: ignore[arg-type]


def test_what_the_twin_cannot_play_is_refused_with_the_reason() -> None:
    with pytest.raises(UsageError, match="The broker has several nodes"):
        runs.simulate(Scenario.from_data(PLAIN).with_({"broker.nodes": 3}), engine="compiled")


@pytest.mark.parametrize(
    ("found", "messages", "engine"),
    [
        (Readiness.LOADED, 10_000, "compiled"),
        (Readiness.LOADED, 20, "simpy"),
        (Readiness.KEPT, 10_000, "simpy"),
        (Readiness.TO_COMPILE, 10_000, "simpy"),
        (Readiness.ABSENT, 10_000, "simpy"),
    ],
    ids=str,
)
def test_auto_takes_the_twin_where_it_pays(
    found: Readiness, messages: int, engine: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("mqsim.runs.engines.readiness", lambda: found)
    scenario = Scenario.from_data(PLAIN).with_({"producers.web.arrivals": {"every": 10 / messages}})
    assert runs.simulate(scenario.with_({"producers.web.work": 0})).engine == engine


def test_auto_leaves_to_sim_what_the_twin_cannot_play(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("mqsim.runs.engines.readiness", lambda: Readiness.LOADED)
    changes = {"broker.queues.tasks.type": "quorum", "producers.web.arrivals": {"every": 0.01}}
    assert runs.simulate(Scenario.from_data(PLAIN).with_(changes)).engine == "simpy"


def test_without_numba_compiled_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("mqsim.runs.engines.readiness", lambda: Readiness.ABSENT)
    with pytest.raises(UsageError, match=r"pip install 'mqsim\[fast\]'"):
        runs.simulate(PLAIN, engine="compiled")


LATE = {
    "broker.profile": "4.0",
    "broker.consumer_timeout": 2,
    "duration": 200,
    "producers.web.work": 70,
    "producers.web.messages": 3,
}


def test_a_late_acknowledgement_is_left_to_sim(monkeypatch: pytest.MonkeyPatch) -> None:
    scenario = Scenario.from_data(PLAIN).with_(LATE)
    with pytest.raises(UsageError, match="an acknowledgement took"):
        runs.simulate(scenario, engine="compiled")
    monkeypatch.setattr("mqsim.runs.engines.pays", lambda *_: True)
    assert runs.simulate(scenario).engine == "simpy"
    assert runs.simulate(scenario.with_({"broker.profile": "4.3"})).engine == "compiled"


def test_a_run_in_which_time_stands_still_ends() -> None:
    still = {"producers.web.poison": 1, "producers.web.work": 0}
    with pytest.raises(UsageError, match="time stands still"):
        runs.simulate(Scenario.from_data(PLAIN).with_(still), engine="compiled")


class EnoughError(Exception):
    """Somebody wants no more of a run."""


def test_a_message_that_comes_back_too_often_is_left_to_sim(monkeypatch: pytest.MonkeyPatch) -> None:
    changes = {"consumers.worker.fails": {"probability": 0.9999}, "producers.web.work": 0.001}
    scenario = Scenario.from_data(PLAIN).with_(changes)
    with pytest.raises(UsageError, match="was delivered over 256 times"):
        runs.simulate(scenario, engine="compiled")
    monkeypatch.setattr("mqsim.runs.engines.pays", lambda *_: True)
    assert runs.simulate(scenario).engine == "simpy"


POISONED = {
    "producers.web": {"to": "tasks", "arrivals": {"at": [0]}, "work": 1e-9, "poison": 1},
    "consumers.worker.fails": {"then": "nack"},
}


def test_a_message_that_always_comes_back_is_left_to_sim_which_stops_the_run(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(run_size, "MOST_ATTEMPTS", 20_000)
    scenario = Scenario.from_data(PLAIN).with_(POISONED)
    with pytest.raises(UsageError, match="was delivered over 20000 times"):
        runs.simulate(scenario, engine="compiled")
    monkeypatch.setattr("mqsim.runs.engines.pays", lambda *_: True)
    with pytest.raises(UsageError, match="delivered 20,000 times, lastly to worker-1"):
        runs.simulate(scenario)


def test_retries_without_end_are_stopped_as_in_sim(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(run_size, "MOST_RETRIES", 5_000)
    retries = {
        "duration": 600,
        "broker.queues.tasks": {"max_length": 10, "overflow": "reject-publish"},
        "producers.web.arrivals": {"poisson": {"rate": 10}},
        "producers.web.work": 0.2,
        "producers.web.confirms": {},
        "producers.web.retry": {"on": ["nack"], "delay": 0.1, "limit": 1_000_000},
    }
    for engine in ("simpy", "compiled"):
        with pytest.raises(UsageError, match="published again 5,000 times, lastly web-1"):
            runs.simulate(Scenario.from_data(PLAIN).with_(retries), engine=engine)  # type: ignore[arg-type]


def test_a_watcher_is_told_and_can_end_a_run() -> None:
    from mqsim.twin.play import play

    told: list[tuple[float, int]] = []

    def watch(now: float, copies: int) -> None:
        told.append((now, copies))
        if len(told) == 3:
            raise EnoughError

    changes = {"producers.web.arrivals": {"every": 1e-4}, "producers.web.work": 0}
    with pytest.raises(EnoughError):
        play(Scenario.from_data(PLAIN).with_(changes), watch=watch)
    assert len(told) == 3
    assert told == sorted(told)
    assert 0 < told[0][0] < told[-1][0] < 10
    assert told[-1][1] <= 100_000


@pytest.mark.parametrize(
    ("found", "changes", "loads"),
    [
        (Readiness.KEPT, {}, True),
        (Readiness.KEPT, {"duration": 1}, False),
        (Readiness.KEPT, {"broker.nodes": 3}, False),
        (Readiness.LOADED, {}, False),
        (Readiness.TO_COMPILE, {}, False),
        (Readiness.ABSENT, {}, False),
    ],
)
def test_the_twin_is_loaded_ahead_only_where_it_will_run(
    found: Readiness, changes: dict[str, Any], loads: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    called = []
    monkeypatch.setattr("mqsim.runs.engines.readiness", lambda: found)
    monkeypatch.setattr(ahead, "compile_ahead", lambda: called.append(True))
    scenario = Scenario.from_data(PLAIN).with_({"producers.web.arrivals": {"poisson": {"rate": 100}}})
    assert load_for(scenario.with_(changes)) is loads
    assert called == [True] * loads


def test_a_loaded_kernel_is_seen() -> None:
    ahead.compile_ahead()
    assert readiness() is Readiness.LOADED
    assert twin.installed()


def test_the_digest_is_of_every_file_that_is_compiled() -> None:
    folder = Path(sources.__file__).parent
    files = {
        f"twin/{path.stem}"
        for path in folder.glob("*.py")
        if "from mqsim.twin.compiled import" in path.read_text()
    }
    files |= {f"twin/{name}" for name in ("codes", "compiled", "pointers", "state")}
    files |= {
        found.replace(".", "/")
        for found in re.findall(r"from mqsim\.([\w.]+) import", (folder / "codes.py").read_text())
    }
    assert files == set(sources.FILES)


def test_the_digest_changes_with_each_file(tmp_path: Path) -> None:
    for name in sources.FILES:
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / f"{name}.py").write_text("")
    digests = {sources.digest_of(tmp_path)}
    for name in sources.FILES:
        (tmp_path / f"{name}.py").write_text("#")
        digests.add(sources.digest_of(tmp_path))
    assert len(digests) == len(sources.FILES) + 1
