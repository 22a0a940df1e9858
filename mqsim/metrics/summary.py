"""The numbers of a run, as one JSON object. (Percentiles, such as p99: `window.distribution`.)"""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Any

import numpy as np

from mqsim.metrics.flows import flow_numbers
from mqsim.metrics.series import average_in, depth_of, in_system_of, queue_rows
from mqsim.metrics.utilisation import consumer_numbers
from mqsim.metrics.window import Window, distribution, ratio, window
from mqsim.trace.completion import dense, finished_attempts, message_ids
from mqsim.trace.frames import cells_at, columns
from mqsim.trace.tables import Outcome, Trace

if TYPE_CHECKING:
    from numpy.typing import NDArray

# Two instants closer than this are one: a message that started so soon after it was queued did not wait.
AT_ONCE = 1e-12


def summary(trace: Trace, warmup: float = 0.0) -> dict[str, Any]:
    """The numbers of a run, ready for JSON; what is absent is None.

    Statistics cover messages created from `warmup` to the end; throughput and the time averages cover that
    stretch of time. Times are in seconds, rates per second.

    Args:
        trace: what a run left behind.
        warmup: seconds at the start that are left out; 0 or more.

    Returns:
        * `window`: `start`, `end`.
        * `messages`: copies by outcome, `created` and `unfinished`, over all queues and including what
          reached none.
        * `queues.NAME`: copies by outcome; `created`; `published`; `redelivered` (copies sent to consumers
          more than once); `duplicates` (times that work was finished beyond each message's first);
          `unfinished` (ready, unacked, or acknowledged before the work was done); `throughput`
          (acknowledgements per second); `p_wait` (share that waited); `wait`, `service`, `sojourn` (of copies
          whose work was finished: `count, mean, p50, p95, p99, max`); `depth` (ready) and `in_system` (`mean,
          max` over time).
        * `consumers.NAME` and `groups.NAME`: `handled, share, utilisation, of_up_time` (see
          `utilisation.consumer_numbers`).
        * `producers.NAME`: `created, published, confirmed, nacked, returned, blocked_for`, over the whole
          run.
        * `flows`: `count, finished, unfinished, mean, p50, p95, p99, max`.

    Raises:
        UsageError: `warmup` is not a number of seconds.
    """
    span = window(trace, warmup)
    within = span.holds(columns(trace.messages, "created")[0])
    again = duplicates(trace, within)
    rows = queue_rows(trace)
    each, groups = consumer_numbers(trace, span)
    queues = {}
    for code, name in enumerate(trace.queues.names):
        mine = rows.messages[code]
        numbers = queue_numbers(trace, span, mine, mine[within[mine]])
        numbers["duplicates"] = int(again[code])
        numbers["depth"] = average_in(depth_of(trace, mine, rows.deliveries[code]), span)
        numbers["in_system"] = average_in(in_system_of(trace, mine, rows.deliveries[code]), span)
        queues[name] = numbers
    return {
        "window": {"start": span.start, "end": span.end},
        "messages": _counts(trace, np.flatnonzero(within)),
        "queues": queues,
        "consumers": each,
        "groups": groups,
        "producers": {name: asdict(counts) for name, counts in trace.counts.items()},
        "flows": flow_numbers(trace, span),
    }


def _counts(trace: Trace, rows: NDArray[np.int64]) -> dict[str, Any]:
    outcome, finished = cells_at(rows, *columns(trace.messages, "outcome", "finished"))
    by_outcome = np.bincount(outcome, minlength=len(Outcome)).tolist()
    at_work = int(((outcome == Outcome.ACKED) & np.isnan(finished)).sum())
    under_way = by_outcome[Outcome.READY] + by_outcome[Outcome.UNACKED]
    counts: dict[str, Any] = {outcome.label: by_outcome[outcome] for outcome in Outcome}
    return counts | {"created": len(rows), "unfinished": under_way + at_work}


def queue_numbers(
    trace: Trace, span: Window, rows: NDArray[np.int64], chosen: NDArray[np.int64], *, times: bool = True
) -> dict[str, Any]:
    """What the message table tells of a queue, as `summary` gives it.

    Args:
        trace: what a run left behind.
        span: the window.
        rows: all rows of the queue.
        chosen: those of the window.
        times: whether `wait`, `service` and `sojourn` are wanted.
    """
    numbers = _counts(trace, chosen)
    published, deliveries = columns(trace.messages, "published", "deliveries")
    published, deliveries = cells_at(chosen, published, deliveries)
    numbers["published"] = len(chosen) - int(np.count_nonzero(np.isnan(published)))
    numbers["redelivered"] = int(np.count_nonzero(deliveries > 1))
    numbers["duplicates"] = 0
    acked, outcome = cells_at(rows, *columns(trace.messages, "acked", "outcome"))
    # What was acknowledged before it was done, and then lost, is no throughput.
    acks = int(np.count_nonzero(span.holds(acked) & (outcome != Outcome.LOST)))
    numbers["throughput"] = ratio(acks, span.length)
    found = queue_times(trace, chosen)
    wait = times_of("wait", found)
    numbers["p_wait"] = ratio(int(np.count_nonzero(wait > AT_ONCE)), len(wait))
    if times:
        for name in ("wait", "service", "sojourn"):
            numbers[name] = distribution(times_of(name, found))
    return numbers


def queue_times(trace: Trace, chosen: NDArray[np.int64]) -> list[NDArray[np.float64]]:
    """When rows of a queue were created, enqueued, started and finished, of copies whose work was done."""
    created, enqueued, started, finished, outcome = cells_at(
        chosen, *columns(trace.messages, "created", "enqueued", "started", "finished", "outcome")
    )
    worked = ~np.isnan(finished) & ((outcome == Outcome.ACKED) | (outcome == Outcome.UNACKED))
    return cells_at(np.flatnonzero(worked), created, enqueued, started, finished)


def times_of(name: str, found: list[NDArray[np.float64]]) -> NDArray[np.float64]:
    """`wait`, `service` or `sojourn` of each row of `queue_times`."""
    created, enqueued, started, finished = found
    if name == "wait":
        return started - enqueued
    return finished - (started if name == "service" else created)


def duplicates(trace: Trace, within: NDArray[np.bool_]) -> NDArray[np.int64]:
    """For each queue, how often work was finished again on a message that had been finished there before."""
    (queue,) = columns(trace.messages, "queue")
    copy = columns(trace.deliveries, "copy")[0][finished_attempts(trace)]
    (copy,) = cells_at(np.flatnonzero(within[copy]), copy)
    finishes = np.bincount(queue[copy], minlength=len(trace.queues))
    message = dense(message_ids(trace)[copy] * len(trace.queues) + queue[copy])
    first = np.zeros(int(message.max()) + 1 if len(message) else 0, dtype=np.int64)
    first[message] = queue[copy]
    return finishes - np.bincount(first, minlength=len(trace.queues))
