"""The broker's rules, compiled: a queue takes messages in, hands them out in turn, takes them back, lets them
go.

As `mqsim.broker.queues` has it. What one step sets off in other queues (a message that is dead-lettered makes
room in its new queue) goes on a stack of frames, because the kernel does not call itself.
"""

from __future__ import annotations

from typing import Any

from mqsim.twin.clock import due_at, hop, lift
from mqsim.twin.codes import (
    AUTO,
    D_CLOSED,
    D_DEAD_LETTERED,
    D_EXPIRED,
    D_FULL,
    D_MAXLEN,
    D_NACK,
    D_REJECTED,
    D_UNROUTABLE,
    DEAD_LETTERED_,
    DELIVER,
    DISPATCH,
    DROP_HEAD,
    DROPPED_,
    ENTER,
    EXPIRE,
    EXPIRED_,
    FULL,
    H_REJECTED,
    H_REQUEUED,
    H_RETURNED,
    HAS_ENDED,
    IS_OPEN,
    K_DEAD_LETTERED,
    K_DROPPED,
    K_EXPIRED,
    K_REJECTED,
    K_REQUEUED,
    K_RETURNED,
    K_UNROUTABLE,
    READY_,
    REJECT_TO_DEAD,
    REJECTED_,
    ROOM,
    UNROUTABLE_,
)
from mqsim.twin.compiled import compiled, inlined
from mqsim.twin.counting import depth_changes, given_back, inside_changes, released
from mqsim.twin.ledger import acknowledged, close_row, log, new_copy, queue_code, refused
from mqsim.twin.state import NAN, NEVER

NO_TARGET, NO_SUCH_QUEUE = -1, -2
"""What `dead` says of a queue without a dead-letter exchange, and of one whose dead letters find no queue."""
LOOK_FOR_OVERDUE = -1
"""The deadline at which the broker looks for overdue acknowledgements."""
LOOK_EVERY = 60.0

# -- the order of ready messages -----------------------------------------------------------------------------


@inlined
def merged(s: Any, one: int, other: int) -> int:
    """Two pairing heaps of returned messages as one."""
    if one < 0:
        return other
    if other < 0:
        return one
    if s.messages[other].sequence < s.messages[one].sequence:
        one, other = other, one
    s.messages[other].next = s.messages[one].child
    s.messages[one].child = other
    return one


@compiled
def without_first(s: Any, root: int) -> int:
    """A pairing heap of returned messages without the one that is next."""
    child = s.messages[root].child
    s.messages[root].child = -1
    pairs = -1
    while child >= 0:
        other = s.messages[child].next
        s.messages[child].next = -1
        if other < 0:
            s.messages[child].next = pairs
            pairs = child
            break
        following = s.messages[other].next
        s.messages[other].next = -1
        both = merged(s, child, other)
        s.messages[both].next = pairs
        pairs = both
        child = following
    found = -1
    while pairs >= 0:
        following = s.messages[pairs].next
        s.messages[pairs].next = -1
        found = merged(s, found, pairs)
        pairs = following
    return found


@inlined
def level_of(s: Any, q: Any, row: int) -> int:
    """The level of a queue that a message belongs to by its priority."""
    if q.levels_n == 1:
        return int(q.levels)
    level = min(s.messages[row].priority, q.levels_n - 1)
    if level > q.top:
        q.top = level
    return int(q.levels + level)


@inlined
def push(s: Any, q: Any, row: int) -> None:
    """Append a new message to the ready ones."""
    level = s.levels[level_of(s, q, row)]
    s.messages[row].next = -1
    if level.tail < 0:
        level.head = row
    else:
        s.messages[level.tail].next = row
    level.tail = row
    depth_changes(s, q)
    q.waiting += 1
    s.g[0].ready += 1


@compiled
def give_back(s: Any, q: Any, row: int) -> None:
    """Put a message back to its original place."""
    level = s.levels[level_of(s, q, row)]
    s.messages[row].next = -1
    s.messages[row].child = -1
    level.returned = merged(s, level.returned, row)
    depth_changes(s, q)
    q.waiting += 1
    s.g[0].ready += 1


@inlined
def first_level(s: Any, q: Any) -> int:
    """The highest level that has ready messages; there are some."""
    top = q.top
    while top > 0:
        level = s.levels[q.levels + top]
        if level.head >= 0 or level.returned >= 0:
            break
        top -= 1
    q.top = top
    return int(q.levels + top)


@inlined
def first(s: Any, q: Any) -> int:
    """The message that is next; there is one."""
    level = s.levels[first_level(s, q)]
    return int(level.returned if level.returned >= 0 else level.head)


@compiled
def take(s: Any, q: Any) -> int:
    """Take the message that is next; there is one."""
    level = s.levels[first_level(s, q)]
    row = level.returned
    if row >= 0:
        level.returned = without_first(s, row)
    else:
        row = level.head
        level.head = s.messages[row].next
        if level.head < 0:
            level.tail = -1
    depth_changes(s, q)
    q.waiting -= 1
    s.g[0].ready -= 1
    if q.expiring:
        arm(s, q)
    return int(row)


@compiled
def arm(s: Any, q: Any) -> None:
    """Have the broker look at the queue when its first message expires."""
    if q.waiting > 0:
        expires = s.messages[first(s, q)].expires
        if expires < q.armed:
            q.armed = expires
            due_at(s, expires, q.index)


# -- whose turn it is ----------------------------------------------------------------------------------------


@inlined
def join_ring(s: Any, session: int) -> None:
    """A consumer joins its rotation at the tail."""
    c = s.sessions[session]
    ring = s.rings[c.ring]
    c.next = -1
    if ring.tail < 0:
        ring.head = session
    else:
        s.sessions[ring.tail].next = session
    ring.tail = session


@compiled
def next_consumer(s: Any, q: Any) -> int:
    """The consumer whose turn it is, now at the tail; -1 when all are blocked."""
    for k in range(q.rings, q.rings + q.rings_n):
        ring = s.rings[k]
        while ring.head >= 0:
            session = ring.head
            c = s.sessions[session]
            ring.head = c.next
            if ring.head < 0:
                ring.tail = -1
            if c.unacked < c.limit:
                join_ring(s, session)
                return int(session)
            c.parked = 1
    return -1


@compiled
def awaken(s: Any, session: int) -> None:
    """A consumer may hold more than before."""
    c = s.sessions[session]
    if c.parked and c.unacked < c.limit:
        c.parked = 0
        join_ring(s, session)
    if s.queues[c.queue].waiting > 0:
        dispatch(s, c.queue)


@compiled
def leave_ring(s: Any, session: int) -> None:
    """A consumer leaves its queue; its place in the rotation is passed over when its turn comes."""
    c = s.sessions[session]
    q = s.queues[c.queue]
    c.subscribed = 0
    c.limit = -1
    q.members -= 1
    if q.members == 0:
        for k in range(q.rings, q.rings + q.rings_n):
            s.rings[k].head = -1
            s.rings[k].tail = -1


# -- in and out ----------------------------------------------------------------------------------------------


@compiled
def send(s: Any, session: int, row: int) -> None:
    """Send a message that was taken from the ready ones."""
    g = s.g[0]
    c = s.sessions[session]
    m = s.messages[row]
    a = s.actors[c.actor]
    delivery = g.free_deliveries
    if delivery >= 0:
        g.free_deliveries = s.deliveries[delivery].behind
    else:
        delivery = g.deliveries
        g.deliveries += 1
    m.held += 1
    m.deliveries += 1
    m.attempt = delivery
    m.delivered = g.now
    m.consumer = a.code
    if m.deliveries + m.tried > g.attempts:
        g.tries = max(g.tries, m.deliveries + m.tried)
        g.low = 1
    d = s.deliveries[delivery]
    d.sent = g.now
    d.received = NAN
    d.started = NAN
    d.finished = NAN
    d.ended = NAN
    d.row = row
    d.attempt = m.deliveries
    d.consumer = a.code
    d.session = session
    d.before = -1
    d.after = -1
    d.behind = -1
    d.how = 0
    d.abandoned = 0
    d.work_to_come = 0
    d.held = 1
    if c.auto:
        d.work_to_come = 1
        hop(s, c.latency, DELIVER, delivery, 0)
        acknowledged(s, row)
    else:
        d.held = 2
        c.unacked += 1
        s.queues[m.at].unacked += 1
        g.held += 1
        d.before = c.tail
        if c.tail < 0:
            c.head = delivery
        else:
            s.deliveries[c.tail].after = delivery
        c.tail = delivery
        hop(s, c.latency, DELIVER, delivery, 0)


@inlined
def let_go(s: Any, delivery: int) -> int:
    """The broker ends a delivery; give its message."""
    d = s.deliveries[delivery]
    c = s.sessions[d.session]
    if d.before < 0:
        c.head = d.after
    else:
        s.deliveries[d.before].after = d.after
    if d.after < 0:
        c.tail = d.before
    else:
        s.deliveries[d.after].before = d.before
    g = s.g[0]
    g.held -= 1
    waited = g.now - d.sent
    if waited > g.longest_wait:
        g.longest_wait = waited
    row = d.row
    s.queues[s.messages[row].at].unacked -= 1
    c.unacked -= 1
    return int(row)


@inlined
def came_in(s: Any, q: Any, row: int) -> None:
    """A queue has a message."""
    m = s.messages[row]
    m.at = q.index
    q.sequence += 1
    m.sequence = q.sequence
    m.enqueued = s.g[0].now
    m.queue = queue_code(s, q.index)
    inside_changes(s, q, 1)
    if m.way >= 0:
        s.actors[m.way].saturate -= 1
        m.way = -1


@compiled
def publish(s: Any, queue: int, row: int) -> bool:
    """A queue takes a message in, or refuses it."""
    q = s.queues[queue]
    m = s.messages[row]
    if not q.expiring and not q.limited and m.expiration != m.expiration:
        came_in(s, q, row)
        if q.waiting == 0:
            session = next_consumer(s, q)
            if session >= 0:
                send(s, session, row)
                return True
        push(s, q, row)
        return True
    return publish_with_limits(s, queue, row)


@compiled
def publish_with_limits(s: Any, queue: int, row: int) -> bool:
    """As `publish`, where messages expire or their number is limited."""
    g = s.g[0]
    g.outer = row
    g.accepted = 1
    put(s, queue, ENTER, row)
    work_off(s)
    return bool(g.accepted)


@compiled
def dispatch(s: Any, queue: int) -> None:
    """Send what is ready to consumers that are not blocked."""
    q = s.queues[queue]
    if q.expiring:
        dispatch_expiring(s, queue)
        return
    while q.waiting > 0:
        session = next_consumer(s, q)
        if session < 0:
            break
        send(s, session, take(s, q))


@compiled
def dispatch_expiring(s: Any, queue: int) -> None:
    """As `dispatch`, where what has expired must not be sent."""
    put(s, queue, DISPATCH, -1)
    work_off(s)


@compiled
def put(s: Any, queue: int, phase: int, row: int) -> None:
    """Something is to be done with a queue, before what was to be done so far."""
    g = s.g[0]
    f = s.frames[g.frames]
    f.queue = queue
    f.phase = phase
    f.row = row
    g.frames += 1


@compiled
def work_off(s: Any) -> None:
    """Do all that is to be done with queues."""
    g = s.g[0]
    while g.frames > 0:
        f = s.frames[g.frames - 1]
        queue, phase, row = f.queue, f.phase, f.row
        q = s.queues[queue]
        if phase == DISPATCH:
            send_ready(s, q)
        elif phase == ENTER:
            g.frames -= 1
            enter(s, q, row)
        elif phase == EXPIRE:
            let_expire(s, q)
        elif phase == ROOM:
            make_room(s, q)
        else:
            g.frames -= 1
            if s.messages[row].status != HAS_ENDED:
                s.messages[row].queue = queue_code(s, queue)
                refused(s, row, D_FULL, queue)


@compiled
def send_ready(s: Any, q: Any) -> None:
    """Send what is ready; leave the frame to be gone on with when something has expired first."""
    g = s.g[0]
    while q.waiting > 0:
        if q.expiring and s.messages[first(s, q)].expires < g.now:
            put(s, q.index, EXPIRE, -1)
            return
        session = next_consumer(s, q)
        if session < 0:
            break
        send(s, session, take(s, q))
    g.frames -= 1


@compiled
def enter(s: Any, q: Any, row: int) -> None:
    """A message comes to a queue that may be full, or in which it may expire."""
    g = s.g[0]
    m = s.messages[row]
    if not q.expiring and not q.limited and m.expiration != m.expiration:
        came_in(s, q, row)
        if q.waiting == 0:
            session = next_consumer(s, q)
            if session >= 0:
                send(s, session, row)
                return
        push(s, q, row)
        return
    if q.limited and q.overflow != DROP_HEAD and q.waiting + 1 > q.max_length:
        if row == g.outer:
            g.accepted = 0
        put(s, q.index, FULL, row)
        if q.overflow == REJECT_TO_DEAD and q.dead != NO_TARGET:
            m.at = q.index
            dead_letter(s, q, row)
        return
    own = m.expiration if m.expiration == m.expiration else NEVER
    ttl = q.ttl if q.ttl == q.ttl else NEVER
    if own < NEVER or ttl < NEVER:
        m.expires = g.now + min(ttl, own)
        q.expiring = 1
        g.bulk = 1
    came_in(s, q, row)
    push(s, q, row)
    if q.expiring:
        arm(s, q)
    put(s, q.index, ROOM, -1)
    put(s, q.index, EXPIRE, -1)
    put(s, q.index, DISPATCH, -1)


@compiled
def let_expire(s: Any, q: Any) -> None:
    """Let the first message go whose time is up; without one the frame is done."""
    g = s.g[0]
    while q.waiting > 0:
        expires = s.messages[first(s, q)].expires
        if not expires <= g.now:
            break
        row = take(s, q)
        if q.dead != NO_TARGET:
            dead_letter(s, q, row)
            return
        left(s, q, row, EXPIRED_, K_EXPIRED, D_EXPIRED)
    arm(s, q)
    g.frames -= 1


@compiled
def make_room(s: Any, q: Any) -> None:
    """Let the oldest message go while there are too many; then the frame is done."""
    if q.overflow == DROP_HEAD and q.limited:
        while q.waiting > 0 and q.waiting > q.max_length:
            row = take(s, q)
            if q.dead != NO_TARGET:
                dead_letter(s, q, row)
                return
            left(s, q, row, DROPPED_, K_DROPPED, D_MAXLEN)
    if q.expiring:
        arm(s, q)
    s.g[0].frames -= 1


@compiled
def left(s: Any, q: Any, row: int, outcome: int, kind: int, detail: int) -> None:
    """A message leaves its queue for good."""
    g = s.g[0]
    m = s.messages[row]
    if m.attempt >= 0:
        d = s.deliveries[m.attempt]
        d.ended = g.now
        d.how = H_REJECTED
        given_back(s, m.attempt)
        m.attempt = -1
    m.outcome = outcome
    m.ended = g.now
    log(s, kind, -2 - q.index, -1, row, detail, 0)
    close_row(s, row)


@compiled
def dead_letter(s: Any, q: Any, row: int) -> None:
    """Send a message on to the queue of its dead letters."""
    if q.dead == NO_SUCH_QUEUE:
        left(s, q, row, UNROUTABLE_, K_UNROUTABLE, D_UNROUTABLE)
        return
    copy = new_copy(s, row, row, queue_code(s, q.dead))
    m = s.messages[row]
    s.messages[copy].tried = m.tried + m.deliveries
    left(s, q, row, DEAD_LETTERED_, K_DEAD_LETTERED, D_DEAD_LETTERED)
    put(s, q.dead, ENTER, copy)


@compiled
def requeue(s: Any, q: Any, row: int, how: int, kind: int, detail: int) -> None:
    """A message goes back into its queue: it is as if it had never been sent."""
    g = s.g[0]
    give_back(s, q, row)
    m = s.messages[row]
    d = s.deliveries[m.attempt]
    d.ended = g.now
    d.how = how
    given_back(s, m.attempt)
    m.attempt = -1
    consumer = m.consumer
    m.delivered = NAN
    m.started = NAN
    m.finished = NAN
    m.consumer = -1
    m.outcome = READY_
    m.status = IS_OPEN
    log(s, kind, -2 - q.index, consumer, row, detail, 0)


# -- what clients say ----------------------------------------------------------------------------------------


@inlined
def ack(s: Any, delivery: int) -> None:
    """A client acknowledges a delivery."""
    session = s.deliveries[delivery].session
    row = let_go(s, delivery)
    acknowledged(s, row)
    c = s.sessions[session]
    if c.parked or s.queues[s.messages[row].at].waiting > 0:
        awaken(s, session)


@compiled
def nack(s: Any, delivery: int) -> None:
    """A client gives a delivery back."""
    session = s.deliveries[delivery].session
    row = let_go(s, delivery)
    q = s.queues[s.messages[row].at]
    requeue(s, q, row, H_REQUEUED, K_REQUEUED, D_NACK)
    put(s, q.index, DISPATCH, -1)
    if q.expiring:
        put(s, q.index, EXPIRE, -1)
    put(s, q.index, ROOM, -1)
    work_off(s)
    awaken(s, session)


@compiled
def reject(s: Any, delivery: int) -> None:
    """A client refuses a delivery for good."""
    session = s.deliveries[delivery].session
    row = let_go(s, delivery)
    q = s.queues[s.messages[row].at]
    if q.dead != NO_TARGET:
        dead_letter(s, q, row)
        work_off(s)
    else:
        left(s, q, row, REJECTED_, K_REJECTED, D_REJECTED)
    awaken(s, session)


@compiled
def subscribe(s: Any, session: int) -> None:
    """A consumer subscribes, and is sent what is ready."""
    c = s.sessions[session]
    a = s.actors[c.actor]
    c.auto = a.ack == AUTO
    c.limit = 1 << 40 if c.auto or a.prefetch == 0 else a.prefetch
    c.queue = a.queue
    c.ring = a.ring
    c.subscribed = 1
    s.queues[a.queue].members += 1
    join_ring(s, session)
    dispatch(s, a.queue)


@compiled
def cancel(s: Any, session: int) -> None:
    """A consumer ends its subscription; what it holds stays its own."""
    c = s.sessions[session]
    if c.subscribed:
        leave_ring(s, session)
        if not s.g[0].cancel_waits:
            dispatch(s, c.queue)


@compiled
def close(s: Any, session: int) -> None:
    """The broker's end of a connection closes: what it held goes back."""
    g = s.g[0]
    advance(s)
    c = s.sessions[session]
    if not c.broker_open:
        return
    c.broker_open = 0
    subscribed = c.subscribed
    if subscribed:
        leave_ring(s, session)
    if c.head >= 0:
        q = s.queues[c.queue]
        delivery = c.head
        while delivery >= 0:
            d = s.deliveries[delivery]
            q.unacked -= 1
            g.held -= 1
            c.unacked -= 1
            if g.now - d.sent > g.longest_wait:
                g.longest_wait = g.now - d.sent
            requeue(s, q, d.row, H_RETURNED, K_RETURNED, D_CLOSED)
            following = d.after
            released(s, delivery, 1)
            delivery = following
        c.head = -1
        c.tail = -1
        put(s, q.index, DISPATCH, -1)
        if q.expiring:
            put(s, q.index, EXPIRE, -1)
        put(s, q.index, ROOM, -1)
        work_off(s)
    if subscribed:
        dispatch(s, c.queue)


# -- time ----------------------------------------------------------------------------------------------------


@inlined
def advance(s: Any) -> None:
    """Move the broker's time on, and do what has become due."""
    g = s.g[0]
    if g.due_n > 0 and s.due_t[0] <= g.now:
        do_what_is_due(s)
    g.broker_now = g.now


@compiled
def do_what_is_due(s: Any) -> None:
    """Do what has become due at the broker."""
    g = s.g[0]
    while g.due_n > 0 and s.due_t[0] <= g.now:
        what = s.due_what[0]
        time = s.due_t[0]
        lift(s.due_t, s.due_k, s.due_what, g.due_n)
        g.due_n -= 1
        if time > g.broker_now:
            g.broker_now = time
        become_due(s, what)


@compiled
def become_due(s: Any, what: int) -> None:
    """One of the broker's deadlines has come."""
    g = s.g[0]
    if what == LOOK_FOR_OVERDUE:
        due_at(s, g.broker_now + LOOK_EVERY, LOOK_FOR_OVERDUE)
        return
    q = s.queues[what]
    if g.broker_now >= q.armed:
        q.armed = NEVER
    put(s, what, EXPIRE, -1)
    work_off(s)
