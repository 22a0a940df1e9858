"""The validation suite's long form: more messages, progress, and `docs/validation.md` with its figure.

`make validate` (or `python bootstrap.py validate`) runs it. `--times 1` takes the suite's own lengths.
"""

from __future__ import annotations

import argparse
import os
import sys
from concurrent.futures import ProcessPoolExecutor, as_completed
from pathlib import Path
from textwrap import wrap
from typing import TYPE_CHECKING

from mqsim.api import Scenario, simulate
from mqsim.statistics import holm
from tests.validation.cases import CASES, ROWS
from tests.validation.measuring import JOINT, REPLICATIONS, Case, Row, measured, rows

if TYPE_CHECKING:
    from collections.abc import Sequence

ROOT = Path(__file__).resolve().parents[2]
PAGE = ROOT / "docs" / "validation.md"
FIGURE = ROOT / "docs" / "images" / "validation.png"
TIMES = 6


def main(words: Sequence[str] | None = None) -> int:
    """Run all cases, write page and figure, and say 1 if a row disagrees."""
    parser = argparse.ArgumentParser(prog="validate", description=__doc__)
    parser.add_argument("--times", type=int, default=TIMES, help=f"how much longer each run is ({TIMES})")
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1, help="processes at a time")
    chosen = parser.parse_args(words)
    found = measure(CASES, chosen.times, chosen.jobs)
    adjusted = holm([row.p for row in found])
    PAGE.write_text(page(found, adjusted, chosen.times), encoding="utf-8", newline="\n")
    draw(found)
    wrong = [row for row, p in zip(found, adjusted, strict=True) if p <= JOINT]
    for row in wrong:
        print(f"{row.case}, {row.quantity}: {row.exact:.6g} by theory, {row.interval} simulated")
    print(f"{len(found) - len(wrong)} of {len(found)} rows agree; {PAGE.relative_to(ROOT)} is written.")
    return 1 if wrong else 0


def measure(cases: Sequence[Case], times: int, jobs: int) -> list[Row]:
    """All rows; each replication is a job of its own."""
    from rich.console import Console
    from rich.progress import track

    found: dict[tuple[int, int], dict[str, float]] = {}
    with ProcessPoolExecutor(jobs) as pool:
        work = {
            pool.submit(replication, i, k, times): (i, k)
            for i, case in enumerate(cases)
            for k in range(count(case, times))
        }
        ended = as_completed(work)
        for done in track(ended, "runs", total=len(work), console=Console(stderr=True)):
            found[work[done]] = done.result()
    result = []
    for i, case in enumerate(cases):
        runs = [found[i, k] for k in range(count(case, times))]
        result += rows(case, {key: [run[key] for run in runs] for key in case.exact})
    return result


def count(case: Case, times: int) -> int:
    """How many replications: more of a run that ends by itself, which can't be made longer."""
    return REPLICATIONS * (1 if case.data.get("duration") else times)


def replication(number: int, index: int, times: int) -> dict[str, float]:
    """One run of one case."""
    case = CASES[number]
    return measured(simulate(longer(case.scenario, times), case.seed, index), case)


def longer(scenario: Scenario, times: int) -> Scenario:
    """The same for `times` as long, with the same warm-up."""
    if scenario.duration is None or times == 1:
        return scenario
    return scenario.with_({"duration": scenario.duration * times})


def page(found: Sequence[Row], adjusted: Sequence[float], times: int) -> str:
    """The page: what was done, the figure, the table."""
    agreeing = sum(p > JOINT for p in adjusted)
    length = (
        ("")
        if times == 1
        else f", each {times} times as long as in the test suite (of drains {times} times as many)"
    )
    says = (
        "This page compares the simulation with exact values of queueing theory. `make validate` runs every "
        f"case and writes the page. Each case is the mean of {REPLICATIONS} independent "
        f"replications{length}. The seeds come from the names of the cases. Intervals are of 95 %. "
        f"A row agrees unless Holm's procedure over all {len(found)} rows rejects it at {JOINT:g}. By chance "
        f"alone this would happen in one of {1 / JOINT:g} suites."
    )
    rules = (
        "The broker's rules are held to real RabbitMQ servers instead: to recorded behaviours, and to random "
        "conversations that are played on a real RabbitMQ and on ours and compared step by step "
        "(`python -m tests.conformance.fuzz 1000`; `tests/conformance/README.md`)."
    )
    lines = [
        "# Validation",
        "",
        *wrap(says, 118),
        "",
        *wrap(rules, 118),
        "",
        f"**{agreeing} of {len(found)} rows agree.** Scenarios: `tests/validation/`; formulas: "
        "[theory](theory.md).",
        "",
        "![Deviation of each row from theory, in percent, with its interval](images/validation.png)",
        "",
        "| Case | Quantity | Exact | Simulated | ± | Verdict |",
        "| --- | --- | --- | --- | --- | --- |",
    ]
    for row, p in zip(found, adjusted, strict=True):
        verdict = "agrees" if p > JOINT else "**differs**"
        simulated = f"{row.interval.mean:.6g} | {row.interval.half_width:.2g}"
        lines.append(f"| {row.case} | {shown(row.quantity)} | {row.exact:.6g} | {simulated} | {verdict} |")
    return "\n".join(lines) + "\n"


def shown(key: str) -> str:
    """A quantity's name on the page."""
    queue, colon, name = key.rpartition(":")
    return f"`{name}`" + (f" of {queue}" if queue else " of the whole" * bool(colon))


def draw(found: Sequence[Row]) -> None:
    """Each row's deviation in percent, with its interval; percentiles apart from the rest."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=(7.5, 3.2), layout="constrained")
    FigureCanvasAgg(figure)
    axes = figure.add_subplot()
    for percentile, colour, label in (
        (False, "#1f6f8b", "means and shares"),
        (True, "#b4541a", "percentiles"),
    ):
        mine = [(i, row) for i, row in enumerate(found) if (".p" in row.quantity) == percentile and row.exact]
        axes.errorbar(
            [i for i, _ in mine],
            [100 * (row.interval.mean / row.exact - 1) for _, row in mine],
            [100 * row.interval.half_width / row.exact for _, row in mine],
            fmt="o",
            markersize=2,
            linewidth=0.7,
            color=colour,
            label=label,
        )
    axes.axhline(0, color="black", linewidth=0.6)
    axes.set_xlabel("row of the table")
    axes.set_ylabel("simulated over exact, %")
    axes.legend(frameon=False, fontsize=8)
    FIGURE.parent.mkdir(exist_ok=True)
    figure.savefig(FIGURE, dpi=110, metadata={"Software": None})


if __name__ == "__main__":
    assert sum(len(case.exact) for case in CASES) == ROWS
    sys.exit(main())
