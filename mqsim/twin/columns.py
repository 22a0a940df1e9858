"""Compiled: the columns of a trace, filled from the records of a run in one pass."""

from __future__ import annotations

from typing import Any

from mqsim.twin.codes import UNACKED_
from mqsim.twin.compiled import compiled


@compiled
def fill_columns(s: Any) -> None:
    """Fill the columns of both tables; what clients hold at the end is unacknowledged."""
    g = s.g[0]
    for k in range(g.deliveries):
        d = s.deliveries[k]
        if d.how == 0:
            s.messages[d.row].outcome = UNACKED_
        s.d_copy[k] = d.row
        s.d_attempt[k] = d.attempt
        s.d_consumer[k] = d.consumer
        s.d_sent[k] = d.sent
        s.d_received[k] = d.received
        s.d_started[k] = d.started
        s.d_finished[k] = d.finished
        s.d_ended[k] = d.ended
        s.d_how[k] = d.how
    for k in range(g.messages):
        m = s.messages[k]
        s.m_parent[k] = m.parent
        s.m_origin[k] = m.origin
        s.m_producer[k] = m.producer
        s.m_number[k] = m.number
        s.m_queue[k] = m.queue
        s.m_priority[k] = m.priority
        s.m_created[k] = m.created
        s.m_published[k] = m.published
        s.m_enqueued[k] = m.enqueued
        s.m_delivered[k] = m.delivered
        s.m_started[k] = m.started
        s.m_finished[k] = m.finished
        s.m_acked[k] = m.acked
        s.m_consumer[k] = m.consumer
        s.m_deliveries[k] = m.deliveries
        s.m_outcome[k] = m.outcome
        s.m_ended[k] = m.ended
