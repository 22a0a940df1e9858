"""Grading in the sandbox: the same bytes each time, hidden runs, classes, prechecks, levels."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from mqsim.errors import UsageError
from mqsim.grading.classroom import grade_all
from mqsim.grading.grading import Order, grade, look
from mqsim.grading.hidden import hide, seed_of
from mqsim.grading.judge import scenes_of
from mqsim.grading.reports import course
from mqsim.grading.reports.summary import Summary
from mqsim.grading.sandbox import landlock, syscalls
from mqsim.grading.sandbox.levels import Level, attempt, levels, strongest
from mqsim.grading.submission import submissions_in
from mqsim.grading.verdict import State
from tests.grading.exercises_for_tests import EARLY, IDLE, RIGHT, exercise_in, submission_in

OFFERED = [level.number for level in levels() if level.offered]


@pytest.fixture
def private(tmp_path: Path) -> Path:
    folder = tmp_path / "private"
    folder.mkdir()
    (folder / "course.key").write_text("a course's secret\n")
    return folder


@pytest.mark.parametrize("source", [RIGHT, EARLY])
def test_grading_twice_gives_the_same_bytes(tmp_path: Path, private: Path, source: str) -> None:
    order = Order(exercise_in(tmp_path), strongest(), private)
    folder = submission_in(tmp_path / "s", source)
    first, second = (json.dumps(grade(order, folder).to_data()) for _ in range(2))
    assert first == second


def test_every_level_gives_the_same_verdict(tmp_path: Path) -> None:
    where, folder = exercise_in(tmp_path), submission_in(tmp_path / "s", EARLY)
    found = {level: grade(Order(where, level), folder).to_data() for level in OFFERED}
    for level, data in found.items():
        assert data.pop("sandbox") == level
    assert len({json.dumps(data) for data in found.values()}) == 1


HIDDEN = '''
from mqsim.grading import expect


def hide(exercise, draw):
    @exercise.check(points=2, hidden="no secret")
    def secret(run):
        """Nobody may read this."""
        expect(False, f"The secret is {run.tasks}.")
'''


def test_hidden_checks_show_their_category_and_nothing_else(tmp_path: Path, private: Path) -> None:
    (private / "01_small").mkdir()
    (private / "01_small" / "hidden.py").write_text(HIDDEN)
    verdict = grade(Order(exercise_in(tmp_path), strongest(), private), submission_in(tmp_path / "s", RIGHT))
    hidden = verdict.checks[-1]
    assert (hidden.name, hidden.state, hidden.max) == ("hidden: no secret", State.FAILED, 2)
    assert hidden.message == 'A hidden run does not go as it should. Its kind is "no secret".'
    told = json.dumps(verdict.to_data())
    assert "Nobody may read this" not in told
    assert "The secret" not in told
    assert hidden.example.replay == ""


def test_a_hidden_check_that_fails_itself_says_whose_fault_it_is(tmp_path: Path, private: Path) -> None:
    (private / "01_small").mkdir()
    (private / "01_small" / "hidden.py").write_text(HIDDEN.replace("expect(False,", "raise ValueError("))
    verdict = grade(Order(exercise_in(tmp_path), strongest(), private), submission_in(tmp_path / "s", RIGHT))
    assert verdict.state is State.GRADER_ERROR
    assert verdict.checks[-1].message == (
        "This hidden check failed itself: ValueError. What was handed in is not at fault."
    )
    assert "The secret" not in json.dumps(verdict.to_data())


CHEAT = RIGHT.replace("    ledger.record(body.decode())", "    if body == b'a.': ledger.record('a.')")


def test_what_is_written_for_the_public_tasks_alone_fails_a_hidden_run(tmp_path: Path, private: Path) -> None:
    where, folder = exercise_in(tmp_path), submission_in(tmp_path / "s", CHEAT)
    assert grade(Order(where, strongest()), folder).score == 10
    verdict = grade(Order(where, strongest(), private), folder)
    assert verdict.checks[0].message == 'A hidden run does not go as it should. Its kind is "other tasks".'
    assert "job" not in json.dumps(verdict.to_data())


def test_seeds_depend_on_key_and_exercise_alone(private: Path, tmp_path: Path) -> None:
    other = tmp_path / "other"
    other.mkdir()
    (other / "course.key").write_text("another secret")
    assert seed_of(private, "01_a") == seed_of(private, "01_a")
    assert len({seed_of(private, "01_a"), seed_of(private, "01_b"), seed_of(other, "01_a")}) == 3
    assert seed_of(None, "01_a") == 0
    (other / "course.key").write_text(" \n")
    with pytest.raises(UsageError, match="no course key"):
        seed_of(other, "01_a")


def test_hidden_scenes_do_not_move_the_numbers_of_public_ones(tmp_path: Path, private: Path) -> None:
    from mqsim.grading import load

    where = exercise_in(tmp_path)
    public = scenes_of(load(where))
    exercise = load(where)
    hide(exercise, private)
    assert scenes_of(exercise)[: len(public)] == public
    assert len(scenes_of(exercise)) > len(public)


def test_a_class_is_graded_and_one_bad_submission_stops_nobody(tmp_path: Path) -> None:
    order = Order(exercise_in(tmp_path), strongest())
    folder = tmp_path / "handed in"
    submission_in(folder / "ann", RIGHT)
    submission_in(folder / "ben", EARLY)
    submission_in(folder / "cem", IDLE)
    (folder / "dora.zip").write_bytes(b"no archive")
    (folder / "=cmd()").mkdir()
    paths = submissions_in(folder, ["consumer.py", "producer.py"])
    assert paths is not None
    kept = tmp_path / "kept.jsonl"
    verdicts = grade_all(order, paths, kept=kept)
    assert {each.submission: each.score for each in verdicts} == {
        "ann": 10,
        "ben": 4,
        "cem": 0,
        "dora.zip": None,
        "=cmd()": None,
    }
    told: list[int] = []
    again = grade_all(order, paths, kept=kept, resume=True, done=lambda _, number, __: told.append(number))
    assert [each.to_data() for each in again] == [each.to_data() for each in verdicts]
    assert told == [1, 2, 3, 4, 5]
    summary = Summary.of(verdicts)
    assert summary.states == {"passed": 1, "failed": 2, "ungradable": 2}
    assert summary.mean == pytest.approx(14 / 3, abs=1e-3)
    assert summary.failed == {"effects": 1, "nothing_lost": 2}
    table = course.table(verdicts)
    assert "\r\n'=cmd()," in table
    assert table.count("\r\n") == 6


def test_resuming_grades_again_what_has_changed(tmp_path: Path) -> None:
    order = Order(exercise_in(tmp_path), strongest())
    submission_in(tmp_path / "in" / "ann", IDLE)
    kept = tmp_path / "kept.jsonl"
    paths = [tmp_path / "in" / "ann"]
    assert grade_all(order, paths, kept=kept)[0].score == 0
    (paths[0] / "consumer.py").write_text(RIGHT)
    assert grade_all(order, paths, kept=kept, resume=True)[0].score == 10


@pytest.mark.parametrize(
    ("changed", "says"),
    [
        ({}, ""),
        ({"consumer.py": "def f(:\n"}, "consumer.py, line 1: this is no Python"),
        ({"consumer.py": None}, "There is no consumer.py"),
        ({"consumer.py": "raise SystemExit(0)\n"}, ""),
    ],
)
def test_a_precheck_looks_and_runs_nothing(tmp_path: Path, changed: dict[str, str | None], says: str) -> None:
    folder = submission_in(tmp_path / "s")
    for name, text in changed.items():
        if text is None:
            (folder / name).unlink()
        else:
            (folder / name).write_text(text)
    found = look(Order(exercise_in(tmp_path), strongest()), folder)
    assert bool(found) == bool(says)
    assert says in " ".join(found)


@pytest.mark.parametrize("number", OFFERED)
def test_a_level_that_is_offered_works(number: int) -> None:
    attempt(number)


def test_a_level_that_is_not_there_is_refused_with_a_reason(monkeypatch: pytest.MonkeyPatch) -> None:
    weak = [Level(3, ("bubblewrap is not installed.",)), Level(0, ())]
    monkeypatch.setattr("mqsim.grading.sandbox.levels.levels", lambda: weak)
    assert strongest() == 0
    with pytest.raises(UsageError, match="no sandbox of level 1 or more"):
        strongest(1)


def test_a_level_that_lacks_something_is_refused_where_it_is_named_too(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("mqsim.grading.sandbox.levels.levels", lambda: [Level(0, ("It needs fork.",))])
    with pytest.raises(UsageError, match=r"level 0 .* can't be had here: It needs fork\."):
        attempt(0)


def test_a_sandbox_that_can_not_be_set_up_is_the_grader_s_fault(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("mqsim.grading.sandbox.bubblewrap.program", lambda: "/bin/false")
    verdict = grade(Order(exercise_in(tmp_path), 3), submission_in(tmp_path / "s"))
    assert (verdict.state, verdict.score) == (State.GRADER_ERROR, None)
    assert "did not start" in verdict.message


def test_the_filter_refuses_and_allows_what_it_says() -> None:
    """In a process of its own: opening a socket and forking are refused, threads and files are not."""
    if not syscalls.known():
        pytest.skip("there is no filter for this processor")
    program = (
        "import os, socket, threading\n"
        "from mqsim.grading.sandbox import syscalls\n"
        "syscalls.restrict()\n"
        "def refused(act):\n"
        "    try: act()\n"
        "    except PermissionError: return True\n"
        "thread = threading.Thread(target=lambda: None); thread.start(); thread.join()\n"
        "open('/dev/null').close()\n"
        "print(refused(socket.socket), refused(os.fork), refused(lambda: os.kill(1, 0)),\n"
        "      refused(lambda: os.execv('/bin/true', ['true'])))\n"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["True"] * 4


def test_landlock_hides_what_is_not_named(tmp_path: Path) -> None:
    if not landlock.version():
        pytest.skip("this kernel has no Landlock")
    (tmp_path / "in").mkdir()
    (tmp_path / "secret").write_text("x")
    program = (
        "import sys\nfrom mqsim.grading.sandbox import landlock\n"
        f"landlock.restrict(landlock.ruleset(['/usr'], [{str(tmp_path / 'in')!r}]))\n"
        f"open({str(tmp_path / 'in' / 'y')!r}, 'w').write('y')\n"
        f"try: open({str(tmp_path / 'secret')!r})\nexcept PermissionError: print('hidden')\n"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout == "hidden\n"


def test_many_submissions_leave_nothing(tmp_path: Path) -> None:
    """No descriptor, no file, no process is left for each that is graded."""
    children = Path(f"/proc/self/task/{os.getpid()}/children")
    others = set(children.read_text().split())  # of tests that ran before in this process
    order = Order(exercise_in(tmp_path), strongest())
    folder = submission_in(tmp_path / "s", IDLE)
    grade(order, folder)
    before = len(os.listdir("/proc/self/fd"))
    for _ in range(5):
        grade(order, folder)
    assert len(os.listdir("/proc/self/fd")) == before
    assert set(children.read_text().split()) <= others


def test_the_command_prints_a_verdict_in_every_format(tmp_path: Path) -> None:
    where, folder = exercise_in(tmp_path), submission_in(tmp_path / "s", IDLE)
    mqsim = shutil.which("mqsim", path=str(Path(sys.executable).parent))
    assert mqsim is not None

    def printed(form: str) -> str:
        done = subprocess.run(
            [mqsim, "grade", str(where), str(folder), "--format", form],
            capture_output=True,
            text=True,
            check=True,
            cwd=tmp_path,
        )
        return done.stdout

    data = json.loads(printed("json"))
    assert (data["score"], data["max"], data["state"]) == (0, 10, "failed")
    assert {"name", "state", "points", "max", "message", "replay"} <= data["checks"][0].keys()
    assert json.loads(printed("gradescope"))["score"] == 0
    assert json.loads(printed("prairielearn"))["score"] == 0
    assert "was never recorded" in printed("text")
    assert printed("html").startswith("<!doctype html>")
    assert printed("markdown").startswith("# 01")
    assert printed("csv").splitlines()[1].startswith("s,01_small,failed,0,10,")
