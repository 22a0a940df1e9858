"""How many messages were in a queue, over time: step functions and their time averages."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from mqsim.errors import UsageError
from mqsim.trace.frames import cells_at, columns, rows_by_code
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


def held_series(trace: Trace, queue: str) -> Series:
    """How many messages of `queue` consumers had received and not begun, over time; otherwise as
    `depth_series`.
    """
    _, attempts = _rows_of(trace, queue)
    received, started, ended = cells_at(attempts, *columns(trace.deliveries, "received", "started", "ended"))
    begun = np.where(np.isnan(started), ended, started)
    return _level(trace, [received], [np.where(np.isnan(received), np.nan, np.fmax(begun, received))])


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
    edges = np.append(times[first:last], end)
    edges[0] = max(edges[0], start)
    held = levels[first:last]
    # A product by BLAS would wait for other processors, and its last bits differ from one kind to the next.
    return float((held * np.diff(edges)).sum()) / (end - start), int(held.max())


def depth_of(trace: Trace, rows: NDArray[np.int64], attempts: NDArray[np.int64]) -> Series:
    """As `depth_series`, for the rows of one queue.

    A message is ready from `enqueued`, not from each `sent`, and again when it is given back. What left for
    good without being with a consumer left at `ended`.
    """
    enqueued, ended = cells_at(rows, *columns(trace.messages, "enqueued", "ended"))
    copy, sent, closed, how = cells_at(attempts, *columns(trace.deliveries, "copy", "sent", "ended", "how"))
    back = (how == How.REQUEUED) | (how == How.RETURNED)
    of = _places(trace, rows, copy)
    at_hand = 1 - np.bincount(of, minlength=len(rows))
    if back.any():
        at_hand += np.bincount(of[back], minlength=len(rows))
    left = ended[(at_hand > 0) & ~np.isnan(enqueued)]
    return _level(trace, [enqueued, closed[back]], [sent, left])


def in_system_of(trace: Trace, rows: NDArray[np.int64], attempts: NDArray[np.int64]) -> Series:
    """As `in_system_series`, for the rows of one queue."""
    enqueued, ended, finished, outcome = cells_at(
        rows, *columns(trace.messages, "enqueued", "ended", "finished", "outcome")
    )
    left = np.where(outcome == Outcome.ACKED, np.maximum(ended, finished), ended)
    copy, closed, how = cells_at(attempts, *columns(trace.deliveries, "copy", "ended", "how"))
    lost = np.flatnonzero(how == How.LOST)
    if len(lost):
        of = _places(trace, rows, copy[lost])
        left[of] = np.fmax(left[of], closed[lost])
    # Of nearly all of them the same: what did not come in did not leave.
    left[np.isnan(enqueued)] = np.nan
    return _level(trace, [enqueued], [left])


def _places(trace: Trace, rows: NDArray[np.int64], copies: NDArray[np.int64]) -> NDArray[np.int64]:
    """At which places among the rows of a queue some of them are."""
    if len(rows) == trace.messages.n:
        return copies
    places = np.zeros(trace.messages.n, np.int64)
    places[rows] = np.arange(len(rows))
    return places[copies]


def average_in(series: Series, span: Window) -> dict[str, Any]:
    """`mean` and `max` of a level in the window, None where it has no length."""
    found = time_average(series, span.start, span.end)
    return {"mean": found[0], "max": found[1]} if found else {"mean": None, "max": None}


def _level(trace: Trace, up: list[NDArray[np.float64]], down: list[NDArray[np.float64]]) -> Series:
    rises, falls = _in_order(up), _in_order(down)
    steps = np.full(len(rises) + len(falls) + 2, -1, np.int8)
    steps[1 : len(rises) + 1] = 1
    steps[0] = steps[-1] = 0
    times = np.concatenate([[trace.start], rises, falls, [trace.end]])
    # Two rows that are in order: the stable way of sorting only has to merge them.
    order = np.argsort(times, kind="stable")
    times = times[order]
    last = np.flatnonzero(times[1:] != times[:-1])
    last = np.append(last, len(times) - 1)
    return times[last], np.cumsum(steps[order].astype(np.int64))[last]


def _in_order(parts: list[NDArray[np.float64]]) -> NDArray[np.float64]:
    """All times in ascending order, without those that are none."""
    found = np.concatenate(parts) if len(parts) > 1 else parts[0]
    if not (found[1:] >= found[:-1]).all():
        found = np.sort(found)
    # Those that are none are at the end; a row that has one at any place but the last is not in order.
    return found[: int(np.searchsorted(found, np.inf, side="right"))]


def _rows_of(trace: Trace, queue: str) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    if queue not in trace.queues.names:
        raise UsageError(
            f"queue: {queue!r} is not in this trace; it has {', '.join(trace.queues.names) or 'none'}."
        )
    (codes,) = columns(trace.messages, "queue")
    (copy,) = columns(trace.deliveries, "copy")
    mine = codes == trace.queues.names.index(queue)
    return np.flatnonzero(mine), np.flatnonzero(mine[copy])
