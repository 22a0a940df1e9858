"""Verdicts: what is passed, failed, not exercised or a fault of the grader, and what the student is told."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest

from mqsim.errors import UsageError
from mqsim.grading import Exercise, calm, every_crash, expect, load
from mqsim.grading.budgets import Budget
from mqsim.grading.practice import check, replay
from mqsim.grading.reports.text import text
from mqsim.grading.verdict import State
from tests.grading.exercises_for_tests import CRASHES, EARLY, IDLE, RIGHT, exercise_in, submission_in

if TYPE_CHECKING:
    from pathlib import Path


def states(folder: Path, source: str, checks: str = CRASHES) -> dict[str, tuple[State, float, str]]:
    verdict = check(load(exercise_in(folder, checks)), submission_in(folder / "s", source))
    return {each.name: (each.state, each.points, each.message) for each in verdict.checks}


def test_a_right_solution_gets_full_marks_at_every_crash(tmp_path: Path) -> None:
    verdict = check(load(exercise_in(tmp_path)), submission_in(tmp_path / "s", RIGHT))
    assert (verdict.state, verdict.score) == (State.PASSED, 10)
    (searched,) = verdict.checks[1].searched
    assert searched.found > 20
    assert 0 < searched.hit <= searched.run
    assert searched.run >= searched.found - searched.skipped


def test_an_early_acknowledgement_fails_and_the_sentence_names_task_and_time(tmp_path: Path) -> None:
    exercise = load(exercise_in(tmp_path))
    folder = submission_in(tmp_path / "s", EARLY)
    verdict = check(exercise, folder)
    effects, lost = verdict.checks
    assert effects.state is State.PASSED
    assert (lost.state, lost.points) == (State.FAILED, 0)
    assert re.fullmatch(
        r'consumer-1 killed at 1\.00\d, after sending basic\.ack of "a\.": "a\." is lost\.', lost.message
    )
    assert 0 < len(lost.example.lines) <= 15
    number = lost.example.replay.split()[4]
    again = replay(exercise, folder, number).played.run
    assert again.effects["a."] == 0
    assert again.crash is not None
    assert f"{again.crash.t:.3f}" in lost.message


def test_a_check_that_needs_another_says_which_comes_first(tmp_path: Path) -> None:
    found = states(tmp_path, IDLE)
    assert found["effects"][:2] == (State.FAILED, 0)
    assert found["nothing_lost"] == (State.FAILED, 0, "effects comes first.")


def test_a_check_whose_need_was_not_judged_itself_says_which_comes_first(tmp_path: Path) -> None:
    further = '\n\n@exercise.check(points=1, needs=["nothing_lost"])\ndef more(run):\n    """It goes on."""\n'
    found = states(tmp_path, IDLE, CRASHES + further)
    assert found["more"] == (State.FAILED, 0, "effects comes first.")


NO_EVIDENCE = (
    CRASHES.replace('every_crash("consumer")', 'every_crash("producer")')
    .replace('needs=["effects"], ', "")
    .replace("expect(run.effects[task], f'\"{task}\" is lost.')", "pass")
)


def test_without_a_hit_a_check_is_not_exercised(tmp_path: Path) -> None:
    """The producer sends nothing, so no crash of it can matter."""
    exercise = load(exercise_in(tmp_path, NO_EVIDENCE))
    quiet = "import pika\nconnection = pika.BlockingConnection()\nconnection.close()\n"
    verdict = check(exercise, submission_in(tmp_path / "s", RIGHT, producer=quiet))
    lost = verdict.checks[1]
    assert (lost.state, lost.points) == (State.NOT_EXERCISED, 0)
    assert "prove nothing" in lost.message


def test_a_check_that_fails_itself_is_a_grader_error_without_a_score(tmp_path: Path) -> None:
    broken = CRASHES.replace("f'\"{task}\" was never recorded.'", "1 / 0")
    verdict = check(load(exercise_in(tmp_path, broken)), submission_in(tmp_path / "s", RIGHT))
    assert verdict.state is State.GRADER_ERROR
    assert verdict.score is None
    effects, lost = verdict.checks
    assert "effects failed itself: ZeroDivisionError: division by zero (line " in effects.message
    assert "not at fault" in effects.message
    assert "grade it again" not in text(verdict).lower()  # That would not help.
    assert (lost.state, lost.message) == (
        State.GRADER_ERROR,
        "It needs effects, and that could not be judged.",
    )


def test_what_needs_a_check_that_was_not_exercised_is_not_exercised_either(tmp_path: Path) -> None:
    """The producer sends nothing, so no crash of it can matter."""
    needing = NO_EVIDENCE + (
        '\n\n@exercise.check(points=1, needs=["nothing_lost"])\ndef more(run):\n    """It goes on."""\n'
    )
    quiet = "import pika\nconnection = pika.BlockingConnection()\nconnection.close()\n"
    verdict = check(load(exercise_in(tmp_path, needing)), submission_in(tmp_path / "s", producer=quiet))
    assert verdict.checks[2].state is State.NOT_EXERCISED
    assert verdict.checks[2].message == "It needs nothing_lost, and that was not exercised."


def test_points_runs_and_second_crashes_add_up(tmp_path: Path) -> None:
    verdict = check(load(exercise_in(tmp_path)), submission_in(tmp_path / "s", RIGHT))
    (searched,) = verdict.checks[1].searched
    assert searched.found == searched.run - searched.again + searched.skipped
    assert searched.again > 0
    assert f"{searched.found} points found, {searched.run - searched.again} run" in searched.words()
    assert f"{searched.again} more run with a second crash" in searched.words()


def test_what_only_printing_changes_is_no_other_run(tmp_path: Path) -> None:
    """A crash just after a print is the same as one just before it, and is not run."""
    plain = check(load(exercise_in(tmp_path)), submission_in(tmp_path / "s", RIGHT))
    chatty = RIGHT.replace("    time.sleep", "    print('at work')\n    time.sleep")
    talks = check(load(tmp_path / "01_small"), submission_in(tmp_path / "t", chatty))
    assert talks.checks[1].searched[0].skipped > plain.checks[1].searched[0].skipped
    assert talks.checks[1].searched[0].run == plain.checks[1].searched[0].run


PARTNER = CRASHES.replace(
    'needs=["effects"], scene=every_crash("consumer")', 'scene=[calm(), calm(partner="consumer")]'
).replace("every_crash", "calm")


def test_a_program_that_goes_on_forever_costs_the_other_one_nothing(tmp_path: Path) -> None:
    """The producer is judged with our consumer as well, and that run is still made."""
    checks = PARTNER + (
        '\n\n@exercise.check(points=3, scene=[calm(), calm(partner="consumer")])\ndef sent(run):\n'
        '    """Every task is sent."""\n    expect([each.text for each in run.publishes] == ["a."], "No.")\n'
    )
    exercise = exercise_in(tmp_path, checks)
    (exercise / "partner").mkdir()
    (exercise / "partner" / "consumer.py").write_text(RIGHT)
    endless = "print('x' * 300_000)\n"
    folder = submission_in(tmp_path / "s", endless)
    verdict = check(load(exercise), folder, budget=Budget(printed=200_000))
    found = {each.name: (each.state, each.points) for each in verdict.checks}
    assert found["effects"] == (State.TIMEOUT, 0)
    assert found["nothing_lost"] == (State.TIMEOUT, 0)
    assert found["sent"] == (State.PASSED, 3)


def test_missing_files_are_ungradable(tmp_path: Path) -> None:
    (tmp_path / "s").mkdir()
    verdict = check(load(exercise_in(tmp_path)), tmp_path / "s")
    assert (verdict.state, verdict.score) == (State.UNGRADABLE, None)
    assert "consumer.py" in verdict.message
    assert "producer.py" in verdict.message


def fine(run: object) -> None:
    """It holds."""


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        ({"programs": {}}, "needs programs or files"),
        ({"programs": {"a": 1}, "told": "b"}, "told is 'b'"),
        ({"programs": {"a": 1}, "order": ["b"]}, "order must name each program once"),
    ],
)
def test_an_exercise_that_makes_no_sense_is_refused(arguments: dict[str, object], says: str) -> None:
    with pytest.raises(UsageError, match=says):
        Exercise(**arguments)  # type: ignore[arg-type]


def test_a_check_that_makes_no_sense_is_refused() -> None:
    exercise = Exercise({"a": 1})
    with pytest.raises(UsageError, match="no docstring"):
        exercise.check(points=1)(lambda run: None)
    with pytest.raises(UsageError, match="needs other"):
        exercise.check(points=1, needs=["other"])(fine)
    with pytest.raises(UsageError, match="names the program 'b'"):
        exercise.check(points=1, scene=every_crash("b"))(fine)
    with pytest.raises(UsageError, match="not 'colour'"):
        calm(colour="red")
    exercise.check(points=1)(fine)
    with pytest.raises(UsageError, match="two checks named fine"):
        exercise.check(points=1)(fine)


def test_expect_lets_through_what_is_true() -> None:
    expect([0], "no")
    with pytest.raises(Exception, match="wrong"):
        expect([], "wrong")
