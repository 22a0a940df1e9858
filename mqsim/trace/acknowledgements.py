"""When the broker counts a delivery as done, and whether anybody told it so.

With automatic acknowledgement nobody does: the broker counts a message as done when it sends it. A consumer
that acknowledges before its work is through is told apart from one that acknowledges after it.
"""

from __future__ import annotations

from enum import IntEnum
from typing import TYPE_CHECKING

from mqsim.trace.clients import ClientEventKind
from mqsim.trace.tables import How

if TYPE_CHECKING:
    from mqsim.trace.tables import Trace


class Counting(IntEnum):
    """When an attempt counted as done, as seen from its work.

    BY_ACK: by an acknowledgement after the work, or not at all.
    WHEN_SENT: as it was sent (automatic acknowledgement).
    EARLY: by an acknowledgement before the work was over.
    """

    BY_ACK = 0
    WHEN_SENT = 1
    EARLY = 2


def counting(trace: Trace, attempt: int) -> Counting:
    """When the attempt in row `attempt` of the delivery table counted as done."""
    if counts_when_sent(trace, attempt):
        return Counting.WHEN_SENT
    deliveries = trace.deliveries
    acked = (
        deliveries.ended[attempt] if deliveries.how[attempt] == How.ACKED else acked_and_lost(trace, attempt)
    )
    finished = deliveries.finished[attempt]
    return Counting.EARLY if acked == acked and not finished <= acked else Counting.BY_ACK


def counts_when_sent(trace: Trace, attempt: int) -> bool:
    """Whether the attempt in row `attempt` was sent with automatic acknowledgement."""
    told = trace.auto_acks.get(attempt)
    if told is not None:
        return told
    actor = trace.cast.get(trace.actors.names[trace.deliveries.consumer[attempt]])
    return actor is not None and actor.ack == "auto"


def acked_and_lost(trace: Trace, attempt: int) -> float:
    """When the broker had the acknowledgement of an attempt that was lost later; NaN where it had none."""
    deliveries = trace.deliveries
    if deliveries.how[attempt] != How.LOST or counts_when_sent(trace, attempt):
        return float("nan")
    return trace.messages.acked[deliveries.copy[attempt]]


def callback_returns(trace: Trace) -> dict[int, float]:
    """When a program's callback for a delivery came back, by the row of the delivery table."""
    table, names = trace.deliveries, trace.actors.names
    attempts: dict[tuple[str, int], list[int]] = {}
    for row in range(table.n):
        attempts.setdefault((names[table.consumer[row]], table.copy[row]), []).append(row)
    found: dict[int, float] = {}
    for event in trace.clients.of(ClientEventKind.CALLBACK_RETURNED):
        begun = [row for row in attempts.get((event.who, event.row), ()) if table.started[row] <= event.t]
        if begun:
            found.setdefault(begun[-1], event.t)
    return found


def worked_without_answer(trace: Trace) -> dict[int, float]:
    """When a program's work on a delivery was over that it never answered: neither acknowledged nor refused;
    by the row of the delivery table.
    """
    table = trace.deliveries
    return {
        row: t
        for row, t in callback_returns(trace).items()
        if table.how[row] in (How.OPEN, How.RETURNED) and table.finished[row] != table.finished[row]
    }
