"""What every program here has to simulate, and how one run of it is measured.

A run is one fresh process that prints one line of JSON. The clock covers the simulation alone: the imports
come before it, and reading the records out of it comes after it. The peak of memory is read as soon as the
clock has stopped, so it holds the interpreter, the libraries, the simulation and its records.
"""

from __future__ import annotations

import json
import random
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    import argparse
    from collections.abc import Callable, Iterable

Records = TypeVar("Records")

WORKERS = 4
WORK_MEAN = 1.0
"""Mean seconds of work in a message, exponential: the unit of time of all that follows."""
ARRIVAL_RATE = 3.6
"""Messages a second, Poisson: four workers at load 0.9."""
UP_MEAN = 1000.0
"""Mean seconds for which a worker stays up, exponential, idle or busy."""
REPAIR_MEAN = 20.0
"""Mean seconds until a crashed worker is back, exponential."""


@dataclass(frozen=True, slots=True)
class Workload:
    """One system to simulate, from empty, until the last message is done.

    Args:
        messages: how many messages arrive.
        latency: seconds of one hop. A message takes one hop to the queue and one from the queue to a worker,
            and the worker is held for one more, until the acknowledgement is back at the queue.
        crashes: whether workers crash and are repaired; a message that was being worked on goes back to the
            head of the queue, and its work starts again from the beginning, as long as it was before.
        seed: the seed of the run's random numbers.
    """

    messages: int
    latency: float = 0.0
    crashes: bool = False
    seed: int = 1

    def arguments(self) -> list[str]:
        """The command line that `measure` reads back as this workload."""
        line = [f"--messages={self.messages}", f"--latency={self.latency!r}", f"--seed={self.seed}"]
        return [*line, "--crashes"] if self.crashes else line

    def random(self) -> random.Random:
        """A generator of random numbers that is the same for every program that uses Python's own."""
        return random.Random(self.seed)


def read_workload(parser: argparse.ArgumentParser) -> tuple[Workload, argparse.Namespace]:
    """Read a workload, and whatever else the parser knows, from the command line."""
    parser.add_argument("--messages", type=int, required=True)
    parser.add_argument("--latency", type=float, default=0.0)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--crashes", action="store_true")
    given = parser.parse_args()
    return Workload(given.messages, given.latency, given.crashes, given.seed), given


def measure(
    simulate: Callable[[Workload], Records],
    waits: Callable[[Records], Iterable[float]],
    workload: Workload,
) -> None:
    """Run one simulation and print what it cost as one line of JSON.

    Args:
        simulate: runs the workload and returns its records, one a message. This is what is timed.
        waits: reads from the records each message's wait in seconds, from its arrival to the start of the
            work that finished it. Not timed.
        workload: what to run.
    """
    began = time.perf_counter()
    records = simulate(workload)
    seconds = time.perf_counter() - began
    peak = peak_memory_mb()
    found = list(waits(records))
    line = {
        "messages": len(found),
        "seconds": seconds,
        "peak_memory_mb": peak,
        "mean_wait": sum(found) / len(found),
    }
    print(json.dumps(line))


def peak_memory_mb() -> float | None:
    """The most memory this process has held so far, in units of 1e6 bytes; None on Windows, which won't say.

    Linux hands a child the `ru_maxrss` of the process that started it, so there the kernel's own mark of this
    process's memory (`VmHWM`) is read.
    """
    status = Path("/proc/self/status")
    if status.exists():
        marks = dict(line.split(":", 1) for line in status.read_text(encoding="ascii").splitlines())
        return int(marks["VmHWM"].split()[0]) * 1024 / 1e6
    try:
        import resource
    except ImportError:
        return None
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    in_bytes = peak if sys.platform == "darwin" else peak * 1024
    return in_bytes / 1e6
