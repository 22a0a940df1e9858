"""Grades a whole folder of submissions, several at a time; one that goes wrong never stops the others.

Each submission is graded in a process of its own. Verdicts are written into a file as they come, so that
`--resume` can go on after an interruption; what was graded before is not graded again unless the submission,
the exercise, the key or the sandbox has changed.
"""

from __future__ import annotations

import json
import multiprocessing
import os
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from multiprocessing.connection import Connection, wait
from typing import TYPE_CHECKING, Any

from mqsim.grading.exercise import load
from mqsim.grading.grading import Order, digest, grade, wanted
from mqsim.grading.plain import plain
from mqsim.grading.submission import Ungradable, contents
from mqsim.grading.verdict import CheckVerdict, Example, Searched, State, Verdict

if TYPE_CHECKING:
    from pathlib import Path

_GRACE = 60.0
"""Seconds beyond those of real time that a submission may take, after which its process is ended."""

Done = Callable[[Verdict, int, int], None]
"""Told of each verdict, how many there are so far, and how many there will be."""


@dataclass
class _Pupil:
    """A submission that is being graded."""

    path: Path
    process: multiprocessing.process.BaseProcess
    pipe: Connection
    slot: int
    until: float


def grade_all(
    order: Order,
    paths: Sequence[Path],
    *,
    kept: Path | None = None,
    resume: bool = False,
    at_once: int | None = None,
    done: Done | None = None,
) -> list[Verdict]:
    """The verdicts on submissions, in their order.

    Args:
        order: how they are graded.
        paths: the submissions.
        kept: the file that verdicts are written into as they come.
        resume: whether verdicts in that file are taken over.
        at_once: how many are graded at one time; by default one for each processor.
        done: told of each verdict.
    """
    marks = {path: _mark(order, path) for path in paths}
    before = _read(kept, order) if resume and kept is not None else {}
    found = {path: before[mark] for path, mark in marks.items() if mark and mark in before}
    if kept is not None and not resume:
        kept.unlink(missing_ok=True)
    total = len(paths)
    for number, verdict in enumerate(found.values(), 1):
        if done is not None:
            done(verdict, number, total)
    left = [path for path in paths if path not in found]
    for path, verdict in _in_processes(order, left, at_once or os.cpu_count() or 1):
        found[path] = verdict
        if kept is not None and verdict.state is not State.GRADER_ERROR and marks[path]:
            with kept.open("a", encoding="utf-8") as file:
                file.write(json.dumps(_kept(order, marks[path], verdict)) + "\n")
        if done is not None:
            done(verdict, len(found), total)
    return [found[path] for path in paths]


def _in_processes(order: Order, paths: list[Path], at_once: int) -> Iterator[tuple[Path, Verdict]]:
    waiting = list(reversed(paths))
    free = list(range(at_once))
    busy: list[_Pupil] = []
    try:
        while waiting or busy:
            while waiting and free:
                busy.append(_begin(order, waiting.pop(), free.pop()))
            wait([pupil.pipe for pupil in busy], timeout=1.0)
            for pupil in list(busy):
                verdict = _look(order, pupil)
                if verdict is not None:
                    busy.remove(pupil)
                    free.append(pupil.slot)
                    yield pupil.path, verdict
    finally:
        for pupil in busy:
            _end(pupil)


def _begin(order: Order, path: Path, slot: int) -> _Pupil:
    ours, theirs = multiprocessing.Pipe(duplex=False)
    process = multiprocessing.get_context("spawn").Process(
        target=_grade_into, args=(order, path, slot, theirs), daemon=False
    )
    process.start()
    theirs.close()
    patience = order.budget.submission * order.budget.patience + _GRACE
    return _Pupil(path, process, ours, slot, time.monotonic() + patience)


def _grade_into(order: Order, path: Path, slot: int, pipe: Connection) -> None:
    with suppress(KeyboardInterrupt):  # The parent says that it was stopped.
        pipe.send(grade(order, path, slot=slot))


def _look(order: Order, pupil: _Pupil) -> Verdict | None:
    """Its verdict, if there is one by now."""
    why = ""
    if pupil.pipe.poll():
        try:
            verdict: Verdict = pupil.pipe.recv()
        except (EOFError, OSError):
            why = "The grader failed: its process ended without a verdict."
        else:
            _end(pupil)
            return verdict
    elif time.monotonic() > pupil.until:
        why = "The grader failed: its process took too long. Grade it again when the machine has more time."
    if not why:
        return None
    _end(pupil)
    exercise = load(order.exercise)
    name = plain(pupil.path.resolve().name)
    return Verdict(exercise.name, name, (), exercise.points, order.level, State.GRADER_ERROR, why)


def _end(pupil: _Pupil) -> None:
    pupil.process.join(5)
    if pupil.process.is_alive():
        pupil.process.kill()
        pupil.process.join()
    pupil.pipe.close()


# -- verdicts that are kept ----------------------------------------------------------------------------------


def _mark(order: Order, path: Path) -> str:
    """What tells whether a verdict is still the one on this submission; empty: grade it again."""
    try:
        files = contents(path, wanted(load(order.exercise)))
    except Ungradable:
        return ""
    return f"{plain(path.resolve().name)} {order.level} {digest(order.exercise, files, order.private)}"


def _kept(order: Order, mark: str, verdict: Verdict) -> dict[str, Any]:
    """A line of the file: a verdict, what it is on, and what it was made for."""
    pictures = [check.example.picture for check in verdict.checks] if order.pictures else None
    return {"mark": mark, "placed": order.placed, "pictures": pictures, "verdict": verdict.to_data()}


def _read(kept: Path, order: Order) -> dict[str, Verdict]:
    """The verdicts in the file that have all that this order asks for: a verdict made for another format may
    lack the figures, and its commands may name a place that they must not name now.
    """
    found = {}
    if kept.is_file():
        for line in kept.read_text(encoding="utf-8").splitlines():
            try:
                data = json.loads(line)
                if _suffices(data, order):
                    found[data["mark"]] = from_data(data["verdict"], data["pictures"])
            except (ValueError, KeyError, TypeError):
                continue  # the last line of an interrupted run
    return found


def _suffices(data: dict[str, Any], order: Order) -> bool:
    checks = data["verdict"]["checks"]
    replayed = any(check["replay"] for check in checks)
    drawn = data["pictures"] is not None or not any(check["lines"] for check in checks)
    return (data["placed"] == order.placed or not replayed) and (drawn or not order.pictures)


def from_data(data: dict[str, Any], pictures: Sequence[str] | None = None) -> Verdict:
    """The verdict that `to_data` wrote, with the pictures of its checks."""
    checks = tuple(
        CheckVerdict(
            check["name"],
            check["says"],
            State(check["state"]),
            check["points"],
            check["max"],
            check["message"],
            tuple(Searched(**each) for each in check["searched"]),
            Example(tuple(check["lines"]), picture, check["replay"]),
        )
        for check, picture in zip(data["checks"], pictures or [""] * len(data["checks"]), strict=True)
    )
    return Verdict(
        data["exercise"],
        data["submission"],
        checks,
        data["max"],
        data["sandbox"],
        State(data["state"]),
        data["message"],
    )
