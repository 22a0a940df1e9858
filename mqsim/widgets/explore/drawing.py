"""What the explorer draws: depth and lanes, reduced to so many columns that no peak is lost.

A run of 20,000 messages has 40,000 changes of depth and a screen 1,000 columns. Of each column the least
and the greatest depth are kept, so that a peak that lasts a millisecond is still seen. Work becomes bars
while there are few of them in a lane, else the share of each window that was spent working.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from mqsim.metrics import depth_series
from mqsim.trace.frames import columns
from mqsim.trace.tables import How, Trace
from mqsim.trace.work_spans import Work, work
from mqsim.viz.bars import consumers, crashes, down_times, worked_share
from mqsim.viz.faults import fault_name, span
from mqsim.viz.lanes import MOST_BARS

COLUMNS = 1200
WINDOWS = 240
MOST_QUEUES = 5
MOST_LANES = 30
MOST_MARKS = 400

# How a stretch of work ended, as `viz.palette.ENDINGS` names it; the browser gets the place in this list.
ENDINGS = ("done", "open", "given back", "refused", "lost")
_CODES = {How.OPEN: 1, How.ACKED: 0, How.REQUEUED: 2, How.REJECTED: 3, How.RETURNED: 2, How.LOST: 4}

Floats = NDArray[np.float64]


class Drawing(NamedTuple):
    """What is drawn.

    Attributes:
        about: `start` and `end` (seconds); `queues`, `lanes`, `faults`; where in `numbers` they stand.
        numbers: little-endian 32-bit floats, one row after the other; times count from the start.
    """

    about: dict[str, Any]
    numbers: bytes

    def row(self, place: list[int]) -> NDArray[np.float32]:
        """The numbers at a place, given as first index and count."""
        first, count = place
        return np.frombuffer(self.numbers, dtype="<f4", count=count, offset=4 * first)


def drawing_of(trace: Trace) -> Drawing:
    """What is drawn of a run."""
    rows = _Rows()
    end = trace.end if trace.end > trace.start else trace.start + 1.0
    edges = np.linspace(trace.start, end, COLUMNS + 1)
    queues = []
    for name in trace.queues.names:
        least, greatest = envelope(*depth_series(trace, name), edges)
        queues.append({"name": name, "least": least, "greatest": greatest, "top": int(greatest.max())})
    deepest = sorted(queues, key=lambda queue: -queue["top"])[:MOST_QUEUES]
    for queue in queues:
        if queue in deepest:
            queue["least"], queue["greatest"] = rows.put(queue["least"]), rows.put(queue["greatest"])
    about = {
        "start": trace.start,
        "end": end,
        "queues": [queue for queue in queues if isinstance(queue["least"], list)],
        "more_queues": len(queues) - len(deepest),
        "faults": [[*span(fault, trace), fault_name(fault)] for fault in trace.faults[:MOST_MARKS]],
        **_lanes(trace, rows, end),
    }
    return Drawing(about, rows.bytes())


def envelope(times: Floats, levels: NDArray[np.int64], edges: Floats) -> tuple[Any, Any]:
    """The least and the greatest level of a step function in each window, its left edge included.

    Args:
        times: when the level changes, rising; the first not after the first edge.
        levels: the level from each time on.
        edges: of the windows, rising; one more than there are windows.
    """
    at_edge = np.searchsorted(times, edges[:-1], side="right") - 1
    cuts = np.searchsorted(times, edges[:-1], side="right")
    ends = np.append(cuts[1:], np.searchsorted(times, edges[-1], side="left"))
    least, greatest = levels[at_edge].copy(), levels[at_edge].copy()
    full = np.flatnonzero(ends > cuts)
    if len(full):
        # A window with changes runs to the next one that has some: those between have none.
        upto = int(ends[full[-1]])
        least[full] = np.minimum(least[full], np.minimum.reduceat(levels[:upto], cuts[full]))
        greatest[full] = np.maximum(greatest[full], np.maximum.reduceat(levels[:upto], cuts[full]))
    return least, greatest


class _Rows:
    """Rows of numbers, and where each of them begins."""

    def __init__(self) -> None:
        self.parts: list[NDArray[np.float32]] = []
        self.size = 0

    def put(self, row: Any) -> list[int]:
        part = np.asarray(row, dtype="<f4")
        place = [self.size, len(part)]
        self.parts.append(part)
        self.size += len(part)
        return place

    def bytes(self) -> bytes:
        return b"".join(part.tobytes() for part in self.parts)


def _lanes(trace: Trace, rows: _Rows, end: float) -> dict[str, Any]:
    names = consumers(trace)
    stretches = work(trace)
    order = np.lexsort((stretches.start, stretches.consumer))
    who = stretches.consumer[order]
    codes = [trace.actors.names.index(name) for name in names[:MOST_LANES]]
    parts = [order[np.searchsorted(who, code) : np.searchsorted(who, code, side="right")] for code in codes]
    dense = max(map(len, parts), default=0) > MOST_BARS
    edges = np.linspace(trace.start, end, WINDOWS + 1)
    endings = None if dense else _endings(trace, stretches)
    lanes = []
    for name, part in zip(names, parts, strict=False):
        start, stop = stretches.start[part], stretches.end[part]
        gaps = down_times(trace, name)[:MOST_MARKS]
        lane: dict[str, Any] = {
            "name": name,
            "worked": len(part),
            "busy": float((stop - start).sum() / (end - trace.start) / trace.cast[name].slots),
            "down": rows.put([each - trace.start for gap in gaps for each in gap]),
        }
        if endings is None:
            lane["share"] = rows.put(worked_share(start, stop, edges, trace.cast[name].slots))
        else:
            bars = np.column_stack([start - trace.start, stop - trace.start, endings[part]])
            lane["bars"] = rows.put(bars.ravel())
        lanes.append(lane)
    shown = set(names[:MOST_LANES])
    died = [[t, name] for t, name, kind in crashes(trace) if kind != "hung" and name in shown]
    return {
        "lanes": lanes,
        "more_lanes": len(names) - len(lanes),
        "window": (end - trace.start) / WINDOWS if dense else None,
        "crashes": died[:MOST_MARKS],
    }


def _endings(trace: Trace, stretches: Work) -> NDArray[np.int64]:
    """How each stretch of work ended, as its place in `ENDINGS`."""
    how, finished = columns(trace.deliveries, "how", "finished")
    how, finished = how[stretches.delivery], finished[stretches.delivery]
    codes: NDArray[np.int64] = np.array([_CODES[each] for each in How])[how]
    # Its acknowledgement was on the way when the run ended; or it came before the work, which went on.
    codes[(how == How.OPEN) & ~np.isnan(finished)] = 0
    codes[(how == How.ACKED) & np.isnan(finished)] = 1
    return codes
