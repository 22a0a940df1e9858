"""`mqsim demo`: three tasks of two seconds, told in five steps.

Every step is a run of `three-tasks.yaml` with a few fields changed; what it finds is read off its trace.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mqsim.cli.demo import findings

if TYPE_CHECKING:
    from mqsim.api import Result
    from mqsim.trace.story import Line
    from mqsim.trace.tables import Trace

_NEXT = {
    "mqsim run": "what else is ready to run",
    "mqsim run worker-crash --timeline": "a crash, message by message",
    "mqsim run fair-dispatch --report page.html": "numbers, checks and figures on one page",
    "mqsim run task-queue --set consumers.worker.count=3": "turn a knob",
}
_TOLD = frozenset({"published", "sent", "finished", "crashed", "lost", "returned", "requeued"})
_COLUMNS = 64


@dataclass(frozen=True)
class Step:
    """One step: a `title`, two lines of `prose`, the `changes` to the scenario, and what is `found` in its
    trace.
    """

    title: str
    prose: tuple[str, str]
    changes: dict[str, Any]
    found: Callable[[Trace], str]


_THREE = {"consumers.worker.count": 3}
_KILL = {"faults": [{"crash": "worker-1", "at": 3}]}

STEPS = (
    Step(
        "a) one worker",
        (
            "A producer drops three tasks of two seconds into a queue. It need not wait for anybody.",
            "Half a second later one worker subscribes, and works through them one by one.",
        ),
        {},
        findings.who_did_what,
    ),
    Step(
        "b) three workers, no prefetch",
        (
            "Now three workers subscribe. Will it go three times as fast?",
            "Without a prefetch limit the broker pushes all that waits to the first who asks.",
        ),
        _THREE,
        findings.who_did_what,
    ),
    Step(
        "c) three workers, prefetch 1",
        (
            "Prefetch 1 tells the broker: one unacknowledged message each, no more.",
            "The other two tasks stay in the queue until somebody is free for them.",
        ),
        _THREE | {"consumers.worker.prefetch": 1},
        findings.who_did_what,
    ),
    Step(
        "d) a worker dies at t = 3, automatic acknowledgement",
        (
            "As in b, but with auto-ack: the broker counts a message as done once it is sent.",
            "Then worker-1 is killed, with tasks in its hands that nobody else has.",
        ),
        _THREE | _KILL | {"consumers.worker.ack": "auto"},
        findings.what_was_lost,
    ),
    Step(
        "e) the same death, manual acknowledgement",
        (
            "One word is changed: workers acknowledge a task when it is done.",
            "What the dead worker never acknowledged goes back to the queue, and to the others.",
        ),
        _THREE | _KILL | {"consumers.worker.ack": "manual"},
        findings.what_was_lost,
    ),
)


def run_step(step: Step) -> Result:
    """The run of one step."""
    from mqsim.api import simulate
    from mqsim.scenario import Scenario

    text = files("mqsim.cli.demo").joinpath("three-tasks.yaml").read_text(encoding="utf-8")
    return simulate(Scenario.from_yaml(text).with_({"name": f"three tasks, {step.title}"} | step.changes))


def tell(report: Path | None = None) -> None:
    """Tell the whole story on stdout.

    Args:
        report: where to write a page about the last step, if anywhere.

    Raises:
        UsageError: the report can't be written there.
    """
    from rich.text import Text

    from mqsim.cli import show
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
        show.lines(short_story(result.trace))
        out.print()
        for lane in [*text_lanes(result.trace, _COLUMNS), text_axis(result.trace, _COLUMNS)]:
            out.print(Text(f"  {lane}"), soft_wrap=True)
        out.print()
        out.print(Text(f"=> {step.found(result.trace)}", style="bold green"), soft_wrap=True)
        out.print()
    out.print(Text(f"In the lanes: {KEY}."), soft_wrap=True)
    out.print()
    _where_next(result, report)


def short_story(trace: Trace) -> Iterator[Line]:
    """The lines of a run's story that matter to this lesson."""
    from mqsim.trace.story import story

    return (line for line in story(trace) if line.kind in _TOLD)


def _where_next(result: Result | None, report: Path | None) -> None:
    if report is not None and result is not None:
        result.report(report)
        print(f"A page about the last step: {report}")
    print("Where to look next:")
    for command, what in _NEXT.items():
        print(f"  {command:<{max(map(len, _NEXT))}}  {what}")
