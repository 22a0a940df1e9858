"""Flows: a producer's message with all that came of it, from its creation to the last acknowledgement."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from mqsim.errors import UsageError
from mqsim.metrics.window import Window, distribution, window
from mqsim.trace.completion import Completion, completions, dense, message_ids
from mqsim.trace.frames import columns

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from mqsim.trace.tables import Trace


class Flows(NamedTuple):
    """One row a flow.

    Attributes:
        created: when the producer had it to send (seconds).
        worked: when the last of its copies was finished; NaN unless all that came of it was.
        acked: when the last of them was acknowledged; NaN likewise.
    """

    created: NDArray[np.float64]
    worked: NDArray[np.float64]
    acked: NDArray[np.float64]


def flow_times(trace: Trace) -> Flows:
    """The flows of a run, in no particular order.

    A flow is finished when each of its copies was worked to its end and acknowledged, or went on as another
    copy, or was made good by another attempt to publish it.
    """
    origin, created, finished, acked = columns(trace.messages, "origin", "created", "finished", "acked")
    flow = dense(message_ids(trace)[origin])
    count = int(flow.max()) + 1 if len(flow) else 0
    fate = completions(trace)
    done = fate == Completion.DONE

    begun = np.full(count, np.inf)
    np.minimum.at(begun, flow, created[origin])
    last_worked, last_acked = np.full(count, -np.inf), np.full(count, -np.inf)
    np.maximum.at(last_worked, flow[done], finished[done])
    np.maximum.at(last_acked, flow[done], acked[done])
    whole = np.isfinite(last_acked)
    whole[flow[(fate == Completion.FAILED) | (fate == Completion.UNDER_WAY)]] = False
    return Flows(begun, np.where(whole, last_worked, np.nan), np.where(whole, last_acked, np.nan))


def unknown_queue(queue: str, known: Sequence[str]) -> UsageError:
    """What to raise where a run has no such queue."""
    return UsageError(f"queue: {queue!r} is not in this trace; it has {', '.join(known) or 'none'}.")


def flow_numbers(trace: Trace, span: Window) -> dict[str, Any]:
    """How many flows were created in the window, how many finished, and how long those took (seconds)."""
    flows = flow_times(trace)
    within = span.holds(flows.created)
    times = (flows.acked - flows.created)[within]
    numbers = distribution(times[~np.isnan(times)])
    finished = numbers.pop("count")
    count = int(within.sum())
    return {"count": count, "finished": finished, "unfinished": count - finished} | numbers


def slo_miss(trace: Trace, limit: float, *, warmup: float = 0.0, queue: str | None = None) -> float | None:
    """The share of messages that were not finished within `limit` seconds of their creation.

    Counted by producers' messages created in the window. Whatever was lost, dropped, refused, returned or not
    finished when the run ended is a miss, also when it was created less than `limit` before the end.

    Args:
        trace: what a run left behind.
        limit: seconds, from `created` to `finished`; 0 or more.
        warmup: seconds at the start that are left out.
        queue: judge only what a message's copies in this queue came to: one of them finished in time is
            enough. By default all that came of the message must be finished.

    Returns:
        A share from 0 to 1, or None when no message was created in the window.

    Raises:
        UsageError: `limit` or `warmup` is not a number of seconds, or the queue is unknown.
    """
    refuse_no_limit(limit)
    span = window(trace, warmup)
    if queue is None:
        flows = flow_times(trace)
        created, worked = flows.created, flows.worked
    else:
        created, worked = times_in_queue(trace, queue)
    within = span.holds(created)
    if not within.any():
        return None
    return 1.0 - float((worked[within] - created[within] <= limit).mean())


def refuse_no_limit(limit: float) -> None:
    """Refuse what is no limit for a message's time.

    Raises:
        UsageError: it is not a number of seconds, 0 or more.
    """
    if math.isnan(limit) or limit < 0:
        raise UsageError(f"limit: {limit!r} is not allowed; it must be a number of seconds, 0 or more.")


def times_in_queue(trace: Trace, queue: str) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """For each message that was meant for `queue`: when it was created, and first finished there (seconds).

    NaN stands for what was lost, dropped, refused or not finished when the run ended. In no particular order.

    Raises:
        UsageError: the trace knows no such queue.
    """
    if queue not in trace.queues.names:
        raise unknown_queue(queue, trace.queues.names)
    code, created, finished = columns(trace.messages, "queue", "created", "finished")
    rows = np.flatnonzero(code == trace.queues.names.index(queue))
    message = dense(message_ids(trace)[rows])
    count = int(message.max()) + 1 if len(rows) else 0
    begun, first = np.full(count, np.inf), np.full(count, np.inf)
    np.minimum.at(begun, message, created[rows])
    done = completions(trace)[rows] == Completion.DONE
    np.minimum.at(first, message[done], finished[rows[done]])
    return begun, np.where(np.isfinite(first), first, np.nan)
