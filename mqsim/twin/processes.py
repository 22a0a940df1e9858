"""Processes, compiled: they start, crash, stand still, and connect to the broker.

As `sim.process` has it, for producers and consumers alike.
"""

from __future__ import annotations

from typing import Any

from mqsim.twin.broker import close, subscribe
from mqsim.twin.clock import call_at, draw, hop
from mqsim.twin.codes import (
    AGAIN,
    CLOSE,
    CLOSED,
    CONSUMER,
    D_HEARTBEATS,
    D_NONE,
    D_RESET,
    DROP,
    K_CONNECTION_LOST,
    K_CRASHED,
    K_HUNG,
    K_POWERED_OFF,
    K_RESTORED,
    K_STARTED,
    K_SUBSCRIBED,
    MISSED,
    OPEN,
)
from mqsim.twin.compiled import compiled
from mqsim.twin.consumers import begin, from_buffer, lose_buffer, lose_work, rearm, stop_consumer
from mqsim.twin.ledger import log
from mqsim.twin.lives import end_life, tell_listeners
from mqsim.twin.producers import connection_lost, lose_backlog, refresh, stop_producer
from mqsim.twin.state import NAN

MISSED_HEARTBEATS = 2.0
"""A peer is dead when so many of its heartbeats are missed."""


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
def connection_again(s: Any, actor: int, life: int) -> bool:
    """The reconnect delay is over; say whether the process connects."""
    a = s.actors[actor]
    a.waits_to_connect = 0
    if a.life == life and a.running and not a.hung:
        connect(s, actor, False)
        return True
    return False


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
