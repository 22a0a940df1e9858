"""What a terminal shows: tables, verdicts, a coloured timeline; plain when it is no terminal."""

from __future__ import annotations

import json
import sys
import textwrap
from typing import TYPE_CHECKING, Any

from mqsim.report.tables import Table, number, summary_tables, verdict

if TYPE_CHECKING:
    from collections.abc import Iterable

    from rich.console import Console

    from mqsim.api import Result
    from mqsim.scenario import Scenario
    from mqsim.trace.tables import Trace
    from mqsim.trace.timeline import Line

MOST_CONSUMERS = 12
_SIGNS = {
    "holds": ("green", "holds"),
    "broken": ("bold red", "BROKEN"),
    "not exercised": ("dim", "not exercised"),
}
HUES = ("cyan", "yellow", "magenta", "green", "blue", "bright_cyan", "bright_yellow", "bright_magenta")
_BAD = frozenset(
    {
        "lost",
        "crashed",
        "powered-off",
        "broker-killed",
        "hung",
        "connection-lost",
        "dropped",
        "refused",
        "unroutable",
    }
)


def console() -> Console:
    """A rich console on stdout: colour and the window's width on a terminal; else plain, 100 columns wide."""
    from rich.console import Console

    return Console(highlight=False, width=None if sys.stdout.isatty() else 100, soft_wrap=False)


def json_object(numbers: dict[str, Any]) -> None:
    """One JSON object; what is absent is null."""
    print(json.dumps(numbers, indent=2, allow_nan=False))


def result(run: Result) -> None:
    """The compact summary of one run."""
    from rich.text import Text

    out = console()
    summary, checks = run.summary(), list(run.checks())
    length = run.trace.end - run.trace.start
    out.print(Text(run.scenario.name, style="bold"), f"(seed {run.seed}, {number(length)} simulated seconds)")
    out.print(
        verdict(summary, (check.name for check in checks if check.status.value == "broken")), markup=False
    )
    for one in summary_tables(summary, MOST_CONSUMERS):
        out.print()
        table(out, one)
    out.print()
    for check in checks:
        style, word = _SIGNS[check.status.value]
        name = check.name.replace("_", " ").replace("-", " ")
        marked(out, word, style, f"{name}: {check.sentence}")
    for warning in run.warnings:
        marked(out, "mind", "yellow", warning)


def marked(out: Console, word: str, style: str, sentence: str) -> None:
    """A sentence behind a coloured word, its further lines set in as far as the first."""
    from rich.text import Text

    first, *others = textwrap.wrap(sentence, max(out.width - 14, 20)) or [""]
    out.print(Text(f"{word:<13}", style=style), Text(first), soft_wrap=True)
    for line in others:
        out.print(Text(f"{'':<13} {line}"), soft_wrap=True)


def table(out: Console, content: Table) -> None:
    """A table whose numbers stand to the right."""
    from rich import box
    from rich.table import Table as Rich

    drawn = Rich(
        title=content.title,
        title_justify="left",
        title_style="bold",
        box=box.SIMPLE_HEAD,
        show_edge=False,
        pad_edge=False,
    )
    for place, name in enumerate(content.columns):
        drawn.add_column(name, justify="right" if place else "left", header_style="dim", overflow="fold")
    for row in content.rows:
        drawn.add_row(*row)
    with out.capture() as drawing:
        out.print(drawn)
    print("\n".join(line.rstrip() for line in drawing.get().splitlines()))


def timeline(trace: Trace) -> None:
    """Every line of the run's story, coloured by who acts when a person watches."""
    from mqsim.trace.timeline import timeline_of

    lines(timeline_of(trace))


def lines(story: Iterable[Line]) -> None:
    """Lines of a timeline. Without a terminal they are written as they are, fast."""
    if not sys.stdout.isatty():
        for line in story:
            print(line)
        return
    from rich.text import Text

    out, hues = console(), dict[str, str]()
    for line in story:
        hue = hues.setdefault(line.who, "white" if line.who == "broker" else HUES[len(hues) % len(HUES)])
        out.print(Text(str(line), style="bold red" if line.kind in _BAD else hue), soft_wrap=True)


def presets() -> None:
    """The presets, what each shows, and how to run one."""
    from mqsim.scenario import presets as known

    print("Presets (mqsim run NAME):")
    titles = known()
    margin = max(map(len, titles))
    for name, title in titles.items():
        print(f"  {name:<{margin}}  {title}")


def _spread(one: dict[str, Any]) -> float:
    """The half-width of an interval; what only rounding made is none."""
    return 0.0 if one["half_width"] <= 1e-12 * abs(one["mean"]) else float(one["half_width"])


def means(scenario: Scenario, numbers: dict[str, Any]) -> None:
    """Means over replications with the half-widths of their 95 % intervals."""
    rows = tuple(
        (
            name,
            number(one["mean"]),
            "–" if one["half_width"] is None else f"± {number(_spread(one))}",
            str(one["runs"]),
        )
        for name, one in numbers["figures"].items()
    )
    out = console()
    out.print(
        f"{scenario.name} (seed {numbers['seed']}, {numbers['replications']} replications)", markup=False
    )
    out.print()
    table(
        out,
        Table("Means with 95 % intervals; times in seconds", ("figure", "mean", "half-width", "runs"), rows),
    )
    for warning in numbers["warnings"]:
        marked(out, "mind", "yellow", warning)
