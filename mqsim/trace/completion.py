"""Which rows belong to one message, and what became of each of them.

A producer's message may have many rows: a copy in every queue it was routed to, one for each dead-lettering,
forwarding or second attempt to publish. Metrics count by message and checkers judge by message, so both read
this module.
"""

from __future__ import annotations

from enum import IntEnum
from typing import TYPE_CHECKING, Any

import numpy as np

from mqsim.trace.frames import columns
from mqsim.trace.tables import NONE, How, Outcome, Trace

if TYPE_CHECKING:
    from numpy.typing import NDArray


class Completion(IntEnum):
    """What a row means for its message.

    DONE: acknowledged, and worked to its end. PASSED_ON: dead-lettered; the next copy has its own row.
    UNDER_WAY: not at its end when the run ended: waiting, with a consumer, or acknowledged before the work
    was done. FAILED: expired, dropped, rejected, unroutable, refused or lost. RETRIED: failed, but another
    attempt at the same step did not: published again by its producer, or forwarded again after a redelivery.
    """

    DONE = 0
    PASSED_ON = 1
    UNDER_WAY = 2
    FAILED = 3
    RETRIED = 4


_SPARSE = 16
"""A table of keys has so many cells a key at most."""
_GIVEN_BACK = np.isin(np.arange(len(How)), (How.REQUEUED, How.REJECTED, How.LOST))


def message_ids(trace: Trace) -> NDArray[np.int64]:
    """For each row of the message table a number, from 0 up, that rows of one producer's message share.

    Rows without a producer share theirs with their origin.
    """
    producer, number, origin = columns(trace.messages, "producer", "number", "origin")
    sent = np.bincount(producer + 1, minlength=len(trace.actors) + 1)
    keys = number
    if np.count_nonzero(sent) > 1:
        # Those who sent anything, in the order of their codes, take turns in the keys.
        ranks = np.cumsum(sent > 0) - 1
        keys = number * (int(ranks[-1]) + 1) + ranks[producer + 1]
    if sent[0]:
        keys = np.where(producer == NONE, -1 - origin, keys)
    return dense(keys)


def dense(keys: NDArray[np.int64]) -> NDArray[np.int64]:
    """The rank of each key among the different keys, from 0."""
    if len(keys) and int(keys.min()) >= 0 and int(keys.max()) < _SPARSE * len(keys):
        # A table of the keys that there are takes a tenth of the time of sorting them.
        there = np.zeros(int(keys.max()) + 1, dtype=bool)
        there[keys] = True
        return keys if there.all() else (np.cumsum(there) - 1)[keys]
    return np.unique(keys, return_inverse=True)[1].astype(np.int64, copy=False)


def finished_attempts(trace: Trace) -> NDArray[np.bool_]:
    """Which rows of the delivery table were worked to their end and not given back by the worker itself."""
    finished, how = columns(trace.deliveries, "finished", "how")
    done: NDArray[np.bool_] = ~np.isnan(finished) & ~_GIVEN_BACK[how]
    return done


def completions(trace: Trace) -> NDArray[np.int8]:
    """The `Completion` of each row of the message table."""
    outcome, finished = columns(trace.messages, "outcome", "finished")
    fate = np.full(len(outcome), Completion.FAILED, dtype=np.int8)
    fate[(outcome == Outcome.READY) | (outcome == Outcome.UNACKED)] = Completion.UNDER_WAY
    fate[outcome == Outcome.ACKED] = Completion.DONE
    fate[(outcome == Outcome.ACKED) & np.isnan(finished)] = Completion.UNDER_WAY
    fate[outcome == Outcome.DEAD_LETTERED] = Completion.PASSED_ON
    failed = np.flatnonzero(fate == Completion.FAILED)
    if len(failed):
        fate[failed[_retried(trace, fate, failed)]] = Completion.RETRIED
    return fate


def _retried(trace: Trace, fate: NDArray[np.int8], failed: NDArray[Any]) -> NDArray[np.bool_]:
    """Which of the failed rows have a sibling, from the same parent to the same queue, that did not fail.

    A row that reached no queue at all has its siblings in every queue.
    """
    parent, queue = columns(trace.messages, "parent", "queue")
    step = dense(message_ids(trace) * (len(parent) + 1) + parent + 1)
    hop = step * (len(trace.queues) + 1) + queue + 1
    well = fate != Completion.FAILED
    same_queue = np.isin(hop[failed], hop[well])
    any_queue = np.isin(step[failed], step[well])
    tried_again = np.where(queue[failed] == NONE, any_queue, same_queue)
    retried: NDArray[np.bool_] = tried_again | _redone(trace, well, failed)
    return retried


def _redone(trace: Trace, well: NDArray[np.bool_], failed: NDArray[Any]) -> NDArray[np.bool_]:
    """Which of the failed rows were forwarded from a copy that was delivered once more, and forwarded again.

    The worker that did it again may be another one, so its message has another producer and number.
    """
    parent, queue, created = columns(trace.messages, "parent", "queue", "created")
    copy, sent = columns(trace.deliveries, "copy", "sent")
    redone = np.zeros(len(failed), dtype=bool)
    of = parent[failed]
    children = np.flatnonzero((parent != NONE) & np.isin(parent, of[of != NONE]))
    if not len(children):
        return redone
    attempts = np.flatnonzero(np.isin(copy, parent[children]))
    # Count the parent's attempts up to each child's creation: attempts first where times are equal.
    family = np.concatenate([copy[attempts], parent[children]])
    times = np.concatenate([sent[attempts], created[children]])
    order = np.lexsort((np.arange(len(family)), times, family))
    counts = np.empty(len(family), dtype=np.int64)
    counts[order] = np.cumsum(order < len(attempts))
    attempt = np.zeros(len(parent), dtype=np.int64)
    attempt[children] = counts[len(attempts) :]

    step = np.zeros(len(parent), dtype=np.int64)
    step[children] = dense(parent[children] * (len(trace.queues) + 1) + queue[children] + 1)
    latest = np.full(len(children), -1)
    good = children[well[children]]
    np.maximum.at(latest, step[good], attempt[good])
    forwarded = of != NONE
    redone[forwarded] = latest[step[failed[forwarded]]] > attempt[failed[forwarded]]
    return redone
