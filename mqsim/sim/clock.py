"""The clock: SimPy's environment, with exact times, an order that is told in one line, and timers that are
used again.

Order: (time, priority, number) alone. Faults have priority 0, all else 1; the number counts what was
scheduled. An event at the end of a run does not happen.
"""

from __future__ import annotations

from heapq import heappop, heappush
from itertools import repeat
from typing import TYPE_CHECKING, Any

import simpy

from mqsim.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Callable

FAULT = 0
ORDINARY = 1

_PROGRESS_EVERY = 20_000
_STILL = 10
"""Progress reports in a row, 200,000 events, in which no time passed and nothing came: that has no end."""
_SAME_INSTANT = 1e-9
"""Seconds that are no time: what moves on by less in so many events moves on by rounding alone."""


class Clock(simpy.Environment):
    """SimPy's environment, driven up to but not including an end.

    Attributes:
        end: the time at which the run stops; bring it forward to stop earlier.
        idle: how many of the events that are to come would not keep a run going by themselves.
        came: how much has come into the world from outside, which may be a lot at one instant.
        who: who keeps time from moving on, and what would let it, as a sentence.
    """

    def __init__(self) -> None:
        super().__init__()
        self.end = float("inf")
        self.idle = 0
        self.came: Callable[[], int] = lambda: 0
        self.who: Callable[[], str] = lambda: ""

    def call_idly(self, time: float, act: Callable[[simpy.Event], None], value: Any = None) -> None:
        """`call_at` for what goes on for ever, such as heartbeats, and is nothing to wait for."""
        self.idle += 1

        def happen(event: simpy.Event) -> None:
            self.idle -= 1
            act(event)

        self.call_at(time, happen, value)

    @property
    def has_work(self) -> bool:
        """Whether anything is to come that is worth waiting for."""
        return len(self._queue) > self.idle

    def call_at(
        self, time: float, act: Callable[[simpy.Event], None], value: Any = None, priority: int = ORDINARY
    ) -> simpy.Event:
        """Have `act(event)` called at `time` exactly (SimPy's own timeouts are relative, and round);
        `event.value` is `value`.
        """
        event = simpy.Event(self)
        event._ok = True
        event._value = value
        event.callbacks.append(act)
        heappush(self._queue, (time, priority, next(self._eid), event))  # type: ignore[misc]
        return event

    def run_to(self, end: float, on_progress: Callable[[float], None] | None = None) -> None:
        """Run everything before `end`; the clock then shows `end`, or the time of the last event if it never
        comes.

        Args:
            end: seconds; may be infinite.
            on_progress: called with the time now and then, for progress; what it raises ends the run.

        Raises:
            UsageError: time stands still, as events at one instant bring ever more of them.
        """
        self.end = end
        queue = self._queue
        still_at, still, came = self._now, 0, self.came()
        while queue and queue[0][0] < self.end:
            for _ in repeat(None, _PROGRESS_EVERY):
                if not queue or queue[0][0] >= self.end:
                    break
                self._now, _, _, event = heappop(queue)
                callbacks, event.callbacks = event.callbacks, None  # type: ignore[assignment]
                for callback in callbacks:
                    callback(event)
                if not event._ok and not event.defused:  # a process's failure that nobody awaited
                    raise event._value
            if self._now - still_at > _SAME_INSTANT * max(1.0, abs(still_at)) or self.came() != came:
                still_at, still, came = self._now, 0, self.came()
            still += 1
            if still == _STILL:
                says = self.who() or "What happens there takes no time: give it some."
                raise UsageError(f"time stands still at {self._now:g} s, and would for ever. {says}")
            if on_progress is not None:
                on_progress(self._now)
        if self.end < float("inf"):
            self._now = max(self._now, self.end)


class Timer(simpy.Event):
    """An event of one actor that can be set again once it has happened: an allocation less a message.

    A timer that has been overtaken is not cancelled: its owner takes a new one, and ignores the old one when
        it comes.
    """

    def __init__(self, clock: Clock, act: Callable[[simpy.Event], None]) -> None:
        super().__init__(clock)
        self._ok = True
        self._value = None
        self._acts = [act]
        self._clock = clock

    def set(self, time: float) -> None:
        """Have it happen at `time`. It must not be waiting to happen."""
        self.callbacks = self._acts
        clock = self._clock
        heappush(clock._queue, (time, ORDINARY, next(clock._eid), self))  # type: ignore[misc]
