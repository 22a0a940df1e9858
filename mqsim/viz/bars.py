"""What the lanes show, as numbers: stretches of work, times when nobody worked, and how busy each consumer
was.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, NamedTuple

from mqsim.trace.event_kinds import EventKind
from mqsim.trace.tables import How, Trace
from mqsim.trace.work_spans import up_spans, work

if TYPE_CHECKING:
    from collections.abc import Iterator

    import numpy as np
    import pandas as pd
    from numpy.typing import NDArray

_ENDING = {
    How.OPEN: "open",
    How.ACKED: "done",
    How.REQUEUED: "given back",
    How.REJECTED: "refused",
    How.RETURNED: "given back",
    How.LOST: "lost",
}


class Bar(NamedTuple):
    """One stretch of work of one consumer on one message.

    Attributes:
        consumer: who worked.
        copy: row of the message.
        attempt: counts the deliveries of that copy from 1.
        start, end: seconds from the start of the run; `end` is where the work ended or broke off.
        ending: `done`, `open`, `given back`, `refused` or `lost`.
    """

    consumer: str
    copy: int
    attempt: int
    start: float
    end: float
    ending: str


def consumers(trace: Trace) -> list[str]:
    """The run's consumers, in the order in which they came into it."""
    return [name for name, actor in trace.cast.items() if actor.role == "consumer"]


def work_bars(trace: Trace) -> Iterator[Bar]:
    """Every stretch of work, in the order in which the broker sent the messages.

    Where the work of an unfinished attempt broke off is decided in `trace.work_spans`.
    """
    table, names = trace.deliveries, trace.actors.names
    stretches = work(trace)
    columns = (stretches.delivery, stretches.consumer, stretches.start, stretches.end)
    for row, consumer, start, end in zip(*(column.tolist() for column in columns), strict=True):
        how, finished = How(table.how[row]), not math.isnan(table.finished[row])
        ending = _ENDING[how]
        if finished and how is How.OPEN:
            ending = "done"  # its acknowledgement was on the way when the run ended
        elif not finished and how is How.ACKED:
            ending = "open"  # acknowledged before the work, which was still going on
        yield Bar(names[consumer], table.copy[row], table.attempt[row], start, end, ending)


def by_slot(bars: list[Bar], slots: int) -> list[list[Bar]]:
    """The bars of one consumer, for each of its slots: a bar goes to the first that is free."""
    if slots == 1:
        return [bars]
    found: list[list[Bar]] = [[] for _ in range(slots)]
    for bar in sorted(bars, key=lambda bar: (bar.start, bar.end)):
        free = next((slot for slot in found if not slot or slot[-1].end <= bar.start), found[-1])
        free.append(bar)
    return found


def down_times(trace: Trace, consumer: str) -> list[tuple[float, float]]:
    """When `consumer` did not run: before its first start, between its lives, after its last."""
    gaps: list[tuple[float, float]] = []
    since = trace.start
    for first, last in up_spans(trace, consumer).tolist():
        if first > since:
            gaps.append((since, first))
        since = max(since, last)
    if since < trace.end:
        gaps.append((since, trace.end))
    return gaps


def crashes(trace: Trace) -> list[tuple[float, str, str]]:
    """When which consumer died, and how: `crashed`, `powered-off` or `hung`."""
    log, cast = trace.events, trace.cast
    return [
        (t, subject, kind)
        for t, subject, kind in zip(log.t, log.subject, log.kind, strict=True)
        if kind in ("crashed", "powered-off", "hung") and subject in cast and cast[subject].role == "consumer"
    ]


def lost_connections(trace: Trace) -> list[tuple[float, str]]:
    """When which consumer lost its connection although it ran. Until it consumes again, each try to connect
    that fails is an event of the same kind; only the first is a loss.
    """
    log, cast = trace.events, trace.cast
    away: set[str] = set()
    found: list[tuple[float, str]] = []
    for t, subject, kind in zip(log.t, log.subject, log.kind, strict=True):
        if subject not in cast or cast[subject].role != "consumer":
            continue
        if kind in (EventKind.SUBSCRIBED, EventKind.STARTED):
            away.discard(subject)
        elif kind == EventKind.CONNECTION_LOST and subject not in away:
            away.add(subject)
            found.append((t, subject))
    return found


def lost_unbegun(trace: Trace) -> dict[tuple[str, float], list[int]]:
    """The messages that were lost in a consumer's hands before it began with them, by consumer and time."""
    table = trace.deliveries
    lost: dict[tuple[str, float], list[int]] = {}
    for row in range(table.n):
        if table.how[row] == How.LOST and math.isnan(table.started[row]):
            where = (trace.actors.names[table.consumer[row]], table.ended[row])
            lost.setdefault(where, []).append(table.copy[row])
    return lost


def busy_share(bars: list[Bar], edges: NDArray[np.float64], slots: int = 1) -> NDArray[np.float64]:
    """The share of each window between neighbouring `edges` in which the work of `bars` went on; windows of
    equal length.

    Bars of a consumer with one slot do not overlap, so a share is at most 1; those of a pool are shared out
    among its slots.
    """
    import numpy as np

    ordered = sorted((bar.start, bar.end) for bar in bars)
    return worked_share(
        np.array([start for start, _ in ordered]), np.array([end for _, end in ordered]), edges, slots
    )


def worked_share(
    start: NDArray[np.float64], end: NDArray[np.float64], edges: NDArray[np.float64], slots: int = 1
) -> NDArray[np.float64]:
    """The share of each window between neighbouring `edges` in which work went on.

    Args:
        start: of stretches, rising, seconds; with one slot they do not overlap.
        end: of the same.
        edges: of windows of equal length, rising.
        slots: how many stretches may go on at a time.
    """
    import numpy as np

    if not len(start):
        return np.zeros(len(edges) - 1)
    if slots > 1:
        # Work done up to a time: what was begun by then runs on, less what was ended by then.
        done = np.array([np.maximum(t - start, 0.0).sum() - np.maximum(t - end, 0.0).sum() for t in edges])
        several: NDArray[np.float64] = np.diff(done) / float(edges[1] - edges[0]) / slots
        return several
    # Work done up to each edge: whole stretches before it, and the begun part of the one it cuts.
    whole = np.concatenate([[0.0], np.cumsum(end - start)])
    begun = np.searchsorted(start, edges, side="right")
    over = np.where(begun > 0, np.maximum(end[np.maximum(begun - 1, 0)] - edges, 0.0), 0.0)
    share: NDArray[np.float64] = np.clip(np.diff(whole[begun] - over) / float(edges[1] - edges[0]), 0.0, 1.0)
    return share


def data_table(trace: Trace) -> pd.DataFrame:
    """The lanes as a table, one row a stretch of work: consumer, message, attempt, start, end (s), ending."""
    import pandas as pd

    from mqsim.trace.timeline import message_name

    columns = ["consumer", "message", "attempt", "start", "end", "ending"]
    rows = [
        (bar.consumer, message_name(trace, bar.copy), bar.attempt, bar.start, bar.end, bar.ending)
        for bar in work_bars(trace)
    ]
    return pd.DataFrame(rows, columns=columns)
