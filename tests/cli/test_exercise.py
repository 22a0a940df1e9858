"""`mqsim exercise` and `mqsim grade`, as they are called."""

from __future__ import annotations

import json
import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from mqsim.grading.catalogue import find, names
from tests.grading.exercises_for_tests import EARLY, exercise_in, submission_in
from tests.outside import PATIENCE

MQSIM = Path(sys.executable).with_name("mqsim")


def called(*words: str, cwd: Path, status: int = 0) -> str:
    done = subprocess.run([str(MQSIM), *words], cwd=cwd, capture_output=True, text=True, timeout=PATIENCE)
    assert done.returncode == status, done.stderr
    return done.stdout + (done.stderr if status else "")


def test_every_exercise_is_listed_and_found_by_its_name_and_its_number(tmp_path: Path) -> None:
    listed = called("exercise", "list", cwd=tmp_path)
    assert len(names()) == 10
    for name in names():
        assert name in listed
        assert find(name) == find(name[3:]) == find(str(int(name[:2])))


def test_a_student_begins_checks_and_replays(tmp_path: Path) -> None:
    told = called("exercise", "start", str(exercise_in(tmp_path)), "mine", cwd=tmp_path)
    assert "wrote mine/exercise.py" in told
    mine = tmp_path / "mine"
    submission_in(tmp_path / "s", EARLY)
    for name in ("consumer.py", "producer.py"):
        (mine / name).write_text((tmp_path / "s" / name).read_text())
    told = called("exercise", "check", cwd=mine)
    assert "These are the public checks." in told
    assert "failed: 4 of 10 points" in told
    assert "hit something" not in told  # that is for who writes exercises
    assert "runs hit something" in called("exercise", "check", "--verbose", cwd=mine)
    (command,) = [line.split() for line in told.splitlines() if "mqsim exercise replay" in line]
    again = called("exercise", "replay", ".", command[4], cwd=mine)
    assert "In this run: consumer-1 killed at 1.00" in again
    assert "Recorded: nothing." in again
    excerpt = [line[4:] for line in told.splitlines() if re.match(r" {4} *\d+\.\d{6}  ", line)]
    assert any("counts it as done before consumer-1 finishes it" in line for line in excerpt)
    assert [line for line in excerpt if line not in again.splitlines()] == []  # a replay shows more, not less
    assert called("exercise", "start", str(tmp_path / "01_small"), "mine", cwd=tmp_path).startswith(
        "mine has"
    )


def test_a_replay_without_programs_names_the_files_that_are_missing(tmp_path: Path) -> None:
    told = called("exercise", "replay", "2", "1.1", cwd=tmp_path, status=2)
    assert told.startswith("mqsim: this folder has no consumer.py and no producer.py. Write them, or begin ")
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "producer.py").write_text("")
    told = called("exercise", "replay", "2", "1.1", "mine", cwd=tmp_path, status=2)
    assert told.startswith("mqsim: mine has no consumer.py. Write it, or begin ")


def test_pytest_runs_the_checks_beside_the_programs(tmp_path: Path) -> None:
    called("exercise", "start", str(exercise_in(tmp_path)), "mine", cwd=tmp_path)
    submission_in(tmp_path / "s", EARLY)
    for name in ("consumer.py", "producer.py"):
        (tmp_path / "mine" / name).write_text((tmp_path / "s" / name).read_text())
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "."],
        cwd=tmp_path / "mine",
        capture_output=True,
        text=True,
        timeout=PATIENCE,
    )
    assert "1 failed, 1 passed" in done.stdout
    assert '"a." is lost.' in done.stdout
    assert "Traceback" not in done.stdout


def test_an_instructor_begins_proves_and_releases(tmp_path: Path) -> None:
    called("exercise", "new", "11_more", cwd=tmp_path)
    told = called("exercise", "validate", "11_more", cwd=tmp_path)  # ./exercises is looked at too
    assert "2 solutions, 0 of them not as they must be." in told
    called("exercise", "release", "exercises/11_more", "handout", cwd=tmp_path)
    assert "BEGIN SOLUTION" not in (tmp_path / "handout" / "consumer.py").read_text()
    assert json.loads((tmp_path / "handout" / "11_more.ipynb").read_text())["nbformat"] == 4
    called("exercise", "release", "exercises/11_more", "handout", cwd=tmp_path)  # the same again is no harm
    (tmp_path / "handout" / "consumer.py").write_text("my_work = 1\n")
    told = called("exercise", "release", "exercises/11_more", "handout", cwd=tmp_path, status=2)
    assert "handout has consumer.py already, with other text" in told
    assert (tmp_path / "handout" / "consumer.py").read_text() == "my_work = 1\n"
    called("exercise", "release", "exercises/11_more", "handout", "--overwrite", cwd=tmp_path)
    assert "my_work" not in (tmp_path / "handout" / "consumer.py").read_text()


def test_a_wrong_solution_that_passes_is_refused(tmp_path: Path) -> None:
    called("exercise", "new", "11_more", cwd=tmp_path)
    proofs = tmp_path / "tests" / "exercises" / "11_more"
    right = (proofs / "right" / "callback" / "consumer.py").read_text()
    (proofs / "wrong" / "nothing_lost__acknowledges_first" / "consumer.py").write_text(right)
    told = called("exercise", "validate", "exercises/11_more", cwd=tmp_path, status=1)
    assert "nothing_lost does not fail by itself" in told


def test_what_a_student_starts_leads_nowhere_else_and_holds_no_solution(tmp_path: Path) -> None:
    called("exercise", "start", "task_queue", "mine", cwd=tmp_path)
    mine = tmp_path / "mine"
    assert not (mine / "partner").exists()
    links = re.findall(r"\]\(([^)#]+)", (mine / "README.md").read_text())
    assert links
    assert [link for link in links if not (mine / link).is_file()] == []
    proof = find("task_queue").parents[1] / "tests" / "exercises" / "02_task_queue" / "right" / "callback"
    if proof.is_dir():
        shutil.copytree(proof, mine, dirs_exist_ok=True)
        assert "passed: 10 of 10 points" in called("exercise", "check", cwd=mine)


def test_a_graded_failure_is_replayed_in_the_sandbox_by_the_command_in_its_report(tmp_path: Path) -> None:
    where = exercise_in(tmp_path)
    submission_in(tmp_path / "in" / "ann", EARLY)
    told = json.loads(called("grade", str(where), "in/ann", "--format", "json", cwd=tmp_path))
    command = shlex.split(told["checks"][1]["replay"])
    assert command[:3] == ["mqsim", "exercise", "replay"]
    assert command[-2:] == ["in/ann", "--sandbox"]
    again = called(*command[1:], cwd=tmp_path)
    assert told["checks"][1]["message"].partition(", after")[0] in again
    shutil.make_archive(str(tmp_path / "ann"), "zip", tmp_path / "in" / "ann")
    assert called(*command[1:-2], "ann.zip", "--sandbox", cwd=tmp_path) == again


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (("exercise", "start", "nothing"), "there is no exercise 'nothing'"),
        (("exercise", "start", "fair_dispach"), "Did you mean 'fair_dispatch'?"),
        (("exercise", "replay", "10", "1.1"), "reads the files that were handed in"),
        (("exercise", "check"), "there is no exercise here|in this folder"),
        (("exercise", "new", "more"), "two digits and small letters"),
        (("grade",), "name an exercise and what was handed in"),
        (("grade", "2", "nowhere"), "there is no such file or folder"),
        (("grade", "2", ".", "--format", "xml"), "--format xml: there are text"),
        (("grade", "2", ".", "--private", "."), "there is no course key"),
        (("grade", "2", ".", "--sandbox", "0", "--require-sandbox", "3"), "is less than"),
    ],
)
def test_what_makes_no_sense_is_refused_in_a_sentence(
    words: tuple[str, ...], says: str, tmp_path: Path
) -> None:
    told = called(*words, cwd=tmp_path, status=2)
    assert any(each in told for each in says.split("|")), told
    assert "Traceback" not in told


def test_the_doctor_tells_of_every_level(tmp_path: Path) -> None:
    told = called("grade", "--doctor", cwd=tmp_path)
    assert [line.split()[1] for line in told.splitlines() if line.startswith("level ")] == [
        "3",
        "2",
        "1",
        "0",
    ]


def test_a_precheck_says_what_is_missing(tmp_path: Path) -> None:
    where = exercise_in(tmp_path)
    (tmp_path / "s").mkdir()
    (tmp_path / "s" / "consumer.py").write_text("x = 1\n")
    told = called("grade", str(where), "s", "--precheck", cwd=tmp_path)
    assert "There is no producer.py" in told
    told = called("grade", str(where), "s", "--precheck", "--format", "json", cwd=tmp_path)
    assert json.loads(told)["ready"] is False
