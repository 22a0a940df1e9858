"""M/M/4 as a loop in C over one heap, without any rules: the most that a processor can do with this queue.

The C compiler (`cc`, or what CC names) makes `heap_mmc.c` a library in a folder that goes away; only the loop
is timed.
"""

from __future__ import annotations

import argparse
import ctypes
import os
import shutil
import subprocess
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from benchmarks.workload import ARRIVAL_RATE, WORK_MEAN, WORKERS, Workload, measure, read_workload

if TYPE_CHECKING:
    from collections.abc import Iterable

Records = tuple[np.ndarray, np.ndarray, np.ndarray]


def compiler() -> str:
    """The C compiler, or an empty text if there is none."""
    return shutil.which(os.environ.get("CC", "cc")) or ""


def library() -> ctypes.CDLL:
    """The loop, compiled.

    Raises:
        SystemExit: there is no C compiler, or it fails.
    """
    if not compiler():
        raise SystemExit("there is no C compiler: install one, or name it in CC")
    source = Path(__file__).with_name("heap_mmc.c")
    with tempfile.TemporaryDirectory() as folder:
        made = Path(folder) / "heap_mmc.so"
        command = [
            compiler(),
            "-O3",
            "-march=native",
            "-shared",
            "-fPIC",
            "-o",
            str(made),
            str(source),
            "-lm",
        ]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        if done.returncode:
            raise SystemExit(f"the C compiler says: {done.stderr.strip().splitlines()[-1]}")
        return ctypes.CDLL(str(made))


def simulate(workload: Workload, loop: ctypes.CDLL) -> Records:
    """Run a workload; return arrival, start and end of each message."""
    records = (np.zeros(workload.messages), np.zeros(workload.messages), np.zeros(workload.messages))
    failed = loop.simulate(
        ctypes.c_int64(workload.messages),
        ctypes.c_double(ARRIVAL_RATE),
        ctypes.c_double(WORK_MEAN),
        ctypes.c_int64(WORKERS),
        ctypes.c_double(workload.latency),
        ctypes.c_uint64(workload.seed),
        *(ctypes.c_void_p(column.ctypes.data) for column in records),
    )
    if failed:
        raise SystemExit("the loop found no memory")
    return records


def waits(records: Records) -> Iterable[float]:
    """Each message's time from arrival to start."""
    arrival, start, _ = records
    found: list[float] = (start - arrival).tolist()
    return found


if __name__ == "__main__":
    workload, _ = read_workload(argparse.ArgumentParser(description=__doc__))
    loop = library()
    measure(lambda given: simulate(given, loop), waits, workload)
