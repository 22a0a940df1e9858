"""Grades a submission: opens it, confines it, looks whether it can be run, and judges its runs.

What goes wrong with the submission is its own verdict; what goes wrong with the grader is a grader error.
"""

from __future__ import annotations

import hashlib
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from mqsim.errors import MqsimError, UsageError
from mqsim.grading import precheck
from mqsim.grading.budgets import Budget, Meter, mover
from mqsim.grading.exercise import Exercise, load
from mqsim.grading.files import Files, files_in
from mqsim.grading.hidden import hide, private_files, seed_of
from mqsim.grading.judge import Judge, Progress
from mqsim.grading.plain import plain
from mqsim.grading.practice import replay_command
from mqsim.grading.sandbox.bubblewrap import SUBMISSION
from mqsim.grading.sandbox.levels import confined, strongest
from mqsim.grading.stage import Stage
from mqsim.grading.submission import Ungradable, contents, laid_out
from mqsim.grading.verdict import State, Verdict

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from pathlib import Path

    from mqsim.grading.run import Run
    from mqsim.guest.carriers.carrier import Carrier
    from mqsim.guest.carriers.fork_server import ForkServer
    from mqsim.guest.program import Program


@dataclass(frozen=True)
class Order:
    """How submissions are graded.

    Attributes:
        exercise: the exercise's folder.
        level: of the sandbox.
        private: the folder with the course key and hidden checks; None: there are none.
        budget: what a submission may use up.
        pictures: whether failures are drawn.
        placed: whether the commands that replay a run say where the submission is. For a student who reads a
            report elsewhere they must not.
    """

    exercise: Path
    level: int
    private: Path | None = None
    budget: Budget = field(default_factory=Budget)
    pictures: bool = False
    placed: bool = True


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
            if found := _complaints(order, exercise, server, folder):
                return _without_score(exercise, path, State.UNGRADABLE, " ".join(found), order.level)
            meter = Meter(server, order.budget, _mover(order, folder))
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
            return _complaints(order, exercise, server, folder)
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
        sources.extend(private_files(private, load(exercise).name))
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


def _complaints(order: Order, exercise: Exercise, server: ForkServer, folder: Path) -> list[str]:
    programs = [f"{name}.py" for name in exercise.programs]
    return precheck.complaints(server, folder, _inside(order, folder), programs, exercise.files)


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
        after=lambda: _end_run(meter, server),
    )
    judge = Judge(
        exercise,
        stage,
        Files(files_in(folder), seed_of(order.private, exercise.name)),
        replay=lambda number, tasks: _replay_command(order, exercise, path, number, tasks),
        progress=progress,
        draw=_drawn if order.pictures else None,
        may_go_on=meter.may_go_on,
    )
    return Verdict.of(exercise.name, plain(path.resolve().name), judge.verdicts(), order.level)


def _replay_command(
    order: Order, exercise: Exercise, path: Path, number: str, tasks: Sequence[str] | None
) -> str:
    """Whoever replays what somebody else handed in does so in the sandbox."""
    if not order.placed:
        return replay_command(exercise, ".", number, tasks)
    return replay_command(exercise, str(path), number, tasks, "--sandbox")


@contextmanager
def in_sandbox(exercise: Exercise, path: Path) -> Iterator[tuple[Path, Callable[[Program], Carrier]]]:
    """What was handed in, as a folder, and what carries its programs in the strongest sandbox at hand.

    Raises:
        UsageError: it can't be read, or there is no sandbox.
    """
    order = Order(exercise.folder, strongest())
    try:
        files = contents(path, wanted(exercise))
    except Ungradable as reason:
        raise UsageError(f"{path}: {reason}") from reason
    with _prepared(order, exercise, files, 0) as (folder, server):
        yield folder, Meter(server, order.budget, _mover(order, folder))


def _end_run(meter: Meter, server: ForkServer) -> None:
    meter.end_run()
    server.clear()


def _drawn(run: Run) -> str:
    from mqsim.grading.reports.picture import picture

    return picture(run)


def _without_score(exercise: Exercise, path: Path, state: State, message: str, level: int | None) -> Verdict:
    return Verdict(exercise.name, plain(path.resolve().name), (), exercise.points, level, state, message)
