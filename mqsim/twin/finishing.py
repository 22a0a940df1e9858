"""The end of a piece of work, compiled: it is acknowledged and forwarded, or it fails.

As `sim.consumer` and `sim.forwards` have it.
"""

from __future__ import annotations

from typing import Any

from mqsim.twin.clock import call_at, hop
from mqsim.twin.codes import (
    ACK,
    CRASHES,
    D_FAILED_LATE,
    D_NACK,
    D_NO_CONNECTION,
    DROPS,
    K_FAILED,
    MANUAL,
    NACK,
    NACKS,
    PUBLISH,
    REJECT,
    REJECTS,
    START,
)
from mqsim.twin.compiled import compiled, inlined
from mqsim.twin.consumers import begin, from_buffer, happens, leave
from mqsim.twin.counting import leave_unfinished, released, worked
from mqsim.twin.ledger import finished, give_up, join, log, lost, new_message, queue_code
from mqsim.twin.processes import connect_later, crash


@inlined
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
        worked(s, actor, d.started, g.now)
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
            released(s, delivery, 1)
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
        return
    if a.ack != MANUAL:
        give_up(s, delivery, D_FAILED_LATE, 0)
        leave_unfinished(s, actor, delivery, False)
        released(s, delivery, 1)
        return
    leave_unfinished(s, actor, delivery, False)
    if then == DROPS:
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
