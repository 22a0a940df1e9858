"""What a scenario holds once it is read, that it comes back from YAML, and changed copies."""

from __future__ import annotations

import pickle
import shutil
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from mqsim.distributions import Constant, Exponential, Uniform
from mqsim.errors import ScenarioError
from mqsim.scenario import (
    At,
    Batches,
    Closed,
    Confirms,
    Every,
    Fails,
    Mmpp,
    Poisson,
    ProfileArrivals,
    Renewal,
    Saturate,
    Scenario,
    TraceArrivals,
    load,
    preset_text,
    presets,
)
from tests.scenario.plain import SAMPLE, scenarios, small

if TYPE_CHECKING:
    from pathlib import Path

NAMES = [
    "hello",
    "task-queue",
    "fair-dispatch",
    "worker-crash",
    "broker-restart",
    "poison",
    "burst",
    "retry-storm",
    "pipeline",
    "pub-sub",
    "unequal-workers",
    "quorum-failover",
    "rolling-restart",
    "poison-quorum",
]


@pytest.fixture
def sample(tmp_path: Path) -> Scenario:
    """The design's sample, beside the student's program that it names."""
    shutil.copy(SAMPLE, tmp_path / "sample.yaml")
    (tmp_path / "consumer.py").write_text("print('hello')\n")
    return load(tmp_path / "sample.yaml")


def test_the_sample_of_the_design_means_what_it_says(sample: Scenario) -> None:
    assert (sample.name, sample.seed, sample.duration, sample.until) == ("a worker dies", 42, 600.0, None)
    assert sample.broker.queues["tasks"].dead_letter is not None
    assert sample.broker.queues["tasks"].dead_letter.key == "dead"
    assert sample.broker.costs.election == Uniform(1, 4)
    assert sample.network.links[0].between == ("worker-1", "broker")
    web, worker = sample.producers["web"], sample.consumers["worker"]
    assert web.arrivals == Poisson(rate=80)
    assert web.work == Exponential(0.045)
    assert worker.speed == [1.0, 1.0, 1.0, 0.5]
    assert worker.fails is not None
    assert worker.fails.then == "nack"
    assert sample.programs["student"].count == 2
    kinds = [fault.kind for fault in sample.faults]
    assert kinds == [
        "crash",
        "crash",
        "power_off",
        "slow",
        "partition",
        "drop_connection",
        "restart",
        "alarm",
    ]
    assert sample.faults[1].every == Exponential(1000)
    assert sample.faults[3].for_ == 60.0
    assert sample.faults[4].target == ("worker-1", "broker")


def test_the_sample_comes_back_from_yaml(sample: Scenario) -> None:
    assert Scenario.from_yaml(sample.to_yaml(), base=sample.base) == sample


def test_defaults_are_those_of_the_contract() -> None:
    scenario = Scenario.from_data(small())
    queue, worker, web = (
        scenario.broker.queues["tasks"],
        scenario.consumers["worker"],
        scenario.producers["web"],
    )
    assert (scenario.seed, scenario.warmup, scenario.broker.profile, scenario.broker.nodes) == (
        0,
        0,
        "4.3",
        1,
    )
    assert (queue.type, queue.durable, queue.overflow) == ("classic", True, "drop-head")
    assert (web.persistent, web.size, web.work, web.confirms) == (True, 1000, Constant(0), None)
    assert (worker.ack, worker.prefetch, worker.speed, scenario.network.latency) == ("manual", 1, 1, 0)
    assert (scenario.broker.memory.per_message, scenario.broker.consumer_timeout) == (1000, 1800)


@pytest.mark.parametrize(
    ("written", "read"),
    [
        ({"poisson": {"rate": 80}}, Poisson(rate=80)),
        ({"every": 0.5}, Every(interval=0.5)),
        ({"renewal": {"exponential": {"mean": 2}}}, Renewal(law=Exponential(2))),
        ({"at": [0, 0, 0]}, At(times=[0, 0, 0])),
        (
            {"mmpp": {"rates": [1, 9], "switch": [0.1, 0.5]}},
            Mmpp(rates=[1, 9], switch=[[0, 0.1], [0.5, 0]], start=0),
        ),
        (
            {"batches": {"every": 5, "size": {"uniform": {"low": 1, "high": 9}}}},
            Batches(every=5, size=Uniform(1, 9)),
        ),
        (
            {"profile": {"points": [[0, 10], [60, 100]], "shape": "linear", "law": "poisson"}},
            ProfileArrivals(points=[(0, 10), (60, 100)]),
        ),
        ({"closed": {"users": 10, "think": 1}}, Closed(users=10, think=Constant(1))),
        ({"saturate": {"ready": 100}}, Saturate(ready=100)),
    ],
)
def test_every_kind_of_arrivals_is_read(written: Any, read: Any) -> None:
    scenario = Scenario.from_data(small(producers__web__arrivals=written, producers__web__work=1))
    assert scenario.producers["web"].arrivals == read
    assert Scenario.from_yaml(scenario.to_yaml()) == scenario


def test_mmpp_switches_in_a_circle() -> None:
    mmpp = Mmpp(rates=[1, 2, 3], switch=[0.1, 0.2, 0.3])
    assert mmpp.switch == ((0, 0.1, 0), (0, 0, 0.2), (0.3, 0, 0))
    assert mmpp.leaving() == pytest.approx((0.1, 0.2, 0.3))


def test_a_trace_is_read_from_the_scenarios_folder(tmp_path: Path) -> None:
    (tmp_path / "times.csv").write_text("n,t\n1,0.5\n2,0.5\n3,4e0\n")
    data = small(producers__web__arrivals={"trace": {"file": "times.csv", "column": "t"}})
    arrivals = Scenario.from_data(data, base=tmp_path).producers["web"].arrivals
    assert isinstance(arrivals, TraceArrivals)
    assert arrivals.times == (0.5, 0.5, 4.0)


@pytest.mark.parametrize(
    ("content", "where", "words"),
    [
        ("t\n1\n0\n", "producers.web.arrivals.trace", "Sort times.csv by t"),
        ("t\n1\nx\n", "producers.web.arrivals.trace", "line 3"),
        ("t\n", "producers.web.arrivals.trace.file", "at least one line"),
        ("s\n1\n", "producers.web.arrivals.trace.column", "columns, s"),
    ],
)
def test_a_bad_trace_is_refused(tmp_path: Path, content: str, where: str, words: str) -> None:
    (tmp_path / "times.csv").write_text(content)
    data = small(producers__web__arrivals={"trace": {"file": "times.csv", "column": "t"}})
    with pytest.raises(ScenarioError) as caught:
        Scenario.from_data(data, base=tmp_path)
    assert caught.value.where == where
    assert words in str(caught.value)


@pytest.mark.parametrize(
    ("written", "read"),
    [
        ("tasks", [(1, "", "fixed", ("tasks",))]),
        ({"queue": "tasks"}, [(1, "", "fixed", ("tasks",))]),
        ({"exchange": "events", "key": "a.b"}, [(1, "events", "fixed", ("a.b",))]),
        ({"exchange": "events"}, [(1, "events", "fixed", ("",))]),
        ({"exchange": "events", "key": {"cycle": ["a", "b"]}}, [(1, "events", "cycle", ("a", "b"))]),
        ({"exchange": "events", "key": {"choice": {"a": 3, "b": 1}}}, [(1, "events", "choice", ("a", "b"))]),
        ({"exchange": "events", "key": {"hash": 3}}, [(1, "events", "hash", ("0", "1", "2"))]),
        (
            [{"weight": 3, "queue": "tasks"}, {"exchange": "events", "key": "x"}],
            [(3, "", "fixed", ("tasks",)), (1, "events", "fixed", ("x",))],
        ),
    ],
)
def test_every_form_of_a_destination_becomes_targets(written: Any, read: Any) -> None:
    scenario = Scenario.from_data(small(producers__web__to=written))
    targets = scenario.producers["web"].to
    assert [(t.weight, t.exchange, t.key.kind, t.key.possible()) for t in targets] == read
    assert Scenario.from_yaml(scenario.to_yaml()) == scenario


def test_whole_numbers_may_be_written_with_an_exponent_and_come_from_numpy() -> None:
    scenario = Scenario.from_data(
        small(producers__web__messages=1e3, seed=np.int64(7), duration=np.float64(5))
    )
    assert (scenario.producers["web"].messages, scenario.seed, scenario.duration) == (1000, 7, 5.0)
    assert type(scenario.seed) is int
    assert type(scenario.duration) is float


def test_a_run_until_something_has_a_longest_wait() -> None:
    scenario = Scenario.from_data(small(duration=None, until={"empty": "tasks"}))
    assert scenario.max_duration == scenario.horizon == 1e6
    assert "max_duration" not in scenario.to_yaml()
    shorter = scenario.with_({"max_duration": 50})
    assert shorter.horizon == 50
    assert Scenario.from_yaml(shorter.to_yaml()) == shorter
    assert shorter.with_({"duration": 5}).max_duration is None


def test_a_closed_loop_with_time_in_it_is_right() -> None:
    closed = {"closed": {"users": 3, "think": 0}}
    for more in ({"producers__web__work": 1}, {"network__latency": 0.01}, {"producers__web__messages": 5}):
        scenario = Scenario.from_data(small(producers__web__arrivals=closed, **more))
        assert scenario.producers["web"].arrivals == Closed(users=3, think=0)


def test_a_seed_keeps_every_digit() -> None:
    assert Scenario.from_data(small(seed=2**63 + 1)).seed == 2**63 + 1


@given(scenarios())
@settings(max_examples=60, suppress_health_check=[HealthCheck.too_slow])
def test_any_scenario_comes_back_from_yaml(data: dict[str, Any]) -> None:
    scenario = Scenario.from_data(data)
    assert Scenario.from_yaml(scenario.to_yaml()) == scenario
    assert scenario.with_({}) == scenario
    assert pickle.loads(pickle.dumps(scenario)) == scenario


JUNK: st.SearchStrategy[Any] = (
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5) | st.just([]) | st.just({})
)


@given(st.data())
@settings(max_examples=150, suppress_health_check=[HealthCheck.too_slow])
def test_junk_anywhere_gives_a_scenario_or_its_error(data: st.DataObject) -> None:
    found = Scenario.from_yaml(preset_text(data.draw(st.sampled_from(NAMES)))).to_data()
    here: Any = found
    while True:
        step = data.draw(st.sampled_from(list(here) if isinstance(here, dict) else range(len(here))))
        if isinstance(here[step], dict | list) and here[step] and data.draw(st.booleans()):
            here = here[step]
        else:
            here[step] = data.draw(JUNK)
            break
    refused: list[str] = []
    try:
        Scenario.from_data(found)
    except ScenarioError as error:
        refused.append(error.where)
    assert all(refused)


def test_a_scenario_and_its_parts_never_change() -> None:
    scenario = Scenario.from_data(small())
    with pytest.raises(ValueError, match="frozen"):
        scenario.seed = 3  # type: ignore[misc]
    with pytest.raises(ValueError, match="frozen"):
        scenario.broker.queues["tasks"].durable = False  # type: ignore[misc]


# presets


def test_the_presets_are_those_of_the_design() -> None:
    assert list(presets()) == NAMES
    assert presets()["hello"] == "Hello: one producer, one queue, one consumer"


@pytest.mark.parametrize("name", NAMES)
def test_a_preset_loads_explains_itself_and_comes_back(name: str) -> None:
    scenario = load(name)
    text = preset_text(name)
    assert scenario.name == name
    assert "Look at" in text or "look at" in text or "so the work is shared" in text
    assert "# Try: " in text
    assert Scenario.from_yaml(scenario.to_yaml()) == scenario


@pytest.mark.parametrize(
    ("name", "change"),
    [
        ("hello", {"consumers.receiver.start": 5}),
        ("task-queue", {"consumers.worker.count": 3}),
        ("fair-dispatch", {"consumers.worker.prefetch": 0}),
        ("worker-crash", {"consumers.worker.ack": "auto"}),
        ("broker-restart", {"producers.sender.persistent": False}),
        ("poison", {"consumers.worker.fails.attempts": None}),
        ("burst", {"producers.web.arrivals": {"poisson": {"rate": 9.6}}}),
        ("retry-storm", {"producers.web.retry.factor": 2}),
        ("pipeline", {"consumers.resizer.count": 1}),
        ("pub-sub", {"broker.bindings.1": None}),
        ("unequal-workers", {"consumers.worker.prefetch": 0}),
        ("quorum-failover", {"broker.queues.tasks.type": "classic"}),
        ("rolling-restart", {"broker.queues.tasks.type": "classic"}),
        ("poison-quorum", {"broker.profile": "3.10", "broker.queues.tasks.delivery_limit": None}),
    ],
)
def test_what_a_preset_tells_to_try_can_be_tried(name: str, change: dict[str, Any]) -> None:
    scenario = load(name)
    assert scenario.with_(change) != scenario


# changed copies


def test_a_changed_copy_differs_where_it_was_changed() -> None:
    scenario = Scenario.from_data(small(faults=[{"crash": "worker-1", "at": 3}]))
    changed = scenario.with_(
        {
            "consumers.worker.count": 3,
            "broker.queues.tasks.max_length": 10,
            "faults.0.at": 20,
            "producers.web.arrivals.poisson.rate": 5,
            "producers.web.work": Exponential(0.1),
            "network.latency": 0.01,
            "broker.queues.extra": {},
        }
    )
    assert changed.consumers["worker"].count == 3
    assert changed.broker.queues["tasks"].max_length == 10
    assert changed.faults[0].at == 20
    assert changed.producers["web"].arrivals == Poisson(rate=5)
    assert changed.producers["web"].work == Exponential(0.1)
    assert changed.network.latency == 0.01
    assert "extra" in changed.broker.queues
    assert scenario.consumers["worker"].count == 2, "the first one is as it was"


def test_a_change_may_append_take_away_and_replace_the_end() -> None:
    scenario = Scenario.from_data(small(producers__web__messages=9))
    longer = scenario.with_({"faults.0": {"kill": "broker", "at": 3, "down": 1}})
    assert longer.faults[0].kind == "kill"
    assert longer.with_({"faults.0": None}).faults == []
    drained = scenario.with_({"until": "drained"})
    assert (drained.duration, drained.until) == (None, "drained")
    assert drained.with_({"duration": 5}).until is None
    assert scenario.with_({"producers.web.messages": None}).producers["web"].messages is None


def test_none_is_a_value_where_there_is_one() -> None:
    scenario = Scenario.from_data(
        small(producers__web__confirms={}, consumers__worker__fails={"then": "crash"})
    )
    changed = scenario.with_(
        {
            "producers.web.confirms.timeout": None,
            "consumers.worker.fails.restart_after": None,
            "broker.queues.dead": None,
        }
    )
    assert changed.producers["web"].confirms == Confirms(timeout=None)
    assert changed.consumers["worker"].fails == Fails(then="crash", restart_after=None)
    assert list(changed.broker.queues) == ["tasks"]
    assert Scenario.from_yaml(changed.to_yaml()) == changed


def test_a_name_with_dots_is_found() -> None:
    scenario = Scenario.from_data(small(broker__queues={"a.b": {}, "tasks": {}}))
    assert scenario.with_({"broker.queues.a.b.max_length": 3}).broker.queues["a.b"].max_length == 3


def test_a_changed_copy_seeks_files_where_the_first_one_did(tmp_path: Path) -> None:
    (tmp_path / "times.csv").write_text("t\n1\n")
    data = small(producers__web__arrivals={"trace": {"file": "times.csv", "column": "t"}})
    assert Scenario.from_data(data, base=tmp_path).with_({"seed": 3}).base == tmp_path


@pytest.mark.parametrize(
    ("path", "value", "where", "words"),
    [
        ("consumers.wroker.count", 3, "consumers.wroker.count", "Did you mean 'worker'?"),
        ("consumer.worker.count", 3, "consumer", "Did you mean 'consumers'?"),
        ("consumers.worker.cout", 3, "consumers.worker.cout", "Did you mean 'count'?"),
        ("consumers.worker.count", "three", "consumers.worker.count", "'three'"),
        ("faults.1.at", 3, "faults.1", "an index from 0 to 0"),
        ("faults.x", 3, "faults.x", "an index from 0 to 1"),
        ("seed.x", 3, "seed.x", "ends at seed"),
        ("", 3, "scenario", "a path such as"),
        ("consumers.worker.queue", None, "consumers.worker.queue", "None"),
        ("consumers.worker", None, "faults.0.crash", "'worker-1'"),
        ("duration", None, "scenario", "has no end"),
    ],
)
def test_a_change_that_leads_nowhere_is_refused(path: str, value: Any, where: str, words: str) -> None:
    scenario = Scenario.from_data(small(seed=1, faults=[{"crash": "worker-1", "at": 3}]))
    with pytest.raises(ScenarioError) as caught:
        scenario.with_({path: value})
    assert caught.value.where == where
    assert words in str(caught.value)
