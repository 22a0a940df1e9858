"""`mqsim demo`: the task queue of a first lesson, as real pika programs, told in four steps.

The programs are the files in `programs/`, unchanged: what they print, and what becomes of their tasks, is
read off the run.
"""

from __future__ import annotations

from dataclasses import dataclass
from importlib.resources import as_file, files
from typing import TYPE_CHECKING, Any

from mqsim.cli.demo import findings
from mqsim.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from mqsim.api import ProgramsResult, Result
    from mqsim.trace.tables import Trace

_NEXT = {
    "mqsim demo --copy DIR": "the four programs of this story, to change and to run",
    "mqsim exec NAME=FILE ...": "your own pika programs, and what a crash does to them",
    "mqsim run": "what else is ready to run",
    "mqsim run worker-crash --timeline": "a crash, message by message",
    "mqsim run fair-dispatch --report page.html": "numbers, checks and figures on one page",
}
_COLUMNS = 64
_START = 2.0
_LENGTH = 9.0
_DEATH = {"crash": "worker-1", "at": 3.0}


@dataclass(frozen=True)
class Step:
    """One step: a `title`, two lines of `prose`, the files that send and work, the `faults` that strike, and
    what is `found` in its trace.
    """

    title: str
    prose: tuple[str, str]
    sender: str
    worker: str
    faults: tuple[dict[str, Any], ...]
    found: Callable[[Trace], str]


STEPS = (
    Step(
        "a) three workers, automatic acknowledgement",
        (
            "new_task.py declares a queue, publishes three tasks and closes. It need not wait for anybody.",
            "Two seconds later three workers come; worker.py prints, sleeps two seconds, and is done.",
        ),
        "new_task.py",
        "worker.py",
        (),
        findings.who_did_what,
    ),
    Step(
        "b) the same, and worker-1 is killed at t = 3",
        (
            "With automatic acknowledgement the broker counts a task as done once it is sent.",
            "So nobody else has what the dead worker had in its hands.",
        ),
        "new_task.py",
        "worker.py",
        (_DEATH,),
        findings.what_was_lost,
    ),
    Step(
        "c) mended: a durable queue, persistent tasks, manual acknowledgement, prefetch 1",
        (
            "new_task_safe.py and worker_safe.py make these four changes, in a queue of their own.",
            "A worker acknowledges a task when it is done, and has one at a time; the others wait.",
        ),
        "new_task_safe.py",
        "worker_safe.py",
        (),
        findings.who_did_what,
    ),
    Step(
        "d) mended, and worker-1 is killed at t = 3",
        (
            "The same death as in b.",
            "What the dead worker never acknowledged goes back to the queue, and to another.",
        ),
        "new_task_safe.py",
        "worker_safe.py",
        (_DEATH,),
        findings.what_was_lost,
    ),
)


def run_step(step: Step) -> ProgramsResult:
    """The run of one step."""
    from mqsim.api import run_programs

    with as_file(files("mqsim.cli.demo").joinpath("programs")) as folder:
        return run_programs(
            {"sender": folder / step.sender, "worker": folder / step.worker},
            count={"worker": 3},
            start={"worker": _START},
            faults=list(step.faults),
            until=_LENGTH,
        )


def copy(folder: Path) -> list[str]:
    """Copy the story's programs into a folder; give their names. What is there already is left as it is.

    Raises:
        UsageError: the folder can't be made or written to.
    """
    copied = []
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for program in sorted(
            files("mqsim.cli.demo").joinpath("programs").iterdir(), key=lambda one: one.name
        ):
            target = folder / program.name
            if program.name.endswith(".py") and not target.exists():
                target.write_text(program.read_text("utf-8"), encoding="utf-8")
                copied.append(program.name)
    except OSError as error:
        raise UsageError(f"{folder}: the programs can't be written there ({error.strerror}).") from None
    return copied


def tell(report: Path | None = None) -> None:
    """Tell the whole story on stdout.

    Args:
        report: where to write a page about the last step, if anywhere.

    Raises:
        UsageError: the report can't be written there.
    """
    from rich.text import Text

    from mqsim.cli import show
    from mqsim.cli.exec import printer
    from mqsim.report import writable_target
    from mqsim.viz.text import KEY, text_axis, text_lanes

    if report is not None:
        writable_target(report)
    out = show.console()
    result = None
    for step in STEPS:
        result = run_step(step)
        out.print(Text(step.title, style="bold"))
        out.print(Text("\n".join(step.prose)), soft_wrap=True)
        out.print()
        tell_line = printer()
        for line in result.lines:
            tell_line(line)
        out.print()
        for lane in [*text_lanes(result.trace, _COLUMNS), text_axis(result.trace, _COLUMNS)]:
            out.print(Text(f"  {lane}"), soft_wrap=True)
        out.print()
        out.print(Text(f"=> {step.found(result.trace)}", style="bold green"), soft_wrap=True)
        out.print()
    out.print(Text(f"In the lanes: {KEY}."), soft_wrap=True)
    out.print()
    _where_next(result, report)


def _where_next(result: Result | None, report: Path | None) -> None:
    if report is not None and result is not None:
        result.report(report)
        print(f"A page about the last step: {report}")
    print("Where to look next:")
    for command, what in _NEXT.items():
        print(f"  {command:<{max(map(len, _NEXT))}}  {what}")
