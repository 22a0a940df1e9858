"""The ready folders for Gradescope, PrairieLearn and nbgrader do what their platforms ask for."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.grading.hostile.archives import FILES
from tests.outside import PATIENCE

ROOT = Path(__file__).parents[2]
READY = ROOT / "exercises" / "autograder"
EXERCISE = Path(__file__).parent / "hostile" / "00_two_tasks"

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="these platforms run Linux")


def handed_in(folder: Path, **changed: bytes) -> None:
    folder.mkdir(parents=True)
    for name, data in {**FILES, **changed}.items():
        (folder / name).write_bytes(data)


def ran(script: Path, *arguments: str, **environment: str) -> None:
    subprocess.run(
        ["bash", str(script), *arguments],
        env={**os.environ, "MQSIM": str(Path(sys.executable).with_name("mqsim")), **environment},
        check=True,
        timeout=PATIENCE,
        capture_output=True,
    )


def gradescope(tmp_path: Path, name: str, **changed: bytes) -> dict[str, Any]:
    (tmp_path / "source").mkdir()
    (tmp_path / "source" / "EXERCISE").write_text(f"{name}\n")
    handed_in(tmp_path / "submission", **changed)
    ran(READY / "gradescope" / "run_autograder", AUTOGRADER=str(tmp_path))
    found: dict[str, Any] = json.loads((tmp_path / "results" / "results.json").read_text())
    return found


def test_gradescope_gets_points_for_each_check(tmp_path: Path) -> None:
    found = gradescope(tmp_path, str(EXERCISE))
    assert found["score"] == 10
    assert [(each["name"], each["score"], each["max_score"]) for each in found["tests"]] == [
        ("effects", 4, 4),
        ("time_as_told", 3, 3),
        ("queue_is_empty", 3, 3),
        ("confined", 0, 0),
    ]
    assert {each["status"] for each in found["tests"]} == {"passed"}
    assert found["extra_data"]["sandbox"] >= 1


def test_gradescope_says_why_a_submission_can_not_be_graded(tmp_path: Path) -> None:
    found = gradescope(tmp_path, str(EXERCISE), **{"consumer.py": b"def ("})
    assert "no Python" in found["output"]
    assert "can't be graded" in found["output"]
    assert found["extra_data"]["state"] == "ungradable"


def test_gradescope_gets_no_score_when_the_grader_fails(tmp_path: Path) -> None:
    found = gradescope(tmp_path, "no_such_exercise")
    assert "score" not in found
    assert found["tests"] == []


@pytest.mark.parametrize(
    ("changed", "gradable", "score"), [({}, True, 1.0), ({"consumer.py": b"def ("}, False, None)]
)
def test_prairielearn_gets_a_share(
    tmp_path: Path, changed: dict[str, bytes], gradable: bool, score: float | None
) -> None:
    handed_in(tmp_path / "student", **changed)
    ran(READY / "prairielearn" / "grade.sh", str(EXERCISE), GRADE=str(tmp_path))
    found = json.loads((tmp_path / "results" / "results.json").read_text())
    assert (found["gradable"], found.get("score")) == (gradable, score)
    assert all(0 <= each["points"] <= each["max_points"] for each in found["tests"])


def test_prairielearn_s_question_is_valid() -> None:
    info = json.loads((READY / "prairielearn" / "info.json").read_text())
    assert info["gradingMethod"] == "External"
    assert info["externalGradingOptions"]["entrypoint"].startswith("/grader/grade.sh ")


def test_nbgrader_gets_a_notebook_with_its_marks(tmp_path: Path) -> None:
    exercise = tmp_path / "exercises" / "00_two_tasks"
    shutil.copytree(EXERCISE, exercise)
    starter = exercise / "starter"
    starter.mkdir()
    for name, data in FILES.items():
        (starter / name).write_bytes(data)
    ran(READY / "nbgrader" / "make_assignment.sh", str(exercise), str(tmp_path / "course"))
    (file,) = (tmp_path / "course").rglob("*.ipynb")
    nbformat = pytest.importorskip("nbformat")
    book = nbformat.read(file, as_version=4)
    nbformat.validate(book)
    marks = [cell.metadata.nbgrader for cell in book.cells]
    assert len({mark.grade_id for mark in marks}) == len(marks)
    assert [mark.points for mark in marks if mark.grade] == [10]
    assert [cell.source.split("\n")[0] for cell in book.cells if cell.metadata.nbgrader.solution] == [
        "%%program consumer",
        "%%program producer",
    ]


@pytest.mark.parametrize("script", [*sorted(READY.rglob("*.sh")), READY / "gradescope" / "run_autograder"])
def test_a_script_is_a_program(script: Path) -> None:
    assert os.access(script, os.X_OK)
    subprocess.run(["bash", "-n", str(script)], check=True, timeout=PATIENCE)
