"""Order kept: first in, first started."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from mqsim.checkers.verdict import Status, Verdict, counted, listed, message_rows
from mqsim.trace.frames import columns
from mqsim.trace.tables import NONE, Outcome, Trace
from mqsim.trace.timeline import message_name

if TYPE_CHECKING:
    from numpy.typing import NDArray

_PRIORITIES = 256


class _Overtaking(NamedTuple):
    """Rows of the message table that started before one that went ahead of them, and which one that was."""

    rows: NDArray[np.int64]
    ahead: NDArray[np.int64]
    exercised: bool


def order_kept(trace: Trace) -> Verdict:
    """In each queue work on the messages of one priority began in the order in which they were queued, and
    published.

    Compared are the first starts (of whichever attempt): in each queue by the time of queueing, and in each
    queue for each producer by its own numbering, for what it published itself; in a priority queue within one
    priority. Starts at one instant are in order. A message that was overtaken and never started counts as
    well, unless it left the queue. Several consumers and a requeue, or a second attempt to publish may break
    the order, and rightly so.

    Exercised when a message was queued while one ahead of it had not been started, and at least one started.

    The records are the rows of the message table that overtook, with `overtook`, the copy they passed, and
    `first_start`.
    """
    first = _first_starts(trace)
    enqueued, queue, producer, number, parent, priority = columns(
        trace.messages, "enqueued", "queue", "producer", "number", "parent", "priority"
    )
    rows = np.flatnonzero(~np.isnan(enqueued) & ~np.isnan(first))
    lane = queue.astype(np.int64) * _PRIORITIES + priority
    by_queue = _overtaking(rows[np.lexsort((rows, enqueued[rows], lane[rows]))], lane, first, enqueued)

    own = rows[parent[rows] == NONE]
    channel = lane * (len(trace.actors) + 1) + producer
    own = own[np.lexsort((first[own], number[own], channel[own]))]
    repeated = np.zeros(len(own), dtype=bool)
    repeated[1:] = (channel[own[1:]] == channel[own[:-1]]) & (number[own[1:]] == number[own[:-1]])
    by_producer = _overtaking(own[~repeated], channel, first, enqueued)

    passed, at = np.unique(np.concatenate([by_queue.rows, by_producer.rows]), return_index=True)
    if len(passed):
        ahead = np.concatenate([by_queue.ahead, by_producer.ahead])[at]
        pairs = listed(
            f"{message_name(trace, row)} before {message_name(trace, other)}"
            for row, other in zip(passed.tolist(), ahead.tolist(), strict=True)
        )
        records = message_rows(trace, passed.tolist()).assign(overtook=ahead, first_start=first[passed])
        sentence = f"{counted(len(passed), 'message')} started ahead of turn: {pairs}."
        return Verdict("order_kept", Status.BROKEN, sentence, records)
    started = int(np.isfinite(first[rows]).sum())
    if not started or not (by_queue.exercised or by_producer.exercised):
        sentence = "no message was queued behind one that had not been started."
        return Verdict("order_kept", Status.NOT_EXERCISED, sentence, message_rows(trace))
    sentence = f"{counted(started, 'message')} started in the order of their queues and producers."
    return Verdict("order_kept", Status.HOLDS, sentence, message_rows(trace))


def _first_starts(trace: Trace) -> NDArray[np.float64]:
    """When work on each copy first began; infinity: it still waits for that; NaN: it left unstarted."""
    copy, started = columns(trace.deliveries, "copy", "started")
    (outcome,) = columns(trace.messages, "outcome")
    first = np.full(trace.messages.n, np.inf)
    begun = ~np.isnan(started)
    np.minimum.at(first, copy[begun], started[begun])
    waits = np.isin(outcome, (Outcome.READY, Outcome.UNACKED, Outcome.ACKED))
    first[np.isinf(first) & ~waits] = np.nan
    return first


def _overtaking(
    rows: NDArray[Any], lane: NDArray[Any], first: NDArray[np.float64], enqueued: NDArray[np.float64]
) -> _Overtaking:
    """Who overtook whom among `rows`, which lie lane by lane and in order within each."""
    found, ahead, exercised = [], [], False
    for mine in np.split(rows, np.flatnonzero(np.diff(lane[rows])) + 1):
        if len(mine) < 2:
            continue
        latest = np.maximum.accumulate(first[mine])
        leader = np.where(first[mine] == latest, np.arange(len(mine)), 0)
        leader = np.maximum.accumulate(leader)
        late = np.flatnonzero(first[mine[1:]] < latest[:-1]) + 1
        found.append(mine[late])
        ahead.append(mine[leader[late]])
        exercised = exercised or bool((enqueued[mine[1:]] < latest[:-1]).any())
    none = np.empty(0, dtype=np.int64)
    return _Overtaking(np.concatenate([none, *found]), np.concatenate([none, *ahead]), exercised)
