"""The host's end of a carrier, and what a guest changes in its interpreter while it runs."""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Protocol

from mqsim.guest.output import ERROR, OUT, no_input, stream

if TYPE_CHECKING:
    from mqsim.guest.operations import Event, Operation
    from mqsim.guest.program import Program
    from mqsim.guest.runtime import Runtime


class Carriage(Protocol):
    """What carries one guest, as its host sees it."""

    def resume(self, now: int, events: list[Event]) -> tuple[list[Operation], int | None]:
        """Let the guest run until it waits again.

        Args:
            now: the time in ticks.
            events: what has happened to it; none, if its deadline has come or it is to begin.

        Returns:
            What it did, and until when it waits. If the last operation is `Exit` it is gone.
        """

    def kill(self) -> None:
        """End it at once; nothing of it runs any more. A second call does nothing."""


Carry = Callable[["Program"], Carriage]
"""Makes the carriage of a program; the guest begins with the first `resume`."""


class Surroundings:
    """The interpreter as one guest sees it: its streams, its arguments, its `__main__`.

    In process they are put in place whenever the guest goes on, and taken away when it waits.
    """

    _NAMES = ("stdin", "stdout", "stderr", "argv", "path", "excepthook")

    def __init__(self, runtime: Runtime) -> None:
        program = runtime.program
        self._importer = runtime.importer
        self._main = runtime.importer.main
        self._inside = False
        self._values: list[Any] = [
            no_input(),
            stream(runtime, OUT),
            stream(runtime, ERROR),
            [program.path, *program.arguments],
            [program.folder, *sys.path],
            sys.__excepthook__,
        ]

    def swap(self) -> None:
        """Put them in place, or take them away and the former back; what either changed is kept."""
        values = self._values
        for number, name in enumerate(self._NAMES):
            kept = values[number]
            values[number] = getattr(sys, name)
            setattr(sys, name, kept)
        self._main, sys.modules["__main__"] = sys.modules["__main__"], self._main
        self._inside = not self._inside
        self._importer.show(self._inside)
