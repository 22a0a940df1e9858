"""Runs the cases of `pika_cases`, each in a fresh process, in turn with a yardstick, and writes PROGRAMS.md.

The yardstick is the start of an interpreter that imports pika: what a program costs before it has done
anything. A ratio divides two runs that followed each other, so that a slow minute falls on both.
"""

from __future__ import annotations

import argparse
import datetime
import json
import subprocess
import sys
import time
from statistics import median
from typing import TYPE_CHECKING, NamedTuple

from benchmarks.pika_cases import CASES
from benchmarks.results import load
from benchmarks.runner import ROOT, BenchmarkError, write_whole

if TYPE_CHECKING:
    from collections.abc import Sequence

RESULTS = ROOT / "benchmarks" / "PROGRAMS.md"


class Cost(NamedTuple):
    """One measurement, in seconds: by the wall's clock, the processor's, and the yardstick beside it."""

    wall: float
    processor: float
    yardstick: float

    @property
    def ratio(self) -> float:
        """The case over the yardstick."""
        return self.wall / self.yardstick


def run_once(name: str, quick: bool) -> Cost:
    """The yardstick, then the case.

    Raises:
        BenchmarkError: the case failed, or printed something else.
    """
    before = time.perf_counter()
    subprocess.run([sys.executable, "-c", "import pika"], cwd=ROOT, check=True)
    yardstick = time.perf_counter() - before
    command = [sys.executable, "-m", "benchmarks.pika_cases", name, *(["--quick"] if quick else [])]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    try:
        told = json.loads(done.stdout)
        return Cost(told["wall"], told["processor"], yardstick)
    except (ValueError, KeyError, TypeError):
        last = (done.stderr.strip().splitlines() or ["it said nothing"])[-1]
        raise BenchmarkError(f"{name} ended with status {done.returncode}: {last}") from None


def row(name: str, costs: Sequence[Cost], quick: bool) -> str:
    """One line of the table."""
    case = CASES[name]
    note = f" ({case.quick})" if quick and case.quick else ""
    wall, processor = (median(getattr(cost, clock) for cost in costs) for clock in ("wall", "processor"))
    verdict = "yes" if processor < case.limit else "**no**"
    ratios = f"{min(cost.ratio for cost in costs):.3g} … {max(cost.ratio for cost in costs):.3g}"
    cells = (f"{case.title}{note}", f"{wall:.3g}", f"{processor:.3g}", f"{case.limit:g}", verdict, ratios)
    return f"| {' | '.join(cells)} |"


def page(lines: Sequence[str], rounds: int, load_before: str, date: str) -> str:
    """The whole of PROGRAMS.md."""
    head = f"""# Real programs in virtual time

Written by `make bench` on {date}; never by hand. README.md beside it says what is run.

Each figure is in seconds, the median of {rounds} runs, each a fresh process, in turn with the start of an
interpreter that imports pika. **ratio** is the case over that start, lowest … highest. **held** says whether
the processor's time stayed below the limit: the work is one thread's and waits for nothing, so on a machine
with nothing else to do the two clocks agree. Load average before the first run: {load_before}.
"""
    return "\n".join([head, *_HEADING, *lines, ""])


_HEADING = (
    "| what | wall's clock | processor | limit | held | ratio |",
    "| --- | ---: | ---: | ---: | --- | ---: |",
)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the cases; only a full run (all cases, three rounds or more, not quick) writes PROGRAMS.md.

    Returns:
        0; 1 when a case failed; 2 for a wrong option; 130 when interrupted.
    """
    parser = argparse.ArgumentParser(prog="run.py programs", description="what real pika programs cost")
    parser.add_argument("--rounds", type=int, default=3, help="how often each case runs (default 3)")
    parser.add_argument("--quick", action="store_true", help="one round of shorter runs; writes nothing")
    parser.add_argument("--only", nargs="+", choices=list(CASES), metavar="CASE", help=", ".join(CASES))
    parser.add_argument("--date", default=None, help="the date to print in the results (default today)")
    given = parser.parse_args(arguments)
    if given.rounds < 1:
        parser.error("--rounds has to be 1 or more")
    rounds = 1 if given.quick else given.rounds
    names = [name for name in CASES if not given.only or name in given.only]
    load_before = load()
    print(f"Load average {load_before}: the nearer to 0, the steadier what follows.")
    costs: dict[str, list[Cost]] = {name: [] for name in names}
    try:
        for _ in range(rounds):
            for name in names:
                costs[name].append(run_once(name, given.quick))
    except BenchmarkError as error:
        print(f"{error}. PROGRAMS.md is as it was.", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("Interrupted; PROGRAMS.md is as it was.", file=sys.stderr)
        return 130
    lines = [row(name, costs[name], given.quick) for name in names]
    print("\n".join([*_HEADING, *lines]))
    if len(names) == len(CASES) and rounds >= 3 and not given.quick:
        date = given.date or datetime.date.today().isoformat()
        write_whole(RESULTS, page(lines, rounds, load_before, date))
        print(f"Written: {RESULTS.relative_to(ROOT)}")
    return 0
