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
    if not request.path.exists() and not request.path.is_symlink():
        raise UsageError(f"{request.path}: there is no such file or folder.")
    order = _order(request)
    if request.precheck:
        _precheck(request, order)
        return
    verdicts, several = _graded(request, order)
    typer.echo(rendered(verdicts, request.form, several), nl=False)


def _order(request: Request) -> Order:
    from mqsim.grading.catalogue import find
    from mqsim.grading.grading import Order
    from mqsim.grading.hidden import seed_of
    from mqsim.grading.sandbox.levels import WORDS, attempt, strongest

    assert request.exercise is not None
    exercise = find(request.exercise)
    if request.private is not None:
        seed_of(request.private, exercise.name)
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
    pictures, placed = request.form == "html", request.form not in ("gradescope", "prairielearn")
    return Order(exercise, level, request.private, pictures=pictures, placed=placed)


def _precheck(request: Request, order: Order) -> None:
    from mqsim.grading.grading import look
    from mqsim.grading.precheck import as_json

    assert request.path is not None
    found = look(order, request.path)
    if request.form == "json":
        typer.echo(as_json(found))
    elif found:
        typer.echo("It can't be graded as it is:\n" + "\n".join(f"  {each}" for each in found))
    else:
        typer.echo("It can be graded: the files are there, and they are Python. Nothing was run.")


def _graded(request: Request, order: Order) -> tuple[list[Verdict], bool]:
    from mqsim.grading.classroom import grade_all
    from mqsim.grading.exercise import load
    from mqsim.grading.grading import grade, wanted
    from mqsim.grading.submission import submissions_in

    assert request.path is not None
    paths = submissions_in(request.path, wanted(load(order.exercise)))
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
