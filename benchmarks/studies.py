"""What a whole study costs: many designs, each run with many seeds, on two processors.

Of each design one number is kept. `python benchmarks/run.py studies --help`.

A design is M/M/4 with its own latency. Each program runs in a fresh process, in turn with the others. It
divides its runs between two processes, or two threads where it can; its imports, and the start of its
processes, come before the clock.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import time
from concurrent.futures import ProcessPoolExecutor
from importlib import import_module
from statistics import fmean, median
from typing import TYPE_CHECKING, NamedTuple

from benchmarks.results import load
from benchmarks.runner import ROOT, BenchmarkError
from benchmarks.workload import Workload

if TYPE_CHECKING:
    from collections.abc import Sequence

PROCESSORS = 2
MEAN = "queues.tasks.sojourn.mean"
LATENCY_STEP = 0.0001


class Study(NamedTuple):
    """So many designs, runs of each, and messages in a run."""

    designs: int
    runs: int
    messages: int

    def __str__(self) -> str:
        return f"{self.designs} x {self.runs} x {self.messages:,}"

    def workloads(self, design: int) -> list[Workload]:
        """The runs of a design."""
        latency = design * LATENCY_STEP
        return [Workload(self.messages, latency, seed=seed) for seed in range(1, self.runs + 1)]


STUDIES = (Study(10, 10, 20_000), Study(16, 10, 2_000))
RIVALS = {
    "simpy": ("benchmarks.rivals.textbook_simpy", "simulate"),
    "ciw": ("benchmarks.rivals.ciw_mmc", "simulate"),
    "salabim": ("benchmarks.rivals.salabim_mmc", "servers"),
}
PROGRAMS = ("twin", *RIVALS)


def by_twin(study: Study) -> list[float]:
    """A mean a design, from the compiled twin, on threads."""
    import mqsim as mq
    from benchmarks.mqsim_mmc import scenario

    found = []
    for design in range(study.designs):
        one, *_ = study.workloads(design)
        seeds = range(1, study.runs + 1)
        many = mq.simulate_many(scenario(one), seeds, [MEAN], engine="compiled", threads=PROCESSORS)
        found.append(float(many.numbers[MEAN].mean()))
    return found


def mean_of(program: str, workload: Workload) -> float:
    """The mean wait of one run of a rival."""
    module, name = RIVALS[program]
    rival = import_module(module)
    return fmean(rival.waits(getattr(rival, name)(workload)))


def by_rival(program: str, study: Study, pool: ProcessPoolExecutor) -> list[float]:
    """A mean a design, from another simulator, in processes."""
    runs = [workload for design in range(study.designs) for workload in study.workloads(design)]
    means = list(pool.map(mean_of, [program] * len(runs), runs))
    return [fmean(means[k : k + study.runs]) for k in range(0, len(means), study.runs)]


def measure(program: str, study: Study) -> None:
    """Run one study and print its seconds as a line of JSON; a small one comes first, off the clock."""
    small = Study(2, 2, 200)
    if program == "twin":
        by_twin(small)
        began = time.perf_counter()
        found = by_twin(study)
        seconds = time.perf_counter() - began
    else:
        with ProcessPoolExecutor(PROCESSORS) as pool:
            by_rival(program, small, pool)
            began = time.perf_counter()
            found = by_rival(program, study, pool)
            seconds = time.perf_counter() - began
    print(json.dumps({"seconds": seconds, "designs": len(found)}))


def run_once(program: str, study: Study) -> float:
    """The seconds of one study in a fresh process.

    Raises:
        BenchmarkError: it failed.
    """
    command = [sys.executable, "-m", "benchmarks.studies", "--measure", program, *map(str, study)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        last = done.stderr.strip().splitlines()[-1:] or ["it said nothing"]
        raise BenchmarkError(f"{program} ended with status {done.returncode}: {last[0]}")
    return float(json.loads(done.stdout)["seconds"])


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the studies and print a table.

    Returns:
        0; 1 when a program failed.
    """
    parser = argparse.ArgumentParser(prog="run.py studies", description="what a whole study costs")
    parser.add_argument("--rounds", type=int, default=3, help="how often each program runs (default 3)")
    parser.add_argument("--only", nargs="+", choices=PROGRAMS, default=PROGRAMS, metavar="PROGRAM")
    parser.add_argument("--measure", nargs=4, metavar=("PROGRAM", "DESIGNS", "RUNS", "MESSAGES"))
    given = parser.parse_args(arguments)
    if given.measure:
        measure(given.measure[0], Study(*map(int, given.measure[1:])))
        return 0
    print(f"Load average {load()}: the nearer to 0, the steadier what follows.\n")
    print("| study | program | seconds | lowest … highest |\n| --- | --- | ---: | ---: |")
    for study in STUDIES:
        seconds: dict[str, list[float]] = {program: [] for program in given.only}
        try:
            for _ in range(given.rounds):
                for program in given.only:
                    seconds[program].append(run_once(program, study))
        except BenchmarkError as error:
            print(error, file=sys.stderr)
            return 1
        for program, found in seconds.items():
            spread = f"{min(found):.2f} … {max(found):.2f}"
            print(f"| {study} | {program} | {median(found):.2f} | {spread} |", flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
