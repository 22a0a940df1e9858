"""Whether a fault hit something: only then does a run say anything about it."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from mqsim.grading.records import Strike
    from mqsim.trace.tables import Trace


def hits(trace: Trace, strike: Strike) -> bool:
    """Whether a fault hit something.

    A crash or Ctrl-C hits a program that holds a delivery, or that has published and not ended. The broker's
    end hits when a message is in one of its queues, with a worker, or on its way to it. The ledger is only
    taken away where a request comes, so that always hits.
    """
    if strike.kind == "ledger away":
        return True
    if strike.who == "broker":
        return _broker_has_something(trace, strike.t)
    return _holds(trace, strike.who, strike.t) or _has_published(trace, strike.who, strike.t)


def _broker_has_something(trace: Trace, t: float) -> bool:
    messages = trace.messages
    return any(messages.published[row] <= t and not messages.ended[row] < t for row in range(messages.n))


def _holds(trace: Trace, who: str, t: float) -> bool:
    """Whether an actor has a delivery on its machine that is not acknowledged, or not finished."""
    table, names = trace.deliveries, trace.actors.names
    return any(
        names[table.consumer[row]] == who
        and table.sent[row] <= t
        and (not table.ended[row] < t or (table.started[row] <= t and not table.finished[row] < t))
        for row in range(table.n)
    )


def _has_published(trace: Trace, who: str, t: float) -> bool:
    messages, names = trace.messages, trace.actors.names
    return any(
        messages.producer[row] >= 0 and names[messages.producer[row]] == who and messages.published[row] <= t
        for row in range(messages.n)
    )
