"""The whole state of a run, as arrays of records that the kernel works on and Python can grow in between.

Rows refer to each other by number; -1 is none. Lists (ready messages, what a connection holds, backlogs) are
links from row to row, so that no list has a size of its own. Indices of actors count consumers first, then
producers, then one for each queue that holds messages at the start.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

NAN = float("nan")
NEVER = float("inf")


def _record(**fields: str) -> np.dtype[Any]:
    """A record type; each keyword is a type, with the names of its fields."""
    return np.dtype([(name, code) for code, names in fields.items() for name in names.split()], align=True)


GLOBALS = _record(
    f8="now broker_now end wake_at longest_wait counts_from",
    i8="numbered asked heap_n due_n out_head out_n margin most_sends budget created",
    i4="over messages deliveries "
    "sessions events ups spans publishes notes frames script phase low "
    "open producers_left retries_pending ready held queue_codes saturators looks_for_end may_end "
    "waits_for_producers empty seen_full bulk outer accepted attempts chances services copies_factor "
    "cancel_waits listeners retries retrier sure_steps measures free_messages free_deliveries samples "
    "folded tries",
)
"""One record: time, how many rows of each table are used, and what the end of the run depends on.

`measures`: only numbers are asked for, those of what was created from `counts_from` on; rows that are over
are counted and used again. `tries`: the highest attempt beyond `attempts`, at which outcomes are wanted."""

MESSAGES = _record(
    f8="created published enqueued delivered started finished acked ended work expires expiration",
    i8="sequence",
    i4="parent origin producer number queue consumer deliveries attempt at next child lineage tried waits "
    "user tries tries_life way held finishes",
    i2="priority",
    i1="outcome status astray poison",
)
"""One row a copy. `queue` is its code in the trace, `at` the queue that it is in; `next` and `child` link
ready and returned messages; `waits` counts the open copies of an origin that a user waits for; `astray`: it
ended before any queue took it; `held`: how many of its deliveries somebody still refers to; `finishes`: how
many of the others were worked to their end."""

DELIVERIES = _record(
    f8="sent received started finished ended",
    i4="row attempt consumer session before after behind",
    i1="how work_to_come abandoned held",
)
"""One row an attempt. `before` and `after` link what a connection holds, `behind` what waits in a buffer;
`held`: in how many places it is (with the broker, on the wire, with a consumer)."""

SESSIONS = _record(
    f8="latency",
    i8="limit",
    i4="actor queue ring unacked head tail next",
    i1="client_open broker_open broker_known subscribed parked auto",
)

ACTORS = _record(
    f8="latency heartbeat speed slowed finish_at remaining stop_at after restart_after confirm_timeout "
    "retry_factor arrivals_stop busy",
    i8="prefetch window draw draw_end draw_base draw_room messages published confirmed nacked",
    i4="code life session hangs reconnects listeners up queue ring working timer slow_n buffer_head "
    "buffer_tail factor_from factor_to service fails attempts forwards_from forwards_to forwarded number "
    "backlog_head backlog_tail waiting_n waiting_head waiting_tail channel_life retry_on retry_limit "
    "retry_delays tries_life saturate users users_from thoughts thought_turns draw_margin broken",
    i1="running hung waits_to_connect ack stopping failing then starting free done drops confirms "
    "final plain kind there spare",
)
"""One row an actor, whichever kind: see `sim.process`, `sim.consumer` and `sim.producer` for the fields.
`busy`: seconds at work; `broken`: a delivery that it left unfinished, the end of which is not known yet."""

QUEUES = _record(
    f8="ttl armed depth_since depth_area inside_since inside_area",
    i8="sequence max_length",
    i4="index code waiting unacked dead levels levels_n top rings rings_n members inside most_ready "
    "most_inside",
    i1="expiring limited overflow terminal",
)
"""`inside` is how many are ready or with a consumer; each level is summed up over time since it last
changed."""
LEVELS = _record(i4="head tail returned")
RINGS = _record(i4="head tail")
FRAMES = _record(i4="queue row", i1="phase")
DRAWS = _record(f8="time work expiration", i4="queue", i2="priority", i1="poison")
STREAMS = _record(f8="constant", i8="at end", i4="margin")
FORWARDS = _record(i4="queue chance", i1="before")
SCALERS = _record(
    f8="every backlog_per", i8="looks", i4="queue first members most least delays", i1="graceful"
)
FAULTS = _record(f8="back factor", i4="targets_from targets_to", i1="kind alone")
RECURRENCES = _record(f8="left since", i4="actor fault lives repairs epoch", i1="up")
LISTENERS = _record(f8="due", i4="recurrence next")
SCRIPT = _record(f8="time", i4="a b", i1="what")
EVENTS = _record(f8="t", i4="subject other row detail about", i1="kind")
UPS = _record(f8="start end", i4="actor")
SPANS = _record(f8="start end", i4="fault actor")
PUBLISHES = _record(i4="row session life before after", i1="waiting")
NOTES = _record(f8="factor", i4="actor life a b")
SAMPLES = _record(f8="wait service sojourn flow", i4="queue", i1="done")
"""One row a message that was worked to its end (`metrics.summary.queue_times`); `flow`: seconds from its
creation to its acknowledgement, if it is `done`."""
OUTCOMES = 10
PUBLISHED, REDELIVERED, AGAIN, ACKS, AT_WORK, TALLIES = range(OUTCOMES, OUTCOMES + 6)
"""The columns of `tallies` after those for each outcome, and how many there are."""

_FLOAT, _LONG, _WHOLE, _BYTE = np.dtype("f8"), np.dtype("i8"), np.dtype("i4"), np.dtype("u1")
_SHORT, _TINY = np.dtype("i2"), np.dtype("i1")

FIELDS: dict[str, tuple[np.dtype[Any], int]] = {
    "g": (GLOBALS, 1),
    "heap_t": (_FLOAT, 1),
    "heap_k": (_LONG, 1),
    "heap_what": (_LONG, 1),
    "due_t": (_FLOAT, 1),
    "due_k": (_LONG, 1),
    "due_what": (_LONG, 1),
    "outbox": (_LONG, 1),
    "messages": (MESSAGES, 1),
    "blank": (MESSAGES, 1),
    "deliveries": (DELIVERIES, 1),
    "sessions": (SESSIONS, 1),
    "actors": (ACTORS, 1),
    "queues": (QUEUES, 1),
    "levels": (LEVELS, 1),
    "rings": (RINGS, 1),
    "frames": (FRAMES, 1),
    "draws": (DRAWS, 1),
    "streams": (STREAMS, 1),
    "pool": (_FLOAT, 2),
    "service": (_FLOAT, 2),
    "chance": (_BYTE, 2),
    "draw_service": (_FLOAT, 2),
    "draw_chance": (_BYTE, 2),
    "columns": (_WHOLE, 2),
    "lineages": (_WHOLE, 2),
    "points": (_FLOAT, 2),
    "forwards": (FORWARDS, 1),
    "scalers": (SCALERS, 1),
    "users": (_WHOLE, 2),
    "thoughts": (_FLOAT, 1),
    "faults": (FAULTS, 1),
    "targets": (_WHOLE, 2),
    "recurrences": (RECURRENCES, 1),
    "listeners": (LISTENERS, 1),
    "slowness": (_FLOAT, 2),
    "script": (SCRIPT, 1),
    "saturators": (_WHOLE, 1),
    "events": (EVENTS, 1),
    "ups": (UPS, 1),
    "spans": (SPANS, 1),
    "publishes": (PUBLISHES, 1),
    "notes": (NOTES, 1),
    "samples": (SAMPLES, 1),
    "tallies": (_LONG, 2),
    "handled": (_LONG, 2),
    "m_parent": (_LONG, 1),
    "m_origin": (_LONG, 1),
    "m_producer": (_WHOLE, 1),
    "m_number": (_LONG, 1),
    "m_queue": (_WHOLE, 1),
    "m_priority": (_SHORT, 1),
    "m_created": (_FLOAT, 1),
    "m_published": (_FLOAT, 1),
    "m_enqueued": (_FLOAT, 1),
    "m_delivered": (_FLOAT, 1),
    "m_started": (_FLOAT, 1),
    "m_finished": (_FLOAT, 1),
    "m_acked": (_FLOAT, 1),
    "m_consumer": (_WHOLE, 1),
    "m_deliveries": (_WHOLE, 1),
    "m_outcome": (_TINY, 1),
    "m_ended": (_FLOAT, 1),
    "d_copy": (_LONG, 1),
    "d_attempt": (_WHOLE, 1),
    "d_consumer": (_WHOLE, 1),
    "d_sent": (_FLOAT, 1),
    "d_received": (_FLOAT, 1),
    "d_started": (_FLOAT, 1),
    "d_finished": (_FLOAT, 1),
    "d_ended": (_FLOAT, 1),
    "d_how": (_TINY, 1),
}
"""The type and the number of dimensions of each array."""


class State(NamedTuple):
    """The arrays. `heap_*` is the clock's heap, `due_*` the broker's deadlines, `outbox` the hops that arrive
    now.

    `service` and `chance` have what is left to chance about each origin: seconds of work by column, and
    whether something happens by column and attempt; `draw_service` and `draw_chance` the same for messages to
    come. `tallies` counts messages by queue code + 1, `handled` deliveries by actor and by queue code + 1.
    """

    g: Any
    heap_t: Any
    heap_k: Any
    heap_what: Any
    due_t: Any
    due_k: Any
    due_what: Any
    outbox: Any
    messages: Any
    blank: Any
    deliveries: Any
    sessions: Any
    actors: Any
    queues: Any
    levels: Any
    rings: Any
    frames: Any
    draws: Any
    streams: Any
    pool: Any
    service: Any
    chance: Any
    draw_service: Any
    draw_chance: Any
    columns: Any
    lineages: Any
    points: Any
    forwards: Any
    scalers: Any
    users: Any
    thoughts: Any
    faults: Any
    targets: Any
    recurrences: Any
    listeners: Any
    slowness: Any
    script: Any
    saturators: Any
    events: Any
    ups: Any
    spans: Any
    publishes: Any
    notes: Any
    samples: Any
    tallies: Any
    handled: Any
    m_parent: Any
    m_origin: Any
    m_producer: Any
    m_number: Any
    m_queue: Any
    m_priority: Any
    m_created: Any
    m_published: Any
    m_enqueued: Any
    m_delivered: Any
    m_started: Any
    m_finished: Any
    m_acked: Any
    m_consumer: Any
    m_deliveries: Any
    m_outcome: Any
    m_ended: Any
    d_copy: Any
    d_attempt: Any
    d_consumer: Any
    d_sent: Any
    d_received: Any
    d_started: Any
    d_finished: Any
    d_ended: Any
    d_how: Any


def rows(kind: np.dtype[Any], count: int) -> Any:
    """That many records, all zero."""
    return np.zeros(max(count, 1), kind).view(np.recarray)
