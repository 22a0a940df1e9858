"""The lesson's story, played by real pika programs, against what three tasks of two seconds must give."""

from __future__ import annotations

from importlib.resources import files
from itertools import chain
from typing import TYPE_CHECKING

import pytest

from mqsim.cli import main
from mqsim.cli.demo import STEPS, findings, run_step
from tests.cli.command import mqsim
from tests.documents.pages import ROOT, blocks

if TYPE_CHECKING:
    from pathlib import Path

    from mqsim.api import ProgramsResult

START, DEATH, WORK = 2.0, 3.0, 2.0
TASKS = ["task 1", "task 2", "task 3"]


@pytest.fixture(scope="module")
def results() -> dict[str, ProgramsResult]:
    return {step.title[0]: run_step(step) for step in STEPS}


def soon_after(seconds: float) -> object:
    """A little later, by some round trips of 1 ms: opening, declaring, subscribing."""
    return pytest.approx(seconds + 0.025, abs=0.025)


def said(result: ProgramsResult, who: str) -> list[str]:
    return [text for _, name, stream, text in result.lines if name == who and stream == "stdout"]


def test_the_programs_are_those_of_the_lesson() -> None:
    lesson = (ROOT / "lessons" / "09_the_task_queue.md").read_text("utf-8")
    shown = {
        block.name: block.text.partition("\n")[2] for block in blocks(lesson) if block.language == "python"
    }
    folder = files("mqsim.cli.demo").joinpath("programs")
    assert {
        file.name: file.read_text("utf-8") for file in folder.iterdir() if file.name.endswith(".py")
    } == shown
    assert {name for step in STEPS for name in (step.sender, step.worker)} == set(shown)


def _only_after(word: str, before: str, after: str) -> bool:
    return word in after and word not in before


def test_the_safe_programs_make_the_four_changes_that_the_story_names() -> None:
    folder = files("mqsim.cli.demo").joinpath("programs")
    step = next(step for step in STEPS if step.sender == "new_task_safe.py")
    before = {name: folder.joinpath(f"{name}.py").read_text("utf-8") for name in ("new_task", "worker")}
    after = {name: folder.joinpath(f"{name}_safe.py").read_text("utf-8") for name in before}
    changes = {
        "a durable queue": all(_only_after("durable=True", before[name], after[name]) for name in before),
        "persistent tasks": _only_after("Persistent", before["new_task"], after["new_task"]),
        "manual acknowledgement": "basic_ack(" in after["worker"] and "auto_ack=True" in before["worker"],
        "prefetch 1": _only_after("prefetch_count=1", before["worker"], after["worker"]),
    }
    assert "auto_ack" not in after["worker"]
    assert all(changes.values()), changes
    assert step.title == f"c) mended: {', '.join(changes)}"
    assert "these four changes" in step.prose[0]
    # The queue, and what is printed, are all that is different besides.
    rest = {line.strip() for text in after.values() for line in text.splitlines()}
    rest -= {line.strip() for text in before.values() for line in text.splitlines()}
    other = {
        line for line in rest if not any(word in line for word in ("durable", "Persistent", "ack", "qos"))
    }
    assert all("safe_tasks" in line or "(again)" in line or line in CALL for line in other), other


CALL = {"channel.basic_publish(", 'exchange="",', 'body=f"task {number}",', ")"}
"""The publish as it stands on several lines."""


def test_one_of_three_takes_them_all(results: dict[str, ProgramsResult]) -> None:
    trace = results["a"].trace
    assert findings.done_by(trace) == {"worker-1": TASKS, "worker-2": [], "worker-3": []}
    assert findings.last_finish(trace) == soon_after(START + 3 * WORK)
    assert said(results["a"], "worker-1") == list(
        chain(*([f"started {task}", f"done    {task}"] for task in TASKS))
    )


def test_a_death_under_automatic_acknowledgement_loses_what_the_worker_held(
    results: dict[str, ProgramsResult],
) -> None:
    # It has them all from 2 s on, and dies a second later, in the middle of the first.
    assert findings.what_was_lost(results["b"].trace) == "Lost: task 1, task 2 and task 3."
    assert said(results["b"], "worker-1") == ["started task 1"]


def test_the_mended_workers_share(results: dict[str, ProgramsResult]) -> None:
    done = findings.done_by(results["c"].trace)
    assert sorted(chain(*done.values())) == TASKS
    assert [len(each) for each in done.values()] == [1, 1, 1]
    assert findings.last_finish(results["c"].trace) == soon_after(START + WORK)


def test_the_mended_workers_lose_nothing(results: dict[str, ProgramsResult]) -> None:
    trace = results["d"].trace
    assert findings.what_was_lost(trace) == "Lost: none. Sent again: task 1."
    assert sorted(chain(*findings.done_by(trace).values())) == TASKS
    # Whoever takes it over is free at 4 s, and works two seconds.
    assert findings.last_finish(trace) == soon_after(START + 2 * WORK)


def test_findings_are_read_off_the_run_that_was_told(capfd: pytest.CaptureFixture[str]) -> None:
    assert main(["demo"]) == 0
    text = capfd.readouterr().out
    found = [line for line in text.splitlines() if line.startswith("=> ")]
    assert found == [f"=> {step.found(run_step(step).trace)}" for step in STEPS]
    assert "mqsim-demo" not in text
    assert "Where to look next:" in text


def test_a_finding_changes_with_the_run() -> None:
    later = {"crash": "worker-1", "at": DEATH + WORK}
    step = STEPS[1]
    result = run_step(type(step)(step.title, step.prose, step.sender, step.worker, (later,), step.found))
    assert findings.what_was_lost(result.trace) == "Lost: task 2 and task 3."


def test_a_page_is_written_only_when_asked_for(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    assert main(["demo", "--report", str(tmp_path / "mqsim-demo.html")]) == 0
    assert "mqsim-demo.html" in capfd.readouterr().out
    assert "worker-1" in (tmp_path / "mqsim-demo.html").read_text(encoding="utf-8")


def test_the_help_counts_the_steps_and_the_programs_can_be_had(tmp_path: Path) -> None:
    told = " ".join(mqsim("demo", "--help").stdout.split())
    assert "four steps" in told
    assert "four small runs" in (ROOT / "bootstrap.py").read_text("utf-8")
    assert len(STEPS) == 4
    said = mqsim("demo", "--copy", str(tmp_path / "mine")).stdout
    names = {step.sender for step in STEPS} | {step.worker for step in STEPS}
    assert names == {path.name for path in (tmp_path / "mine").iterdir()}
    assert all(name in said for name in names)
    (tmp_path / "mine" / "worker.py").write_text("mine")
    assert "already" in mqsim("demo", "--copy", str(tmp_path / "mine")).stdout
    assert (tmp_path / "mine" / "worker.py").read_text() == "mine"
