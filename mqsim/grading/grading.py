"""Grades a submission: opens it, confines it, looks whether it can be run, and judges its runs.

What goes wrong with the submission is its own verdict; what goes wrong with the grader is a grader error.
"""

from __future__ import annotations

import hashlib
import time
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from mqsim.errors import MqsimError
from mqsim.grading import precheck
from mqsim.grading.budgets import Budget, Meter, mover
from mqsim.grading.exercise import Exercise, load
from mqsim.grading.files import Files, files_in
from mqsim.grading.hidden import hide, seed_of
from mqsim.grading.judge import Judge, Progress
from mqsim.grading.plain import plain
from mqsim.grading.practice import replay_command
from mqsim.grading.sandbox.bubblewrap import SUBMISSION
from mqsim.grading.sandbox.levels import confined
from mqsim.grading.stage import Stage
from mqsim.grading.submission import Ungradable, contents, laid_out
from mqsim.grading.verdict import State, Verdict

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from mqsim.grading.run import Run
    from mqsim.guest.carriers.fork_server import ForkServer


@dataclass(frozen=True)
class Order:
    """How submissions are graded.

    Attributes:
        exercise: the exercise's folder.
        level: of the sandbox.
        private: the folder with the course key and hidden checks; None: there are none.
        budget: what a submission may use up.
        pictures: whether failures are drawn.
    """

    exercise: Path
    level: int
    private: Path | None = None
    budget: Budget = field(default_factory=Budget)
    pictures: bool = False


def grade(order: Order, path: Path, *, slot: int = 0, progress: Progress | None = None) -> Verdict:
    """The verdict on one submission.

    Args:
        order: how it is graded.
        path: a folder, a zip archive or a notebook.
        slot: tells submissions apart that are graded at one time.
        progress: told how far it is.
    """
    exercise = load(order.exercise)
    try:
        files = contents(path, wanted(exercise))
        with _prepared(order, exercise, files, slot) as (folder, server):
            meter = Meter(server, order.budget, _mover(order, folder))
            if found := _complaints(order, exercise, meter, folder):
                return _without_score(exercise, path, State.UNGRADABLE, " ".join(found), order.level)
            return _judged(order, exercise, path, folder, server, meter, progress)
    except Ungradable as reason:
        return _without_score(exercise, path, State.UNGRADABLE, str(reason), None)
    except MqsimError as error:
        return _without_score(exercise, path, State.GRADER_ERROR, f"The grader failed: {error}", order.level)


def look(order: Order, path: Path) -> list[str]:
    """What stands in the way of grading a submission, as sentences; nothing is run.

    Raises:
        UsageError: the sandbox fails.
    """
    exercise = load(order.exercise)
    try:
        files = contents(path, wanted(exercise))
        with _prepared(order, exercise, files, 0) as (folder, server):
            return _complaints(order, exercise, Meter(server, order.budget, _mover(order, folder)), folder)
    except Ungradable as reason:
        return [str(reason)]


def wanted(exercise: Exercise) -> list[str]:
    """The names of the files that a submission should have."""
    return [*(f"{name}.py" for name in exercise.programs), *exercise.files]


def digest(exercise: Path, files: dict[str, bytes], private: Path | None) -> str:
    """A fingerprint of all that a verdict depends on: exercise, submission, key and hidden checks."""
    total = hashlib.sha256()
    sources = [files_in(exercise), files]
    if private is not None:
        sources.append({name: data for name, data in files_in(private).items() if "/" not in name})
        if (private / exercise.name).is_dir():
            sources.append(files_in(private / exercise.name))
    for source in sources:
        total.update(b"\x00source")
        for name, data in sorted(source.items()):
            total.update(f"{name}\x00{len(data)}\x00".encode("utf-8", "surrogatepass"))
            total.update(data)
    return total.hexdigest()


@contextmanager
def _prepared(
    order: Order, exercise: Exercise, files: dict[str, bytes], slot: int
) -> Iterator[tuple[Path, ForkServer]]:
    """The submission in a folder of its own, and a sandbox that sees it."""
    given = {name: (exercise.folder / name).read_bytes() for name in exercise.given}
    with laid_out({**files, **given}) as folder, confined(order.level, folder, slot) as server:
        yield folder, server


def _inside(order: Order, folder: Path) -> str:
    return SUBMISSION if order.level == 3 else str(folder)


def _mover(order: Order, folder: Path) -> Callable[[str], str]:
    return mover(folder, _inside(order, folder))


def _complaints(order: Order, exercise: Exercise, meter: Meter, folder: Path) -> list[str]:
    programs = [f"{name}.py" for name in exercise.programs]
    return precheck.complaints(meter.unmoved, folder, _inside(order, folder), programs, exercise.files)


def _judged(
    order: Order,
    exercise: Exercise,
    path: Path,
    folder: Path,
    server: ForkServer,
    meter: Meter,
    progress: Progress | None,
) -> Verdict:
    hide(exercise, order.private)
    stage = Stage(
        exercise,
        folder,
        meter,
        cpu_limit=order.budget.without_waiting,
        before=meter.begin_run,
        after=server.clear,
    )
    until = time.monotonic() + order.budget.submission
    judge = Judge(
        exercise,
        stage,
        Files(files_in(folder), seed_of(order.private, exercise.name)),
        replay=lambda number: replay_command(exercise, None, number),
        progress=progress,
        draw=_drawn if order.pictures else None,
        may_go_on=lambda: time.monotonic() < until,
    )
    return Verdict.of(exercise.name, plain(path.resolve().name), judge.verdicts(), order.level)


def _drawn(run: Run) -> str:
    from mqsim.grading.reports.picture import picture

    return picture(run)


def _without_score(exercise: Exercise, path: Path, state: State, message: str, level: int | None) -> Verdict:
    return Verdict(exercise.name, plain(path.resolve().name), (), exercise.points, level, state, message)
