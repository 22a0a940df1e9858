"""Prefetch respected: no consumer is sent more than it may hold."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from mqsim.checkers.verdict import Status, Verdict, counted, delivery_rows, listed
from mqsim.trace.frames import columns, rows_by_code
from mqsim.trace.tables import How, Trace

if TYPE_CHECKING:
    from numpy.typing import NDArray


def prefetch_respected(trace: Trace) -> Verdict:
    """No consumer with a prefetch ever held more unacknowledged messages than that.

    Counted from `sent` to `ended`, as the broker sees it, and anew with every subscription, since a new
    consumer has a new allowance. At one instant what ended is taken off before what is sent is added. A
    prefetch of 0 is no limit, and under automatic acknowledgement it is ignored, as in RabbitMQ.

    Exercised when a consumer came to hold as many as it may.

    The records are the rows of the delivery table that were sent beyond the limit, with `outstanding`: how
    many the consumer held then, this one included.
    """
    limits = {
        name: actor.prefetch
        for name, actor in trace.cast.items()
        if actor.role != "producer" and actor.ack != "auto" and actor.prefetch > 0
    }
    if not limits:
        sentence = "no consumer acknowledges under a prefetch."
        return Verdict("prefetch_respected", Status.NOT_EXERCISED, sentence, delivery_rows(trace))
    rows, held, limit = _held(trace, limits)
    beyond = held > limit
    if beyond.any():
        (consumer,) = columns(trace.deliveries, "consumer")
        who = listed(trace.actors.names[code] for code in consumer[rows[beyond]].tolist())
        sentence = f"{counted(int(beyond.sum()), 'message')} sent beyond the prefetch: to {who}."
        records = delivery_rows(trace, rows[beyond].tolist()).assign(outstanding=held[beyond])
        return Verdict("prefetch_respected", Status.BROKEN, sentence, records)
    if not (held == limit).any():
        sentence = "no consumer ever held as many messages as its prefetch allows."
        return Verdict("prefetch_respected", Status.NOT_EXERCISED, sentence, delivery_rows(trace))
    (consumer,) = columns(trace.deliveries, "consumer")
    full = len(set(consumer[rows[held == limit]].tolist()))
    sentence = f"{counted(full, 'consumer')} reached the prefetch limit, and none exceeded it."
    return Verdict("prefetch_respected", Status.HOLDS, sentence, delivery_rows(trace))


def _held(
    trace: Trace, limits: dict[str, int]
) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]]:
    """For each delivery under a limit: its row, how many were held once it was sent, and the limit."""
    consumer, sent, ended, copy, how = columns(trace.deliveries, "consumer", "sent", "ended", "copy", "how")
    # What was lost after an early acknowledgement was off its consumer's hands with that.
    (acked,) = columns(trace.messages, "acked")
    ended = np.where(how == How.LOST, np.fmin(ended, acked[copy]), ended)
    rows, held, limit = ([np.empty(0, dtype=np.int64)] for _ in range(3))
    subscribed = _subscriptions(trace)
    for name, mine in zip(trace.actors.names, rows_by_code(consumer, len(trace.actors)), strict=True):
        allowed = limits.get(name)
        if allowed is None:
            continue
        session = np.searchsorted(subscribed.get(name, []), sent[mine], side="right")
        for number in np.unique(session).tolist():
            batch = mine[session == number]
            batch = batch[np.argsort(sent[batch], kind="stable")]
            over = np.searchsorted(np.sort(ended[batch]), sent[batch], side="right")
            rows.append(batch)
            held.append(np.arange(1, len(batch) + 1) - over)
            limit.append(np.full(len(batch), allowed))
    return np.concatenate(rows), np.concatenate(held), np.concatenate(limit)


def _subscriptions(trace: Trace) -> dict[str, list[float]]:
    """When the log says that each consumer subscribed, ascending."""
    times: dict[str, list[float]] = {}
    log = trace.events
    for t, kind, subject in zip(log.t, log.kind, log.subject, strict=True):
        if kind == "subscribed":
            times.setdefault(subject, []).append(t)
    return {subject: sorted(found) for subject, found in times.items()}
