"""The kernel: what comes next on the clock, what arrives at this instant, and when the run is over.

It runs until something is needed that only Python can give (room in a table, more random numbers, a look at
the time) and is then called again: all that it knows is in the arrays. A step is one hop, one event, or the
end of an instant; before each there is room enough for whatever it may bring.
"""

from __future__ import annotations

from typing import Any

from mqsim.twin.broker import ack, advance, cancel, close, nack, publish, reject
from mqsim.twin.clock import A_MASK, B_SHIFT, KIND_BITS, KIND_MASK, call_at, draw, fault_at, hop, lift
from mqsim.twin.codes import (
    ACK,
    AGAIN,
    ARRIVE,
    CANCEL,
    CLOSE,
    CLOSED,
    CONFIRM,
    D_CONNECTION_GONE,
    D_CONSUMER_GONE,
    D_HEARTBEATS,
    DELIVER,
    DONE,
    DROP,
    FAULT,
    FINISH,
    FIRST,
    GROW,
    IMPATIENT,
    LOOK,
    MISSED,
    NACK,
    OPEN,
    OPENED,
    OVERDUE,
    PAUSE,
    PUBLISH,
    PUBLISH_CONFIRMED,
    READY,
    RECUR,
    REFILL,
    REJECT,
    RESTART,
    RESTORE,
    RETRY,
    SET_ARRIVALS,
    SET_FAULT,
    SET_PRELOAD,
    SET_PRODUCER,
    SET_RECURRENCE,
    SET_SCALER,
    SET_START,
    SET_START_AT,
    SET_STOP_AT,
    START,
    STOP,
    THINK,
    TIMED,
    UNSLOW,
    USERS,
    WAKE,
)
from mqsim.twin.columns import fill_columns
from mqsim.twin.compiled import compiled, inlined, kept
from mqsim.twin.consumers import receive, stop_consumer
from mqsim.twin.counting import count_the_rest, released
from mqsim.twin.faults import look, look_later, lose_patience, ready, strike, strike_again, unslow
from mqsim.twin.finishing import finish
from mqsim.twin.ledger import lose_acked, lost, queue_code
from mqsim.twin.lives import up_changed
from mqsim.twin.pointers import COMPILES, state_at, words_of
from mqsim.twin.processes import (
    accept,
    closed,
    connection_again,
    drop,
    heartbeats_missed,
    opened,
    restore,
    start,
)
from mqsim.twin.producers import (
    answered,
    arrive,
    create,
    drawn_message,
    finish_producer,
    look_for_the_end,
    next_arrival,
    overdue,
    retry,
)
from mqsim.twin.sources import SOURCES
from mqsim.twin.state import NEVER, State

MODEST = (
    (1 << ARRIVE) | (1 << THINK) | (1 << LOOK) | (1 << OVERDUE) | (1 << RETRY) | (1 << AGAIN)
    | (1 << PUBLISH) | (1 << PUBLISH_CONFIRMED) | (1 << ACK) | (1 << NACK) | (1 << REJECT) | (1 << DELIVER)
    | (1 << CONFIRM) | (1 << FINISH)
)  # fmt: skip
"""What brings so little that the margin is always enough, as long as nothing expires and nobody loses a
buffer."""

# -- what is needed before a step ----------------------------------------------------------------------------


@inlined
def lacks_room(s: Any, kind: int) -> bool:
    """Whether some table may be too short for what a step brings."""
    g = s.g[0]
    modest = bool(not g.bulk and (MODEST >> kind) & 1)
    if modest and g.sure_steps > 0:
        g.sure_steps -= 1
        return False
    return not has_room(s, modest)


@compiled
def has_room(s: Any, modest: bool) -> bool:
    """Whether every table is long enough for a step; if so, note for how many modest steps that holds."""
    g = s.g[0]
    margin = g.margin
    sends = margin
    copies = margin
    entries = margin
    if not modest:
        sends += min(g.ready + g.held, g.most_sends) * g.copies_factor
        copies += g.open * (g.copies_factor - 1)
        entries += 2 * g.open * g.copies_factor
    left = min(s.heap_t.size - g.heap_n, s.outbox.size - g.out_n, s.deliveries.size - g.deliveries) - sends
    left = min(left, s.messages.size - g.messages - copies, s.events.size - g.events - entries)
    left = min(left, least_rarer_room(s) - margin)
    g.sure_steps = left // margin if modest and left > 0 else 0
    return bool(left >= 0)


@compiled
def least_rarer_room(s: Any) -> int:
    """How many rows are left in the shortest of the tables that grow slowly."""
    g = s.g[0]
    left = min(s.sessions.size - g.sessions, s.ups.size - g.ups, s.spans.size - g.spans)
    left = min(left, s.notes.size - g.notes, s.publishes.size - g.publishes)
    return int(min(left, s.due_t.size - g.due_n, s.samples.size - g.samples))


# -- hops ----------------------------------------------------------------------------------------------------


@inlined
def deliver(s: Any, delivery: int) -> None:
    """A delivery comes to its consumer, if there still is one."""
    if s.sessions[s.deliveries[delivery].session].client_open:
        receive(s, delivery)
    else:
        lose_acked(s, delivery, D_CONSUMER_GONE, 0)
        released(s, delivery, 1)


@inlined
def arrives(s: Any, kind: int, a: int, b: int) -> None:
    """A hop has come to its other end."""
    if kind == DELIVER:
        deliver(s, a)
        return
    if kind == PUBLISH:
        advance(s)
        if s.sessions[a].broker_open:
            publish(s, s.messages[b].at, b)
        else:
            lost(s, b, D_CONNECTION_GONE, 0)
        return
    if kind == ACK:
        advance(s)
        if s.sessions[s.deliveries[a].session].broker_open:
            ack(s, a)
            released(s, a, 1)
        released(s, a, 1)
        return
    arrives_rarely(s, kind, a, b)


@compiled
def arrives_rarely(s: Any, kind: int, a: int, b: int) -> None:
    """As `arrives`, for hops that do not come with each message."""
    if kind == PUBLISH_CONFIRMED:
        take_and_confirm(s, a)
    elif kind == CONFIRM:
        answered(s, a, b)
    elif kind == NACK:
        advance(s)
        if s.sessions[s.deliveries[a].session].broker_open:
            nack(s, a)
            released(s, a, 1)
        released(s, a, 1)
    elif kind == REJECT:
        advance(s)
        if s.sessions[s.deliveries[a].session].broker_open:
            reject(s, a)
            released(s, a, 1)
        released(s, a, 1)
    elif kind == OPEN:
        advance(s)
        accept(s, a)
        hop(s, s.sessions[a].latency, OPENED, a, 0)
    elif kind == CLOSE:
        close(s, a)
    elif kind == CANCEL:
        advance(s)
        if s.sessions[a].broker_open:
            cancel(s, a)
    elif kind == OPENED:
        if s.sessions[a].client_open:
            opened(s, a)
    elif kind == CLOSED and s.sessions[a].client_open:
        s.sessions[a].client_open = 0
        closed(s, a, b)


@compiled
def take_and_confirm(s: Any, number: int) -> None:
    """A publish whose producer waits for an answer comes to the broker."""
    p = s.publishes[number]
    advance(s)
    if not s.sessions[p.session].broker_open:
        lost(s, p.row, D_CONNECTION_GONE, 0)
        return
    ok = publish(s, s.messages[p.row].at, p.row)
    hop(s, s.sessions[p.session].latency, CONFIRM, number, 1 if ok else 0)


# -- events --------------------------------------------------------------------------------------------------


@inlined
def happens_now(s: Any, kind: int, a: int, b: int) -> bool:
    """An event's time has come that is no hop; say whether the instant has to be finished."""
    if kind == FINISH:
        if s.actors[a].timer != b:
            return False
        finish(s, a)
        return True
    if kind == ARRIVE:
        arrive(s, a)
        return True
    return happens_rarely(s, kind, a, b)


@compiled
def happens_rarely(s: Any, kind: int, a: int, b: int) -> bool:
    """As `happens_now`, for events that do not come with each message."""
    g = s.g[0]
    if kind == THINK:
        return user_sends(s, a, b)
    if kind in (START, RESTART):
        start(s, a)
    elif kind == STOP:
        stop_consumer(s, a)
    elif kind == FIRST:
        s.saturators[g.saturators] = a
        g.saturators += 1
    elif kind == LOOK:
        look(s, a)
    elif kind == READY:
        return ready(s, a)
    elif kind == AGAIN:
        return connection_again(s, a, b)
    elif kind == DROP:
        drop(s, a, D_HEARTBEATS)
    elif kind == MISSED:
        return heartbeats_missed(s, a)
    elif kind == OVERDUE:
        return overdue(s, a)
    elif kind == RETRY:
        retry(s, a)
    elif kind == FAULT:
        strike(s, a)
    elif kind == RECUR:
        return strike_again(s, a, b)
    elif kind == UNSLOW:
        unslow(s, a)
    elif kind == RESTORE:
        restore(s, a)
    elif kind == IMPATIENT:
        lose_patience(s, a, b)
    elif kind == WAKE:
        if g.now != g.wake_at:
            return False
        g.wake_at = NEVER
        advance(s)
        arm(s)
    return True


@compiled
def user_sends(s: Any, actor: int, user: int) -> bool:
    """A user of a closed loop has thought, and sends a message."""
    a = s.actors[actor]
    if a.done or s.g[0].now >= a.arrivals_stop:
        finish_producer(s, actor)
        return False
    if a.messages >= 0 and a.number + 1 >= a.messages:
        finish_producer(s, actor)
    create(s, actor, user)
    return True


# -- the end of an instant -----------------------------------------------------------------------------------


@compiled
def fill(s: Any, actor: int) -> bool:
    """Publish what is missing in a queue that is never to be empty; say whether there was any."""
    g = s.g[0]
    a = s.actors[actor]
    if a.done or g.now >= a.arrivals_stop:
        finish_producer(s, actor)
        return False
    if not a.free:
        return False
    q = s.queues[a.queue]
    room = a.users
    if q.limited and q.max_length < room:
        room = q.max_length
    missing = room - q.waiting - a.saturate
    if a.messages >= 0:
        missing = min(missing, a.messages - a.number)
    for _ in range(missing):
        row = create(s, actor, -1)
        s.messages[row].way = actor
        a.saturate += 1
    if a.number == a.messages:
        finish_producer(s, actor)
    return bool(missing > 0)


@compiled
def fill_up(s: Any) -> bool:
    """Ask each of those that keep a queue full; say whether one put something in."""
    g = s.g[0]
    active = False
    for k in range(g.saturators):
        if fill(s, s.saturators[k]):
            active = True
    return active


@inlined
def arm(s: Any) -> None:
    """Wake up at the broker's next deadline, if no earlier waking is set."""
    g = s.g[0]
    if g.due_n > 0 and s.due_t[0] < g.wake_at:
        due = max(s.due_t[0], g.now)
        if due < g.wake_at:
            g.wake_at = due
            call_at(s, due, WAKE, 0, 0)


@inlined
def finish_instant(s: Any) -> None:
    """Nothing more arrives at this instant: look at deadlines, and for the end."""
    g = s.g[0]
    if g.saturators > 0 and fill_up(s):
        return
    g.phase = 0
    arm(s)
    if g.looks_for_end:
        look_whether_it_ends(s)


@inlined
def look_whether_it_ends(s: Any) -> None:
    """End the run now if its end is reached."""
    g = s.g[0]
    if g.empty >= 0:
        q = s.queues[g.empty]
        inside = q.waiting + q.unacked
        if inside > 0:
            g.seen_full = 1
        elif g.seen_full:
            g.end = g.now
    elif g.producers_left == 0 and g.retries_pending == 0 and g.open == at_rest(s):
        g.end = g.now


@inlined
def at_rest(s: Any) -> int:
    """How many messages lie where nobody will ever take them."""
    found = 0
    for k in range(s.queues.size):
        if s.queues[k].terminal:
            found += s.queues[k].waiting
    return found


# -- setting up ----------------------------------------------------------------------------------------------


@compiled
def set_up(s: Any) -> None:
    """Do one thing of those that a run begins with."""
    g = s.g[0]
    todo = s.script[g.script]
    what = todo.what
    if what == SET_PRELOAD:
        preload(s, todo.a)
        if s.actors[todo.a].draw < s.actors[todo.a].draw_end:
            return
    elif what == SET_PRODUCER:
        a = s.actors[todo.a]
        if a.queue >= 0:
            queue_code(s, a.queue)
        g.producers_left += 1
    elif what == SET_START:
        start(s, todo.a)
    elif what == SET_START_AT:
        call_at(s, todo.time, START, todo.a, 0)
    elif what == SET_STOP_AT:
        call_at(s, todo.time, STOP, todo.a, 0)
    elif what == SET_SCALER:
        look_later(s, todo.a)
    elif what == SET_ARRIVALS:
        set_arrivals(s, todo.a, todo.time)
    elif what == SET_FAULT:
        fault_at(s, todo.time, FAULT, todo.a, 0)
    elif what == SET_RECURRENCE:
        set_recurrence(s, todo.a)
    else:
        look_for_the_end(s)
        g.phase = 1
    g.script += 1


@compiled
def preload(s: Any, actor: int) -> None:
    """One of the messages that a queue holds at the start."""
    a = s.actors[actor]
    a.number = s.g[0].created
    row = drawn_message(s, actor)
    s.messages[row].published = 0.0
    publish(s, a.queue, row)


@compiled
def set_arrivals(s: Any, actor: int, begins: float) -> None:
    """A producer's arrivals begin."""
    a = s.actors[actor]
    if a.kind == TIMED:
        next_arrival(s, actor)
    elif a.kind == USERS:
        for user in range(a.users_from, a.users_from + a.users):
            s.users[user, 1] = 1
            call_at(s, begins + s.thoughts[a.thoughts + user - a.users_from], THINK, actor, user)
    else:
        call_at(s, begins, FIRST, actor, 0)


@compiled
def set_recurrence(s: Any, recurrence: int) -> None:
    """A fault that comes again and again begins to count its target's up time."""
    g = s.g[0]
    r = s.recurrences[recurrence]
    r.left = draw(s, r.lives)
    a = s.actors[r.actor]
    one = s.listeners[g.listeners]
    one.recurrence = recurrence
    one.next = -1
    if a.listeners < 0:
        a.listeners = g.listeners
    else:
        k = a.listeners
        while s.listeners[k].next >= 0:
            k = s.listeners[k].next
        s.listeners[k].next = g.listeners
    g.listeners += 1
    if a.running:
        up_changed(s, recurrence, True)


# -- all of it -----------------------------------------------------------------------------------------------


def _entry(sources: int) -> Any:
    """The kernel's entry. What is kept on disk is known by the digest of all sources, which numba does not
    see.
    """

    @kept
    def run(address: Any) -> int:
        if sources == 0:
            return PAUSE
        s = state_at(address)
        g = s.g[0]
        if g.over:
            if g.measures:
                return DONE if count_the_rest(s) else GROW
            fill_columns(s)
            return DONE
        while True:
            setting_up = g.script < s.script.size
            event = 0
            kind = OPEN
            if not setting_up:
                if g.out_n > 0:
                    event = s.outbox[g.out_head]
                    kind = event & KIND_MASK
                elif g.phase:
                    # The end of an instant brings an event at most, unless queues are filled up then.
                    kind = OPEN if g.saturators > 0 else ARRIVE
                else:
                    if g.heap_n == 0 or s.heap_t[0] >= g.end:
                        return DONE
                    event = s.heap_what[0]
                    kind = event & KIND_MASK
            if g.low:
                return REFILL
            if lacks_room(s, kind):
                return GROW
            if setting_up:
                set_up(s)
                continue
            if g.out_n > 0:
                g.out_n -= 1
                g.out_head = (g.out_head + 1) & (s.outbox.size - 1) if g.out_n > 0 else 0
            elif g.phase:
                finish_instant(s)
                continue
            else:
                g.budget -= 1
                if g.budget < 0:
                    return PAUSE
                g.now = s.heap_t[0]
                lift(s.heap_t, s.heap_k, s.heap_what, g.heap_n)
                g.heap_n -= 1
            a = (event >> KIND_BITS) & A_MASK
            b = event >> B_SHIFT
            if kind >= OPEN:
                arrives(s, kind, a, b)
                g.phase = 1
            else:
                g.phase = 1 if happens_now(s, kind, a, b) else 0

    return run


_run = _entry(SOURCES)


def run(state: State, words: Any = None) -> int:
    """Go on with a run until it is over, or something is needed; say which (`codes`).

    Args:
        state: the arrays.
        words: what `words_of` gives for the very same arrays, if that is known.
    """
    if not COMPILES:
        return int(_run(state))
    words = words_of(state) if words is None else words
    return int(_run(words.ctypes.data))
