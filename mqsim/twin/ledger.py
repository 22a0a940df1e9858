"""What is written of messages: rows of the tables, the log, and whether a copy is open; as `sim.recorder` and
`sim.copies` have it.
"""

from __future__ import annotations

from typing import Any

from mqsim.twin.clock import call_at
from mqsim.twin.codes import (
    ACKED_,
    D_GIVEN_UP,
    H_ACKED,
    H_LOST,
    HAS_ENDED,
    IS_ACKED,
    IS_OPEN,
    K_LOST,
    K_REFUSED,
    LOST_,
    READY_,
    REFUSED_,
    THINK,
)
from mqsim.twin.compiled import compiled, inlined
from mqsim.twin.counting import given_back, inside_changes, retire
from mqsim.twin.state import NAN


@compiled
def log(s: Any, kind: int, subject: int, other: int, copy: int, detail: int, about: int) -> None:
    """Write into the log. Names: an actor's code, -2 - index for a queue, -1 for none."""
    g = s.g[0]
    if g.measures:
        return
    e = s.events[g.events]
    e.t = g.now
    e.kind = kind
    e.subject = subject
    e.other = other
    e.row = copy
    e.detail = detail
    e.about = about
    g.events += 1


@inlined
def queue_code(s: Any, queue: int) -> int:
    """A queue's number in the trace, given at its first mention."""
    q = s.queues[queue]
    if q.code < 0:
        g = s.g[0]
        q.code = g.queue_codes
        g.queue_codes += 1
    return int(q.code)


@inlined
def new_message(s: Any, producer: int, number: int, code: int, created: float, work: float) -> int:
    """A message comes into the world; give its row."""
    g = s.g[0]
    row = g.free_messages
    if row >= 0:
        g.free_messages = s.messages[row].next
    else:
        row = g.messages
        g.messages += 1
    g.created += 1
    s.messages[row] = s.blank[0]
    m = s.messages[row]
    m.origin = row
    m.producer = producer
    m.number = number
    m.queue = code
    m.created = created
    m.work = work
    g.open += 1
    return int(row)


@compiled
def new_copy(s: Any, of: int, parent: int, code: int) -> int:
    """A further copy of a message."""
    m = s.messages[of]
    row = new_message(s, m.producer, m.number, code, m.created, m.work)
    copy = s.messages[row]
    copy.parent = parent
    copy.origin = m.origin
    copy.priority = m.priority
    copy.published = m.published
    copy.lineage = m.lineage
    join(s, m.origin)
    return int(row)


@inlined
def join(s: Any, origin: int) -> None:
    """One more copy is open of a message that somebody may wait for."""
    o = s.messages[origin]
    if o.waits > 0:
        o.waits += 1


@compiled
def close_row(s: Any, row: int) -> None:
    """A copy is open no more; when it was the last one of a user's message, the user thinks again."""
    g = s.g[0]
    m = s.messages[row]
    g.open -= 1
    m.status = HAS_ENDED
    if m.way >= 0:
        s.actors[m.way].saturate -= 1
        m.way = -1
    o = s.messages[m.origin]
    if o.waits > 1:
        o.waits -= 1
    elif o.waits == 1:
        o.waits = 0
        think(s, o.user)
    if g.measures:
        if m.enqueued == m.enqueued:
            inside_changes(s, s.queues[m.at], -1)
        if m.held == 0:
            retire(s, row)


@compiled
def think(s: Any, user: int) -> None:
    """A user thinks, unless its producer is done."""
    g = s.g[0]
    u = s.users[user]
    a = s.actors[u[0]]
    if a.done:
        return
    turn = u[1]
    thought = s.thoughts[a.thoughts + turn * a.users + (user - a.users_from)]
    u[1] = turn + 1
    if turn + 3 > a.thought_turns:
        g.low = 1
    call_at(s, g.now + thought, THINK, u[0], user)


@compiled
def end_astray(s: Any, row: int, outcome: int, kind: int, detail: int, about: int) -> None:
    """A copy that is in no queue meets its end."""
    g = s.g[0]
    m = s.messages[row]
    m.outcome = outcome
    m.ended = g.now
    log(s, kind, m.producer, -1, row, detail, about)
    m.astray = 1
    close_row(s, row)


@compiled
def lost(s: Any, row: int, detail: int, about: int) -> None:
    """A copy that is in no queue is lost."""
    end_astray(s, row, LOST_, K_LOST, detail, about)


@compiled
def refused(s: Any, row: int, detail: int, about: int) -> None:
    """A copy is refused."""
    end_astray(s, row, REFUSED_, K_REFUSED, detail, about)


@compiled
def reopen(s: Any, row: int) -> None:
    """A copy that ended on its way is published again."""
    g = s.g[0]
    m = s.messages[row]
    m.outcome = READY_
    m.ended = NAN
    m.astray = 0
    m.status = IS_OPEN
    g.open += 1
    join(s, m.origin)


@compiled
def lose_acked(s: Any, delivery: int, detail: int, about: int) -> bool:
    """An attempt will never be worked to its end: its message is lost if it is acknowledged already."""
    g = s.g[0]
    d = s.deliveries[delivery]
    m = s.messages[d.row]
    if m.attempt != delivery or m.status != IS_ACKED:
        return False
    m.outcome = LOST_
    d.how = H_LOST
    d.ended = g.now
    given_back(s, delivery)
    log(s, K_LOST, m.consumer, -1, d.row, detail, about)
    close_row(s, d.row)
    return True


@compiled
def give_up(s: Any, delivery: int, detail: int, about: int) -> None:
    """A consumer gives an attempt up: what is acknowledged is lost, and so is what will be."""
    d = s.deliveries[delivery]
    d.work_to_come = 0
    if not lose_acked(s, delivery, detail, about):
        d.abandoned = 1


@inlined
def acknowledged(s: Any, row: int) -> None:
    """The broker is done with a message. What is acknowledged before it is finished stays open until it
    is.
    """
    g = s.g[0]
    m = s.messages[row]
    now = g.now
    m.acked = now
    m.ended = now
    m.outcome = ACKED_
    d = s.deliveries[m.attempt]
    d.ended = now
    d.how = H_ACKED
    if d.abandoned:
        m.status = IS_ACKED
        lose_acked(s, m.attempt, D_GIVEN_UP, 0)
    elif d.work_to_come:
        m.status = IS_ACKED
    else:
        close_row(s, row)


@compiled
def finished(s: Any, delivery: int) -> None:
    """Work that may have been acknowledged before is done."""
    d = s.deliveries[delivery]
    d.work_to_come = 0
    m = s.messages[d.row]
    if m.attempt == delivery and m.status == IS_ACKED:
        close_row(s, d.row)
