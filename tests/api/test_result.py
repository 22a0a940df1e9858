"""What a run gives back, and what `simulate` and `import mqsim` take and refuse."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

import mqsim as mq
from mqsim.errors import ScenarioError, UsageError

CONTRACT = {
    "messages": "copy parent origin producer number queue priority created published enqueued "
    "delivered started finished acked consumer deliveries outcome",
    "deliveries": "copy attempt consumer sent received started finished ended how",
}


@pytest.fixture(scope="module")
def result() -> mq.Result:
    return mq.simulate("worker-crash")


def test_the_tables_have_the_contracts_columns_in_its_order(result: mq.Result) -> None:
    for table, columns in CONTRACT.items():
        frame = getattr(result, table)
        assert [column for column in frame.columns if column in columns.split()] == columns.split()
    # Six tasks of 2 s, two workers, one dies at 3 with a task in hand: by hand 2, 2, 4, 6, 8, 10.
    assert sorted(result.messages["finished"]) == [2, 2, 4, 6, 8, 10]
    assert list(result.messages["outcome"].unique()) == ["acked"]
    assert len(result.deliveries) == 7
    assert (result.events["kind"] == "crashed").sum() == 1
    assert result.messages is result.messages  # made once


def test_depth_is_a_step_function_and_consumers_a_table(result: mq.Result) -> None:
    depth = result.depth
    assert list(depth.columns) == ["queue", "t", "ready"]
    steps = dict(zip(depth["t"], depth["ready"], strict=True))
    # Four wait; two are taken at 2; at 3 one comes back; then one every two seconds.
    assert steps == {0: 4, 2: 2, 3: 3, 4: 2, 6: 1, 8: 0, 10: 0}
    assert dict(result.consumers["handled"]) == {"worker-1": 1, "worker-2": 5}
    assert result.consumers.loc["worker-2", "utilisation"] == 1.0


def test_summary_checks_and_warnings(result: mq.Result) -> None:
    numbers = result.summary()["queues"]["tasks"]
    assert (numbers["created"], numbers["acked"], numbers["redelivered"]) == (6, 6, 1)
    assert numbers["sojourn"]["max"] == 10
    verdicts = {verdict.name: verdict.status.name for verdict in result.checks()}
    assert verdicts["nothing_lost"] == "HOLDS"
    assert result.warnings == []
    cut = mq.simulate(mq.load("task-queue").with_({"max_duration": 3}))
    assert any("max_duration (3 s)" in warning for warning in cut.warnings)
    assert not cut.trace.complete


def test_an_automatic_warm_up_is_found_and_left_out() -> None:
    slow_start = mq.load("burst").with_({"warmup": "auto"})
    result = mq.simulate(slow_start)
    assert 0 <= result.warmup < 300
    assert result.summary()["window"]["start"] == result.warmup
    early = (result.messages["created"] < result.warmup).sum()
    assert result.summary()["messages"]["created"] == len(result.messages) - early


def test_digests_tell_runs_apart(result: mq.Result) -> None:
    again, other = mq.simulate("worker-crash"), mq.simulate("worker-crash", seed=9)
    assert (again.digest(), again.event_digest()) == (result.digest(), result.event_digest())
    # Nothing in this preset is left to chance.
    assert other.digest() == result.digest()
    assert mq.simulate("burst", seed=9).digest() != mq.simulate("burst", seed=8).digest()
    assert mq.simulate("burst", seed=9).digest() != mq.simulate("burst", seed=9, replication=1).digest()


def test_it_says_what_it_is_in_text_and_in_a_notebook(result: mq.Result) -> None:
    assert repr(result) == "<Result of 'worker-crash': 6 messages in 10 s, seed 0>"
    html = result._repr_html_()
    assert "tasks" in html
    assert "<table" in html
    assert "worker-1" in result.timeline()


def test_pictures_pages_and_files(result: mq.Result, tmp_path: Path) -> None:
    assert result.plot_lanes().get_title() is not None
    assert len(result.plot_depth("tasks").lines) + len(result.plot_depth("tasks").collections) > 0
    page = result.report(tmp_path / "page.html")
    assert "worker-crash" in page.read_text(encoding="utf-8")
    folder = result.save(tmp_path / "tables")
    saved = pd.read_csv(folder / "messages.csv")
    np.testing.assert_array_equal(saved["finished"], result.messages["finished"])


# -- simulate ------------------------------------------------------------------------------------------------

PLAIN: dict[str, Any] = {
    "duration": 5,
    "broker": {"queues": {"tasks": {}}},
    "producers": {"web": {"to": "tasks", "arrivals": {"every": 1}}},
}


def test_a_scenario_may_be_a_preset_a_file_data_or_itself(tmp_path: Path) -> None:
    file = tmp_path / "plain.yaml"
    file.write_text(mq.Scenario(**PLAIN).to_yaml(), encoding="utf-8")
    found = {mq.simulate(what).digest() for what in (PLAIN, file, str(file), mq.Scenario(**PLAIN))}
    assert len(found) == 1
    assert len(mq.simulate(PLAIN).messages) == 5
    assert len(mq.simulate("hello").messages) == 3


def test_the_seed_is_the_scenarios_unless_one_is_given() -> None:
    random = {**PLAIN, "seed": 7, "producers": {"web": {"to": "tasks", "arrivals": {"poisson": {"rate": 3}}}}}
    assert mq.simulate(random).seed == 7
    assert mq.simulate(random).digest() == mq.simulate({**random, "seed": 1}, seed=7).digest()
    assert mq.simulate(random, seed=0).digest() != mq.simulate(random).digest()


@pytest.mark.parametrize("wrong", [-1, 1.5, True, "1"])
def test_seeds_and_replications_are_whole_numbers(wrong: Any) -> None:
    with pytest.raises(UsageError, match=r"seed .* whole number"):
        mq.simulate(PLAIN, seed=wrong)
    with pytest.raises(UsageError, match=r"replication .* whole number"):
        mq.simulate(PLAIN, replication=wrong)


@pytest.mark.parametrize(
    ("change", "where"),
    [
        ({"programs": {"student": {"file": "consumer.py"}}}, "programs"),
        ({"broker": {"nodes": 2, "queues": {"tasks": {}}}}, "broker.nodes"),
        ({"duration": -1}, "duration"),
    ],
)
def test_what_cannot_run_is_refused_with_the_path(change: dict[str, Any], where: str) -> None:
    with pytest.raises(ScenarioError, match=where):
        mq.simulate({**PLAIN, **change})


def test_an_unknown_preset_gets_a_hint() -> None:
    with pytest.raises(ScenarioError, match="task-queue"):
        mq.simulate("task-queu")


def test_progress_is_told_and_may_stop_the_run(monkeypatch: pytest.MonkeyPatch) -> None:
    from mqsim.runs import simulation as run

    monkeypatch.setattr(run, "_TELL_EVERY", 0.0)
    told: list[tuple[float, float | None]] = []
    long = {**PLAIN, "duration": 60, "producers": {"web": {"to": "tasks", "arrivals": {"every": 0.001}}}}
    plain = mq.simulate(long)
    assert mq.simulate(long, progress=lambda now, total: told.append((now, total))).digest() == plain.digest()
    assert [now for now, _ in told] == sorted(now for now, _ in told)
    assert {total for _, total in told} == {60}

    def stop(now: float, total: float | None) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        mq.simulate(long, progress=stop)


# -- the package ---------------------------------------------------------------------------------------------


def test_names_are_loaded_when_asked_for() -> None:
    program = (
        "import sys, mqsim\n"
        "heavy = {'pandas', 'matplotlib', 'simpy', 'pydantic', 'scipy', 'numpy'}\n"
        "print(sorted(heavy & set(sys.modules)))\n"
        "print(mqsim.theory.mm1(1, 2).mean_wait, 'simpy' in sys.modules)\n"
        "print(all(hasattr(mqsim, name) for name in mqsim.__all__), set(mqsim.__all__) <= set(dir(mqsim)))\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", program],
        capture_output=True,
        text=True,
        check=True,
        cwd=Path(mq.__file__).parents[1],
    )
    assert done.stdout.splitlines() == ["[]", "0.5 False", "True True"]


def test_an_unknown_name_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="no attribute 'simulatte'"):
        mq.simulatte  # noqa: B018


def test_with_gives_a_changed_copy() -> None:
    plain = mq.Scenario(**PLAIN)
    changed = plain.with_({"producers.web.arrivals": {"every": 0.5}, "duration": 2})
    assert (plain.duration, changed.duration) == (5, 2)
    assert (len(mq.simulate(plain).messages), len(mq.simulate(changed).messages)) == (5, 4)
    with pytest.raises(ScenarioError, match=r"producers\.web\.messages"):
        plain.with_({"producers.web.messages": -1})


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"broker.queues.tasks.durable": False}, "advises against queues that are not durable (tasks)"),
        ({"broker.consumer_timeout": 90}, "consumer_timeout has no effect: RabbitMQ 4.3 has none"),
        ({"consumers.worker.start": 20}, "consumers.worker starts at 20 s, when the run is over"),
        ({"faults": [{"crash": "worker-1", "at": 10}]}, "faults.0 would strike at 10 s, when"),
    ],
)
def test_what_has_no_effect_is_said(changes: dict[str, object], words: str) -> None:
    plain = mq.load("task-queue").with_({"duration": 10})
    assert mq.simulate(plain).warnings == []
    (warning,) = mq.simulate(plain.with_(changes)).warnings
    assert words in warning
