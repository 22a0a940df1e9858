"""How many messages were in a queue, over time: step functions and their time averages."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from mqsim.errors import UsageError
from mqsim.trace.frames import columns, rows_by_code
from mqsim.trace.tables import How, Outcome, Trace

if TYPE_CHECKING:
    from mqsim.metrics.window import Window

Series = tuple[NDArray[np.float64], NDArray[np.int64]]


class QueueRows(NamedTuple):
    """Rows of the message table by queue, and of the delivery table likewise."""

    messages: list[NDArray[np.int64]]
    deliveries: list[NDArray[np.int64]]


def queue_rows(trace: Trace) -> QueueRows:
    """The rows that belong to each queue, by the queue's code, in the order of their table."""
    (queue,) = columns(trace.messages, "queue")
    (copy,) = columns(trace.deliveries, "copy")
    return QueueRows(rows_by_code(queue, len(trace.queues)), rows_by_code(queue[copy], len(trace.queues)))


def depth_series(trace: Trace, queue: str) -> Series:
    """How many messages of `queue` were ready (waiting, not with a consumer), over time.

    Returns:
        Times (seconds, ascending, each once) and the level from each time to the next, after all that
        happened at that instant. The first time is the run's start, the last one its end.

    Raises:
        UsageError: the trace knows no such queue.
    """
    return depth_of(trace, *_rows_of(trace, queue))


def in_system_series(trace: Trace, queue: str) -> Series:
    """How many messages of `queue` were in it or with a consumer, over time; otherwise as `depth_series`.

    A copy is in the system from `enqueued` until it has left the queue for good and, where it was
    acknowledged before its work was done, that work is done or given up as well.
    """
    return in_system_of(trace, *_rows_of(trace, queue))


def time_average(series: Series, start: float, end: float) -> tuple[float, int] | None:
    """Time-weighted mean and maximum of a level from `start` to `end`; None when no time lies between.

    Args:
        series: as from `depth_series`.
        start: seconds, not before the first time of the series.
        end: seconds.
    """
    if end <= start:
        return None
    times, levels = series
    first = max(0, int(np.searchsorted(times, start, side="right")) - 1)
    last = int(np.searchsorted(times, end, side="left"))
    edges = np.clip(np.append(times[first:last], end), start, end)
    held = levels[first:last]
    # A product by BLAS would wait for other processors, and its last bits differ from one kind to the next.
    return float((held * np.diff(edges)).sum()) / (end - start), int(held.max())


def depth_of(trace: Trace, rows: NDArray[np.int64], attempts: NDArray[np.int64]) -> Series:
    """As `depth_series`, for the rows of one queue.

    A message is ready from `enqueued`, not from each `sent`, and again when it is given back. What left for
    good without being with a consumer left at `ended`.
    """
    enqueued, ended = (column[rows] for column in columns(trace.messages, "enqueued", "ended"))
    copy, sent, closed, how = (
        column[attempts] for column in columns(trace.deliveries, "copy", "sent", "ended", "how")
    )
    back = (how == How.REQUEUED) | (how == How.RETURNED)
    of = np.searchsorted(rows, copy)
    at_hand = 1 - np.bincount(of, minlength=len(rows)) + np.bincount(of[back], minlength=len(rows))
    left = ended[(at_hand > 0) & ~np.isnan(enqueued)]
    return _level(trace, [enqueued, closed[back]], [sent, left])


def in_system_of(trace: Trace, rows: NDArray[np.int64], attempts: NDArray[np.int64]) -> Series:
    """As `in_system_series`, for the rows of one queue."""
    enqueued, ended, finished = (
        column[rows] for column in columns(trace.messages, "enqueued", "ended", "finished")
    )
    acked = columns(trace.messages, "outcome")[0][rows] == Outcome.ACKED
    left = np.where(acked, np.maximum(ended, finished), ended)
    copy, closed, how = (column[attempts] for column in columns(trace.deliveries, "copy", "ended", "how"))
    of = np.searchsorted(rows, copy[how == How.LOST])
    left[of] = np.fmax(left[of], closed[how == How.LOST])
    return _level(trace, [enqueued], [left[~np.isnan(enqueued)]])


def average_in(series: Series, span: Window) -> dict[str, Any]:
    """`mean` and `max` of a level in the window, None where it has no length."""
    found = time_average(series, span.start, span.end)
    return {"mean": found[0], "max": found[1]} if found else {"mean": None, "max": None}


def _level(trace: Trace, up: list[NDArray[np.float64]], down: list[NDArray[np.float64]]) -> Series:
    rises, falls = np.concatenate(up), np.concatenate(down)
    rises, falls = rises[~np.isnan(rises)], falls[~np.isnan(falls)]
    steps = np.zeros(len(rises) + len(falls) + 2, np.int64)
    steps[: len(rises)] = 1
    steps[len(rises) : len(rises) + len(falls)] = -1
    times = np.concatenate([rises, falls, [trace.start, trace.end]])
    # Times are nearly in order as they come, which the stable way of sorting makes use of.
    order = np.argsort(times, kind="stable")
    times, levels = times[order], np.cumsum(steps[order])
    last = np.append(times[1:] != times[:-1], True)
    return times[last], levels[last]


def _rows_of(trace: Trace, queue: str) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    if queue not in trace.queues.names:
        raise UsageError(
            f"queue: {queue!r} is not in this trace; it has {', '.join(trace.queues.names) or 'none'}."
        )
    (codes,) = columns(trace.messages, "queue")
    (copy,) = columns(trace.deliveries, "copy")
    mine = codes == trace.queues.names.index(queue)
    return np.flatnonzero(mine), np.flatnonzero(mine[copy])
