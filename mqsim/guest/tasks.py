"""A guest's threads, and the question that every shim asks: am I called inside a guest?"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from greenlet import getcurrent, greenlet

if TYPE_CHECKING:
    from mqsim.guest.runtime import Runtime


class Task(greenlet):
    """One thread of a guest, as a greenlet.

    Attributes:
        runtime: the guest that it belongs to.
        ident: what `threading.get_ident()` shows.
        parked: whether it waits to be woken; `parks` counts how often it has, so that an old timer is told.
        woken: whether what it waited for happened, rather than its deadline.
        deadline: until when it waits at most, in ticks; None is for ever.
        asleep: whether it waits as `time.sleep` does, which a slow machine stretches.
        idle, busy: how many calls it made without letting time pass (see `Runtime.idle`).
        signals: numbers of signals that it has to take.
        sentinel: called when it ends.
    """

    def __init__(self, runtime: Runtime, ident: int, body: Callable[[], object], parent: greenlet) -> None:
        super().__init__(body, parent)
        self.runtime = runtime
        self.ident = ident
        self.parked = False
        self.parks = 0
        self.woken = False
        self.deadline: int | None = None
        self.asleep = False
        self.idle = 0
        self.busy = 0
        self.signals: list[int] = []
        self.sentinel: Callable[[], None] | None = None


def current() -> Runtime | None:
    """The guest that the caller belongs to; None outside guests."""
    runtime: Any = getattr(getcurrent(), "runtime", None)
    found: Runtime | None = runtime
    return found


def inside() -> Runtime:
    """The guest that the caller belongs to.

    Raises:
        RuntimeError: the caller belongs to none.
    """
    runtime = current()
    if runtime is None:
        raise RuntimeError("this belongs to a program in virtual time and can't be used outside it.")
    return runtime
