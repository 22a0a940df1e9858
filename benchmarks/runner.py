"""Runs every program on every case, interleaved, each run in a fresh process, and writes RESULTS.md.

It imports nothing heavy: on Linux a process starts with the peak of memory of the one that started it.
"""

from __future__ import annotations

import argparse
import datetime
import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from rich.console import Console
from rich.progress import track

from benchmarks.programs import PROGRAMS, Case, Program, cases
from benchmarks.results import Run, load, page, table

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

ROOT = Path(__file__).resolve().parent.parent
RESULTS = ROOT / "benchmarks" / "RESULTS.md"
SIZES = (200_000, 1_000_000)
QUICK = 20_000
FIELDS = {"messages", "seconds", "peak_memory_mb", "mean_wait"}


class BenchmarkError(Exception):
    """A program failed, or did not print what it has to."""


def run_once(program: Program, case: Case, number: int) -> Run:
    """Run one program on one case in a fresh process, with the round's number as the seed.

    Raises:
        BenchmarkError: it failed, or its line is not the four fields, or messages are missing.
    """
    workload = program.workload(case, seed=number)
    command = [sys.executable, "-m", program.module, *program.extra, *workload.arguments()]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        last = done.stderr.strip().splitlines()[-1:] or ["it said nothing"]
        raise BenchmarkError(f"{program.title} ended with status {done.returncode}: {last[0]}")
    try:
        line = json.loads(done.stdout)
    except ValueError:
        raise BenchmarkError(f"{program.title} printed no line of JSON but {done.stdout[:80]!r}") from None
    if not isinstance(line, dict) or set(line) != FIELDS:
        raise BenchmarkError(f"{program.title} has to print {sorted(FIELDS)}, not {line!r}")
    if line["messages"] != workload.messages:
        raise BenchmarkError(f"{program.title} finished {line['messages']} of {workload.messages} messages")
    return Run(program, case, number, workload, line["seconds"], line["peak_memory_mb"], line["mean_wait"])


def plan(programs: Sequence[Program], of: Sequence[Case], rounds: int) -> Iterator[tuple[Case, int, Program]]:
    """The order of the runs: case by case, and within a case A B C, A B C and so on."""
    for case in of:
        for number in range(1, rounds + 1):
            for program in programs:
                if not program.takes(case):
                    yield case, number, program


def run_all(programs: Sequence[Program], of: Sequence[Case], rounds: int) -> list[Run]:
    """Run the whole plan, with a line for each run as it ends."""
    steps = list(plan(programs, of, rounds))
    runs = []
    title = ""
    out = Console(stderr=True)
    for case, number, program in track(steps, "runs", console=out, disable=not out.is_terminal):
        run = run_once(program, case, number)
        if case.title != title:
            title = case.title
            print(f"\n{title}", flush=True)
        print(_line(run), flush=True)
        runs.append(run)
    return runs


def _line(run: Run) -> str:
    memory = "–" if run.peak_memory_mb is None else f"{run.peak_memory_mb:,.0f} MB"
    verdict = "  WRONG: too far from the exact mean wait" if run.wrong else ""
    return (
        f"  round {run.round}  {run.program.title:<28}{run.rate:>11,.0f} msg/s  {memory:>9}  "
        f"mean wait {run.mean_wait:.3f} s ({run.off:+.1%}){verdict}"
    )


def write_whole(path: Path, text: str) -> None:
    """Put a text under its final name in one step: an interrupted run leaves the old one as it was."""
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=path.name, suffix=".part")
    part = Path(name)
    try:
        with os.fdopen(handle, "w", encoding="utf-8", newline="\n") as file:
            file.write(text)
        part.chmod(0o644)
        part.replace(path)
    finally:
        part.unlink(missing_ok=True)


def options() -> argparse.ArgumentParser:
    """The command line."""
    parser = argparse.ArgumentParser(
        prog="run.py", description="mqsim's speed and memory beside other simulators'"
    )
    parser.add_argument("--rounds", type=int, default=3, help="how often each program runs (default 3)")
    parser.add_argument(
        "--messages", type=int, nargs="+", metavar="N", help=f"sizes of the runs (default {SIZES})"
    )
    parser.add_argument(
        "--quick", action="store_true", help=f"one round of {QUICK:,} messages; writes nothing"
    )
    keys = [program.key for program in PROGRAMS]
    parser.add_argument(
        "--only", nargs="+", choices=keys, metavar="PROGRAM", help=f"some of {', '.join(keys)}"
    )
    parser.add_argument("--date", default=None, help="the date to print in the results (default today)")
    return parser


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the benchmarks; only a full run (all programs, both sizes, three rounds or more) writes RESULTS.md.

    Returns:
        0; 1 when a program failed or its mean wait is wrong; 2 for a wrong option; 130 when interrupted.
    """
    parser = options()
    given = parser.parse_args(arguments)
    rounds = 1 if given.quick else given.rounds
    sizes = tuple(given.messages or ((QUICK,) if given.quick else SIZES))
    if rounds < 1 or min(sizes) < 1:
        parser.error("--rounds and --messages have to be 1 or more")
    programs = [program for program in PROGRAMS if not given.only or program.key in given.only]
    of = cases(sizes)
    load_before = load()
    print(f"Load average {load_before}: the nearer to 0, the steadier what follows.")
    try:
        runs = run_all(programs, of, rounds)
    except BenchmarkError as error:
        print(f"{error}. RESULTS.md is as it was.", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("Interrupted; RESULTS.md is as it was.", file=sys.stderr)
        return 130
    tables = [table(case, programs, [run for run in runs if run.case is case]) for case in of]
    for lines in tables:
        print("\n" + "\n".join(lines), end="")
    if any(run.wrong for run in runs):
        print(
            "A mean wait is wrong, so somebody simulates another system. RESULTS.md is as it was.",
            file=sys.stderr,
        )
        return 1
    if len(programs) == len(PROGRAMS) and sizes == SIZES and rounds >= 3:
        date = given.date or datetime.date.today().isoformat()
        write_whole(RESULTS, page(date, rounds, programs, tables, load_before))
        print(f"Written: {RESULTS.relative_to(ROOT)}")
    return 0
