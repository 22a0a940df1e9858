"""What proves an exercise, and what its students get."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from mqsim.errors import UsageError
from mqsim.grading.authoring import Proof, begin, release, validate
from mqsim.grading.budgets import Budget
from mqsim.grading.catalogue import find
from mqsim.grading.exercise import load
from mqsim.grading.practice import check as judge
from mqsim.grading.verdict import CheckVerdict, State, Verdict

if TYPE_CHECKING:
    from pathlib import Path


def verdict(state: State, message: str) -> Verdict:
    check = CheckVerdict("nothing_lost", "Nothing is lost.", state, 0, 6, message)
    return Verdict("11_x", "s", (check,), 6, 0, state)


@pytest.mark.parametrize(
    ("state", "message", "holds"),
    [
        (State.FAILED, '"one." is lost.', True),
        (State.FAILED, "effects comes first.", False),
        (State.PASSED, "", False),
        (State.NOT_EXERCISED, "No fault hit anything.", False),
        (State.GRADER_ERROR, "The check failed itself.", False),
    ],
)
def test_a_wrong_solution_must_fail_its_check_by_itself(state: State, message: str, holds: bool) -> None:
    assert Proof("wrong/nothing_lost__x", "nothing_lost", verdict(state, message)).holds is holds


def test_a_wrong_solution_that_cannot_be_judged_proves_nothing() -> None:
    ungradable = Verdict("11_x", "s", (), 6, 0, State.UNGRADABLE, "a syntax error")
    assert not Proof("wrong/nothing_lost__x", "nothing_lost", ungradable).holds


def test_a_folder_that_was_handed_out_knows_its_exercise(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    begin("11_greeter", tmp_path / "shelf", tmp_path / "proofs" / "11_greeter")
    handout = tmp_path / "handout"
    release(tmp_path / "shelf" / "11_greeter", tmp_path / "proofs" / "11_greeter", handout)
    assert (handout / "conftest.py").is_file()
    with pytest.raises(UsageError, match="there is no exercise '11_greeter'"):
        find("11_greeter")
    monkeypatch.chdir(handout)
    assert find("11_greeter") == handout


def test_proving_an_exercise_lays_given_files_and_leaves_solutions_alone(tmp_path: Path) -> None:
    begin("11_given", tmp_path / "shelf", tmp_path / "proofs")
    exercise = tmp_path / "shelf" / "11_given"
    text = (exercise / "exercise.py").read_text()
    (exercise / "exercise.py").write_text(
        text.replace('told="producer"', 'told="producer", given=["work.py"]')
    )
    (exercise / "work.py").write_text("GIVEN = True\n")
    proofs = tmp_path / "proofs" / "11_given"
    (proofs / "right" / "callback" / "work.py").write_text("GIVEN = False\n")
    before = {path: path.read_bytes() for path in proofs.rglob("*") if path.is_file()}
    seen: list[str] = []

    def judged(_: object, folder: Path) -> Verdict:
        seen.append((folder / "work.py").read_text())
        (folder / "left.py").write_text("")
        return verdict(State.PASSED, "")

    validate(exercise, proofs, judged=judged)
    assert seen == ["GIVEN = True\n"] * 2
    assert {path: path.read_bytes() for path in proofs.rglob("*") if path.is_file()} == before


REQUEUES = """
import pika

channel = pika.BlockingConnection().channel()
channel.queue_declare(queue="task_queue", durable=True)


def on_task(channel, method, properties, body):
    channel.basic_nack(method.delivery_tag, requeue=True)


channel.basic_consume(queue="task_queue", on_message_callback=on_task)
channel.start_consuming()
"""


def test_a_solution_that_requeues_forever_is_ended_by_the_budget_of_a_submission(tmp_path: Path) -> None:
    begin("11_own", tmp_path / "shelf", tmp_path / "proofs")
    folder = tmp_path / "proofs" / "11_own" / "wrong" / "nothing_lost__acknowledges_first"
    (folder / "consumer.py").write_text(REQUEUES)
    found = judge(load(tmp_path / "shelf" / "11_own"), folder, budget=Budget(sends=50))
    assert found.state is State.TIMEOUT
    assert "sent more than" in found.checks[0].message


def test_every_solution_is_told_before_it_is_judged(tmp_path: Path) -> None:
    begin("11_own", tmp_path / "shelf", tmp_path / "proofs")
    told: list[tuple[str, int, int]] = []
    validate(
        tmp_path / "shelf" / "11_own",
        tmp_path / "proofs" / "11_own",
        judged=lambda *_: verdict(State.PASSED, ""),
        begun=lambda *each: told.append(each),
    )
    assert told == [("right/callback", 1, 2), ("wrong/nothing_lost__acknowledges_first", 2, 2)]
