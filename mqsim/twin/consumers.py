"""Consumers, compiled: what is delivered, worked on, stretched and lost, and how a consumer leaves in order.

As `sim.consumer` has it.
"""

from __future__ import annotations

from typing import Any

from mqsim.twin.clock import call_at, hop
from mqsim.twin.codes import (
    ACK,
    CANCEL,
    CLOSE,
    CONSUMER,
    D_DIED,
    D_IN_MEMORY,
    D_NONE,
    EARLY,
    FINISH,
    K_CANCELLED,
    K_STOPPED,
    MANUAL,
)
from mqsim.twin.compiled import compiled, inlined
from mqsim.twin.counting import broken_work_ends, leave_unfinished, released
from mqsim.twin.ledger import give_up, log, lose_acked
from mqsim.twin.lives import end_life


@inlined
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
    broken_work_ends(s, actor)
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
        d.held += 1
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
    if delivery >= 0:
        leave_unfinished(s, actor, delivery, True)
        if a.ack != MANUAL:
            give_up(s, delivery, D_DIED, a.code)
        released(s, delivery, 1)
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
        released(s, delivery, 1)
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
