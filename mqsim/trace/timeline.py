"""One timeline of a run, message by message, in words.

The two tables and the log each hold a part of what happened; here they are joined. What comes first at one
instant is decided in `causal_order`.
"""

from __future__ import annotations

from itertools import pairwise
from textwrap import shorten
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from mqsim.trace.acknowledgements import Counting, acked_and_lost, counting, counts_when_sent
from mqsim.trace.causal_order import (
    ACKED,
    CREATED,
    ENDED,
    ENQUEUED,
    EVENT,
    FINISHED,
    PUBLISHED,
    SENT,
    STARTED,
    Step,
    in_causal_order,
)
from mqsim.trace.event_kinds import EventKind
from mqsim.trace.event_words import event_words
from mqsim.trace.tables import NONE, How, Trace

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from numpy.typing import NDArray

_KINDS = ("created", "published", "enqueued", "sent", "started", "finished", "ended", "event")
_SHOWN = 32
"""Characters of a message's text that stand in its name."""
_IN_TABLES = frozenset({EventKind.REQUEUED, EventKind.RETURNED, EventKind.REJECTED})


class Line(NamedTuple):
    """One line of the timeline.

    Attributes:
        t: seconds from the start of the run.
        who: the actor, or `broker`.
        text: what it does, beginning with the verb.
        kind: `created`, `published`, `enqueued`, `sent`, `started`, `finished`, `acked`, how an attempt ended
            (`acked`, `requeued`, `rejected`, `returned`, `lost`), or the log's own word (`crashed`).
    """

    t: float
    who: str
    text: str
    kind: str

    def __str__(self) -> str:
        """The line as transcripts print it."""
        return f"{self.t:12.6f}  {self.who:<10}  {self.text}"


def message_name(trace: Trace, copy: int) -> str:
    """What a person calls the message in row `copy`: its producer and its number, counted from 1, as in
    `web-1 #3`; and how its body begins where that is a text, as in `producer-1 #3 "Task 3"`.
    """
    name = f"{trace.actors.names[trace.messages.producer[copy]]} #{trace.messages.number[copy] + 1}"
    text = text_of(trace, copy)
    return f'{name} "{shorten(text, _SHOWN, placeholder=" …")}"' if text else name


def text_of(trace: Trace, copy: int) -> str:
    """How the body of the message in row `copy` begins, where it is a text; else empty."""
    messages = trace.messages
    while copy not in trace.texts and messages.parent[copy] != NONE and _is_same(trace, copy):
        copy = messages.parent[copy]
    if copy not in trace.texts:
        copy = messages.origin[copy] if messages.parent[copy] == NONE else copy
    return trace.texts.get(copy, "")


def label_of(trace: Trace, copy: int) -> str:
    """What a table calls the message in row `copy`: how its body begins; its name where that is no text."""
    return text_of(trace, copy) or message_name(trace, copy)


def _is_same(trace: Trace, copy: int) -> bool:
    """Whether a copy is of the same message as its parent, rather than forwarded because of that."""
    messages, above = trace.messages, trace.messages.parent[copy]
    mine = (messages.producer[copy], messages.number[copy])
    return mine == (messages.producer[above], messages.number[above])


def timeline_of(trace: Trace, copy: int | None = None) -> Iterator[Line]:
    """The run as a timeline, in causal order; equal runs give equal timelines.

    Args:
        trace: what a run left behind.
        copy: only the life of this copy and of all that share its origin (dead-lettered and forwarded
            copies); events that concern no message are then left out. By default everything.

    Yields:
        Lines, made as they are asked for.

    Raises:
        IndexError: the trace has no such copy.
    """
    for _, line in lines_by_step(trace, copy):
        if line is not None:
            yield line


def lines_by_step(trace: Trace, copy: int | None = None) -> Iterator[tuple[Step, Line | None]]:
    """Every step of the run in causal order, each with its line; None where another step's line tells it.

    Raises:
        IndexError: the trace has no such copy.
    """
    if copy is not None and not 0 <= copy < trace.messages.n:
        raise IndexError(f"the trace has copies 0 to {trace.messages.n - 1}, not {copy}")
    told_as_lost = _lost_by_delivery(trace)
    for group in _instants(trace, copy):
        for step in in_causal_order(trace, group) if len(group) > 1 else group:
            yield (
                step,
                _line_of_event(trace, step, told_as_lost) if step.what == EVENT else _line(trace, step),
            )


def _lost_by_delivery(trace: Trace) -> frozenset[int]:
    """Copies whose loss the delivery table tells."""
    table = trace.deliveries
    how = np.array(table.how[: table.n], dtype=np.int8)
    return frozenset(table.copy[row] for row in np.flatnonzero(how == How.LOST).tolist())


def _instants(trace: Trace, copy: int | None) -> Iterator[list[Step]]:
    """Everything that happened, by the instant it happened at."""
    messages, deliveries, events = trace.messages, trace.deliveries, trace.events
    times: list[NDArray[np.float64]] = []
    whats: list[NDArray[np.int8]] = []
    rows: list[NDArray[np.int64]] = []

    def take(what: int, column: Iterable[float], n: int, chosen: NDArray[np.bool_] | None) -> None:
        t = np.array(column[:n], dtype=np.float64)  # type: ignore[index]
        keep = ~np.isnan(t) if chosen is None else ~np.isnan(t) & chosen
        times.append(t[keep])
        rows.append(np.flatnonzero(keep))
        whats.append(np.full(int(keep.sum()), what, dtype=np.int8))

    origin = np.array(messages.origin[: messages.n], dtype=np.int64)
    of_message = of_delivery = of_event = None
    if copy is not None:
        of_message = origin == origin[copy]
        of_delivery = of_message[np.array(deliveries.copy[: deliveries.n], dtype=np.int64)]
        about = np.array(events.copy, dtype=np.int64)
        of_event = (about != NONE) & of_message[about] if messages.n else about != NONE
    for code in (CREATED, PUBLISHED, ENQUEUED):
        take(code, getattr(messages, _KINDS[code]), messages.n, of_message)
    for code in (SENT, STARTED, FINISHED, ENDED):
        take(code, getattr(deliveries, _KINDS[code]), deliveries.n, of_delivery)
    acks = np.full(deliveries.n, np.nan)
    how = np.array(deliveries.how[: deliveries.n], dtype=np.int8)
    for attempt in np.flatnonzero(how == How.LOST).tolist():
        acks[attempt] = acked_and_lost(trace, attempt)
    take(ACKED, acks, deliveries.n, of_delivery)
    take(EVENT, events.t, len(events), of_event)

    t, what, row = np.concatenate(times), np.concatenate(whats), np.concatenate(rows)
    order = np.lexsort((row, what, t))
    instants = np.flatnonzero(np.diff(t[order])) + 1
    edges = [0, *instants.tolist(), len(order)]
    for first, last in pairwise(edges):
        here = order[first:last]
        yield [
            Step(*step)
            for step in zip(t[here].tolist(), what[here].tolist(), row[here].tolist(), strict=True)
        ]


def _line(trace: Trace, step: Step) -> Line | None:
    return _line_of_message(trace, step) if step.what <= ENQUEUED else _line_of_delivery(trace, step)


def _line_of_message(trace: Trace, step: Step) -> Line | None:
    messages, row = trace.messages, step.row
    name = message_name(trace, row)
    producer = trace.actors.names[messages.producer[row]]
    kind = _KINDS[step.what]
    if step.what == ENQUEUED:
        return Line(step.t, "broker", f"puts {name} in queue {trace.queues.names[messages.queue[row]]}", kind)
    if not _is_first(trace, row):
        return None  # a further copy: its message was made and published once
    if step.what == CREATED:
        at_once = messages.published[row] == step.t
        return None if at_once else Line(step.t, producer, f"has {name} to send", kind)
    above = messages.parent[row]
    cause = f", because of {message_name(trace, above)}" if above != NONE else ""
    return Line(step.t, producer, f"publishes {name}{cause}", kind)


def _is_first(trace: Trace, row: int) -> bool:
    """Whether the row is its message's own: no copy for a further queue or attempt, and not dead-lettered."""
    messages = trace.messages
    if messages.origin[row] == row:
        return True
    key = (messages.producer[row], messages.number[row])
    before = [messages.origin[row], messages.parent[row], row - 1]
    return all((messages.producer[one], messages.number[one]) != key for one in before if one != NONE)


def _line_of_delivery(trace: Trace, step: Step) -> Line | None:
    deliveries, row = trace.deliveries, step.row
    name = message_name(trace, deliveries.copy[row])
    consumer = trace.actors.names[deliveries.consumer[row]]
    if step.what == SENT:
        again = f" again (attempt {deliveries.attempt[row]})" if deliveries.attempt[row] > 1 else ""
        done = ", and counts it as done (auto-ack)" if counts_when_sent(trace, row) else ""
        return Line(step.t, "broker", f"sends {name} to {consumer}{again}{done}", "sent")
    if step.what == STARTED:
        return Line(step.t, consumer, f"starts {name}", "started")
    if step.what == FINISHED:
        took = step.t - deliveries.started[row]
        return Line(step.t, consumer, f"finishes {name} after {took:.6g} s", "finished")
    return _line_of_ending(trace, step, name, consumer)


def _line_of_ending(trace: Trace, step: Step, name: str, consumer: str) -> Line | None:
    how = How(trace.deliveries.how[step.row])
    if how is How.ACKED or step.what == ACKED:
        counted = counting(trace, step.row)
        if counted is Counting.WHEN_SENT:
            return None  # nobody acknowledges it: the line that tells of its sending says so
        early = counted is Counting.EARLY
        done = f", and counts it as done before {consumer} finishes it" if early else ": done"
        return Line(step.t, "broker", f"has {consumer}'s acknowledgement of {name}{done}", How.ACKED.label)
    words = {
        How.REQUEUED: f"has {name} back from {consumer}, to be sent again",
        How.REJECTED: f"hears from {consumer} that it refuses {name} for good",
        How.RETURNED: f"takes {name} back: {consumer} never acknowledged it",
        How.LOST: f"can't send {name} again: it counts as done, and is lost: {consumer} never finished it",
    }
    return Line(step.t, "broker", words.get(how, f"closes {name} at {consumer}"), how.label)


def _line_of_event(trace: Trace, step: Step, told_as_lost: frozenset[int]) -> Line | None:
    events, row = trace.events, step.row
    kind, copy, subject = events.kind[row], events.copy[row], events.subject[row]
    if (
        copy in told_as_lost
        if kind == EventKind.LOST
        else kind in _IN_TABLES and trace.messages.deliveries[copy] > 0
    ):
        return None  # the deliveries tell it
    name = message_name(trace, copy) if copy != NONE else ""
    who = "broker" if subject in trace.queues.names or not subject else subject
    return Line(step.t, who, event_words(kind, name, events.other[row], events.detail[row], subject), kind)
