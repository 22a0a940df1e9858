"""From single runs to medians, ratios and the table."""

from __future__ import annotations

import os
import platform
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING

from benchmarks import exact
from benchmarks.programs import SUBJECT, Case, Program

if TYPE_CHECKING:
    from collections.abc import Sequence

    from benchmarks.workload import Workload

NEAR = 4.0
"""A run's mean wait may be so many standard deviations from the exact one before it counts as wrong."""


@dataclass(frozen=True, slots=True)
class Run:
    """One measurement: a program, a case, a round, and what the process printed."""

    program: Program
    case: Case
    round: int
    workload: Workload
    seconds: float
    peak_memory_mb: float | None
    mean_wait: float

    @property
    def rate(self) -> float:
        """Messages a second of wall-clock time."""
        return self.workload.messages / self.seconds

    @property
    def off(self) -> float:
        """How far the mean wait is from the exact one, in parts of the exact one."""
        return self.mean_wait / exact.mean_wait(self.workload) - 1

    @property
    def wrong(self) -> bool:
        """Whether the mean wait is too far from the exact one to be chance."""
        return abs(self.off) > NEAR * exact.spread_of_mean(self.workload)


def ratios(subject: Sequence[Run], rival: Sequence[Run]) -> list[float]:
    """The subject's messages a second over the rival's, round by round: the two that ran side by side."""
    beside = {run.round: run.rate for run in rival}
    return [run.rate / beside[run.round] for run in subject if run.round in beside]


def table(case: Case, programs: Sequence[Program], runs: Sequence[Run]) -> list[str]:
    """The lines of one case's table, in Markdown."""
    of = {program.key: [run for run in runs if run.program is program] for program in programs}
    lines = [
        "| program | msg/s | lowest … highest | mqsim is faster by "
        "| lowest … highest | peak memory | mean wait |",
        "| --- | ---: | ---: | ---: | ---: | ---: | ---: |",
    ]
    notes = []
    for program in programs:
        reason = program.takes(case)
        if reason:
            lines.append(f"| {program.title} | – | | | | | |")
            notes.append(f"{program.title}: – {reason}.")
        elif of[program.key]:
            lines.append(_row(program, of[program.key], of.get(SUBJECT, [])))
            messages = of[program.key][0].workload.messages
            if messages != case.workload.messages:
                notes.append(f"{program.title}: run with {messages:,} messages, because it is slow.")
    expected = exact.mean_wait(case.workload)
    return [f"### {case.title}", "", *lines, "", " ".join([f"Exact mean wait {expected:.3f} s.", *notes]), ""]


def _row(program: Program, runs: list[Run], subject: list[Run]) -> str:
    rates = [run.rate for run in runs]
    faster = ratios(subject, runs) if program.key != SUBJECT else []
    peaks = [run.peak_memory_mb for run in runs if run.peak_memory_mb is not None]
    cells = [
        program.title,
        f"{median(rates):,.0f}",
        f"{min(rates):,.0f} … {max(rates):,.0f}",
        f"**{median(faster):.2f}**" if faster else "",
        f"{min(faster):.2f} … {max(faster):.2f}" if faster else "",
        f"{median(peaks):,.0f} MB" if peaks else "–",
        f"{median(run.mean_wait for run in runs):.3f} s"
        + (" **wrong**" if any(r.wrong for r in runs) else ""),
    ]
    return f"| {' | '.join(cells)} |"


def machine(programs: Sequence[Program]) -> list[str]:
    """What ran the benchmarks: processor, system, interpreter, versions."""
    packages = dict.fromkeys(name for program in programs for name in program.packages)
    versions = ", ".join(f"{name} {_version(name)}" for name in packages)
    return [
        f"- processor: {_processor()}, {os.cpu_count()} cores",
        f"- system: {platform.system()} {platform.machine()}",
        f"- Python: {platform.python_implementation()} {platform.python_version()}",
        f"- versions: {versions}",
    ]


def load() -> str:
    """The machine's load average over the last minute, beside which an idle machine shows about 0."""
    return f"{os.getloadavg()[0]:.1f}" if hasattr(os, "getloadavg") else "unknown"


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        lines = []
    models = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return models[0] if models else platform.processor() or "unknown"


def _version(package: str) -> str:
    try:
        return version(package)
    except PackageNotFoundError:
        return "(from this folder)"


def page(
    date: str, rounds: int, programs: Sequence[Program], tables: Sequence[list[str]], load_before: str
) -> str:
    """The whole of RESULTS.md; `load_before` is the machine's load before the first run."""
    head = f"""# Results

Written by `make bench` on {date}; never by hand. README.md beside it says what is simulated and how.

## The machine

{chr(10).join(machine(programs))}
- load average before the first run: {load_before} (one run at a time adds 1)

## How to read it

Each program ran {rounds} times, each time as a fresh process with its own seed, in turn with the others (ABC,
ABC and so on), so that a slow minute of the machine falls on all of them. **msg/s** is messages over
the wall-clock seconds of the simulation alone, without imports; the figure is the median, with the lowest
and the highest beside it. **mqsim is faster by** is mqsim's msg/s over the program's in the same round: the
median of these ratios, and their range. Above 1 mqsim is faster. **Peak memory** is the whole process,
libraries and records included. **Mean wait** is in simulated seconds, from a message's arrival to the start
of the work that finished it: the median over the rounds, beside the exact value; it only shows that
everybody simulates the same system.

Noise: where two ranges overlap, don't conclude. On a machine that does other work, msg/s swings by tens of
percent; the ratios swing less, because the two that are divided ran one after the other.

## Tables
"""
    return "\n".join([head, *("\n".join(lines) for lines in tables)])
