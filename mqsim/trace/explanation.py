"""One message's story: every line of the timeline that concerns it and its copies, and why it ended so."""

from __future__ import annotations

import re
from difflib import get_close_matches
from typing import TYPE_CHECKING, NamedTuple

from mqsim.errors import UsageError
from mqsim.trace.acknowledgements import counts_when_sent, worked_without_answer
from mqsim.trace.causal_order import CREATED, ENQUEUED, EVENT, PUBLISHED, Step
from mqsim.trace.event_kinds import EventKind
from mqsim.trace.tables import NONE, How, Outcome, Trace
from mqsim.trace.timeline import Line, lines_by_step, message_name, text_of

if TYPE_CHECKING:
    from collections.abc import Iterator

_NUMBER = re.compile(r"(?P<who>.+?)\s*#\s*(?P<number>\d+)(\s+\".*\")?")
_SHOWN = 5
_HAPPENED: dict[str, str] = {
    EventKind.CRASHED: "was killed",
    EventKind.POWERED_OFF: "lost power",
    EventKind.EXITED: "ended",
    EventKind.STOPPED: "was stopped",
    EventKind.CONNECTION_LOST: "lost its connection",
    EventKind.CHANNEL_CLOSED: "had its channel closed",
    EventKind.BROKER_KILLED: "the broker was killed",
    EventKind.BROKER_STOPPED: "the broker was stopped",
}
"""What takes a delivery from its consumer, in the order in which it explains more."""
_TOLD = {
    *_HAPPENED,
    EventKind.HUNG,
    EventKind.RESTORED,
    EventKind.SLOWED,
    EventKind.PARTITIONED,
    EventKind.HEALED,
    EventKind.BROKER_STARTED,
}
_LEFT = {
    "maxlen": "the queue was full",
    "cycle": "it went in a circle",
    "deleted": "the queue was deleted",
    "purged": "the queue was purged",
    "lost": "the broker went down, which only persistent messages in a durable queue survive",
}


class Explanation(NamedTuple):
    """What `explain` found.

    Attributes:
        name: the message's, as in `producer-1 #2 "task 2"`.
        lines: of the timeline.
        ends: what became of it, and why: a sentence or two for each copy that has none after it.
    """

    name: str
    lines: tuple[Line, ...]
    ends: tuple[str, ...]

    def __str__(self) -> str:
        return "\n".join([*map(str, self.lines), "", *self.ends])


def explain(trace: Trace, message: str) -> Explanation:
    """Tell of one message.

    Args:
        trace: what a run left behind.
        message: its text (`task 2`), or its producer and number, from 1 (`producer-1#2`).

    Raises:
        UsageError: there is no such message, or there are several; it names some.
    """
    first = find(trace, message)
    rows = _rows(trace, first)
    family = set(rows)
    lines = [
        line for step, line in lines_by_step(trace) if line is not None and _concerns(trace, step, family)
    ]
    leaves = [row for row in rows if trace.messages.outcome[row] != Outcome.DEAD_LETTERED] or rows
    ends = []
    for row in leaves:
        queue = trace.messages.queue[row]
        where = f"In queue {trace.queues.names[queue]}: " if len(leaves) > 1 and queue != NONE else ""
        ends.append(where + " ".join(_end(trace, row)))
    return Explanation(message_name(trace, first), tuple(lines), tuple(ends))


def find(trace: Trace, message: str) -> int:
    """The first row of the message that is meant.

    Raises:
        UsageError: there is none, or there are several.
    """
    firsts = _first_rows(trace)
    wanted = message.strip()
    if (asked := _NUMBER.fullmatch(wanted)) is not None:
        key = (asked["who"], int(asked["number"]))
        if key in firsts:
            return firsts[key]
    texts = {row: text_of(trace, row) for row in firsts.values()}
    for fits in (
        lambda text: text == wanted,
        lambda text: text.casefold() == wanted.casefold(),
        lambda text: bool(wanted) and wanted.casefold() in text.casefold(),
    ):
        found = [row for row, text in texts.items() if fits(text)]
        if len(found) == 1:
            return found[0]
        if found:
            names = _some(trace, found)
            raise UsageError(f'"{message}" can be {len(found)} messages: {names}; give producer and number.')
    if not firsts:
        raise UsageError(f'there is no message "{message}": no message was sent.')
    near = get_close_matches(wanted, [text for text in texts.values() if text], 3, 0.7)
    some = [row for row, text in texts.items() if text in near] or list(texts)
    raise UsageError(f'there is no message "{message}"; there are {_some(trace, some)}.')


def _first_rows(trace: Trace) -> dict[tuple[str, int], int]:
    firsts: dict[tuple[str, int], int] = {}
    for row in range(trace.messages.n):
        producer = trace.messages.producer[row]
        if producer != NONE:
            firsts.setdefault((trace.actors.names[producer], trace.messages.number[row] + 1), row)
    return firsts


def _some(trace: Trace, rows: list[int]) -> str:
    names = [message_name(trace, row).replace(" #", "#", 1) for row in rows[:_SHOWN]]
    more = len(rows) - len(names)
    return ", ".join(names) + (f" and {more} more" if more else "")


def _rows(trace: Trace, first: int) -> list[int]:
    """All rows of the message: copies in further queues, dead-lettered ones, ones published again."""
    messages = trace.messages
    key = (messages.producer[first], messages.number[first])
    return [row for row in range(first, messages.n) if (messages.producer[row], messages.number[row]) == key]


# -- the lines -----------------------------------------------------------------------------------------------


def _concerns(trace: Trace, step: Step, family: set[int]) -> bool:
    if step.what in (CREATED, PUBLISHED, ENQUEUED):
        return step.row in family
    if step.what != EVENT:
        return trace.deliveries.copy[step.row] in family
    events = trace.events
    if events.copy[step.row] != NONE:
        return events.copy[step.row] in family
    if events.kind[step.row] not in _TOLD:
        return False
    subject, other = events.subject[step.row], events.other[step.row]
    if events.kind[step.row].startswith("broker-"):
        return any(_is_under_way(trace, row, step.t) for row in family)
    return any(
        name in (subject, other) and start <= step.t <= end
        for row in family
        for name, start, end in _holders(trace, row)
    )


def _is_under_way(trace: Trace, row: int, t: float) -> bool:
    messages = trace.messages
    return messages.created[row] <= t <= _or(messages.ended[row], trace.end)


def _holders(trace: Trace, row: int) -> Iterator[tuple[str, float, float]]:
    """Who had it, from when to when: its producer until it was in a queue, then its consumers."""
    messages, names = trace.messages, trace.actors.names
    if messages.producer[row] != NONE:
        there = _or(messages.enqueued[row], _or(messages.ended[row], trace.end))
        yield names[messages.producer[row]], messages.created[row], there
    deliveries = trace.deliveries
    for attempt in _attempts(trace, row):
        ended, finished = deliveries.ended[attempt], deliveries.finished[attempt]
        given_away = deliveries.how[attempt] == How.ACKED and finished != finished
        over = trace.end if given_away else max(_or(ended, trace.end), _or(finished, trace.start))
        yield names[deliveries.consumer[attempt]], deliveries.sent[attempt], over


def _attempts(trace: Trace, row: int) -> list[int]:
    copies = trace.deliveries.copy
    return [attempt for attempt in range(trace.deliveries.n) if copies[attempt] == row]


def _or(t: float, instead: float) -> float:
    return t if t == t else instead


# -- the end -------------------------------------------------------------------------------------------------


def _end(trace: Trace, row: int) -> Iterator[str]:
    """What became of a copy, and why."""
    attempts = _attempts(trace, row)
    for attempt in attempts:
        if (how := How(trace.deliveries.how[attempt])) in (How.RETURNED, How.REQUEUED):
            yield _came_back(trace, attempt, how)
    messages = trace.messages
    outcome, queue = Outcome(messages.outcome[row]), messages.queue[row]
    there = trace.queues.names[queue] if queue != NONE else "its queue"
    match outcome:
        case Outcome.LOST if attempts and trace.deliveries.how[attempts[-1]] == How.LOST:
            yield _lost_at_consumer(trace, row, attempts[-1])
        case Outcome.LOST:
            yield f"Lost{_at(messages.ended[row])}: {_reason(trace, row, 'lost')}."
        case Outcome.ACKED:
            yield _acked(trace, row, attempts)
        case Outcome.UNACKED:
            who, since = trace.actors.names[messages.consumer[row]], _time(messages.delivered[row])
            over = worked_without_answer(trace).get(attempts[-1]) if attempts else None
            worked = "" if over is None else f"; its work on it was over at {_time(over)}"
            yield f"{who} has had it since {since}{worked}, and has not acknowledged it when the run ends."
        case Outcome.READY if messages.enqueued[row] != messages.enqueued[row]:
            yield "It has not reached a queue when the run ends."
        case Outcome.READY:
            yield f"It waits in queue {there} when the run ends: {_why_it_waits(trace, there)}."
        case Outcome.UNROUTABLE:
            yield f"Dropped{_at(messages.ended[row])}: no queue is bound for it."
        case Outcome.EXPIRED:
            yield f"Expired in queue {there}{_at(messages.ended[row])}: its time to live had passed."
        case Outcome.DEAD_LETTERED:
            yield f"Dead-lettered from queue {there}{_at(messages.ended[row])}."
        case _:
            word = outcome.label.capitalize()
            yield f"{word}{_at(messages.ended[row])}: {_reason(trace, row, outcome.label)}."


def _came_back(trace: Trace, attempt: int, how: How) -> str:
    deliveries = trace.deliveries
    who = trace.actors.names[deliveries.consumer[attempt]]
    sent = f"Sent to {who} at {_time(deliveries.sent[attempt])}"
    if how is How.REQUEUED:
        return f"{sent}, which gave it back."
    cause = _cause(trace, attempt) or f"{who} let go of it"
    return f"{sent}; {cause} before it was acknowledged, so the queue took it back."


def _lost_at_consumer(trace: Trace, row: int, attempt: int) -> str:
    messages, deliveries = trace.messages, trace.deliveries
    who = trace.actors.names[deliveries.consumer[attempt]]
    sent, acked, started = deliveries.sent[attempt], messages.acked[row], deliveries.started[attempt]
    if counts_when_sent(trace, attempt):
        counted = f"Sent to {who} with auto-ack at {_time(sent)}: counted as done"
    else:
        counted = f"{who} acknowledged it at {_time(acked)}, before it was through with it: counted as done"
    when = "before it had started it" if started != started else "while it was at it"
    cause = _cause(trace, attempt) or _reason(trace, row, "lost")
    return f"{counted}; {cause} {when}: lost."


def _cause(trace: Trace, attempt: int) -> str:
    """What took a delivery from its consumer: `worker-1 was killed at 3.000000`."""
    deliveries, events = trace.deliveries, trace.events
    who = trace.actors.names[deliveries.consumer[attempt]]
    sent, ended = deliveries.sent[attempt], deliveries.ended[attempt]
    found = [
        (list(_HAPPENED).index(kind), -events.t[number], kind)
        for number, kind in enumerate(events.kind)
        if kind in _HAPPENED
        and sent <= events.t[number] <= ended
        and (events.subject[number] == who or kind.startswith("broker-"))
    ]
    if not found:
        return ""
    _, t, kind = min(found)
    subject = "" if kind.startswith("broker-") else f"{who} "
    return f"{subject}{_HAPPENED[kind]} at {_time(-t)}"


def _acked(trace: Trace, row: int, attempts: list[int]) -> str:
    messages = trace.messages
    who = trace.actors.names[messages.consumer[row]]
    finished, acked = messages.finished[row], messages.acked[row]
    if finished != finished:
        return f"It counts as done since {_time(acked)}; {who} was not through with it when the run ended."
    times = sum(trace.deliveries.finished[one] == trace.deliveries.finished[one] for one in attempts)
    often = f", the {_ordinal(times)} time that it was worked to its end" if times > 1 else ""
    told = "counted as done since" if acked < finished else "the broker has its acknowledgement at"
    return f"Done: {who} finished it at {_time(finished)}{often}; {told} {_time(acked)}."


def _ordinal(number: int) -> str:
    return {2: "second", 3: "third"}.get(number, f"{number}th")


def _why_it_waits(trace: Trace, queue: str) -> str:
    able = [
        name
        for name, actor in trace.cast.items()
        if actor.queue == queue and actor.up and actor.up[-1][1] != actor.up[-1][1]
    ]
    if not able:
        return "nobody consumes from it"
    return f"{', '.join(able[:_SHOWN])} had not come to it"


def _reason(trace: Trace, row: int, kind: str) -> str:
    """What the log says of a copy's end."""
    events = trace.events
    for number in reversed(range(len(events))):
        if events.copy[number] == row and events.kind[number] == kind and events.detail[number]:
            return _LEFT.get(events.detail[number], events.detail[number].replace("_", " "))
    return "it was refused for good" if kind == Outcome.REJECTED.label else "nobody was told why"


def _at(t: float) -> str:
    return f" at {_time(t)}" if t == t else ""


def _time(t: float) -> str:
    """As in transcripts, without needless zeros."""
    return f"{t:.6f}".rstrip("0").rstrip(".")
