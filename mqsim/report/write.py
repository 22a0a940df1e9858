"""A run as one HTML page that needs nothing else: no network, no scripts, light or dark as the reader likes
it.
"""

from __future__ import annotations

import math
from html import escape
from itertools import islice
from typing import TYPE_CHECKING, Any

from mqsim.report import page
from mqsim.report.files import writable_target, write_atomically
from mqsim.report.tables import ABSENT, Table, summary_tables, theory_table, verdict
from mqsim.trace.timeline import timeline_of
from mqsim.viz import cumulative, depth, distribution, lanes, spacetime
from mqsim.viz.bars import consumers
from mqsim.viz.faults import fault_name

if TYPE_CHECKING:
    import os
    from pathlib import Path

    import pandas as pd

    from mqsim.checkers import Verdict
    from mqsim.runs import RunResult
    from mqsim.trace.tables import Trace

FIRST_LINES = 200
FIRST_RECORDS = 10
_MOST_ROWS = 200
_MOST_WAITS = 4
_STATUS = {
    "holds": ("holds", "holds"),
    "broken": ("broken", "BROKEN"),
    "not exercised": ("idle", "not exercised"),
}


def write_report(result: RunResult, path: str | os.PathLike[str]) -> Path:
    """Write a run's report; it appears under `path` only when it is complete.

    Args:
        result: a run.
        path: the HTML file; its folder must exist.

    Returns:
        Where it is.

    Raises:
        UsageError: the file can't be written there.
    """
    writable_target(path)  # before the work of drawing
    return write_atomically(path, report_html(result))


def report_html(result: RunResult) -> str:
    """The page, as text."""
    summary, checks = result.summary(), list(result.checks())
    name = str(result.scenario.name)
    broken = [check.name for check in checks if check.status.value == "broken"]
    body = "\n".join(
        part
        for part in (
            "<header>",
            f"<h1>{escape(name)}</h1>",
            page.paragraph(verdict(summary, broken), "verdict"),
            page.paragraph(_facts(result), "soft"),
            *(page.paragraph(f"Mind: {warning}") for warning in result.warnings),
            "</header>",
            "<main>",
            page.section("Numbers", *(page.table(one) for one in _cut(summary_tables(summary)))),
            page.section("Beside theory", *_theory(result, summary)),
            page.section("Checks", _checks(checks)),
            page.section("Who worked when", _lanes(result.trace)),
            page.section("Queue depth", _depth(result.trace)),
            page.section("Arrivals against completions", _cumulative(result.trace)),
            page.section("How long messages waited", _waits(result, summary)),
            page.section("The way of the messages", _way(result.trace)),
            page.section("Faults", _faults(result.trace)),
            page.section("Timeline", _timeline(result.trace)),
            page.section("Scenario", page.preformatted(result.scenario.to_yaml())),
            page.section("Run it again", *_again(result)),
            "</main>",
        )
        if part
    )
    return (
        '<!DOCTYPE html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<title>{escape(name)} · mqsim</title>\n<style>{page.style()}</style>\n</head>\n"
        f"<body>\n{body}\n</body>\n</html>\n"
    )


def summary_html(result: RunResult) -> str:
    """The verdict and the tables as a piece of HTML, for a notebook."""
    summary = result.summary()
    broken = [check.name for check in result.checks() if check.status.value == "broken"]
    parts = [
        page.paragraph(verdict(summary, broken)),
        *(page.table(one) for one in _cut(summary_tables(summary))),
    ]
    return "\n".join(parts)


def _facts(result: RunResult) -> str:
    trace = result.trace
    length = trace.end - trace.start
    return f"{length:g} simulated seconds, rules of RabbitMQ {trace.profile}, seed {result.seed}."


def _theory(result: RunResult, summary: dict[str, Any]) -> tuple[str, ...]:
    """What a formula says, where one fits; nothing otherwise."""
    table, mind = theory_table(result.scenario, summary)
    if table is None:
        return ()
    return (page.table(table, words=True), *(page.paragraph(sentence, "soft") for sentence in mind))


def _cut(tables: list[Table]) -> list[Table]:
    return [
        table
        if len(table.rows) <= _MOST_ROWS
        else Table(
            f"{table.title} (first {_MOST_ROWS} of {len(table.rows)})", table.columns, table.rows[:_MOST_ROWS]
        )
        for table in tables
    ]


def _checks(checks: list[Verdict]) -> str:
    items = []
    for check in checks:
        kind, words = _STATUS[check.status.value]
        proof = _records(check.records) if len(check.records) else ""
        name = check.name.replace("_", " ").replace("-", " ")
        items.append(
            f'<li><span class="state {kind}">{words}</span> '
            f"<strong>{escape(name)}</strong>: {escape(check.sentence)}{proof}</li>"
        )
    return f'<ul class="checks">\n{"".join(items)}\n</ul>' if items else ""


def _records(records: pd.DataFrame) -> str:
    """The first records that prove a verdict, as a table that opens; columns that hold nothing are left
    out.
    """
    first = records.head(FIRST_RECORDS).dropna(axis="columns", how="all")
    rows = tuple(tuple(_cell(value) for value in row) for row in first.itertuples(index=False))
    title = f"{len(records)} record{'s' * (len(records) != 1)} that prove{'s' * (len(records) == 1)} it"
    shown = title if len(records) <= FIRST_RECORDS else f"{title}; the first {FIRST_RECORDS}"
    return page.folded(shown, page.table(Table(shown, tuple(map(str, first.columns)), rows), words=True))


def _cell(value: object) -> str:
    if value is None or (isinstance(value, float) and math.isnan(value)):
        return ABSENT
    return f"{value:.6g}" if isinstance(value, float) else str(value)


def _lanes(trace: Trace) -> str:
    if not consumers(trace):
        return page.paragraph("The run had no consumers.")
    return page.figure(lambda: lanes.plot_lanes(trace), lanes.alt_text(trace), "lanes")


def _depth(trace: Trace) -> str:
    if not trace.queues.names:
        return page.paragraph("The run had no queues.")
    return page.figure(lambda: depth.plot_depth(trace), depth.alt_text(trace), "depth")


def _cumulative(trace: Trace) -> str:
    if not trace.messages.n:
        return ""
    return page.figure(lambda: cumulative.plot_cumulative(trace), cumulative.alt_text(trace), "cumulative")


def _waits(result: RunResult, summary: dict[str, Any]) -> str:
    """The wait in each queue whose messages were worked on, with the formula where there is one."""
    trace, warmup = result.trace, summary["window"]["start"] - result.trace.start
    worked = [name for name, queue in summary["queues"].items() if queue["wait"]["count"]]
    return "\n".join(
        page.figure(
            lambda name=name: distribution.plot_distribution(trace, "wait", name, result.scenario, warmup),  # type: ignore[misc]
            distribution.alt_text(trace, "wait", name, result.scenario, warmup),
            f"wait{place}",
        )
        for place, name in enumerate(worked[:_MOST_WAITS])
    )


def _way(trace: Trace) -> str:
    """The space-time diagram, of a run that is small enough to be followed message by message."""
    if not 0 < trace.messages.n <= spacetime.MOST_MESSAGES:
        return ""
    return page.figure(lambda: spacetime.plot_spacetime(trace), spacetime.alt_text(trace), "spacetime")


def _faults(trace: Trace) -> str:
    if not trace.faults:
        return page.paragraph("None struck.")
    rows = tuple(
        (
            fault_name(fault),
            f"{fault.start:.6g}",
            "end of the run" if math.isnan(fault.end) else f"{fault.end:.6g}",
        )
        for fault in trace.faults[:_MOST_ROWS]
    )
    more = f" (first {_MOST_ROWS} of {len(trace.faults)})" if len(trace.faults) > _MOST_ROWS else ""
    return page.table(Table(f"What struck, and when (s){more}", ("fault", "from", "to"), rows), words=True)


def _timeline(trace: Trace) -> str:
    lines = [str(line) for line in islice(timeline_of(trace), FIRST_LINES + 1)]
    if not lines:
        return page.paragraph("Nothing happened.")
    more = len(lines) > FIRST_LINES
    title = f"The first {FIRST_LINES} lines" if more else f"All {len(lines)} lines"
    tail = "\n... (mqsim run --timeline shows the rest)" if more else ""
    return page.folded(title, page.preformatted("\n".join(lines[:FIRST_LINES]) + tail))


def _again(result: RunResult) -> tuple[str, ...]:
    from mqsim import __version__

    return (
        page.paragraph("Save the scenario above as scenario.yaml beside any files it names, then run:"),
        page.preformatted(f"mqsim run scenario.yaml --seed {result.seed}"),
        page.paragraph(
            f"Made by mqsim {__version__}. The same scenario, seed and version give the same run.", "soft"
        ),
    )
