"""What is compared with what: the programs, the cases, and where a program leaves a case out and why."""

from __future__ import annotations

from dataclasses import dataclass, replace

from benchmarks.workload import Workload

SUBJECT = "mqsim"
"""The program whose speed is divided by every other's."""


@dataclass(frozen=True, slots=True)
class Program:
    """A program that can simulate the workloads.

    Args:
        key: its name on the command line.
        title: its name in the table.
        module: what `python -m` runs.
        extra: arguments beside the workload's.
        packages: whose versions to report.
        most: it runs with at most so many messages, because it is slow; the table says so.
        leaves_out: why it has no row with crashes; empty when it has.
    """

    key: str
    title: str
    module: str
    packages: tuple[str, ...]
    extra: tuple[str, ...] = ()
    most: int | None = None
    leaves_out: str = ""

    def takes(self, case: Case) -> str:
        """Why this program leaves a case out, in words; empty when it takes it."""
        if case.workload.crashes and self.leaves_out:
            return self.leaves_out
        if self.most is not None and case.workload.messages > LARGEST_FOR_SLOW:
            return f"too slow for so many; see its pace with {self.most:,} messages above"
        return ""

    def workload(self, case: Case, seed: int) -> Workload:
        """What this program runs for a case: the case's own workload, or fewer messages when it is slow."""
        messages = case.workload.messages
        if self.most is not None:
            messages = min(messages, self.most)
        return replace(case.workload, messages=messages, seed=seed)


@dataclass(frozen=True, slots=True)
class Case:
    """One system that every program simulates; the workload's seed is set round by round."""

    title: str
    workload: Workload


LARGEST_FOR_SLOW = 200_000

PROGRAMS = (
    Program("mqsim", "mqsim", "benchmarks.mqsim_mmc", ("mqsim", "simpy", "numpy")),
    Program(
        "twin",
        "mqsim, compiled twin",
        "benchmarks.mqsim_mmc",
        ("mqsim", "numba", "numpy"),
        ("--engine=compiled",),
    ),
    Program(
        "twin-measured",
        "mqsim, compiled twin, numbers alone",
        "benchmarks.mqsim_mmc",
        ("mqsim", "numba", "numpy"),
        ("--engine=compiled", "--measured"),
    ),
    Program(
        "heap",
        "a loop in C over a heap",
        "benchmarks.rivals.heap_mmc",
        ("numpy",),
        leaves_out="it is the limit of the plain queue",
    ),
    Program("simpy", "SimPy, textbook", "benchmarks.rivals.textbook_simpy", ("simpy",)),
    Program("ciw", "Ciw", "benchmarks.rivals.ciw_mmc", ("ciw",)),
    Program(
        "salabim",
        "salabim, long-lived servers",
        "benchmarks.rivals.salabim_mmc",
        ("salabim", "greenlet"),
        ("--style=servers",),
    ),
    Program(
        "salabim-textbook",
        "salabim, textbook",
        "benchmarks.rivals.salabim_mmc",
        ("salabim", "greenlet"),
        ("--style=textbook",),
        most=50_000,
        leaves_out="its pre-emptive resource can't return a message to the head without interrupting another",
    ),
)


def cases(sizes: tuple[int, ...]) -> list[Case]:
    """M/M/4 with and without crashes, with and without latency, for each number of messages."""
    return [
        Case(
            f"{'crashing, repaired workers' if crashes else 'M/M/4 at load 0.9'}, "
            f"latency {f'{latency * 1000:g} ms' if latency else '0'}, {messages:,} messages",
            Workload(messages, latency, crashes),
        )
        for crashes in (False, True)
        for latency in (0.0, 0.0005)
        for messages in sizes
    ]
