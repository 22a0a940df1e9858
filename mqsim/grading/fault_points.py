"""The instants at which a fault could matter, read off the fault-free run, and the faults that strike there.

A program is killed between two of its operations: after it has sent an acknowledgement, say, and before it
prints. The broker and the ledger are struck at the times between: while bytes are on their way to them, and
while their answer is on its way back.
"""

from __future__ import annotations

import re
from itertools import groupby, pairwise
from typing import TYPE_CHECKING

from mqsim.guest.host.crash_points import Observer, Point, Strike, Striker

if TYPE_CHECKING:
    from collections.abc import Iterable

    from mqsim.guest.host.actor import GuestActor
    from mqsim.guest.kernel.operations import Operation
    from mqsim.guest.program import Program

_ASKS = re.compile("(before|after) sending (basic.get|queue.declare) .*")
"""A program that has nothing in hand, and looks whether there is something. One question is like another."""

_FIRST_QUESTIONS, _LAST_QUESTIONS = 4, 2

_LONG = 1.0
"""Seconds between two things that a program does, from which on the time between them is tried too."""

Moments = dict[float, frozenset[str]]
"""Times at which a fault could matter, and what programs had just done then, in words."""

_SILENT = ("after printing", "after writing to stderr")
"""What nobody in the world notices: a crash just after it is the same as one just before."""


class Watching:
    """Observes actors, and kills one of them at points: called with each actor of a run.

    Args:
        strikes: in order; the second strikes in a later life of the actor.

    Attributes:
        observers: of every actor, by name.
        strikes: as above; each knows whether it has struck.
    """

    def __init__(self, strikes: Iterable[Strike] = ()) -> None:
        self.strikes = list(strikes)
        self.observers: dict[str, Observer] = {}

    def __call__(self, actor: GuestActor) -> _Both:
        """What watches that actor."""
        observer = self.observers[actor.name] = Observer(actor)
        strikers = [Striker(actor, strike) for strike in self.strikes if strike.point.who == actor.name]
        return _Both(observer, strikers)


class _Both:
    """Looks on, and strikes: a `Watch`."""

    def __init__(self, observer: Observer, strikers: list[Striker]) -> None:
        self._observer = observer
        self._strikers = strikers
        self._now: Striker | None = None

    def prepare(self, program: Program) -> Program:
        return program

    def look(self, operations: list[Operation]) -> int | None:
        self._observer.look(operations)
        found = None
        for striker in self._strikers:
            cut = striker.look(operations)
            if cut is not None:
                found, self._now = cut, striker
        return found

    def strike(self) -> None:
        assert self._now is not None
        self._now.strike()


def crash_points(points: Iterable[Point]) -> tuple[list[Point], int]:
    """The points at which a crash could matter, and how many were left out because they are alike.

    Left out is what nobody notices, and of a long time in which a program only asks again and again whether
    there is anything for it, all but the first and the last questions.
    """
    everything = list(points)
    noticed = [point for point in everything if not point.did.startswith(_SILENT)]
    kept: list[Point] = []
    for asking, group in groupby(noticed, lambda point: _ASKS.fullmatch(point.did) is not None):
        alike = list(group)
        long = asking and len(alike) > _FIRST_QUESTIONS + _LAST_QUESTIONS
        kept += [*alike[:_FIRST_QUESTIONS], *alike[-_LAST_QUESTIONS:]] if long else alike
    return kept, len(everything) - len(kept)


def moments(observers: Iterable[Observer], latency: float) -> Moments:
    """The times at which something is on its way: from a program, and back to it."""
    return _on_its_way(
        [point for observer in observers for point in crash_points(observer.points)[0]], latency
    )


def requests(observers: Iterable[Observer], latency: float) -> Moments:
    """The times just before a request to the ledger arrives, and while its answer is on its way."""
    points = [point for observer in observers for point in observer.points]
    return _on_its_way(
        [point for point in points if point.did.startswith("after asking the ledger")], latency
    )


def _on_its_way(points: Iterable[Point], latency: float) -> Moments:
    found: dict[float, set[str]] = {}
    for point in points:
        for share, way in ((0.5, "there"), (1.5, "back")):
            found.setdefault(round(point.t + share * latency, 9), set()).add(f"{point.did} ({way})")
    return {t: frozenset(words) for t, words in found.items()}


def midway(observer: Observer) -> Moments:
    """The middle of each long time in which a program does nothing that others notice: it works or waits."""
    points = crash_points(observer.points)[0]
    return {
        round((one.t + other.t) / 2, 9): frozenset({f"{one.did} (long after)"})
        for one, other in pairwise(points)
        if other.t - one.t > _LONG
    }
