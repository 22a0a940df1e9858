"""Right solutions pass every check, wrong ones fail the check that their folder names, starters get nothing.

Exercises that search for crash points take half a minute for a right solution. So this suite tries the quick
ones whole, and of the others the starter and a sample. `python -m tests.exercises.matrix` tries them all.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest

from mqsim.grading.authoring import solutions, starter_of
from mqsim.grading.verdict import State
from tests.documents.pages import ROOT, blocks
from tests.exercises.matrix import NAMES, PROOFS, SHELF, exercise, proof, verdict
from tests.exercises.sample import SAMPLE

if TYPE_CHECKING:
    from pathlib import Path

WHOLE = ("01_hello_queue", "02_task_queue", "03_fair_dispatch")
TRIED = [
    (name, solution)
    for name in NAMES
    for solution, _, _ in solutions(PROOFS / name)
    if name in WHOLE or f"{name}/{solution}" in SAMPLE
]


@pytest.mark.parametrize(("name", "solution"), TRIED)
def test_a_solution_comes_out_as_it_must(name: str, solution: str) -> None:
    found = proof(name, solution)
    checks = {check.name: check for check in found.verdict.checks}
    if not found.meant:
        assert {check.name: check.message for check in checks.values() if check.message} == {}
        assert found.verdict.score == found.verdict.max == 10
    else:
        assert checks[found.meant].state is State.FAILED
        assert "comes first" not in checks[found.meant].message
        assert checks[found.meant].points == 0


@pytest.mark.parametrize("name", NAMES)
def test_an_unchanged_starter_gets_nothing(name: str) -> None:
    found = verdict(name, SHELF / name / "starter")
    assert found.state is State.FAILED
    assert found.score == 0


@pytest.mark.parametrize("name", NAMES)
def test_the_starter_is_a_reference_without_its_solution(name: str) -> None:
    for file in sorted((SHELF / name / "starter").glob("*.py")):
        reference = PROOFS / name / "right" / "callback" / file.name
        assert file.read_text("utf-8") == starter_of(reference.read_text("utf-8"))


@pytest.mark.parametrize("name", NAMES)
def test_there_are_enough_solutions_and_every_check_is_failed_by_one(name: str) -> None:
    found = list(solutions(PROOFS / name))
    right = [each for each, _, meant in found if not meant]
    wrong = [meant for _, _, meant in found if meant]
    assert len(right) >= 3
    assert len(wrong) >= 8
    assert set(wrong) == {check.name for check in exercise(name).checks}


@pytest.mark.parametrize("name", NAMES)
def test_every_solution_has_the_files_that_the_exercise_asks_for(name: str) -> None:
    chosen = exercise(name)
    wanted = {*(f"{program}.py" for program in chosen.programs), *chosen.files}
    for _, folder, _ in solutions(PROOFS / name):
        assert wanted <= {file.name for file in folder.iterdir()}


@pytest.mark.parametrize("name", NAMES)
def test_an_exercise_is_worth_ten_points(name: str) -> None:
    assert exercise(name).points == 10


def test_all_samples_exist() -> None:
    assert all((PROOFS / each).is_dir() for each in SAMPLE)


def test_the_lesson_s_own_solution_does_the_task_queue_and_loses_tasks_in_a_crash() -> None:
    lesson = PROOFS / "lesson_09"
    assert verdict("02_task_queue", lesson / "02_task_queue").score == 10
    crash = verdict("04_survive_worker_crash", lesson / "04_survive_worker_crash")
    lost = next(check for check in crash.checks if check.name == "nothing_lost")
    assert lost.state is State.FAILED
    assert '"resize..." is lost' in lost.message


def test_the_lesson_s_own_solution_needs_the_names_of_the_exercise(tmp_path: Path) -> None:
    """What the teachers' page says: the marks as the lesson stands, and with two names changed."""
    page = (ROOT / "lessons" / "09_the_task_queue.md").read_text("utf-8")
    told = re.search(r"other names: (\d+) of 10", (ROOT / "lessons/teaching/README.md").read_text("utf-8"))
    assert told is not None
    shown = {block.name: block.text for block in blocks(page) if block.name}
    for name, program in (("producer", "new_task.py"), ("consumer", "worker.py")):
        (tmp_path / f"{name}.py").write_text(shown[program], "utf-8")
    assert verdict("02_task_queue", tmp_path).score == int(told[1])
    for file in tmp_path.glob("*.py"):
        renamed = (
            file.read_text("utf-8")
            .replace('"tasks"', '"task_queue"')
            .replace("task {number}", "task{number}")
        )
        file.write_text(renamed, "utf-8")
    assert verdict("02_task_queue", tmp_path).score == 10


def test_no_solution_is_there_twice() -> None:
    seen: dict[str, str] = {}
    for name in NAMES:
        for solution, folder, _ in solutions(PROOFS / name):
            text = "".join(f"{file.name}\n{_code(file)}" for file in sorted(folder.iterdir()))
            assert seen.setdefault(text, f"{name}/{solution}") == f"{name}/{solution}"


def _code(file: Path) -> str:
    return file.read_text("utf-8") if file.is_file() else ""
