"""Faults that a run of programs shows without a crash: what a crash search says beside its table."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

import numpy as np

from mqsim.trace.clients import ClientEventKind as Kind
from mqsim.trace.event_kinds import EventKind
from mqsim.trace.frames import columns
from mqsim.trace.tables import Outcome
from mqsim.trace.timeline import label_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from mqsim.trace import Trace

AGAIN_AND_AGAIN = 5
"""Deliveries of one message after which it is said that it comes back without end."""

_NAMED = 3


def notes(trace: Trace) -> list[str]:
    """What a reader should know of the programs of a run, a sentence each."""
    return [*_never_acknowledged(trace), *_given_back(trace), *_at_the_brokers_death(trace)]


def _never_acknowledged(trace: Trace) -> Iterator[str]:
    """Consumers that acknowledge nothing of what they have taken in hand."""
    (outcome,) = columns(trace.messages, "outcome")
    copy, consumer, started = columns(trace.deliveries, "copy", "consumer", "started")
    answered = {
        event.who for event in trace.clients.rows if event.kind in (Kind.ACKED, Kind.NACKED, Kind.REJECTED)
    }
    for code, name in enumerate(trace.actors.names):
        mine = (consumer == code) & ~np.isnan(started)
        held = [row for row in dict.fromkeys(copy[mine].tolist()) if outcome[row] == Outcome.UNACKED]
        if held and name not in answered:
            yield (
                f"{name} never acknowledges: the broker keeps {_list(trace, held)} for it, and sends all of "
                "it again after a crash."
            )


def _given_back(trace: Trace) -> Iterator[str]:
    """Messages that are delivered again and again, and come to no end."""
    (outcome,) = columns(trace.messages, "outcome")
    (copy,) = columns(trace.deliveries, "copy")
    times = Counter(copy.tolist())
    kept = (Outcome.READY, Outcome.UNACKED)
    rows = [row for row, count in times.items() if count >= AGAIN_AND_AGAIN and outcome[row] in kept]
    if rows:
        most = max(times[row] for row in rows)
        yield (
            f"Delivered again and again without end: {_list(trace, rows)} (up to {most:,} times). Who gives "
            "a message back with requeue=True gets it again at once; reject what can't be done."
        )


def _at_the_brokers_death(trace: Trace) -> Iterator[str]:
    """What a crash of the broker would cost, where none was tried."""
    if EventKind.BROKER_KILLED in trace.events.kind:
        return
    events = trace.clients.rows
    fleeting = dict.fromkeys(
        event.queue
        for event in events
        if event.kind is Kind.QUEUE_DECLARED and not (event.durable or event.exclusive or event.passive)
    )
    published = [event for event in events if event.kind is Kind.PUBLISHED]
    unconfirmed = dict.fromkeys(event.who for event in published if not event.confirms)
    transient = dict.fromkeys(event.who for event in published if not event.persistent)
    parts = []
    if fleeting:
        does = "is" if len(fleeting) == 1 else "are"
        parts.append(f"{_words(list(fleeting))} {does} not durable")
    if transient:
        parts.append(f"{_words(list(transient))} publishes messages that are not persistent")
    if unconfirmed:
        parts.append(f"{_words(list(unconfirmed))} publishes without confirms")
    if parts:
        yield f"A crash of the broker was not tried (--kill broker@T): {'; '.join(parts)}."


def _list(trace: Trace, rows: list[int]) -> str:
    return _words(list(dict.fromkeys(label_of(trace, row) for row in rows)))


def _words(names: list[str]) -> str:
    shown = ", ".join(names[:_NAMED])
    more = len(names) - _NAMED
    return shown if more <= 0 else f"{shown} and {more} more"
