"""`mqsim grade`: submissions judged in a sandbox."""

from __future__ import annotations

import json
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from mqsim.cli.progress import progress_bar
from mqsim.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from mqsim.grading.grading import Order
    from mqsim.grading.verdict import Verdict

_FOR_PLATFORMS = ("gradescope", "prairielearn")
FORMATS = ("text", "json", "gradescope", "prairielearn", "markdown", "html", "csv")


@dataclass(frozen=True)
class Request:
    """What the command line asked for; the fields are its options."""

    exercise: str | None
    path: Path | None
    form: str
    private: Path | None
    require_sandbox: int
    precheck: bool
    doctor: bool
    resume: bool
    sandbox: int | None = None


def grade_path(request: Request) -> None:
    """Carry out `mqsim grade`.

    Raises:
        UsageError: the request can't be carried out.
    """
    if request.doctor:
        _tell_what_is_here()
        return
    if request.exercise is None or request.path is None:
        raise UsageError("name an exercise and what was handed in: mqsim grade task_queue submission/")
    if request.form not in FORMATS:
        raise UsageError(f"--format {request.form}: there are {', '.join(FORMATS)}.")
    _refuse_swapped(request.exercise, request.path)
    if not request.path.exists() and not request.path.is_symlink():
        raise UsageError(f"{request.path}: there is no such file or folder.")
    order = _order(request)
    if request.precheck:
        _precheck(request, order)
        return
    verdicts, several = _graded(request, order)
    from mqsim.grading.verdict import State

    typer.echo(rendered(verdicts, request.form, several), nl=False)
    # Platforms read from the report that there is no score, and their scripts take 1 for a report cut short.
    if request.form not in _FOR_PLATFORMS and any(each.state is State.GRADER_ERROR for each in verdicts):
        raise typer.Exit(1)


def _refuse_swapped(exercise: str, path: Path) -> None:
    """Raise `UsageError` where the exercise and the submissions were named in the wrong order."""
    from mqsim.grading.catalogue import find

    def is_exercise(name: str) -> bool:
        try:
            return bool(find(name))
        except UsageError:
            return False

    if Path(exercise).exists() and not is_exercise(exercise) and is_exercise(str(path)):
        raise UsageError(
            f"{exercise} is no exercise, but {path} is one. Is it the other way round? "
            f"mqsim grade {path} {exercise}"
        )


def _order(request: Request) -> Order:
    from mqsim.grading.catalogue import find
    from mqsim.grading.exercise import load
    from mqsim.grading.grading import Order
    from mqsim.grading.hidden import hide, refuse_an_idle_folder, seed_of
    from mqsim.grading.sandbox.levels import WORDS, attempt, strongest

    assert request.exercise is not None
    exercise = find(request.exercise)
    if request.private is not None:
        loaded = load(exercise)
        seed_of(request.private, loaded.name)
        refuse_an_idle_folder(loaded, request.private)
        hide(loaded, request.private)
    if request.sandbox is None:
        level = strongest(request.require_sandbox)
    else:
        level = request.sandbox
        if level < request.require_sandbox:
            raise UsageError(f"--sandbox {level} is less than --require-sandbox {request.require_sandbox}.")
        attempt(level)
    print(f"sandbox level {level}: {WORDS[level]}", file=sys.stderr)
    if level == 0:
        print("WARNING: programs of others are not confined at level 0.", file=sys.stderr)
    pictures, placed = request.form == "html", request.form not in _FOR_PLATFORMS
    return Order(exercise, level, request.private, pictures=pictures, placed=placed)


def _precheck(request: Request, order: Order) -> None:
    from mqsim.grading.grading import look
    from mqsim.grading.plain import plain
    from mqsim.grading.precheck import as_data

    assert request.path is not None
    paths = _submissions(request.path, order)
    if paths is not None:
        found_in = {plain(path.name): look(order, path) for path in paths}
        if request.form == "json":
            each = [{"submission": name, **as_data(found)} for name, found in found_in.items()]
            typer.echo(json.dumps({"submissions": each}, indent=2))
            return
        for name, found in found_in.items():
            typer.echo(f"{name}: {' '.join(found) or 'It can be graded.'}")
        ready = sum(not found for found in found_in.values())
        typer.echo(f"\n{ready} of {len(paths)} can be graded. Nothing was run.")
        return
    found = look(order, request.path)
    if request.form == "json":
        typer.echo(json.dumps(as_data(found), indent=2))
    elif found:
        typer.echo("It can't be graded as it is:\n" + "\n".join(f"  {each}" for each in found))
    else:
        typer.echo("It can be graded: the files are there, and they are Python. Nothing was run.")


def _submissions(path: Path, order: Order) -> list[Path] | None:
    """The submissions of a class's folder; None: it is one submission."""
    from mqsim.grading.exercise import load
    from mqsim.grading.grading import wanted
    from mqsim.grading.plain import plain
    from mqsim.grading.submission import submissions_in

    names = wanted(load(order.exercise))
    paths = submissions_in(path, names)
    for each in paths or ():
        if _is_something_else(each, names):
            print(
                f"{plain(each.name)} has no file that could be a program. It counts as a submission; if "
                "it is none, move it out of the folder.",
                file=sys.stderr,
            )
    return paths


def _is_something_else(path: Path, wanted: Sequence[str]) -> bool:
    """Whether a folder holds no file of any wanted kind, such as a folder of notes."""
    from mqsim.grading.submission import Ungradable, contents

    try:
        files = contents(path, wanted)
    except Ungradable:
        return False
    return not any(name.endswith(tuple(Path(each).suffix for each in wanted)) for name in files)


def _graded(request: Request, order: Order) -> tuple[list[Verdict], bool]:
    from mqsim.grading.classroom import grade_all
    from mqsim.grading.grading import grade

    assert request.path is not None
    paths = _submissions(request.path, order)
    if paths is None:
        return [grade(order, request.path)], False
    kept = Path(f"mqsim-grades-{order.exercise.name}.jsonl")
    print(f"verdicts are kept in {kept} as they come; --resume goes on from there", file=sys.stderr)
    with progress_bar("grading", "submissions") as tell:

        def done(_verdict: Verdict, number: int, total: int) -> None:
            if tell is not None:
                tell(number, total)

        return grade_all(order, paths, kept=kept, resume=request.resume, done=done), True


def rendered(verdicts: Sequence[Verdict], form: str, several: bool) -> str:
    """Verdicts in one of the formats.

    Args:
        verdicts: one, or those on a folder of submissions.
        form: see `FORMATS`.
        several: whether they are a class's, with a summary.
    """
    from mqsim.grading.reports import course
    from mqsim.grading.reports.html import page, pages
    from mqsim.grading.reports.markdown import markdown
    from mqsim.grading.reports.summary import Summary
    from mqsim.grading.reports.text import text

    if form == "csv":
        return course.table(verdicts)
    if form in ("json", "gradescope", "prairielearn"):
        as_data = {
            "json": lambda verdict: verdict.to_data(),
            "gradescope": course.gradescope,
            "prairielearn": course.prairielearn,
        }[form]
        data = [as_data(verdict) for verdict in verdicts]
        if several and form in _FOR_PLATFORMS:
            data = [
                {"submission": verdict.submission, **each}
                for verdict, each in zip(verdicts, data, strict=True)
            ]
        whole = {"submissions": data, "summary": Summary.of(verdicts).to_data()} if several else data[0]
        return json.dumps(whole, indent=2, allow_nan=False) + "\n"
    if form == "html":
        return pages(verdicts, Summary.of(verdicts)) if several else page(verdicts[0])
    told = [markdown(verdict) if form == "markdown" else text(verdict) + "\n" for verdict in verdicts]
    if several:
        told.append(str(Summary.of(verdicts)) + "\n")
    return "\n".join(told)


def _tell_what_is_here() -> None:
    """`--doctor`: the levels of the sandbox, and what stands in their way."""
    from mqsim.grading.sandbox.levels import WORDS, attempt, levels

    best = None
    for level in levels():
        lacks = list(level.lacks)
        if not lacks:
            try:
                attempt(level.number)
            except UsageError as error:
                lacks = [str(error)]
        if not lacks and best is None:
            best = level.number
        typer.echo(f"level {level.number}  {'yes' if not lacks else 'no '}  {WORDS[level.number]}")
        for sentence in lacks:
            typer.echo(f"              {sentence}")
    if best is None:
        typer.echo("\nNothing can be graded on this machine.")
    else:
        typer.echo(f"\nmqsim grade uses level {best} here.")
        if best < 3:
            typer.echo("To get level 3: install bubblewrap, on Linux 5.13 or later.")
