"""Many independent runs: on all processors where that pays, in an order and with seeds that do not depend
on it.

Ctrl-C is passed on; what was finished before is kept by whoever asked, run by run.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any, TypeVar

Answer = TypeVar("Answer")
Job = tuple[Callable[..., Answer], tuple[Any, ...]]

WORTH = 150_000.0
"""Messages from which on starting further processes pays."""


def processors() -> int:
    """How many processors this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def carry_out(
    jobs: Sequence[Job[Answer]],
    messages: float,
    workers: int | None = None,
) -> Iterator[Answer]:
    """The answers of jobs, in the order of the jobs, each as soon as it and those before it are there.

    Args:
        jobs: functions and their arguments, which can be pickled.
        messages: about how many messages they simulate together; few are done in this process.
        workers: processes; by default all processors, 1 stays in this process.
    """
    count = min(processors() if workers is None else workers, len(jobs))
    if count > 1 and (workers is not None or messages >= WORTH):
        try:
            from joblib import Parallel, delayed
        except ImportError:
            pass  # mqsim without its extra `plan` runs them one after the other
        else:
            answers = Parallel(n_jobs=count, return_as="generator")(
                delayed(act)(*with_) for act, with_ in jobs
            )
            yield from answers
            return
    yield from (act(*with_) for act, with_ in jobs)


@contextmanager
def progress(says: str) -> Iterator[Callable[[float, float], None] | None]:
    """A bar on a terminal's stderr: what it yields takes what is done, and of how much."""
    if not sys.stderr.isatty():
        yield None
        return
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeElapsedColumn

    columns = (TextColumn("{task.description}"), BarColumn(), TaskProgressColumn(), TimeElapsedColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task(says, total=None)

        def tell(done: float, total: float) -> None:
            bar.update(task, completed=done, total=total)

        yield tell
