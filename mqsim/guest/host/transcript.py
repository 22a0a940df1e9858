"""What programs print and what happens to them, in order: the transcript of a run."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable

EVENT = "event"
"""The stream of what happens to a program, as opposed to what it prints."""

_MARKS = {"stdout": "", "stderr": "! ", EVENT: "* "}
_ROUNDING = 1e-9


class Line(NamedTuple):
    """One line.

    Attributes:
        t: seconds from the start of the run.
        who: the actor's name, or `broker`.
        stream: `stdout`, `stderr`, or `event` for what happens to it.
        text: without its end.
    """

    t: float
    who: str
    stream: str
    text: str

    def __str__(self) -> str:
        """The line as transcripts print it; the time is cut to microseconds, as a guest's clock rounds up."""
        return f"{cut(self.t):12.6f}  {self.who:<10}  {_MARKS[self.stream]}{self.text}".rstrip()


def cut(t: float) -> float:
    """A time cut to whole microseconds."""
    return math.floor((t + _ROUNDING) * 1e6) / 1e6


class Run:
    """One run of one program, from a start to an end.

    Attributes:
        name: the actor's name.
        status: as a shell sees it; None while it runs.
        signal: the number of the signal that it died of; 0 if of none, None while it runs.
        ended: when, in seconds; None while it runs.
    """

    def __init__(self, name: str) -> None:
        self.name = name
        self.status: int | None = None
        self.signal: int | None = None
        self.ended: float | None = None

    def end(self, status: int, signal: int, t: float) -> None:
        """It is over."""
        self.status, self.signal, self.ended = status, signal, t


class Transcript:
    """The lines of a run, and how its programs ended.

    Args:
        now: the world's clock.
        listener: told of each line as it comes.

    Attributes:
        lines: in order.
        runs: one for each start of a program, in order.
    """

    def __init__(self, now: Callable[[], float], listener: Callable[[Line], None] | None = None) -> None:
        self.lines: list[Line] = []
        self.runs: list[Run] = []
        self._now = now
        self._listener = listener

    def add(self, who: str, stream: str, text: str) -> None:
        """A line comes, now."""
        line = Line(self._now(), who, stream, text)
        self.lines.append(line)
        if self._listener is not None:
            self._listener(line)

    def begins(self, name: str) -> Run:
        """A program starts."""
        run = Run(name)
        self.runs.append(run)
        return run

    def __str__(self) -> str:
        """The lines as text."""
        return "\n".join(map(str, self.lines))
