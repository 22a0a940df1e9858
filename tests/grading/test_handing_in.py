"""What instructors meet when they grade: odd hand-ins, classes, private folders, formats after `--resume`."""

from __future__ import annotations

import json
import zipfile
from typing import TYPE_CHECKING

import pytest

from mqsim.cli.main import main
from mqsim.grading.authoring import begin, release
from mqsim.grading.catalogue import find
from mqsim.grading.classroom import grade_all
from mqsim.grading.exercise import load
from mqsim.grading.grading import Order
from mqsim.grading.hidden import hide
from mqsim.grading.reports.summary import Summary
from mqsim.grading.submission import Ungradable, contents
from mqsim.grading.verdict import CheckVerdict, Example, State, Verdict
from tests.grading.exercises_for_tests import RIGHT, exercise_in, submission_in

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

WANTED = ["consumer.py", "producer.py"]
HIDDEN = '''
def hide(exercise, draw):
    @exercise.check(points=0, hidden="many")
    def many(run):
        """Many."""
'''


def files_in(folder: Path, files: Mapping[str, str]) -> Path:
    for name, text in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text)
    return folder


def archive_in(place: Path, files: Mapping[str, str]) -> Path:
    place.parent.mkdir(parents=True, exist_ok=True)
    with zipfile.ZipFile(place, "w") as archive:
        for name, text in files.items():
            archive.writestr(name, text)
    return place


# -- what was handed in --------------------------------------------------------------------------------------


@pytest.mark.parametrize("packed", [False, True])
def test_programs_in_two_folders_are_ungradable_and_both_are_named(tmp_path: Path, packed: bool) -> None:
    files = {"a/consumer.py": "1", "a/producer.py": "1", "b/consumer.py": "2", "b/producer.py": "2"}
    where = archive_in(tmp_path / "cal.zip", files) if packed else files_in(tmp_path / "cal", files)
    with pytest.raises(Ungradable, match=r"consumer\.py: one in the folder a and one in the folder b"):
        contents(where, WANTED)


def test_one_program_beside_a_folder_with_both_is_ungradable(tmp_path: Path) -> None:
    files = {"consumer.py": "1", "new/consumer.py": "2", "new/producer.py": "2"}
    with pytest.raises(Ungradable, match="the folder new and one in the folder at the top"):
        contents(files_in(tmp_path, files), WANTED)


@pytest.mark.parametrize(
    "others", [{"mine/starter/consumer.py": "2"}, {"again/consumer.py": "1"}, {"notes/plan.md": ""}]
)
def test_copies_inside_equal_copies_and_notes_do_no_harm(tmp_path: Path, others: dict[str, str]) -> None:
    files = {"mine/consumer.py": "1", "mine/producer.py": "1", **others}
    assert contents(files_in(tmp_path, files), WANTED)["consumer.py"] == b"1"


def test_an_archive_alone_in_a_folder_is_opened(tmp_path: Path) -> None:
    folder = tmp_path / "Ann Lee_123_assignsubmission_file"
    archive_in(folder / "hw.zip", {"hw/consumer.py": "1", "hw/producer.py": "2"})
    assert contents(folder, WANTED) == {"consumer.py": b"1", "producer.py": b"2"}


def test_an_archive_alone_in_a_folder_is_as_little_trusted_as_any(tmp_path: Path) -> None:
    archive_in(tmp_path / "ann" / "hw.zip", {"../consumer.py": "1"})
    with pytest.raises(Ungradable, match="leads out of its folder"):
        contents(tmp_path / "ann", WANTED)


def test_a_precheck_of_a_class_has_a_line_for_each(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    exercise, handed_in = exercise_in(tmp_path), tmp_path / "HI"
    submission_in(handed_in / "ann")
    submission_in(handed_in / "dan", "def (")
    submission_in(handed_in / "eve")
    (handed_in / "eve" / "producer.py").rename(handed_in / "eve" / "Producer.py")
    (handed_in / "hal.zip").write_bytes(b"")
    files_in(handed_in, {"notes/todo.md": ""})
    called = ["grade", str(exercise), str(handed_in), "--precheck", "--sandbox", "0"]
    assert main(called) == 0
    told = capsys.readouterr()
    lines = told.out.splitlines()
    assert lines[0] == "ann: It can be graded."
    assert lines[1].startswith("dan: consumer.py, line 1: this is no Python")
    assert "Rename Producer.py to producer.py" in lines[2]
    assert lines[3].startswith("hal.zip: hal.zip is no zip archive")
    assert lines[4].startswith("notes: There is no consumer.py")
    assert lines[6] == "1 of 5 can be graded. Nothing was run."
    assert "notes has no file that could be a program." in told.err
    assert main([*called, "--format", "json"]) == 0
    found = json.loads(capsys.readouterr().out)["submissions"]
    assert [(each["submission"], each["ready"]) for each in found][:2] == [("ann", True), ("dan", False)]


# -- calls that are refused ----------------------------------------------------------------------------------


def refused(capsys: pytest.CaptureFixture[str], *called: str) -> str:
    assert main(["grade", *called, "--sandbox", "0"]) == 2
    told = capsys.readouterr()
    assert not told.out
    return told.err


def test_a_folder_without_submissions_is_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "empty").mkdir()
    assert "empty is empty. Name a submission" in refused(capsys, "task_queue", str(tmp_path / "empty"))


def test_swapped_arguments_are_noticed(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    told = refused(capsys, str(tmp_path), "task_queue")
    assert f"the other way round? mqsim grade task_queue {tmp_path}" in told


def test_a_private_folder_with_nothing_for_the_exercise_is_refused(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    private = files_in(tmp_path / "private", {"course.key": "x", "fair_dispatch/hidden.py": HIDDEN})
    told = refused(capsys, "task_queue", str(submission_in(tmp_path / "s")), "--private", str(private))
    assert "holds nothing for 02_task_queue" in told
    assert "It has fair_dispatch/hidden.py." in told


def test_hidden_checks_that_fail_are_refused_before_anything_is_graded(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    private = files_in(tmp_path / "private", {"course.key": "x", "task_queue/hidden.py": "def hide("})
    told = refused(capsys, "task_queue", str(submission_in(tmp_path / "s")), "--private", str(private))
    assert "hidden.py fails: SyntaxError" in told


@pytest.mark.parametrize("name", ["02_task_queue", "task_queue"])
def test_hidden_checks_are_found_by_both_names(tmp_path: Path, name: str) -> None:
    exercise = load(find("task_queue"))
    hide(exercise, files_in(tmp_path, {"course.key": "x", f"{name}/hidden.py": HIDDEN}))
    assert exercise.checks[-1].hidden == "many"


def test_hidden_checks_under_both_names_are_refused(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    files = {"course.key": "x", "task_queue/hidden.py": HIDDEN, "02_task_queue/hidden.py": HIDDEN}
    private = files_in(tmp_path / "private", files)
    told = refused(capsys, "task_queue", str(submission_in(tmp_path / "s")), "--private", str(private))
    assert "Keep one of them" in told


# -- reports -------------------------------------------------------------------------------------------------


def verdict(name: str, state: State, points: float = 0.0) -> Verdict:
    if state is State.UNGRADABLE:
        return Verdict("01_small", name, (), 10, None, state, "There is no consumer.py.")
    example = Example(("1.0 consumer-1 starts",), "<svg/>", "mqsim exercise replay 01_small 1.1")
    check = CheckVerdict("effects", "All.", state, points, 10, "Lost.", (), example)
    return Verdict.of("01_small", name, [check], 0)


def test_a_summary_says_over_how_many_it_counts() -> None:
    three = [verdict("a", State.PASSED, 10), verdict("b", State.FAILED), verdict("c", State.UNGRADABLE)]
    told = str(Summary.of(three)).splitlines()
    assert told[0] == (
        "3 submissions: 1 passed, 1 failed, 1 ungradable; mean score 5 of 10, over the 2 that have a score."
    )
    assert told[1].endswith("not passed by 1 of 2 that could be judged")
    assert str(Summary.of(three[:1])).startswith("1 submission: 1 passed; mean score 10 of 10.")


def test_a_resumed_report_is_made_for_the_format_that_is_asked_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    graded: list[tuple[bool, bool]] = []

    def grade_again(order: Order, paths: list[Path], _at_once: int) -> list[tuple[Path, Verdict]]:
        graded.extend((order.pictures, order.placed) for _ in paths)
        place = " here --sandbox" if order.placed else ""
        example = Example(
            ("a line",), "<svg/>" if order.pictures else "", f"mqsim exercise replay x 1.1{place}"
        )
        check = CheckVerdict("effects", "All.", State.FAILED, 0, 10, "Lost.", (), example)
        return [(path, Verdict.of("01_small", path.name, [check], 0)) for path in paths]

    monkeypatch.setattr("mqsim.grading.classroom._in_processes", grade_again)
    exercise, paths = exercise_in(tmp_path), [submission_in(tmp_path / "ann", RIGHT)]

    def example(*, pictures: bool, placed: bool) -> Example:
        order = Order(exercise, 0, pictures=pictures, placed=placed)
        kept = tmp_path / "kept.jsonl"
        return grade_all(order, paths, kept=kept, resume=True)[0].checks[0].example

    assert example(pictures=False, placed=True).replay.endswith("--sandbox")
    assert example(pictures=True, placed=True).picture == "<svg/>"
    assert "--sandbox" not in example(pictures=False, placed=False).replay
    assert graded == [(False, True), (True, True), (False, False)]
    assert example(pictures=True, placed=True).picture == "<svg/>"  # kept, with its figure
    assert example(pictures=False, placed=True).replay.endswith("--sandbox")
    assert len(graded) == 3  # so is the first one


@pytest.mark.parametrize("form", ["gradescope", "prairielearn"])
def test_a_class_s_report_names_each_submission(form: str) -> None:
    from mqsim.cli.grade import rendered

    two = [verdict("ann", State.PASSED, 10), verdict("ben", State.UNGRADABLE)]
    found = json.loads(rendered(two, form, several=True))["submissions"]
    assert [each["submission"] for each in found] == ["ann", "ben"]
    assert "submission" not in json.loads(rendered(two[:1], form, several=False))


def test_a_grader_error_ends_with_status_1(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    failed = Verdict("01_small", "s", (), 10, 0, State.GRADER_ERROR, "The grader failed.")
    monkeypatch.setattr("mqsim.grading.grading.grade", lambda *_: failed)
    called = ["grade", str(exercise_in(tmp_path)), str(submission_in(tmp_path / "s")), "--sandbox", "0"]
    assert main(called) == 1
    assert main([*called, "--format", "gradescope"]) == 0


# -- what students get ---------------------------------------------------------------------------------------


def test_solutions_of_partners_are_not_released_but_own_ones_must_be(tmp_path: Path) -> None:
    release(find("task_queue"), tmp_path / "none", tmp_path / "out")
    assert not (tmp_path / "out" / "partner").exists()
    begin("11_own", tmp_path / "shelf", tmp_path / "proofs")
    files_in(tmp_path / "shelf" / "11_own", {"partner/producer.py": "ours"})
    release(tmp_path / "shelf" / "11_own", tmp_path / "proofs", tmp_path / "own")
    assert (tmp_path / "own" / "partner" / "producer.py").read_text() == "ours"
