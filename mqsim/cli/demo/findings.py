"""What each step of the demo shows, read off its trace."""

from __future__ import annotations

import math

from mqsim.runs.message_outcomes import listed
from mqsim.trace.tables import Outcome, Trace
from mqsim.trace.timeline import message_name, text_of
from mqsim.viz.bars import consumers


def task_name(trace: Trace, copy: int) -> str:
    """What a task says, or its message's name where it says nothing."""
    return text_of(trace, copy) or message_name(trace, copy)


def done_by(trace: Trace) -> dict[str, list[str]]:
    """For each consumer the messages that it worked to their end, in that order."""
    table, names = trace.deliveries, trace.actors.names
    rows = [row for row in range(table.n) if not math.isnan(table.finished[row])]
    done: dict[str, list[str]] = {name: [] for name in consumers(trace)}
    for row in sorted(rows, key=lambda row: table.finished[row]):
        done[names[table.consumer[row]]].append(task_name(trace, table.copy[row]))
    return done


def last_finish(trace: Trace) -> float | None:
    """When the last piece of work was finished, seconds; None when there was none."""
    times = [t for t in trace.deliveries.finished[: trace.deliveries.n] if not math.isnan(t)]
    return max(times, default=None)


def lost(trace: Trace) -> list[str]:
    """The messages that were lost, by name."""
    outcome = trace.messages.outcome
    return [task_name(trace, row) for row in range(trace.messages.n) if outcome[row] == Outcome.LOST]


def sent_again(trace: Trace) -> list[str]:
    """The messages that were sent to a consumer more than once, by name."""
    deliveries = trace.messages.deliveries
    return [task_name(trace, row) for row in range(trace.messages.n) if deliveries[row] > 1]


def who_did_what(trace: Trace) -> str:
    """One sentence: who worked on how many, and when the last was done."""
    done = done_by(trace)
    busy = [f"{name} did {listed(messages)}" for name, messages in done.items() if messages]
    idle = [name for name, messages in done.items() if not messages]
    if not busy:
        return "Nobody finished a task."
    tail = f"; {listed(idle)} did nothing" if idle else ""
    return f"{'; '.join(busy)}{tail}. The last was done at t = {last_finish(trace):.4g} s."


def what_was_lost(trace: Trace) -> str:
    """One sentence: the names of the lost tasks, or that none was, and what was sent again."""
    gone, again = lost(trace), sent_again(trace)
    first = f"Lost: {listed(gone)}." if gone else "Lost: none."
    return f"{first} Sent again: {listed(again)}." if again else first
