"""When each consumer was up, and when it was at work."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from mqsim.trace.frames import columns
from mqsim.trace.tables import Actor, How, Trace

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray


class Work(NamedTuple):
    """Stretches of work, one a row, in the order of the delivery table.

    Attributes:
        delivery: row of the delivery table.
        consumer: code of the actor.
        start, end: seconds from the start of the run.
    """

    delivery: NDArray[np.int64]
    consumer: NDArray[np.int32]
    start: NDArray[np.float64]
    end: NDArray[np.float64]


def up_spans(trace: Trace, actor: str) -> NDArray[np.float64]:
    """When an actor ran, as rows (from, to) in seconds; one that was still running ends with the run."""
    return up_times(trace.cast, actor, trace.end)


def up_times(cast: Mapping[str, Actor], actor: str, end: float) -> NDArray[np.float64]:
    """As `up_spans`, of those who took part in a run until `end`."""
    known = cast.get(actor)
    spans = np.array(known.up if known else [], dtype=np.float64).reshape(-1, 2)
    return np.where(np.isnan(spans), end, spans)


def _slots(trace: Trace, name: str) -> int:
    return trace.cast[name].slots if name in trace.cast else 1


def work(trace: Trace) -> Work:
    """Every attempt that was started, from its start to where its work ended or broke off.

    Work that has no end of its own breaks off at the first of these: the consumer gave the message up or
    lost its connection, it went down, it started on another message (unless it is a pool, which works on
    several), the run ended.
    """
    started, finished = columns(trace.deliveries, "started", "finished")
    consumer = columns(trace.deliveries, "consumer")[0]
    rows = np.flatnonzero(~np.isnan(started))
    end = finished[rows]
    broken = np.flatnonzero(np.isnan(end))
    if len(broken):
        end[broken] = _broken_off(trace, rows, broken)
    return Work(rows, consumer[rows], started[rows], end)


def _broken_off(trace: Trace, rows: NDArray[Any], broken: NDArray[Any]) -> NDArray[np.float64]:
    """Where the work of `rows[broken]` ended."""
    started, ended, consumer, how = columns(trace.deliveries, "started", "ended", "consumer", "how")
    start, who = started[rows], consumer[rows]
    end = np.full(len(broken), trace.end)
    own = np.isin(how[rows[broken]], (How.REQUEUED, How.REJECTED, How.RETURNED, How.LOST))
    end[own] = np.fmin(end[own], ended[rows[broken[own]]])

    order = np.lexsort((rows, start, who))
    following = np.full(len(rows), np.inf)
    again = who[order[1:]] == who[order[:-1]]
    following[order[:-1][again]] = start[order[1:][again]]
    pools = [code for code, name in enumerate(trace.actors.names) if _slots(trace, name) > 1]
    end = np.where(np.isin(who[broken], pools), end, np.fmin(end, following[broken]))

    for code in np.unique(who[broken]).tolist():
        mine = np.flatnonzero(who[broken] == code)
        spans = up_spans(trace, trace.actors.names[code])
        if len(spans):
            span = np.searchsorted(spans[:, 0], start[broken[mine]], side="right") - 1
            down = np.where(span >= 0, spans[span, 1], np.inf)
            end[mine] = np.fmin(end[mine], down)
    ends: NDArray[np.float64] = np.fmax(end, start[broken])
    return ends
