"""The lesson's story, checked against what three tasks of two seconds must give."""

from __future__ import annotations

from itertools import chain
from pathlib import Path

import pytest

from mqsim.cli import main
from mqsim.cli.demo import STEPS, findings, run_step
from mqsim.cli.demo.findings import listed
from mqsim.trace import Trace

LATENCY = 0.0005
START = 0.5
TASKS = ["web-1 #1", "web-1 #2", "web-1 #3"]


@pytest.fixture(scope="module")
def traces() -> dict[str, Trace]:
    return {step.title[0]: run_step(step).trace for step in STEPS}


def test_there_are_five_steps() -> None:
    assert [step.title[:2] for step in STEPS] == ["a)", "b)", "c)", "d)", "e)"]


def test_one_worker_takes_six_seconds(traces: dict[str, Trace]) -> None:
    assert findings.done_by(traces["a"]) == {"worker-1": TASKS}
    # It subscribes at 0.5 s, a hop there and a hop back, and works three times two seconds.
    assert findings.last_finish(traces["a"]) == pytest.approx(START + 2 * LATENCY + 6)


def test_without_prefetch_one_of_three_takes_them_all(traces: dict[str, Trace]) -> None:
    assert findings.done_by(traces["b"]) == {"worker-1": TASKS, "worker-2": [], "worker-3": []}
    assert findings.last_finish(traces["b"]) == findings.last_finish(traces["a"])


def test_with_prefetch_1_they_share(traces: dict[str, Trace]) -> None:
    assert sorted(chain(*findings.done_by(traces["c"]).values())) == TASKS
    assert [len(done) for done in findings.done_by(traces["c"]).values()] == [1, 1, 1]
    assert findings.last_finish(traces["c"]) == pytest.approx(START + 2 * LATENCY + 2)


def test_under_automatic_acknowledgement_a_death_loses_tasks(traces: dict[str, Trace]) -> None:
    # The first is done at 2.501 s, before the death at 3; one is under way, one waits in it.
    assert findings.lost(traces["d"]) == TASKS[1:]
    assert findings.what_was_lost(traces["d"]) == "Lost: web-1 #2 and web-1 #3."


def test_under_manual_acknowledgement_none_is_lost(traces: dict[str, Trace]) -> None:
    assert findings.lost(traces["e"]) == []
    assert findings.sent_again(traces["e"]) == TASKS[1:]
    assert sorted(chain(*findings.done_by(traces["e"]).values())) == TASKS
    # The broker learns of it a hop after 3 s, sends the tasks to the two others, and they work two seconds.
    assert findings.last_finish(traces["e"]) == pytest.approx(3 + 2 * LATENCY + 2)


def test_findings_are_read_off_the_run_that_was_told(capfd: pytest.CaptureFixture[str]) -> None:
    assert main(["demo"]) == 0
    text = capfd.readouterr().out
    found = [line for line in text.splitlines() if line.startswith("=> ")]
    assert found == [f"=> {step.found(run_step(step).trace)}" for step in STEPS]
    assert "mqsim-demo" not in text
    assert "Where to look next:" in text


def test_a_finding_changes_with_the_run() -> None:
    step = STEPS[3]
    later = {**step.changes, "faults": [{"crash": "worker-1", "at": 5}]}
    trace = run_step(type(step)(step.title, step.prose, later, step.found)).trace
    assert findings.what_was_lost(trace) == "Lost: web-1 #3."


def test_a_page_is_written_only_when_asked_for(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    assert main(["demo", "--report", str(tmp_path / "mqsim-demo.html")]) == 0
    assert "mqsim-demo.html" in capfd.readouterr().out
    assert "three tasks, e) the same death" in (tmp_path / "mqsim-demo.html").read_text(encoding="utf-8")


def test_words_are_joined_as_people_do() -> None:
    assert [listed([]), listed("a"), listed("ab"), listed("abc")] == ["nothing", "a", "a and b", "a, b and c"]
