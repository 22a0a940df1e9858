"""Producers, compiled: messages come by their arrivals, and are published, confirmed and published again.

As `sim.producer`, `sim.confirms` and `sim.retries` have it.
"""

from __future__ import annotations

from typing import Any

from mqsim.twin.clock import call_at, draw, hop
from mqsim.twin.codes import (
    ARRIVE,
    CLOSE,
    D_COULD_NOT,
    D_NONE,
    D_PRODUCER_CRASHED,
    D_PRODUCER_DOWN,
    D_PRODUCER_STOPPED,
    K_CONFIRM_MISSING,
    K_NACKED,
    K_RETRIED,
    K_STOPPED,
    ON_CLOSED,
    ON_NACK,
    ON_TIMEOUT,
    OVERDUE,
    PUBLISH,
    PUBLISH_CONFIRMED,
    RETRY,
)
from mqsim.twin.compiled import compiled, inlined
from mqsim.twin.ledger import log, lost, new_copy, new_message, queue_code, refused, reopen
from mqsim.twin.lives import end_life


@inlined
def arrive(s: Any, actor: int) -> None:
    """A message comes at its time, and the next one has its own."""
    a = s.actors[actor]
    if not a.done:
        create(s, actor, -1)
        next_arrival(s, actor)


@inlined
def next_arrival(s: Any, actor: int) -> None:
    """The next message has its time, or there is none."""
    a = s.actors[actor]
    if a.draw < a.draw_end:
        call_at(s, s.draws[a.draw].time, ARRIVE, actor, 0)
    else:
        finish_producer(s, actor)


@compiled
def finish_producer(s: Any, actor: int) -> None:
    """No further message of this producer will come into the world."""
    g = s.g[0]
    a = s.actors[actor]
    if not a.done:
        a.done = 1
        g.producers_left -= 1
        look_for_the_end(s)


@compiled
def look_for_the_end(s: Any) -> None:
    """Begin to look for the end of the run, once it can come."""
    g = s.g[0]
    if g.may_end and not (g.waits_for_producers and g.producers_left > 0):
        g.looks_for_end = 1


@compiled
def create(s: Any, actor: int, user: int) -> int:
    """A message comes into the world, and is published if it can be; a user may wait for it. Give its
    row.
    """
    g = s.g[0]
    a = s.actors[actor]
    row = drawn_message(s, actor)
    m = s.messages[row]
    if user >= 0:
        m.waits = 1
        m.user = user
    if a.free:
        publish_message(s, actor, row)
    elif a.running:
        if a.drops:
            refused(s, row, D_COULD_NOT, 0)
        else:
            hold(s, actor, row)
    else:
        refused(s, row, D_PRODUCER_DOWN, 0)
    if a.draw_end - a.draw <= a.draw_margin and not a.final:
        g.low = 1
    return row


@compiled
def drawn_message(s: Any, actor: int) -> int:
    """The next message of a producer as it was drawn; give its row."""
    g = s.g[0]
    a = s.actors[actor]
    d = s.draws[a.draw]
    code = queue_code(s, a.queue) if a.queue >= 0 else -1
    row = new_message(s, a.code, a.number, code, g.now, d.work)
    m = s.messages[row]
    m.at = d.queue
    m.priority = d.priority
    m.poison = d.poison
    m.expiration = d.expiration
    for k in range(g.services):
        s.service[row, k] = s.draw_service[a.draw, k]
    for k in range(g.chances * g.attempts):
        s.chance[row, k] = s.draw_chance[a.draw, k]
    a.draw += 1
    a.number += 1
    return int(row)


@inlined
def publish_message(s: Any, actor: int, row: int) -> None:
    """Put a message on the wire."""
    g = s.g[0]
    a = s.actors[actor]
    a.published += 1
    s.messages[row].published = g.now
    if a.confirms:
        publish_and_wait(s, actor, row)
    else:
        hop(s, a.latency, PUBLISH, a.session, row)


@compiled
def publish_and_wait(s: Any, actor: int, row: int) -> None:
    """Publish a message whose answer is waited for."""
    g = s.g[0]
    a = s.actors[actor]
    number = g.publishes
    g.publishes += 1
    p = s.publishes[number]
    p.row = row
    p.session = a.session
    p.life = a.channel_life
    p.waiting = 1
    p.after = -1
    p.before = a.waiting_tail
    if a.waiting_tail < 0:
        a.waiting_head = number
    else:
        s.publishes[a.waiting_tail].after = number
    a.waiting_tail = number
    a.waiting_n += 1
    if a.confirm_timeout == a.confirm_timeout:
        call_at(s, g.now + a.confirm_timeout, OVERDUE, number, actor)
    a.free = 1 if a.free and a.waiting_n < a.window else 0
    hop(s, a.latency, PUBLISH_CONFIRMED, number, 0)


@compiled
def answer_came(s: Any, number: int) -> bool:
    """Take a publish out of those that wait for an answer; say whether it was among them."""
    p = s.publishes[number]
    a = s.actors[s.sessions[p.session].actor]
    if not p.waiting or p.life != a.channel_life:
        return False
    p.waiting = 0
    a.waiting_n -= 1
    if p.before < 0:
        a.waiting_head = p.after
    else:
        s.publishes[p.before].after = p.after
    if p.after < 0:
        a.waiting_tail = p.before
    else:
        s.publishes[p.after].before = p.before
    return True


@compiled
def answered(s: Any, number: int, ok: int) -> None:
    """At the client: the broker confirms a publish, or says that it did not take it."""
    p = s.publishes[number]
    actor = s.sessions[p.session].actor
    a = s.actors[actor]
    if p.session != a.session or not answer_came(s, number):
        return
    if ok:
        a.confirmed += 1
        s.messages[p.row].tries = 0
    else:
        a.nacked += 1
        log(s, K_NACKED, a.code, -1, p.row, D_NONE, 0)
        failed(s, actor, p.row, ON_NACK)
    refresh(s, actor)


@compiled
def overdue(s: Any, number: int) -> bool:
    """A confirm has not come in time; say whether it was still waited for."""
    p = s.publishes[number]
    actor = s.sessions[p.session].actor
    if not answer_came(s, number):
        return False
    log(s, K_CONFIRM_MISSING, s.actors[actor].code, -1, p.row, D_NONE, 0)
    failed(s, actor, p.row, ON_TIMEOUT)
    refresh(s, actor)
    return True


@compiled
def failed(s: Any, actor: int, row: int, cause: int) -> None:
    """A try failed: try again after a while, if at all."""
    g = s.g[0]
    a = s.actors[actor]
    if not a.retry_on & cause:
        return
    m = s.messages[row]
    tries = m.tries if m.tries_life == a.tries_life else 0
    m.tries = 0
    if tries >= a.retry_limit:
        return
    delay = draw(s, a.retry_delays)
    for _ in range(tries):
        delay *= a.retry_factor
    g.retries_pending += 1
    n = s.notes[g.notes]
    n.actor = actor
    n.life = a.life
    n.a = row
    n.b = tries
    call_at(s, g.now + delay, RETRY, g.notes, 0)
    g.notes += 1


@compiled
def retry(s: Any, note: int) -> None:
    """Publish a message again: under its row if the earlier try is known to be over, else as a further
    copy.
    """
    g = s.g[0]
    n = s.notes[note]
    a = s.actors[n.actor]
    g.retries_pending -= 1
    if a.life != n.life:
        return
    row = n.a
    if s.messages[row].astray:
        reopen(s, row)
    else:
        m = s.messages[row]
        row = new_copy(s, n.a, -1, m.queue)
        s.messages[row].at = m.at
        s.messages[row].expiration = m.expiration
    s.messages[row].tries = n.b + 1
    s.messages[row].tries_life = a.tries_life
    g.retries += 1
    g.retrier = n.actor
    log(s, K_RETRIED, a.code, -1, row, D_NONE, 0)
    if a.free:
        publish_message(s, n.actor, row)
    else:
        hold(s, n.actor, row)


@compiled
def connection_lost(s: Any, actor: int) -> None:
    """No answer will come for what waits for one."""
    a = s.actors[actor]
    if not a.confirms:
        return
    number = a.waiting_head
    a.waiting_head = -1
    a.waiting_tail = -1
    a.waiting_n = 0
    a.channel_life += 1
    while number >= 0:
        p = s.publishes[number]
        p.waiting = 0
        failed(s, actor, p.row, ON_CLOSED)
        number = p.after


@inlined
def hold(s: Any, actor: int, row: int) -> None:
    """A message waits to be published."""
    a = s.actors[actor]
    s.messages[row].next = -1
    if a.backlog_tail < 0:
        a.backlog_head = row
    else:
        s.messages[a.backlog_tail].next = row
    a.backlog_tail = row


@compiled
def refresh(s: Any, actor: int) -> None:
    """Find out whether messages can go out now, and send those that wait."""
    a = s.actors[actor]
    able = bool(a.running) and not a.hung and a.session >= 0 and bool(s.sessions[a.session].broker_known)
    while able and a.backlog_head >= 0 and (not a.confirms or a.waiting_n < a.window):
        row = a.backlog_head
        a.backlog_head = s.messages[row].next
        if a.backlog_head < 0:
            a.backlog_tail = -1
        publish_message(s, actor, row)
    a.free = 1 if able and (not a.confirms or a.waiting_n < a.window) else 0


@compiled
def end_backlog(s: Any, actor: int, detail: int) -> None:
    """What waits to be published never will be."""
    a = s.actors[actor]
    row = a.backlog_head
    a.backlog_head = -1
    a.backlog_tail = -1
    while row >= 0:
        following = s.messages[row].next
        lost(s, row, detail, 0)
        row = following


@compiled
def lose_backlog(s: Any, actor: int) -> None:
    """A producer died: what it had not published is gone, what was not confirmed is forgotten."""
    a = s.actors[actor]
    end_backlog(s, actor, D_PRODUCER_CRASHED)
    if a.confirms:
        number = a.waiting_head
        while number >= 0:
            s.publishes[number].waiting = 0
            number = s.publishes[number].after
        a.waiting_head = -1
        a.waiting_tail = -1
        a.waiting_n = 0
        a.tries_life += 1
        a.channel_life += 1
    a.free = 0


@compiled
def stop_producer(s: Any, actor: int, for_good: bool) -> None:
    """A producer ends in order: what waits is still published if it can be."""
    a = s.actors[actor]
    if for_good:
        finish_producer(s, actor)
    if not a.running:
        return
    refresh(s, actor)
    end_backlog(s, actor, D_PRODUCER_STOPPED)
    session = a.session
    a.session = -1
    a.free = 0
    if session >= 0:
        s.sessions[session].client_open = 0
        hop(s, a.latency, CLOSE, session, 0)
    end_life(s, actor, K_STOPPED)
