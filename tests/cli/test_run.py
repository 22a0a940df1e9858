from __future__ import annotations

import json
import re
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import pandas as pd
import pytest

from mqsim.api import simulate
from mqsim.cli import main, show
from mqsim.scenario import load, presets
from tests.cli.command import mqsim

if TYPE_CHECKING:
    from pathlib import Path


def said(capfd: pytest.CaptureFixture[str], *arguments: str | Path) -> str:
    assert main([str(argument) for argument in arguments]) == 0
    return capfd.readouterr().out


def numbers(capfd: pytest.CaptureFixture[str], *arguments: str | Path) -> dict[str, Any]:
    return json.loads(said(capfd, "run", *arguments, "--json"))


def cells(text: str, first: str) -> list[list[str]]:
    """Rows of the printed tables that begin with a name."""
    return [line.split() for line in text.splitlines() if line.split()[:1] == [first]]


def test_without_a_name_all_presets_are_listed(capfd: pytest.CaptureFixture[str]) -> None:
    text = said(capfd, "run")
    for name, title in presets().items():
        assert re.search(rf"^  {name} +{re.escape(title)}$", text, re.MULTILINE)


def test_the_printed_numbers_are_those_of_the_tables(capfd: pytest.CaptureFixture[str]) -> None:
    """Six tasks of 2 s, two workers, one dies at 3 s: counted from the frames with a line of pandas each."""
    result = simulate(load("worker-crash"))
    text = said(capfd, "run", "worker-crash")
    tasks, timed, busy = cells(text, "tasks")
    assert tasks[1:3] == [str(len(result.messages)), str((result.messages.outcome == "acked").sum())]
    waits = result.messages.started - result.messages.enqueued
    sojourns = result.messages.finished - result.messages.created
    assert float(timed[1]) == pytest.approx(waits.mean(), rel=1e-3)
    assert float(timed[3]) == pytest.approx(waits.quantile(0.99), rel=1e-3)
    assert float(timed[5]) == pytest.approx(sojourns.mean(), rel=1e-3)
    # By hand, ready: four for 2 s, two until 3, three until 4, two until 6, one until 8: 19 in 10 s.
    assert busy[1:5] == ["0.6", "66.7%", "1.9", "4"]
    # By hand: both work 0-2; worker-1 breaks off at 3, worker-2 goes on alone until 10.
    assert cells(text, "worker-1")[0][1:] == ["1", "16.7%", "30.0%", "100.0%"]
    assert cells(text, "worker-2")[0][1:] == ["5", "83.3%", "100.0%", "100.0%"]
    assert "All 6 messages were worked to the end; none was lost." in text


def test_json_is_the_summary_and_nothing_else(capfd: pytest.CaptureFixture[str]) -> None:
    result = simulate(load("worker-crash"))
    found = numbers(capfd, "worker-crash")
    assert {key: found[key] for key in result.summary()} == json.loads(json.dumps(result.summary()))
    assert (found["scenario"], found["seed"]) == ("worker-crash", 0)
    assert [check["name"] for check in found["checks"]] == [check.name for check in result.checks()]
    assert found["queues"]["tasks"]["redelivered"] == 1


def test_json_alone_stands_on_stdout() -> None:
    done = mqsim("run", "hello", "--json")
    assert (done.returncode, done.stderr) == (0, "")
    assert json.loads(done.stdout)["queues"]["hello"]["acked"] == 3


def test_fields_can_be_changed(capfd: pytest.CaptureFixture[str]) -> None:
    # Three tasks of two seconds: one worker needs six, three need two.
    assert numbers(capfd, "task-queue")["window"]["end"] == 6.0
    assert numbers(capfd, "task-queue", "--set", "consumers.worker.count=3")["window"]["end"] == 2.0
    changed = numbers(
        capfd,
        "task-queue",
        "--set",
        "consumers.worker.count=3",
        "--set",
        "producers.sender.arrivals={at: [0, 0]}",
    )
    assert changed["queues"]["tasks"]["acked"] == 2


def test_a_seed_changes_the_draws_and_the_same_seed_does_not(capfd: pytest.CaptureFixture[str]) -> None:
    first, again, other = (numbers(capfd, "burst", "--seed", seed) for seed in ("5", "5", "6"))
    assert first == again
    assert first["seed"] == 5
    assert first["queues"]["tasks"]["wait"] != other["queues"]["tasks"]["wait"]


def test_a_file_is_run_as_well_as_a_preset(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "mine.yaml"
    file.write_text(load("hello").with_({"name": "mine"}).to_yaml(), encoding="utf-8")
    assert numbers(capfd, file)["scenario"] == "mine"


def test_replications_give_means_and_student_intervals(capfd: pytest.CaptureFixture[str]) -> None:
    from scipy import stats

    found = numbers(capfd, "burst", "--replications", "4", "--set", "duration=60")
    scenario = load("burst").with_({"duration": 60})
    waits = []
    for replication in range(4):
        messages = simulate(scenario, replication=replication).messages
        done = messages[messages.finished.notna()]
        waits.append((done.started - done.enqueued).mean())
    figure = found["figures"]["queues.tasks.wait.mean"]
    low, high = stats.t.interval(0.95, 3, loc=pd.Series(waits).mean(), scale=stats.sem(waits))
    assert figure["mean"] == pytest.approx(sum(waits) / 4)
    assert figure["half_width"] == pytest.approx((high - low) / 2)
    assert figure["runs"] == 4
    assert found["replications"] == 4


def test_replications_are_printed_as_a_table(capfd: pytest.CaptureFixture[str]) -> None:
    text = said(capfd, "run", "hello", "--replications", "3")
    row = cells(text, "queues.hello.sojourn.mean")[0]
    assert row[1:] == ["0.2", "±", "0", "3"] or row[1:3] == ["0.2", "±"]


def test_the_timeline_is_the_story(capfd: pytest.CaptureFixture[str]) -> None:
    text = said(capfd, "run", "hello", "--timeline")
    assert text.startswith(simulate(load("hello")).timeline() + "\n")
    assert "    2.200000  receiver-1  finishes sender-1 #3 after 0.2 s\n" in text


def test_on_a_terminal_every_actor_has_a_colour(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys.stdout, "isatty", lambda: True)
    monkeypatch.setenv("TERM", "xterm-256color")
    monkeypatch.delenv("NO_COLOR", raising=False)
    story = simulate(load("worker-crash")).timeline()
    show.timeline(simulate(load("worker-crash")).trace)
    text = capsys.readouterr().out
    assert re.sub(r"\x1b\[[0-9;]*m", "", text) == story + "\n"
    hues = dict(re.findall(r"(\x1b\[[0-9;]*m) +[0-9.]+  (\S+)", text))
    assert set(hues.values()) >= {"worker-2", "sender-1", "broker"}
    assert re.search(r"\x1b\[1;31m +3.000000  worker-1    CRASHES", text)


def test_tables_are_saved(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    said(capfd, "run", "hello", "--save", tmp_path / "tables")
    assert len(pd.read_csv(tmp_path / "tables" / "messages.csv")) == 3
    said(capfd, "run", "hello", "--save", tmp_path / "run.jsonl")
    assert (tmp_path / "run.jsonl").read_text(encoding="utf-8").startswith("{")


def test_a_report_is_written_and_said_on_stderr(tmp_path: Path) -> None:
    done = mqsim("run", "worker-crash", "--report", tmp_path / "page.html", "--json")
    assert done.returncode == 0
    assert json.loads(done.stdout)
    assert done.stderr == f"Wrote the report: {tmp_path / 'page.html'}\n"
    assert (tmp_path / "page.html").read_text(encoding="utf-8").startswith("<!DOCTYPE html>")


def test_there_is_a_schema_without_docstrings_too() -> None:
    program = [sys.executable, "-OO", "-m", "mqsim.cli", "schema"]
    done = subprocess.run(program, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert "producers" in json.loads(done.stdout)["properties"]


def test_the_schema_is_json(capfd: pytest.CaptureFixture[str]) -> None:
    schema = json.loads(said(capfd, "schema"))
    assert {"broker", "producers", "consumers", "faults"} <= set(schema["properties"])


@pytest.mark.parametrize("name", presets())
def test_every_preset_runs_and_can_be_reported(
    name: str, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    text = said(capfd, "run", name, "--report", tmp_path / "page.html")
    assert text.startswith(f"{name} (seed ")
    assert (tmp_path / "page.html").stat().st_size > 10_000
