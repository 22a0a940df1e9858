"""Compiled: what is counted of a run of which only numbers are asked for, so that rows can be used again.

A delivery is over when nobody refers to it any more: neither the broker, nor a hop, nor a consumer. A message
is over when it has ended and all its deliveries are over. Then both are counted, as `metrics` would count
their rows in the tables, and their rows are free.
"""

from __future__ import annotations

from typing import Any

from mqsim.twin.codes import (
    ACKED_,
    H_LOST,
    H_REJECTED,
    H_REQUEUED,
    HAS_ENDED,
    IS_FREE,
    LOST_,
    UNACKED_,
)
from mqsim.twin.compiled import compiled, inlined
from mqsim.twin.state import ACKS, AGAIN, AT_WORK, NEVER, PUBLISHED, REDELIVERED

# -- levels over time ----------------------------------------------------------------------------------------


@inlined
def depth_changes(s: Any, q: Any) -> None:
    """The number of ready messages is about to change."""
    g = s.g[0]
    if g.measures and g.now > q.depth_since:
        add_depth(s, q)


@compiled
def add_depth(s: Any, q: Any) -> None:
    """Add up how long so many messages were ready."""
    g = s.g[0]
    if g.now > g.counts_from:
        q.depth_area += q.waiting * (g.now - max(q.depth_since, g.counts_from))
        q.most_ready = max(q.most_ready, q.waiting)
    q.depth_since = g.now


@inlined
def inside_changes(s: Any, q: Any, by: int) -> None:
    """So many more messages are in a queue or with its consumers."""
    g = s.g[0]
    if g.measures:
        if g.now > q.inside_since:
            add_inside(s, q)
        q.inside += by


@compiled
def add_inside(s: Any, q: Any) -> None:
    """Add up how long so many messages were in a queue or with its consumers."""
    g = s.g[0]
    if g.now > g.counts_from:
        q.inside_area += q.inside * (g.now - max(q.inside_since, g.counts_from))
        q.most_inside = max(q.most_inside, q.inside)
    q.inside_since = g.now


# -- seconds at work -----------------------------------------------------------------------------------------


@inlined
def worked(s: Any, actor: int, start: float, end: float) -> None:
    """A consumer was at work."""
    g = s.g[0]
    begins = max(start, g.counts_from)
    if g.measures and end > begins:
        s.actors[actor].busy += end - begins


@inlined
def broken_work_ends(s: Any, actor: int) -> None:
    """Work that was left unfinished ends now at the latest."""
    if s.actors[actor].broken >= 0:
        end_broken_work(s, actor)


@compiled
def end_broken_work(s: Any, actor: int) -> None:
    """Work that was left unfinished ends now."""
    a = s.actors[actor]
    worked(s, actor, s.deliveries[a.broken].started, s.g[0].now)
    a.broken = -1


@compiled
def given_back(s: Any, delivery: int) -> None:
    """The broker takes a delivery back, or for lost: if its consumer had left it unfinished, it ends now."""
    actor = s.sessions[s.deliveries[delivery].session].actor
    if s.actors[actor].broken == delivery:
        end_broken_work(s, actor)


@compiled
def leave_unfinished(s: Any, actor: int, delivery: int, for_good: bool) -> None:
    """A consumer leaves its work unfinished; the work ends when the broker takes it back, or `for_good`
    now.
    """
    g = s.g[0]
    d = s.deliveries[delivery]
    if d.how >= H_REQUEUED:
        worked(s, actor, d.started, min(d.ended, g.now))
    elif for_good:
        worked(s, actor, d.started, g.now)
    elif g.measures:
        s.actors[actor].broken = delivery


# -- rows that are over --------------------------------------------------------------------------------------


@inlined
def released(s: Any, delivery: int, places: int) -> None:
    """A delivery is no more in so many places."""
    if s.g[0].measures:
        release(s, delivery, places)


@compiled
def release(s: Any, delivery: int, places: int) -> None:
    """A delivery is no more in so many places: it is over when it is nowhere."""
    g = s.g[0]
    d = s.deliveries[delivery]
    d.held -= places
    if d.held > 0:
        return
    count_delivery(s, delivery)
    m = s.messages[d.row]
    m.held -= 1
    if m.held == 0 and m.status == HAS_ENDED:
        retire(s, d.row)
    d.behind = g.free_deliveries
    g.free_deliveries = delivery


@compiled
def retire(s: Any, row: int) -> None:
    """A message is over: count it, and let its row be used again."""
    g = s.g[0]
    count_message(s, row)
    m = s.messages[row]
    m.status = IS_FREE
    m.producer = -1
    m.next = g.free_messages
    g.free_messages = row


@compiled
def count_delivery(s: Any, delivery: int) -> None:
    """Count an attempt that was worked to its end and not given back by its consumer."""
    d = s.deliveries[delivery]
    if d.finished == d.finished and d.how != H_REQUEUED and d.how != H_REJECTED and d.how != H_LOST:
        m = s.messages[d.row]
        m.finishes += 1
        if m.created >= s.g[0].counts_from:
            s.handled[d.consumer, m.queue + 1] += 1


@compiled
def count_message(s: Any, row: int) -> None:
    """Count what became of a message, and keep its times if it was worked to its end."""
    g = s.g[0]
    m = s.messages[row]
    of = m.queue + 1
    if m.acked >= g.counts_from and m.outcome != LOST_:
        s.tallies[of, ACKS] += 1
    if not m.created >= g.counts_from:
        return
    s.tallies[of, m.outcome] += 1
    if m.published == m.published:
        s.tallies[of, PUBLISHED] += 1
    if m.deliveries > 1:
        s.tallies[of, REDELIVERED] += 1
    if m.finishes > 1:
        s.tallies[of, AGAIN] += m.finishes - 1
    if m.finished != m.finished:
        if m.outcome == ACKED_:
            s.tallies[of, AT_WORK] += 1
    elif m.outcome == ACKED_ or m.outcome == UNACKED_:
        one = s.samples[g.samples]
        one.wait = m.started - m.enqueued
        one.service = m.finished - m.started
        one.sojourn = m.finished - m.created
        one.flow = m.acked - m.created
        one.queue = m.queue
        one.done = m.outcome == ACKED_
        g.samples += 1


# -- the end of the run --------------------------------------------------------------------------------------


@compiled
def count_the_rest(s: Any) -> bool:
    """Count what is open when the run is over; say whether all of it is counted, or there is no more room
    for times.
    """
    g = s.g[0]
    if g.folded == 0:
        if g.end < NEVER:
            g.now = max(g.now, g.end)
        close_levels(s)
        count_open_deliveries(s)
    while g.folded < g.messages:
        if g.samples == s.samples.size:
            return False
        if s.messages[g.folded].status != IS_FREE:
            count_message(s, g.folded)
        g.folded += 1
    return True


@compiled
def close_levels(s: Any) -> None:
    """Levels hold, and work goes on, until the end of the run."""
    for k in range(s.queues.size):
        depth_changes(s, s.queues[k])
        inside_changes(s, s.queues[k], 0)
    for actor in range(s.actors.size):
        broken_work_ends(s, actor)
        if s.actors[actor].working >= 0:
            leave_unfinished(s, actor, s.actors[actor].working, True)


@compiled
def count_open_deliveries(s: Any) -> None:
    """Count what clients hold at the end: it is unacknowledged, finished or not."""
    for k in range(s.g[0].deliveries):
        d = s.deliveries[k]
        if d.held > 0:
            if d.how == 0:
                s.messages[d.row].outcome = UNACKED_
            count_delivery(s, k)
