"""What the broker has to do at a known time."""

from __future__ import annotations

from heapq import heappop, heappush
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable


class Deadlines:
    """What the broker has to do at a known time, in order of time, then of asking."""

    __slots__ = ("asked", "heap", "next")

    def __init__(self) -> None:
        self.heap: list[tuple[float, int, Callable[[float], None]]] = []
        self.asked = 0
        self.next = float("inf")

    def add(self, time: float, act: Callable[[float], None]) -> None:
        """Have `act(time)` called when time reaches `time`."""
        self.asked += 1
        heappush(self.heap, (time, self.asked, act))
        self.next = self.heap[0][0]

    def take(self, now: float) -> tuple[float, Callable[[float], None]] | None:
        """Take the first that is due at `now`, or None."""
        if self.next > now:
            return None
        time, _, act = heappop(self.heap)
        self.next = self.heap[0][0] if self.heap else float("inf")
        return time, act
