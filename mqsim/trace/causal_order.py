"""What came before what, where many things happened at one instant.

They do: without latency a whole chain of causes takes no time. A message is published before it is queued,
queued before it is sent; an attempt to deliver is sent, started, finished and closed in that order; a worker
ends one message before it starts the next, and holds no more than its prefetch. What is left open by these
rules follows the message's row.
"""

from __future__ import annotations

import heapq
from collections import defaultdict
from itertools import pairwise
from typing import TYPE_CHECKING, NamedTuple

from mqsim.trace.event_kinds import EventKind
from mqsim.trace.tables import NONE, How, Outcome, Trace

if TYPE_CHECKING:
    from collections.abc import Iterator

CREATED, PUBLISHED, ENQUEUED, SENT, STARTED, FINISHED, ENDED, EVENT, ACKED = range(9)
"""What a step is. ACKED: the acknowledgement of an attempt that was lost later; where none was lost, the
acknowledgement is the attempt's end (ENDED)."""

_PLACE_IN_LIFE = {SENT: 0, STARTED: 1, ACKED: 2, FINISHED: 3, ENDED: 4}
_DEATHS = (EventKind.CRASHED, EventKind.POWERED_OFF)
_ENDS = (EventKind.STOPPED, EventKind.EXITED, *_DEATHS)


class Step(NamedTuple):
    """One thing that happened: `what` (one of the codes of this module) to row `row` of its table, at `t`."""

    t: float
    what: int
    row: int


def in_causal_order(trace: Trace, group: list[Step]) -> list[Step]:
    """Steps of one instant, causes before effects, ties by the message's number (Kahn's algorithm with a
    heap).

    Should the rules ever contradict each other, the step with the lowest number goes first, so that a line is
    never lost.
    """
    after: dict[Step, list[Step]] = defaultdict(list)
    waits_for = dict.fromkeys(group, 0)
    for cause, effect in _causes(trace, group):
        after[cause].append(effect)
        waits_for[effect] += 1
    keys = {step: _key(trace, step) for step in group}
    remaining = [(key, step.what, step.row, step) for step, key in keys.items()]
    heap = [entry for entry in remaining if waits_for[entry[3]] == 0]
    heapq.heapify(heap)
    remaining.sort(reverse=True)
    order: list[Step] = []
    done: set[Step] = set()
    while len(order) < len(group):
        if heap:
            step = heapq.heappop(heap)[3]
        else:
            while remaining[-1][3] in done:
                remaining.pop()
            step = remaining.pop()[3]
        if step in done:
            continue
        done.add(step)
        order.append(step)
        for effect in after[step]:
            waits_for[effect] -= 1
            if waits_for[effect] == 0 and effect not in done:
                heapq.heappush(heap, (keys[effect], effect.what, effect.row, effect))
    return order


def _key(trace: Trace, step: Step) -> tuple[int, int]:
    if step.what == EVENT:
        return (trace.events.copy[step.row], step.row)
    if step.what <= ENQUEUED:
        return (step.row, 0)
    return (trace.deliveries.copy[step.row], trace.deliveries.attempt[step.row])


def _causes(trace: Trace, group: list[Step]) -> Iterator[tuple[Step, Step]]:
    """Pairs of (cause, effect) among the steps of one instant."""
    yield from _chains_of_messages(trace, group)
    yield from _turns_of_consumers(trace, group)
    yield from _marks_of_events(trace, group)


def _chains_of_messages(trace: Trace, group: list[Step]) -> Iterator[tuple[Step, Step]]:
    """The life of each copy, and what passes from a copy to its children."""
    parent = trace.messages.parent
    lives: dict[int, list[tuple[int, int, Step]]] = defaultdict(list)
    for step in group:
        if step.what <= ENQUEUED:
            lives[step.row].append((0, step.what, step))
        elif step.what != EVENT:
            place = _PLACE_IN_LIFE[step.what]
            lives[trace.deliveries.copy[step.row]].append((trace.deliveries.attempt[step.row], place, step))
    for life in lives.values():
        life.sort(key=lambda entry: entry[:2])
        for (_, _, cause), (_, _, effect) in pairwise(life):
            yield cause, effect
    for copy, life in lives.items():
        above = lives.get(parent[copy]) if parent[copy] != NONE else None
        if above:
            yield from _inheritance(
                trace, copy, [step for _, _, step in above], [step for _, _, step in life]
            )


def _inheritance(trace: Trace, copy: int, above: list[Step], life: list[Step]) -> Iterator[tuple[Step, Step]]:
    """What of a parent's life comes before its child's, and after the child is published.

    A dead-lettered copy comes after all of it. A forwarded message comes after the work and before the
    acknowledgement: where both fall into one instant the tables can't tell, and this is how consumers are
    told to do it.
    """
    if trace.messages.outcome[trace.messages.parent[copy]] == Outcome.DEAD_LETTERED:
        yield above[-1], life[0]
        return
    work = [step for step in above if step.what not in (ENDED, ACKED)]
    if work:
        yield work[-1], life[0]
    published = [step for step in life if step.what <= PUBLISHED]
    if published and above[-1].what == ENDED:
        yield published[-1], above[-1]


def _turns_of_consumers(trace: Trace, group: list[Step]) -> Iterator[tuple[Step, Step]]:
    """A consumer does one thing after another, and the broker sends it no more than its prefetch."""
    deliveries = trace.deliveries
    by_consumer: dict[int, dict[int, list[Step]]] = defaultdict(dict)
    acks = {step.row: step for step in group if step.what == ACKED}
    for step in group:
        if SENT <= step.what <= ENDED:
            by_consumer[deliveries.consumer[step.row]].setdefault(step.row, []).append(step)
    for code, attempts in by_consumer.items():
        actor = trace.cast.get(trace.actors.names[code])
        closed: list[Step] = []
        worked: Step | None = None
        for row in sorted(attempts, key=lambda one: (deliveries.sent[one], one)):
            for step in attempts[row]:
                if (
                    step.what == SENT
                    and closed
                    and actor is not None
                    and actor.prefetch
                    and actor.ack == "manual"
                ):
                    yield closed[min(len(closed), max(1, len(closed) - actor.prefetch + 1)) - 1], step
                elif step.what == STARTED and worked is not None:
                    yield worked, step
            last = attempts[row][-1]
            closes = acks.get(row, last)
            if closes.what in (ENDED, ACKED) and (actor is None or actor.ack == "manual"):
                closed.append(closes)
            if last.what in (FINISHED, ENDED) and any(step.what == FINISHED for step in attempts[row]):
                worked = last


def _marks_of_events(trace: Trace, group: list[Step]) -> Iterator[tuple[Step, Step]]:
    """The log keeps its own order; a crash comes before what it undoes, a subscription before what it
    brings, and what a program does before its end.
    """
    events, deliveries = trace.events, trace.deliveries
    marks = [step for step in group if step.what == EVENT]
    yield from pairwise(marks)
    last: dict[str, Step] = {}
    for mark in marks:
        if events.copy[mark.row] == NONE:
            last[events.subject[mark.row]] = mark
    closing = {step.row: step for step in group if step.what == ENDED}
    yield from _deeds_before_ends(trace, group, marks, closing)
    for step in group:
        undone = step.what == ENDED and deliveries.how[step.row] in (How.RETURNED, How.LOST)
        if step.what == SENT or undone:
            actor = trace.actors.names[deliveries.consumer[step.row]]
            cause_of = last.get(actor) or last.get("broker")
            is_end = cause_of is not None and events.kind[cause_of.row] in _ENDS
            if cause_of is not None and (undone or not is_end):
                yield cause_of, step
    by_copy = {deliveries.copy[row]: step for row, step in sorted(closing.items())}
    published = {step.row: step for step in group if step.what == PUBLISHED}
    for mark in marks:
        copy, kind = events.copy[mark.row], events.kind[mark.row]
        closed = by_copy.get(copy)
        if closed is not None:
            yield (mark, closed) if kind == EventKind.FAILED else (closed, mark)
        again = published.get(copy)
        if again is not None:
            yield (mark, again) if kind == EventKind.RETRIED else (again, mark)


def _deeds_before_ends(
    trace: Trace, group: list[Step], marks: list[Step], closing: dict[int, Step]
) -> Iterator[tuple[Step, Step]]:
    """Nobody publishes, starts or finishes anything after its end. One that is started again at the same
    instant may: of its deeds, those come before the end whose attempt the end took away.
    """
    events, deliveries = trace.events, trace.deliveries
    ends: dict[str, Step] = {}
    again: set[str] = set()
    for mark in marks:
        who, kind = events.subject[mark.row], events.kind[mark.row]
        if kind in _ENDS:
            ends[who] = mark
        elif kind == EventKind.STARTED and who in ends:
            again.add(who)
    for step in group:
        if step.what not in (PUBLISHED, STARTED, FINISHED):
            continue
        code = trace.messages.producer if step.what == PUBLISHED else deliveries.consumer
        who = trace.actors.names[code[step.row]]
        taken = step.what != PUBLISHED and step.row in closing
        taken = taken and deliveries.how[step.row] in (How.RETURNED, How.LOST)
        if who in ends and (who not in again or taken):
            yield step, ends[who]
