"""`mqsim exercise`: the exercises for a student, and the tools of those who write them."""

from __future__ import annotations

import shlex
import sys
import time
from contextlib import nullcontext
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from mqsim.cli.own_name import remind
from mqsim.errors import UsageError

if TYPE_CHECKING:
    from mqsim.grading import Exercise, Verdict
    from mqsim.grading.authoring import Proof
    from mqsim.grading.search import Numbered

app = typer.Typer(
    help="Exercises: write pika programs, and see what becomes of their messages when something fails.",
    add_completion=False,
    pretty_exceptions_enable=False,
    no_args_is_help=True,
)

Name = Annotated[str, typer.Argument(metavar="NAME", help="Such as task_queue, or 02_task_queue, or 2.")]
Folder = Annotated[
    Path | None, typer.Argument(metavar="[DIR]", help="Where your programs are.", show_default=False)
]


@app.command(name="list")
def list_all() -> None:
    """List the exercises."""
    from mqsim.grading.catalogue import names, shelf
    from mqsim.grading.exercise import load

    for name in names():
        exercise = load(shelf() / name)
        files = [*(f"{program}.py" for program in exercise.programs), *exercise.files]
        typer.echo(f"{name:<28} {exercise.points:g} points  {', '.join(files)}")
    typer.echo("\nBegin one with `mqsim exercise start NAME`.")
    remind()


@app.command()
def start(name: Name, folder: Folder = None) -> None:
    """Put an exercise's page and starter into a folder of your own (by default ./NAME)."""
    from mqsim.grading.catalogue import find
    from mqsim.grading.practice import start as hand_out

    where = find(name)
    target = folder or Path(where.name)
    written = hand_out(where, target)
    if not written:
        typer.echo(f"{target} has the exercise already; nothing was changed.")
    for path in written:
        typer.echo(f"wrote {path}")
    typer.echo(
        f"Read {target / 'README.md'} and write your programs. Check them: cd {target}; mqsim exercise check"
    )
    remind()


@app.command()
def check(
    name: Annotated[
        str | None, typer.Argument(metavar="[NAME]", help="The exercise.", show_default=False)
    ] = None,
    folder: Folder = None,
    watch: Annotated[
        bool, typer.Option("--watch", help="Check again whenever a file changes; Ctrl-C ends it.")
    ] = False,
    verbose: Annotated[
        bool, typer.Option("--verbose", help="Tell of each check how many runs it was judged by.")
    ] = False,
) -> None:
    """Run the public checks on your programs."""
    exercise, where = _meant(name, folder)
    while True:
        seen = _stamp(where)
        typer.echo(_told(exercise, where, verbose))
        remind()
        if not watch:
            return
        typer.echo("\nWaiting for a change. Ctrl-C ends it.")
        try:
            while _stamp(where) == seen:
                time.sleep(0.3)
        except KeyboardInterrupt:
            return


@app.command()
def replay(
    name: Name,
    number: Annotated[str, typer.Argument(metavar="RUN", help="As a report gives it, such as 2.17.")],
    folder: Annotated[
        Path | None,
        typer.Argument(
            metavar="[PATH]",
            help="Where the programs are; with --sandbox also a zip archive or a notebook.",
            show_default=False,
        ),
    ] = None,
    tasks: Annotated[
        str | None,
        typer.Option(
            metavar="'TASK TASK'", help="Other tasks, as the report gives them.", show_default=False
        ),
    ] = None,
    sandbox: Annotated[
        bool, typer.Option("--sandbox", help="Confine the programs: for what somebody else handed in.")
    ] = False,
) -> None:
    """Show one run of a check again, line by line."""
    numbered = _played_again(name, number, folder, None if tasks is None else shlex.split(tasks), sandbox)
    from mqsim.grading.failure_message import whole

    run = numbered.played.run
    for strike in run.strikes:
        typer.echo(f"In this run: {strike.words()}.")
    for line in whole(numbered.played):
        typer.echo(line)
    typer.echo(f"\nThe run ends at {run.end:.6f}.")
    typer.echo(f"Recorded: {_counted(run.effects)}. Left in queues: {_listed(run.left())}.")


def _played_again(
    name: str, number: str, path: Path | None, tasks: list[str] | None, sandbox: bool
) -> Numbered:
    from mqsim.grading.catalogue import find
    from mqsim.grading.exercise import load
    from mqsim.grading.grading import in_sandbox
    from mqsim.grading.practice import replay as play_again

    if not sandbox:
        exercise, where = _meant(name, path)
        return play_again(exercise, where, number, tasks=tasks)
    exercise = load(find(name))
    if path is not None and not path.exists():
        raise UsageError(f"{path}: there is no such file or folder.")
    with in_sandbox(exercise, path or _meant(name, None)[1]) as (where, carry):
        return play_again(exercise, where, number, tasks=tasks, carried=lambda: nullcontext(carry))


@app.command()
def new(
    name: Annotated[str, typer.Argument(metavar="NN_NAME", help="Such as 11_dead_letters.")],
    shelf: Annotated[Path, typer.Option(metavar="DIR", help="The folder of the exercises.")] = Path(
        "exercises"
    ),
    solutions: Annotated[Path, typer.Option(metavar="DIR", help="The folder of their solutions.")] = Path(
        "tests/exercises"
    ),
) -> None:
    """Begin an exercise of your own from a pattern."""
    from mqsim.grading.authoring import begin

    for path in begin(name, shelf, solutions):
        typer.echo(f"wrote {path}")
    typer.echo(
        f"It works as it stands: mqsim exercise validate {shelf / name} --solutions {solutions / name}\n"
        "Now change the page, the checks and the solutions, and validate again."
    )


@app.command()
def validate(
    name: Name,
    solutions: Annotated[
        Path | None,
        typer.Option(metavar="DIR", help="A folder with right/ and wrong/.", show_default=False),
    ] = None,
    only: Annotated[str, typer.Option(metavar="WORD", help="Only solutions whose name has it.")] = "",
) -> None:
    """Prove an exercise: right solutions pass, wrong ones fail the check that they are meant to fail."""
    from mqsim.grading.authoring import matrix
    from mqsim.grading.authoring import validate as prove
    from mqsim.grading.catalogue import find
    from mqsim.grading.exercise import load

    folder = find(name)
    where = solutions or folder.parent.parent / "tests" / "exercises" / folder.name
    if not where.is_dir():
        raise UsageError(f"{where}: there are no solutions; name their folder with --solutions DIR.")
    proofs: list[Proof] = []

    def begun(name: str, number: int, total: int) -> None:
        print(f"{number} of {total}: {name}", file=sys.stderr, flush=True)

    def done(proof: Proof) -> None:
        proofs.append(proof)
        print(f"{'well ' if proof.holds else 'WRONG'} {proof.name}", file=sys.stderr, flush=True)

    try:
        prove(folder, where, only=only, begun=begun, done=done)
    except KeyboardInterrupt:
        typer.echo(matrix(load(folder), proofs))
        typer.echo("Stopped: the solutions that follow were not judged.")
        raise
    typer.echo(matrix(load(folder), proofs))
    if not all(proof.holds for proof in proofs):
        raise typer.Exit(1)


@app.command()
def release(
    name: Name,
    target: Annotated[Path, typer.Argument(metavar="DIR", help="Where it is written.")],
    solutions: Annotated[
        Path | None,
        typer.Option(metavar="DIR", help="A folder with right/ and wrong/.", show_default=False),
    ] = None,
    overwrite: Annotated[
        bool, typer.Option("--overwrite", help="Replace files that are there already.")
    ] = False,
) -> None:
    """Write what students get: page, checks, starter and a notebook, without solutions."""
    from mqsim.grading.authoring import release as hand_out
    from mqsim.grading.catalogue import find

    folder = find(name)
    where = solutions or folder.parent.parent / "tests" / "exercises" / folder.name
    for path in hand_out(folder, where, target, overwrite=overwrite):
        typer.echo(f"wrote {path}")


def _counted(effects: dict[str, int]) -> str:
    return ", ".join(f"{key} ×{times}" if times > 1 else key for key, times in effects.items()) or "nothing"


def _listed(texts: list[str]) -> str:
    return ", ".join(texts) or "nothing"


def _meant(name: str | None, folder: Path | None) -> tuple[Exercise, Path]:
    """The exercise, and the folder of the student's programs."""
    from mqsim.grading.catalogue import find
    from mqsim.grading.exercise import load

    if name is None:
        here = folder or Path()
        if not (here / "exercise.py").is_file():
            raise UsageError(
                "there is no exercise in this folder: name one, as in `mqsim exercise check task_queue`."
            )
        return load(here.absolute()), here
    exercise = load(find(name))
    if folder is None:
        folder = Path(exercise.name) if Path(exercise.name).is_dir() else Path()
    if not folder.is_dir():
        raise UsageError(f"{folder}: there is no such folder.")
    return exercise, folder


def _stamp(folder: Path) -> list[tuple[str, int, int]]:
    return [
        (str(path), path.stat().st_mtime_ns, path.stat().st_size)
        for path in sorted(folder.glob("*"))
        if path.is_file() and path.suffix in (".py", ".yaml")
    ]


def _told(exercise: Exercise, folder: Path, verbose: bool) -> str:
    from mqsim.cli.progress import programs_that_keep_others_waiting, progress_bar
    from mqsim.grading.practice import check as judge
    from mqsim.grading.reports.text import text

    with programs_that_keep_others_waiting(), progress_bar(exercise.name, "runs") as tell:
        if tell is not None:
            tell(0, None)
        progress = None if tell is None else lambda _, runs: tell(runs, None)
        verdict: Verdict = judge(exercise, folder, progress=progress)
    return f"These are the public checks.\n\n{text(verdict, counts=verbose)}"
