"""Producers and consumers, compiled: processes that run or not, their connections, what they publish and work
on.

As `sim.process`, `sim.producer` with `confirms` and `retries`, and `sim.consumer` with `forwards` have it.
"""

from __future__ import annotations

from typing import Any

from mqsim.twin.broker import close, subscribe
from mqsim.twin.clock import call_at, draw, fault_at, hop
from mqsim.twin.codes import (
    ACK,
    AGAIN,
    ARRIVE,
    CANCEL,
    CLOSE,
    CLOSED,
    CONSUMER,
    CRASHES,
    D_COULD_NOT,
    D_DIED,
    D_FAILED_LATE,
    D_HEARTBEATS,
    D_IN_MEMORY,
    D_NACK,
    D_NO_CONNECTION,
    D_NONE,
    D_PRODUCER_CRASHED,
    D_PRODUCER_DOWN,
    D_PRODUCER_STOPPED,
    D_RESET,
    DROP,
    DROPS,
    EARLY,
    FINISH,
    K_CANCELLED,
    K_CONFIRM_MISSING,
    K_CONNECTION_LOST,
    K_CRASHED,
    K_FAILED,
    K_HUNG,
    K_NACKED,
    K_POWERED_OFF,
    K_RESTORED,
    K_RETRIED,
    K_STARTED,
    K_STOPPED,
    K_SUBSCRIBED,
    MANUAL,
    MISSED,
    NACK,
    NACKS,
    ON_CLOSED,
    ON_NACK,
    ON_TIMEOUT,
    OPEN,
    OVERDUE,
    PUBLISH,
    PUBLISH_CONFIRMED,
    RECUR,
    REJECT,
    REJECTS,
    RETRY,
    START,
)
from mqsim.twin.compiled import compiled, inlined
from mqsim.twin.ledger import (
    finished,
    give_up,
    join,
    log,
    lose_acked,
    lost,
    new_copy,
    new_message,
    queue_code,
    refused,
    reopen,
)
from mqsim.twin.state import NAN

MISSED_HEARTBEATS = 2.0
"""A peer is dead when so many of its heartbeats are missed."""

# -- processes -----------------------------------------------------------------------------------------------


@compiled
def start(s: Any, actor: int) -> None:
    """Start a process, and connect."""
    g = s.g[0]
    a = s.actors[actor]
    if a.running or (a.kind == CONSUMER and g.now >= a.stop_at):
        return
    a.running = 1
    a.hung = 0
    a.life += 1
    a.up = g.ups
    u = s.ups[g.ups]
    u.start = g.now
    u.end = NAN
    u.actor = actor
    g.ups += 1
    log(s, K_STARTED, a.code, -1, -1, D_NONE, 0)
    connect(s, actor, g.now == 0.0 and a.life == 1)
    tell_listeners(s, actor, True)


@compiled
def end_life(s: Any, actor: int, kind: int) -> None:
    """A process runs no more."""
    a = s.actors[actor]
    a.running = 0
    a.hung = 0
    a.life += 1
    a.waits_to_connect = 0
    s.ups[a.up].end = s.g[0].now
    log(s, kind, a.code, -1, -1, D_NONE, 0)
    tell_listeners(s, actor, False)


@compiled
def tell_listeners(s: Any, actor: int, up: bool) -> None:
    """Tell faults that count in up time, and what waits for a process to stop."""
    g = s.g[0]
    a = s.actors[actor]
    k = a.listeners
    before = -1
    while k >= 0:
        one = s.listeners[k]
        if one.recurrence >= 0:
            up_changed(s, one.recurrence, up)
            before = k
        else:
            if before < 0:
                a.listeners = one.next
            else:
                s.listeners[before].next = one.next
            call_at(s, max(one.due, g.now), START, actor, 0)
        k = one.next


@compiled
def up_changed(s: Any, recurrence: int, up: bool) -> None:
    """What a recurring fault hits has come up, or is down."""
    g = s.g[0]
    r = s.recurrences[recurrence]
    if bool(r.up) == up:
        return
    r.up = 1 if up else 0
    r.epoch += 1
    if up:
        r.since = g.now
        fault_at(s, g.now + r.left, RECUR, recurrence, r.epoch)
    else:
        r.left -= g.now - r.since


@compiled
def die(s: Any, actor: int, kind: int) -> int:
    """A process dies; give the connection that it had."""
    a = s.actors[actor]
    session = a.session
    a.session = -1
    if session >= 0:
        s.sessions[session].client_open = 0
    end_life(s, actor, kind)
    if a.kind == CONSUMER:
        lose_work(s, actor)
    else:
        lose_backlog(s, actor)
    return int(session)


@compiled
def crash(s: Any, actor: int) -> None:
    """A process dies at once; its kernel closes the connection."""
    a = s.actors[actor]
    if a.running:
        session = die(s, actor, K_CRASHED)
        if session >= 0:
            hop(s, a.latency, CLOSE, session, 0)


@compiled
def power_off(s: Any, actor: int) -> None:
    """A machine loses its power: only the heartbeat tells the broker."""
    a = s.actors[actor]
    if a.running:
        session = die(s, actor, K_POWERED_OFF)
        if session >= 0 and a.heartbeat > 0.0:
            call_at(s, s.g[0].now + MISSED_HEARTBEATS * a.heartbeat, DROP, session, 0)


@compiled
def stop(s: Any, actor: int, for_good: bool) -> None:
    """A process ends in order."""
    if s.actors[actor].kind == CONSUMER:
        stop_consumer(s, actor)
    else:
        stop_producer(s, actor, for_good)


# -- connections ---------------------------------------------------------------------------------------------


@compiled
def connect(s: Any, actor: int, at_once: bool) -> None:
    """Open a connection; at the very start of the run it is there at once."""
    g = s.g[0]
    a = s.actors[actor]
    session = g.sessions
    g.sessions += 1
    c = s.sessions[session]
    c.actor = actor
    c.latency = a.latency
    c.client_open = 1
    c.broker_open = 0
    c.broker_known = 0
    c.subscribed = 0
    c.parked = 0
    c.unacked = 0
    c.head = -1
    c.tail = -1
    a.session = session
    if at_once:
        accept(s, session)
        opened(s, session)
    else:
        hop(s, a.latency, OPEN, session, 0)


@compiled
def accept(s: Any, session: int) -> None:
    """At the broker: a connection is there; subscribe, or ask for confirms."""
    c = s.sessions[session]
    c.broker_open = 1
    a = s.actors[c.actor]
    if a.kind == CONSUMER:
        subscribe(s, session)
        log(s, K_SUBSCRIBED, a.code, -2 - a.queue, -1, D_NONE, 0)
    elif a.confirms:
        a.channel_life += 1


@compiled
def opened(s: Any, session: int) -> None:
    """At the client: the connection is there; publish what waits."""
    c = s.sessions[session]
    a = s.actors[c.actor]
    if a.kind != CONSUMER and a.session == session:
        c.broker_known = 1
        refresh(s, c.actor)


@compiled
def closed(s: Any, session: int, why: int) -> None:
    """At the client: the connection is no more. Connect again after a while."""
    actor = s.sessions[session].actor
    a = s.actors[actor]
    if a.session != session:
        return
    s.sessions[session].client_open = 0
    a.session = -1
    log(s, K_CONNECTION_LOST, a.code, -1, -1, why, 0)
    if a.kind == CONSUMER:
        lose_buffer(s, actor)
    else:
        connection_lost(s, actor)
        refresh(s, actor)
    if a.running:
        connect_later(s, actor)


@compiled
def connect_later(s: Any, actor: int) -> None:
    """Try again after the reconnect delay, unless that is under way."""
    a = s.actors[actor]
    if not a.waits_to_connect:
        a.waits_to_connect = 1
        call_at(s, s.g[0].now + draw(s, a.reconnects), AGAIN, actor, a.life)


@compiled
def drop(s: Any, session: int, why: int) -> None:
    """The broker throws a client out; it learns of it when the news arrives."""
    close(s, session)
    hop(s, s.sessions[session].latency, CLOSED, session, why)


@compiled
def drop_connection(s: Any, actor: int) -> None:
    """A connection breaks, both ends learn of it at once."""
    session = s.actors[actor].session
    if session >= 0 and s.sessions[session].client_open:
        if s.sessions[session].broker_open:
            close(s, session)
        else:
            hop(s, s.sessions[session].latency, CLOSE, session, 0)
        closed(s, session, D_RESET)


# -- standing still ------------------------------------------------------------------------------------------


@compiled
def hang(s: Any, actor: int) -> None:
    """A process stands still, and with it its heartbeats."""
    g = s.g[0]
    a = s.actors[actor]
    if not a.running or a.hung:
        return
    a.hung = 1
    log(s, K_HUNG, a.code, -1, -1, D_NONE, 0)
    pace_changed(s, actor)
    a.hangs += 1
    if a.heartbeat > 0.0:
        n = s.notes[g.notes]
        n.actor = actor
        n.life = a.life
        n.a = a.hangs
        n.b = a.session
        call_at(s, g.now + MISSED_HEARTBEATS * a.heartbeat, MISSED, g.notes, 0)
        g.notes += 1


@compiled
def restore(s: Any, actor: int) -> None:
    """The end of a `hang`."""
    a = s.actors[actor]
    if a.hung:
        a.hung = 0
        log(s, K_RESTORED, a.code, -1, -1, D_NONE, 0)
        if a.session < 0:
            connect_later(s, actor)
        pace_changed(s, actor)


@compiled
def pace_changed(s: Any, actor: int) -> None:
    """A process stands still with the work that remains, or goes on with it."""
    a = s.actors[actor]
    now = s.g[0].now
    if a.kind != CONSUMER:
        refresh(s, actor)
    elif a.hung:
        if a.working >= 0:
            a.remaining = a.finish_at - now
            a.timer += 1
    elif a.working >= 0:
        rearm(s, actor, now + a.remaining)
    elif a.buffer_head >= 0 and a.session >= 0:
        begin(s, actor, from_buffer(s, actor))


@compiled
def slow(s: Any, actor: int, factor: float) -> None:
    """Stretch the work that remains, and all that follows; producers have none."""
    a = s.actors[actor]
    if a.kind == CONSUMER:
        s.slowness[actor, a.slow_n] = factor
        a.slow_n += 1
        stretch(s, actor, factor)


@compiled
def end_slow(s: Any, actor: int, factor: float) -> None:
    """Take one stretch by `factor` back."""
    a = s.actors[actor]
    if a.kind == CONSUMER:
        k = 0
        while s.slowness[actor, k] != factor:
            k += 1
        a.slow_n -= 1
        while k < a.slow_n:
            s.slowness[actor, k] = s.slowness[actor, k + 1]
            k += 1
        stretch(s, actor, 1.0 / factor)


@compiled
def stretch(s: Any, actor: int, factor: float) -> None:
    """Work in hand takes longer, and so does all that follows."""
    a = s.actors[actor]
    now = s.g[0].now
    if a.working >= 0 and not a.hung:
        rearm(s, actor, now + (a.finish_at - now) * factor)
    elif a.working >= 0:
        a.remaining *= factor
    slowed = 1.0
    for k in range(a.slow_n):
        slowed *= s.slowness[actor, k]
    a.slowed = slowed


@compiled
def rearm(s: Any, actor: int, at: float) -> None:
    """The work in hand ends at another time."""
    a = s.actors[actor]
    a.finish_at = at
    a.timer += 1
    call_at(s, at, FINISH, actor, a.timer)


# -- producers -----------------------------------------------------------------------------------------------


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
def create(s: Any, actor: int, user: int) -> None:
    """A message comes into the world, and is published if it can be; a user may wait for it."""
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


# -- consumers -----------------------------------------------------------------------------------------------


@compiled
def receive(s: Any, delivery: int) -> None:
    """At the client: work on a delivery, or keep it for later."""
    g = s.g[0]
    d = s.deliveries[delivery]
    actor = s.sessions[d.session].actor
    a = s.actors[actor]
    d.received = g.now
    if a.working < 0 and not a.hung:
        begin(s, actor, delivery)
        return
    if a.buffer_tail < 0:
        a.buffer_head = delivery
    else:
        s.deliveries[a.buffer_tail].behind = delivery
    a.buffer_tail = delivery


@inlined
def from_buffer(s: Any, actor: int) -> int:
    """Take the delivery that waits longest; there is one."""
    a = s.actors[actor]
    delivery = a.buffer_head
    a.buffer_head = s.deliveries[delivery].behind
    if a.buffer_head < 0:
        a.buffer_tail = -1
    return int(delivery)


@compiled
def begin(s: Any, actor: int, delivery: int) -> None:
    """Begin to work on a delivery."""
    g = s.g[0]
    a = s.actors[actor]
    d = s.deliveries[delivery]
    m = s.messages[d.row]
    a.working = delivery
    d.started = g.now
    if m.attempt == delivery:
        m.started = g.now
    work = m.work
    if a.service >= 0:
        work = s.service[m.origin, s.columns[m.lineage, a.service]]
    seconds = work / a.speed
    if a.factor_to > a.factor_from:
        seconds *= stretched(s, a.factor_from, a.factor_to)
    if a.ack == EARLY:
        d.work_to_come = 1
        hop(s, a.latency, ACK, delivery, 0)
    if not a.plain:
        seconds = foreseen(s, actor, d.row, seconds)
    if a.slowed != 1.0:
        seconds *= a.slowed
    a.finish_at = g.now + seconds
    call_at(s, a.finish_at, FINISH, actor, a.timer)


@compiled
def stretched(s: Any, begins: int, ends: int) -> float:
    """The factor now on a line through points; before the first and after the last it is theirs."""
    now = s.g[0].now
    if now <= s.points[begins, 0]:
        return float(s.points[begins, 1])
    for k in range(begins, ends - 1):
        t0, f0, t1, f1 = s.points[k, 0], s.points[k, 1], s.points[k + 1, 0], s.points[k + 1, 1]
        if now <= t1:
            return float(f0 + (f1 - f0) * (now - t0) / (t1 - t0))
    return float(s.points[ends - 1, 1])


@compiled
def happens(s: Any, row: int, slot: int, attempt: int) -> bool:
    """Whether something that is left to chance happens to a message at an attempt."""
    m = s.messages[row]
    column = s.columns[m.lineage, slot]
    return bool(s.chance[m.origin, (attempt + m.tried - 1) * s.g[0].chances + column])


@compiled
def foreseen(s: Any, actor: int, row: int, seconds: float) -> float:
    """Whether this attempt will fail, and how long it takes until then."""
    a = s.actors[actor]
    m = s.messages[row]
    drawn = a.fails >= 0 and happens(s, row, a.fails, m.deliveries)
    a.failing = 1 if drawn or s.messages[m.origin].poison else 0
    return float(seconds * a.after) if a.failing and a.then >= 0 else seconds


@compiled
def finish(s: Any, actor: int) -> None:
    """The work in hand is done, or fails."""
    g = s.g[0]
    a = s.actors[actor]
    delivery = a.working
    a.working = -1
    d = s.deliveries[delivery]
    session = d.session
    if a.failing:
        a.failing = 0
        fail(s, actor, delivery)
    else:
        d.finished = g.now
        m = s.messages[d.row]
        if m.attempt == delivery:
            m.finished = g.now
        if a.forwards_to > a.forwards_from:
            forward(s, actor, delivery, 1)
        if a.ack == MANUAL:
            hop(s, a.latency, ACK, delivery, 0)
        if a.forwards_to > a.forwards_from:
            forward(s, actor, delivery, 0)
        if a.ack != MANUAL:
            finished(s, delivery)
    if a.running:
        if a.stopping:
            leave(s, actor)
        elif a.buffer_head >= 0 and not a.hung:
            begin(s, actor, from_buffer(s, actor))
        elif a.session < 0 and not s.sessions[session].client_open:
            connect_later(s, actor)


@compiled
def fail(s: Any, actor: int, delivery: int) -> None:
    """Work fails."""
    g = s.g[0]
    a = s.actors[actor]
    d = s.deliveries[delivery]
    m = s.messages[d.row]
    then = a.then if a.then >= 0 else NACKS
    if a.attempts >= 0 and m.deliveries >= a.attempts:
        then = REJECTS
    log(s, K_FAILED, a.code, -1, d.row, D_NACK + then, 0)
    if then == CRASHES:
        a.working = delivery
        if a.restart_after == a.restart_after:
            call_at(s, g.now + a.restart_after, START, actor, 0)
        crash(s, actor)
    elif a.ack != MANUAL:
        give_up(s, delivery, D_FAILED_LATE, 0)
    elif then == DROPS:
        d.abandoned = 1
        hop(s, a.latency, ACK, delivery, 0)
    elif then == NACKS:
        hop(s, a.latency, NACK, delivery, 0)
    else:
        hop(s, a.latency, REJECT, delivery, 0)


@compiled
def forward(s: Any, actor: int, delivery: int, before: int) -> None:
    """Publish what is to be published before, or after, the acknowledgement."""
    g = s.g[0]
    a = s.actors[actor]
    d = s.deliveries[delivery]
    for k in range(a.forwards_from, a.forwards_to):
        f = s.forwards[k]
        if f.before != before or (f.chance >= 0 and not happens(s, d.row, f.chance, 1)):
            continue
        m = s.messages[d.row]
        row = new_message(s, a.code, a.forwarded, -1, g.now, m.work)
        a.forwarded += 1
        sent = s.messages[row]
        sent.lineage = s.lineages[m.lineage, k]
        sent.parent = d.row
        sent.origin = m.origin
        join(s, m.origin)
        sent.at = f.queue
        sent.queue = queue_code(s, f.queue)
        sent.published = g.now
        if s.sessions[d.session].client_open:
            hop(s, a.latency, PUBLISH, d.session, row)
        else:
            lost(s, row, D_NO_CONNECTION, a.code)


@compiled
def lose_work(s: Any, actor: int) -> None:
    """A consumer died. What was acknowledged beforehand is lost; the rest goes back when the broker
    notices.
    """
    a = s.actors[actor]
    delivery = a.working
    a.working = -1
    a.failing = 0
    a.timer += 1
    a.slow_n = 0
    a.slowed = 1.0
    if delivery >= 0 and a.ack != MANUAL:
        give_up(s, delivery, D_DIED, a.code)
    lose_buffer(s, actor)
    a.stopping = 0


@compiled
def lose_buffer(s: Any, actor: int) -> None:
    """What waits in a consumer's memory is gone."""
    a = s.actors[actor]
    delivery = a.buffer_head
    a.buffer_head = -1
    a.buffer_tail = -1
    while delivery >= 0:
        following = s.deliveries[delivery].behind
        lose_acked(s, delivery, D_IN_MEMORY, a.code)
        delivery = following


@compiled
def stop_consumer(s: Any, actor: int) -> None:
    """A consumer ends in order: it cancels, finishes the work in hand, gives the rest back, closes."""
    a = s.actors[actor]
    if not a.running or a.stopping:
        return
    a.stopping = 1
    if a.working < 0:
        leave(s, actor)
    elif a.session >= 0 and s.sessions[a.session].client_open:
        hop(s, a.latency, CANCEL, a.session, 0)
        log(s, K_CANCELLED, a.code, -2 - a.queue, -1, D_NONE, 0)


@compiled
def leave(s: Any, actor: int) -> None:
    """A consumer that stops has finished its work."""
    a = s.actors[actor]
    session = a.session
    a.session = -1
    lose_buffer(s, actor)
    if session >= 0:
        s.sessions[session].client_open = 0
        hop(s, a.latency, CLOSE, session, 0)
    a.stopping = 0
    end_life(s, actor, K_STOPPED)


@compiled
def connection_again(s: Any, actor: int, life: int) -> bool:
    """The reconnect delay is over; say whether the process connects."""
    a = s.actors[actor]
    a.waits_to_connect = 0
    if a.life == life and a.running and not a.hung:
        connect(s, actor, False)
        return True
    return False


@compiled
def heartbeats_missed(s: Any, note: int) -> bool:
    """A process has stood still for too long; say whether the broker throws it out."""
    n = s.notes[note]
    a = s.actors[n.actor]
    if not a.hung or a.life != n.life or a.hangs != n.a:
        return False
    if n.b >= 0 and s.sessions[n.b].broker_open:
        drop(s, n.b, D_HEARTBEATS)
        return True
    return False
