"""The work itself: given, and not to be changed. `work.do(task)` takes half a second, and then:

* a task whose name begins with `bad` raises an error, every time;
* a task whose name begins with `flaky` raises an error the first time, and succeeds from then on;
* every other task succeeds.

It writes each try into the ledger, so the ledger tells how often a task was tried, and whether it was done.
"""

import time

import ledger

__all__ = ["WorkError", "do"]

SECONDS = 0.5


class WorkError(RuntimeError):
    """The work on this task failed."""


def do(task: str | bytes) -> None:
    """Work on one task.

    Raises:
        WorkError: it failed.
    """
    name = task.decode() if isinstance(task, bytes) else str(task)
    ledger.record(f"work.do tries {name}")
    time.sleep(SECONDS)
    fails = name.startswith("bad") or (
        name.startswith("flaky") and ledger.record_once(f"work.do fails {name}")
    )
    if fails:
        raise WorkError(f"{name} failed")
    ledger.record(f"work.do has done {name}")
