"""When each program slept: all that shows of work that a thread does on what was acknowledged already."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mqsim.guest.kernel.operations import Operation, Sleeping

if TYPE_CHECKING:
    from collections.abc import Callable

    from mqsim.guest.host.actor import GuestActor
    from mqsim.guest.host.process import Watch
    from mqsim.guest.program import Program

Spans = list[tuple[float, float]]
"""From when to when, in seconds; a span without an end lasts to the end of the run."""


class Sleepers:
    """Writes down when a thread of a program sleeps, or waits for a while, other than for a socket.

    Args:
        watched: what looks at the actors beside it.

    Attributes:
        spans: by the actors' names.
    """

    def __init__(self, watched: Callable[[GuestActor], Watch | None] | None = None) -> None:
        self.spans: dict[str, Spans] = {}
        self._watched = watched

    def __call__(self, actor: GuestActor) -> _Look:
        """What watches that actor."""
        beside = self._watched(actor) if self._watched is not None else None
        return _Look(actor, self.spans.setdefault(actor.name, []), beside)


class _Look:
    """Looks at one actor: a `Watch`."""

    def __init__(self, actor: GuestActor, spans: Spans, beside: Watch | None) -> None:
        self._actor = actor
        self._spans = spans
        self._beside = beside
        self._asleep = False

    def prepare(self, program: Program) -> Program:
        """As `Watch` says: a new process is awake."""
        self._say(False)
        return program if self._beside is None else self._beside.prepare(program)

    def look(self, operations: list[Operation]) -> int | None:
        """As `Watch` says."""
        for operation in operations:
            if isinstance(operation, Sleeping):
                self._say(operation.sleeping)
        return None if self._beside is None else self._beside.look(operations)

    def strike(self) -> None:
        """As `Watch` says."""
        if self._beside is not None:
            self._beside.strike()

    def _say(self, asleep: bool) -> None:
        now = self._actor.world.clock.now
        if asleep and not self._asleep:
            self._spans.append((now, float("inf")))
        elif self._asleep and not asleep:
            self._spans[-1] = (self._spans[-1][0], now)
        self._asleep = asleep
