"""The way of messages between producers, queues and workers, in strokes: what a space-time diagram draws."""

from __future__ import annotations

import math
from collections import defaultdict
from string import ascii_uppercase
from typing import TYPE_CHECKING, NamedTuple

from mqsim.trace.tables import NONE, How, Outcome, Trace
from mqsim.trace.timeline import message_name
from mqsim.trace.work_spans import up_spans
from mqsim.viz.bars import Bar, work_bars

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator

# Kinds of strokes, and what a legend calls them.
KINDS = {
    "published": "published",
    "delivered": "delivered",
    "redelivered": "delivered again",
    "acknowledged": "acknowledged",
    "given back": "goes back to its queue",
    "refused": "rejected by its worker",
    "not taken": "not taken by the broker",
    "dead-lettered": "dead-lettered",
    "waits": "waits in its queue",
    "held up": "waits at its producer",
}
# Where a copy's way ends before its time, and what a legend calls it.
ENDS = {
    Outcome.LOST: "lost",
    Outcome.EXPIRED: "expired",
    Outcome.DROPPED: "dropped",
    Outcome.UNROUTABLE: "unroutable",
    Outcome.REFUSED: "refused by the broker, or never sent",
}
# What a producer hears of a message that did not get through.
_NEWS = ("nacked", "returned-to-producer", "confirm-missing")
PRELOADED = "preload"  # stands for the producer of what a queue holds at the start
_BACK = (How.REQUEUED, How.RETURNED)


class Stroke(NamedTuple):
    """A part of a message's way.

    Attributes:
        kind: a key of `KINDS`, or `gone` where it ends before its time.
        message: its name, such as `web-1 #3`.
        copy: its row in the message table.
        start, end: seconds; `end` is NaN where it never got there, or not before the run ended.
        source, target: an actor, or `queue NAME`; `target` is what it was for where it never got there, and
            equal to `source` where it stayed.
        word: for `gone` which end it was, else empty.
    """

    kind: str
    message: str
    copy: int
    start: float
    end: float
    source: str
    target: str
    word: str = ""


def short_names(trace: Trace, copies: Collection[int]) -> tuple[dict[int, str], dict[str, str]]:
    """What a diagram calls each copy, in a few letters: the number of the message that all began with; where
    several producers began, a letter for each of them in front.

    Returns:
        The short name of each copy, and each producer's letter (none where there is one producer, or too
        many for an alphabet).
    """
    table = trace.messages
    origins = {copy: table.origin[copy] for copy in copies}
    began = {trace.actors.names[table.producer[origin]] for origin in origins.values()}
    makers = [name for name in dict.fromkeys((*trace.cast, *sorted(began))) if name in began]
    letters = dict(zip(makers, ascii_uppercase, strict=False)) if 1 < len(makers) <= 26 else {}
    names = {}
    for copy, origin in origins.items():
        maker = trace.actors.names[table.producer[origin]]
        names[copy] = f"{letters.get(maker, '#')}{table.number[origin] + 1}"
    return names, letters


def queue_row(name: str) -> str:
    """What the diagram calls a queue's row, so that a queue and an actor of one name stay two."""
    return f"queue {name}"


def strokes(trace: Trace, copies: Collection[int]) -> Iterator[Stroke]:
    """The ways of `copies`, message by message; work itself is not in it (see `bars.work_bars`)."""
    chosen = set(copies)
    attempts: dict[int, list[int]] = defaultdict(list)
    table = trace.deliveries
    for row in range(table.n):
        if table.copy[row] in chosen:
            attempts[table.copy[row]].append(row)
    bars = {(bar.copy, bar.attempt): bar for bar in work_bars(trace) if bar.copy in chosen}
    news: dict[int, list[tuple[float, str]]] = defaultdict(list)
    log = trace.events
    for t, kind, copy, who in zip(log.t, log.kind, log.copy, log.subject, strict=True):
        if kind in _NEWS and copy in chosen:
            news[copy].append((t, who))
    for copy in sorted(chosen):
        yield from _inward(trace, copy)
        for t, who in news[copy]:
            yield Stroke("not taken", message_name(trace, copy), copy, t, t, who, who)
        yield from _onward(trace, copy, attempts[copy], bars)


def _inward(trace: Trace, copy: int) -> Iterator[Stroke]:
    """From its producer, or the queue that dead-lettered it, into its queue."""
    table = trace.messages
    name, source = message_name(trace, copy), trace.actors.names[table.producer[copy]]
    created, published, enqueued = table.created[copy], table.published[copy], table.enqueued[copy]
    outcome, parent = Outcome(table.outcome[copy]), table.parent[copy]
    target = queue_row(trace.queues.names[table.queue[copy]]) if table.queue[copy] != NONE else ""
    if source == PRELOADED:
        return
    if came_dead(trace, copy):
        dead_at = table.ended[parent]
        of = queue_row(trace.queues.names[table.queue[parent]])
        yield Stroke("dead-lettered", name, copy, dead_at, enqueued, of, target)
        return
    if published > created:
        yield Stroke("held up", name, copy, created, published, source, source)
    gone = math.isnan(enqueued) and outcome in ENDS
    if not math.isnan(published) and target:
        yield Stroke("published", name, copy, published, enqueued, source, target)
    if gone:
        ended = table.ended[copy]
        at = ended if not math.isnan(ended) else created if math.isnan(published) else published
        yield Stroke("gone", name, copy, at, at, source, source, ENDS[outcome])


def came_dead(trace: Trace, copy: int) -> bool:
    """Whether the copy is its parent's dead letter (and not what a worker forwarded)."""
    table, parent = trace.messages, trace.messages.parent[copy]
    return bool(
        parent != NONE
        and table.outcome[parent] == Outcome.DEAD_LETTERED
        and table.producer[parent] == table.producer[copy]
        and table.number[parent] == table.number[copy]
    )


def _onward(
    trace: Trace, copy: int, attempts: list[int], bars: dict[tuple[int, int], Bar]
) -> Iterator[Stroke]:
    """From its queue to consumers and back, to its end."""
    messages, table = trace.messages, trace.deliveries
    since = messages.enqueued[copy]
    if math.isnan(since):
        return
    name, queue = message_name(trace, copy), queue_row(trace.queues.names[messages.queue[copy]])
    waiting = True
    for row in attempts:
        sent, how = table.sent[row], How(table.how[row])
        consumer = trace.actors.names[table.consumer[row]]
        yield Stroke("waits", name, copy, since, sent, queue, queue)
        again = "redelivered" if table.attempt[row] > 1 else "delivered"
        received = table.received[row]
        got = received if not math.isnan(received) else table.started[row]
        yield Stroke(again, name, copy, sent, got, queue, consumer)
        yield from _back(trace, row, name, bars.get((copy, table.attempt[row])), consumer, queue)
        waiting = how in _BACK
        since = table.ended[row]
    outcome, ended = Outcome(messages.outcome[copy]), messages.ended[copy]
    if waiting:
        yield Stroke("waits", name, copy, since, ended, queue, queue)
        if outcome in ENDS:
            yield Stroke("gone", name, copy, ended, ended, queue, queue, ENDS[outcome])


def _back(trace: Trace, row: int, name: str, bar: Bar | None, consumer: str, queue: str) -> Iterator[Stroke]:
    """What an attempt's end looks like: a word back to the broker, or a loss."""
    table, how = trace.deliveries, How(trace.deliveries.how[row])
    copy, ended, finished = table.copy[row], table.ended[row], table.finished[row]
    left = bar.end if bar is not None else _until(trace, consumer, table.sent[row], ended)
    if how is How.ACKED and ended >= finished:
        yield Stroke("acknowledged", name, copy, finished, ended, consumer, queue)
    elif how is How.ACKED and ended > table.sent[row]:
        begun = _known(table.started[row], table.sent[row])
        yield Stroke("acknowledged", name, copy, min(begun, ended), ended, consumer, queue)
    elif how in _BACK:
        yield Stroke("given back", name, copy, min(left, ended), ended, consumer, queue)
    elif how is How.REJECTED:
        yield Stroke("refused", name, copy, min(left, ended), ended, consumer, queue)
    elif how is How.LOST:
        yield Stroke("gone", name, copy, left, left, consumer, consumer, "lost")


def _until(trace: Trace, consumer: str, since: float, ended: float) -> float:
    """When a consumer that never began lost hold of a message: when it went down, or when the broker knew."""
    downs = [last for _, last in up_spans(trace, consumer).tolist() if since <= last <= ended]
    return min(downs, default=ended)


def _known(value: float, otherwise: float) -> float:
    return otherwise if math.isnan(value) else value
