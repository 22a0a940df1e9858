"""How far long work has come, on standard error; nothing where that is no terminal."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

Tell = Callable[[float, float | None], None]
"""Called with how much is done, and how much there will be (None: unknown)."""


@contextmanager
def programs_that_keep_others_waiting() -> Iterator[None]:
    """Tell on standard error of a program that computes, or really waits, without an end in sight."""
    from mqsim.guest.carriers.watchdog import telling

    out = sys.stderr  # what a program that runs in this process takes for its own is another one

    def tell(sentence: str) -> None:
        print(f"mqsim: {sentence}", file=out, flush=True)

    with telling(tell):
        yield


@contextmanager
def progress_bar(what: str, unit: str, delay: float = 0.0) -> Iterator[Tell | None]:
    """A bar that is gone when the work is done.

    Args:
        what: is worked on, such as `crashes`.
        unit: of the numbers, such as `runs`.
        delay: seconds of real time that the work lasts before there is a bar.

    Yields:
        What to tell the progress to, or None where nobody would see it.
    """
    if not sys.stderr.isatty():
        yield None
        return
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        TextColumn("{task.fields[count]}"),
        TimeRemainingColumn(),
    )
    bar = Progress(*columns, console=Console(stderr=True), transient=True)
    task = bar.add_task(what, total=None, count="")
    began, shown = time.monotonic(), False

    def tell(done: float, total: float | None) -> None:
        nonlocal shown
        if not shown:
            if time.monotonic() - began < delay:
                return
            bar.start()
            shown = True
        of = "" if total is None else f" of {total:,.0f}"
        bar.update(task, completed=done, total=total, count=f"{done:,.0f}{of} {unit}")

    try:
        yield tell
    finally:
        bar.stop()
