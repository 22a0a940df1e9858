"""What goes wrong and is repaired, and who comes and goes with the backlog, compiled.

As `sim.faults` and `sim.autoscaler` have it.
"""

from __future__ import annotations

from math import ceil
from typing import Any

from mqsim.twin.broker import advance
from mqsim.twin.clock import call_at, draw, fault_at
from mqsim.twin.codes import (
    D_FACTOR,
    D_NONE,
    F_CRASH,
    F_HANG,
    F_KILL,
    F_POWER_OFF,
    F_RESTART,
    F_SLOW,
    F_STOP,
    F_TERMINATE,
    IMPATIENT,
    K_RESTORED,
    K_SCALED_DOWN,
    K_SCALED_UP,
    K_SLOWED,
    LOOK,
    READY,
    RESTART,
    RESTORE,
    START,
    UNSLOW,
)
from mqsim.twin.compiled import compiled
from mqsim.twin.consumers import end_slow, slow, stop_consumer
from mqsim.twin.ledger import log
from mqsim.twin.processes import crash, drop_connection, hang, power_off, start, stop
from mqsim.twin.state import NAN


@compiled
def strike(s: Any, fault: int) -> None:
    """A fault's time has come: it hits those that run, or the one that it names."""
    f = s.faults[fault]
    for k in range(f.targets_from, f.targets_to):
        actor = s.targets[k, 0]
        s.targets[k, 1] = 1 if f.alone or s.actors[actor].running else 0
    for k in range(f.targets_from, f.targets_to):
        if s.targets[k, 1]:
            hit(s, fault, s.targets[k, 0])


@compiled
def later(s: Any, fault: int, kind: int, a: int, b: int) -> float:
    """Have a repair happen after the fault's delay; give the time, NaN for never."""
    f = s.faults[fault]
    if f.back != f.back:
        return NAN
    at = s.g[0].now + f.back
    fault_at(s, at, kind, a, b)
    return float(at)


@compiled
def span(s: Any, fault: int, actor: int, end: float) -> None:
    """Write down when a fault struck, and until when."""
    g = s.g[0]
    p = s.spans[g.spans]
    p.start = g.now
    p.end = end
    p.fault = fault
    p.actor = actor
    g.spans += 1


@compiled
def hit(s: Any, fault: int, actor: int) -> None:
    """A fault hits an actor."""
    g = s.g[0]
    f = s.faults[fault]
    a = s.actors[actor]
    if f.kind == F_CRASH or f.kind == F_KILL or f.kind == F_POWER_OFF:
        span(s, fault, actor, later(s, fault, RESTART, actor, 0))
        if f.kind == F_POWER_OFF:
            power_off(s, actor)
        else:
            crash(s, actor)
    elif f.kind == F_STOP or f.kind == F_RESTART:
        span(s, fault, actor, g.now + f.back)
        stop_then_start(s, actor, f.back)
    elif f.kind == F_TERMINATE:
        span(s, fault, actor, later(s, fault, IMPATIENT, actor, a.life))
        stop(s, actor, True)
    elif f.kind == F_SLOW:
        n = s.notes[g.notes]
        n.actor = actor
        n.life = a.life
        n.factor = f.factor
        span(s, fault, actor, later(s, fault, UNSLOW, g.notes, 0))
        g.notes += 1
        log(s, K_SLOWED, a.code, -1, -1, D_FACTOR, fault)
        slow(s, actor, f.factor)
    elif f.kind == F_HANG:
        span(s, fault, actor, later(s, fault, RESTORE, actor, 0))
        hang(s, actor)
    else:
        span(s, fault, actor, g.now)
        drop_connection(s, actor)


@compiled
def stop_then_start(s: Any, actor: int, delay: float) -> None:
    """Stop an actor in order; start it again after `delay`, or once it has stopped; NaN is never."""
    g = s.g[0]
    stop(s, actor, delay != delay)
    if delay != delay:
        return
    due = g.now + delay
    a = s.actors[actor]
    if not a.running:
        call_at(s, due, START, actor, 0)
        return
    number = g.listeners
    g.listeners += 1
    one = s.listeners[number]
    one.due = due
    one.recurrence = -1
    one.next = -1
    if a.listeners < 0:
        a.listeners = number
        return
    k = a.listeners
    while s.listeners[k].next >= 0:
        k = s.listeners[k].next
    s.listeners[k].next = number


@compiled
def strike_again(s: Any, recurrence: int, epoch: int) -> bool:
    """A recurring fault hits, unless what it hits was down in between; say whether it did."""
    r = s.recurrences[recurrence]
    if r.epoch != epoch:
        return False
    back = draw(s, r.repairs)
    at = s.g[0].now + back
    fault_at(s, at, RESTART, r.actor, 0)
    span(s, r.fault, r.actor, at)
    if s.faults[r.fault].kind == F_POWER_OFF:
        power_off(s, r.actor)
    else:
        crash(s, r.actor)
    r.left = draw(s, r.lives)
    return True


@compiled
def unslow(s: Any, note: int) -> None:
    """The end of a slow stretch, if the process is still the same."""
    n = s.notes[note]
    a = s.actors[n.actor]
    if a.life == n.life:
        log(s, K_RESTORED, a.code, -1, -1, D_NONE, 0)
        end_slow(s, n.actor, n.factor)


@compiled
def lose_patience(s: Any, actor: int, life: int) -> None:
    """Who was told to end still runs: it is killed."""
    a = s.actors[actor]
    if a.running and a.life == life:
        crash(s, actor)


# -- consumers that come and go ------------------------------------------------------------------------------


@compiled
def look_later(s: Any, scaler: int) -> None:
    """The next look at a queue."""
    x = s.scalers[scaler]
    x.looks += 1
    call_at(s, x.looks * x.every, LOOK, scaler, 0)


@compiled
def look(s: Any, scaler: int) -> None:
    """Have as many consumers as the backlog asks for."""
    advance(s)
    x = s.scalers[scaler]
    backlog = s.queues[x.queue].waiting
    wanted = min(max(ceil(backlog / x.backlog_per), x.least), x.most)
    there = 0
    for actor in range(x.first, x.first + x.members):
        a = s.actors[actor]
        a.there = 1 if (a.running and not a.stopping) or a.starting else 0
        a.spare = 1 if not a.running and not a.starting else 0
        there += a.there
    missing = wanted - there
    for actor in range(x.first, x.first + x.members):
        if s.actors[actor].spare and missing > 0:
            missing -= 1
            scale_up(s, scaler, actor)
    kept = 0
    for actor in range(x.first, x.first + x.members):
        if s.actors[actor].there:
            kept += 1
            if kept > wanted:
                scale_down(s, scaler, actor)
    look_later(s, scaler)


@compiled
def scale_up(s: Any, scaler: int, actor: int) -> None:
    """Have one more consumer, after the delay of its start."""
    x = s.scalers[scaler]
    a = s.actors[actor]
    a.starting = 1
    log(s, K_SCALED_UP, a.code, -2 - x.queue, -1, D_NONE, 0)
    call_at(s, s.g[0].now + draw(s, x.delays), READY, actor, 0)


@compiled
def scale_down(s: Any, scaler: int, actor: int) -> None:
    """Have one consumer less."""
    x = s.scalers[scaler]
    a = s.actors[actor]
    log(s, K_SCALED_DOWN, a.code, -2 - x.queue, -1, D_NONE, 0)
    if a.starting:
        a.starting = 0
    elif x.graceful:
        stop_consumer(s, actor)
    else:
        crash(s, actor)


@compiled
def ready(s: Any, actor: int) -> bool:
    """A new consumer is ready, if it is still wanted."""
    a = s.actors[actor]
    if not a.starting:
        return False
    a.starting = 0
    start(s, actor)
    return True
