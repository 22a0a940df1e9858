"""How a process's life ends, compiled, and who is told: faults that count in up time, and starts that wait.

As `sim.process` and `sim.faults` have it.
"""

from __future__ import annotations

from typing import Any

from mqsim.twin.clock import call_at, fault_at
from mqsim.twin.codes import D_NONE, RECUR, START
from mqsim.twin.compiled import compiled
from mqsim.twin.counting import broken_work_ends
from mqsim.twin.ledger import log


@compiled
def end_life(s: Any, actor: int, kind: int) -> None:
    """A process runs no more."""
    a = s.actors[actor]
    a.running = 0
    a.hung = 0
    a.life += 1
    a.waits_to_connect = 0
    s.ups[a.up].end = s.g[0].now
    broken_work_ends(s, actor)
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
