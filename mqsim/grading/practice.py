"""The public checks on a student's own machine: nothing is hidden, nothing is confined.

The programs run as the student's own user, since they are the student's own. For programs of others there is
`mqsim grade`.
"""

from __future__ import annotations

import os
import shlex
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING

from mqsim.errors import UsageError
from mqsim.grading.budgets import Budget, Meter
from mqsim.grading.catalogue import find, on_the_shelf
from mqsim.grading.exercise import NAME_FILE, Exercise, load
from mqsim.grading.files import Files, files_in
from mqsim.grading.hints import with_hint
from mqsim.grading.judge import Judge, Progress, scenes_of
from mqsim.grading.pages import self_contained
from mqsim.grading.scenes import changed
from mqsim.grading.search import Search
from mqsim.grading.stage import Stage
from mqsim.grading.verdict import State, Verdict
from mqsim.guest.carriers.fork_server import ForkServer
from mqsim.guest.carriers.in_process import InProcess

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence
    from contextlib import AbstractContextManager
    from pathlib import Path

    from mqsim.grading.run import Run
    from mqsim.grading.search import Numbered
    from mqsim.guest.carriers.carrier import CarrierFactory

PUBLIC_SEED = 0
"""What stands for the course key where there is none."""


@contextmanager
def carrying() -> Iterator[CarrierFactory]:
    """What carries a student's own programs: processes of their own, where the system can fork them."""
    try:
        server = ForkServer()
    except UsageError:
        yield InProcess
        return
    with server:
        yield server


def missing(exercise: Exercise, folder: Path) -> list[str]:
    """The names of the files that the exercise wants and the folder lacks."""
    wanted = [*(f"{name}.py" for name in exercise.programs), *exercise.files]
    return [name for name in wanted if not (folder / name).is_file()]


def what_is_missing(exercise: Exercise, folder: Path) -> str:
    """Which files the folder lacks, as a sentence that says what to do; empty where it has all."""
    lacks = missing(exercise, folder)
    if not lacks:
        return ""
    where = "this folder" if folder.resolve() == folder.cwd() else f"{folder}"
    them = "it" if len(lacks) == 1 else "them"
    begin = f"begin with `mqsim exercise start {exercise.name}`"
    return f"{where} has no {' and no '.join(lacks)}. Write {them}, or {begin}."


def lay_given(exercise: Exercise, folder: Path) -> None:
    """Lay the exercise's given files beside the programs, unless they are there."""
    for name in exercise.given:
        if not (folder / name).is_file():
            (folder / name).write_bytes((exercise.folder / name).read_bytes())


def check(
    exercise: Exercise,
    folder: Path,
    *,
    progress: Progress | None = None,
    draw: Callable[[Run], str] | None = None,
    budget: Budget | None = None,
) -> Verdict:
    """The verdict of the public checks on a folder of programs.

    Args:
        exercise: whose checks.
        folder: where the student's files are.
        progress: told how far it is.
        draw: draws a failing run as SVG.
        budget: what the programs may use up, where the system can fork processes; None: as much as they want.
    """
    if lacking := what_is_missing(exercise, folder):
        return Verdict(
            exercise.name, folder.resolve().name, (), exercise.points, None, State.UNGRADABLE, lacking
        )
    lay_given(exercise, folder)
    with carrying() as carry:
        meter = Meter(carry, budget) if budget is not None and isinstance(carry, ForkServer) else None
        stage = Stage(exercise, folder, carry, cpu_limit=Budget.without_waiting)
        if meter is not None:
            stage = Stage(
                exercise,
                folder,
                meter,
                cpu_limit=meter.budget.without_waiting,
                before=meter.begin_run,
                after=meter.end_run,
            )
        judge = Judge(
            exercise,
            stage,
            Files(files_in(folder), PUBLIC_SEED),
            replay=lambda number, tasks: replay_command(exercise, _shortest(folder), number, tasks),
            progress=progress,
            draw=draw,
            may_go_on=meter.may_go_on if meter is not None else lambda: True,
        )
        verdicts = [with_hint(one, exercise) for one in judge.verdicts()]
        return Verdict.of(exercise.name, folder.resolve().name, verdicts, None)


def replay_command(
    exercise: Exercise, where: str, number: str, tasks: Sequence[str] | None = None, *further: str
) -> str:
    """The command that plays a run again.

    Args:
        exercise: whose run.
        where: the programs; "." is the current folder.
        number: of the run.
        tasks: of a smaller run; None: the scene's own.
        further: options at its end.
    """
    words = ["mqsim", "exercise", "replay", _as_called(exercise), number]
    if where != ".":
        words.append(where)
    if tasks is not None:
        words += ["--tasks", shlex.join(tasks)]
    return shlex.join([*words, *further])


def _shortest(folder: Path) -> str:
    """The shorter way to a folder: from here, or from the root."""
    return min(os.path.relpath(folder), str(folder.resolve()), key=len)


def _as_called(exercise: Exercise) -> str:
    """The exercise's name, where that finds it; else the way to its folder."""
    with suppress(UsageError):
        if find(exercise.name) == exercise.folder:
            return exercise.name
    return _shortest(exercise.folder)


def replay(
    exercise: Exercise,
    folder: Path,
    number: str,
    *,
    tasks: Sequence[str] | None = None,
    carried: Callable[[], AbstractContextManager[CarrierFactory]] = carrying,
) -> Numbered:
    """One run again.

    Args:
        exercise: whose run.
        folder: where the student's files are.
        number: as a report gives it, such as `3.17` or `3.17+`.
        tasks: in place of the scene's; a report gives them where it made a failure smaller.
        carried: gives what carries the programs; by default processes of your own user.

    Raises:
        UsageError: there is no such run, or the folder lacks a program.
    """
    scenes = scenes_of(exercise)
    place, _, run = number.partition(".")
    if not place.isdecimal() or not 1 <= int(place) <= len(scenes):
        raise UsageError(f"there is no run {number}: a report gives numbers such as 2.17.")
    scene = scenes[int(place) - 1]
    if scene.reads_files:
        raise UsageError(f"run {number} is none: that check reads the files that were handed in.")
    if lacking := what_is_missing(exercise, folder):
        raise UsageError(lacking)
    if tasks is not None:
        scene = changed(scene, tasks=tasks)
    lay_given(exercise, folder)
    with carried() as carry:
        search = Search(scene, Stage(exercise, folder, carry, cpu_limit=Budget.without_waiting))
        for numbered in search.runs(only=run or "1"):
            if numbered.number == (run or "1"):
                return numbered
    raise UsageError(
        f"there is no run {number}: that scene has {search.found - search.skipped}. The programs may have "
        "changed."
    )


def start(exercise_folder: Path, folder: Path) -> list[Path]:
    """Put an exercise's README, checks and starter into a folder of the student's own.

    Returns:
        The files that were written. A file that is there already is left alone.

    Raises:
        UsageError: the folder can't be written.
    """
    written = []
    for path, content in _handed_out(exercise_folder, folder).items():
        place = folder / path
        if place.exists():
            continue
        try:
            place.parent.mkdir(parents=True, exist_ok=True)
            place.write_bytes(content)
        except OSError as error:
            raise UsageError(f"{place} can't be written: {error.strerror or error}.") from error
        written.append(place)
    return written


CONFTEST = '''"""Lets `pytest` run the exercise's checks in this folder."""

from mqsim.grading.collecting import pytest_collect_file, pytest_ignore_collect

__all__ = ["pytest_collect_file", "pytest_ignore_collect"]
'''


def _handed_out(exercise_folder: Path, target: Path) -> Mapping[str, bytes]:
    """What a student gets. Our own partner programs are solutions, so they stay on the shelf, where checks
    find them; only an exercise that is not on the shelf takes them along.
    """
    exercise = load(exercise_folder)
    files = {
        name: (exercise_folder / name).read_bytes()
        for name in ("README.md", "exercise.py", *exercise.given)
        if (exercise_folder / name).is_file()
    }
    if "README.md" in files:
        files["README.md"] = self_contained(files["README.md"].decode(), exercise_folder, target).encode()
    files |= files_in(exercise_folder / "starter")
    if on_the_shelf(exercise.name) is None:
        files |= {
            f"partner/{path}": content for path, content in files_in(exercise_folder / "partner").items()
        }
    files[NAME_FILE] = f"{exercise.name}\n".encode()
    files["conftest.py"] = CONFTEST.encode()
    return files
