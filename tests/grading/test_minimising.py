"""A failure is shown with as few tasks as it needs."""

from __future__ import annotations

import shlex
from typing import TYPE_CHECKING

import pytest

from mqsim.grading import load
from mqsim.grading.practice import check, replay
from mqsim.grading.verdict import State
from tests.grading.exercises_for_tests import EARLY, RIGHT, exercise_in, submission_in

if TYPE_CHECKING:
    from pathlib import Path

FOUR = """
from mqsim.grading import Exercise, every_crash, expect, ledger_away

exercise = Exercise(
    {"consumer": 1, "producer": 1}, tasks=["a.", "b.", "c.", "d."], told="producer", limit=60, gap=1.0
)


@exercise.check(points=10, scene=SCENE)
def nothing_lost(run):
    \"\"\"Every task is recorded, whatever happens.\"\"\"
    for task in run.tasks:
        expect(run.effects[task], f'"{task}" is lost.')
"""
CRASH = FOUR.replace("SCENE", 'every_crash("consumer")')
AWAY = FOUR.replace("SCENE", "ledger_away(seconds=3)")
SWALLOWS = RIGHT.replace(
    "    ledger.record(body.decode())",
    "    try:\n        ledger.record(body.decode())\n    except ledger.LedgerError:\n        pass",
)
NEEDS_TWO = EARLY.replace(
    "    channel.basic_ack(method.delivery_tag)",
    "    if body == b'b.' and seen:\n        channel.basic_ack(method.delivery_tag)\n    seen.append(body)",
    1,
).replace("def work(", "seen = []\n\n\ndef work(", 1)


@pytest.mark.parametrize(("exercise", "source"), [(CRASH, EARLY), (AWAY, SWALLOWS)])
def test_one_task_is_enough_to_show_that_it_is_lost(tmp_path: Path, exercise: str, source: str) -> None:
    loaded = load(exercise_in(tmp_path, exercise))
    folder = submission_in(tmp_path / "s", source)
    (lost,) = check(loaded, folder).checks
    assert lost.state is State.FAILED
    assert lost.message.endswith('(with the task a.): "a." is lost.')
    assert not any(f'"{other}."' in line for line in lost.example.lines for other in "bcd")
    assert 0 < len(lost.example.lines) <= 15
    command = shlex.split(lost.example.replay)
    tasks = shlex.split(command[command.index("--tasks") + 1])
    assert tasks == ["a."]
    again = replay(loaded, folder, command[4], tasks=tasks).played.run
    assert again.tasks == ["a."]
    assert again.effects["a."] == 0
    assert again.crash is not None
    assert f"{again.crash.t:.3f}" in lost.message


def test_tasks_without_which_it_does_not_fail_are_kept(tmp_path: Path) -> None:
    """The task b. is acknowledged too early only if the same process has had another one before."""
    (lost,) = check(load(exercise_in(tmp_path, CRASH)), submission_in(tmp_path / "s", NEEDS_TWO)).checks
    assert lost.state is State.FAILED
    assert '"b." is lost.' in lost.message
    tasks = shlex.split(shlex.split(lost.example.replay)[-1])
    assert len(tasks) == 2
    assert tasks[-1] == "b."
