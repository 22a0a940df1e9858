"""Where every message went, leg by leg, and how every actor was, read from a trace.

A *leg* is one change of a copy's place or state. Each belongs to a step of `trace.timeline`, so the
replay shows neither more nor less than the timeline tells.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from mqsim.trace.acknowledgements import counts_when_sent
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
)
from mqsim.trace.tables import NONE, How, Outcome, Trace
from mqsim.widgets.replay.places import DOWN, NEWS_OF_THE_CONNECTION, STATUS_AFTER, Place, State, Status

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

_GONE = {
    Outcome.EXPIRED.label,
    Outcome.DROPPED.label,
    Outcome.REJECTED.label,
    Outcome.UNROUTABLE.label,
    Outcome.REFUSED.label,
}
_ENDS = (Place.DONE, Place.LOST, Place.DEAD, Place.GONE)
_BACK = {"requeued", "returned"}


class Leg(NamedTuple):
    """A copy comes to a place.

    Attributes:
        step: which step of the story brings it there.
        copy: row of the message table.
        place: see `Place`.
        at: code of the producer, exchange, queue or consumer there; -1 for places that have none.
        state: see `State`.
        travel: seconds that the way took in the run itself.
        delivery: row of the delivery table while it is with a consumer, else -1.
    """

    step: int
    copy: int
    place: int
    at: int
    state: int
    travel: float
    delivery: int


class Change(NamedTuple):
    """An actor (by code; -1 is the broker) is in another state from a step on."""

    step: int
    actor: int
    status: int


class Walk:
    """Follows the copies of a trace from step to step.

    Args:
        trace: what a run left behind.
        exchange: from (group of who published, queue) to the exchange's code.
    """

    def __init__(self, trace: Trace, exchange: Mapping[tuple[str, str], int]) -> None:
        self._trace = trace
        self._exchange = exchange
        self.legs: list[Leg] = []
        self.changes: list[Change] = []
        self._here: dict[int, Leg] = {}
        self._status: dict[int, Status] = {}
        self._codes = {name: code for code, name in enumerate(trace.actors.names)}
        self._acks = [trace.cast[name].ack if name in trace.cast else "" for name in trace.actors.names]
        self._by_what: dict[int, Callable[[int, Step], None]] = {
            CREATED: self._created,
            PUBLISHED: self._published,
            ENQUEUED: self._enqueued,
            SENT: self._sent,
            STARTED: self._started,
            FINISHED: self._finished,
            ENDED: self._ended,
            ACKED: self._acked,
            EVENT: self._event,
        }

    def take(self, number: int, step: Step) -> None:
        """Go on by one step, the `number`-th of the story."""
        self._by_what[step.what](number, step)

    def _go(
        self,
        number: int,
        copy: int,
        place: Place,
        at: int,
        state: State,
        travel: float = 0.0,
        delivery: int = NONE,
    ) -> None:
        before = self._here.get(copy)
        if before is not None:
            if before[2:5] == (place, at, state) and before.delivery == delivery:
                return
            if before.place == place and place in _ENDS:
                return  # the delivery and the log both tell it
        # Times that are not known, as of a message that never arrived, say nothing about the way.
        known = travel if travel > 0 else 0.0
        leg = self._here[copy] = Leg(number, copy, place, at, state, known, delivery)
        self.legs.append(leg)

    # -- the message table -----------------------------------------------------------------------------------

    def _is_dead_letter(self, copy: int) -> bool:
        messages = self._trace.messages
        above = messages.parent[copy]
        return above != NONE and (messages.producer[above], messages.number[above]) == (
            messages.producer[copy],
            messages.number[copy],
        )

    def _created(self, number: int, step: Step) -> None:
        messages, copy = self._trace.messages, step.row
        if messages.published[copy] != step.t and messages.origin[copy] == copy:
            waits = messages.enqueued[copy] != step.t
            if waits:
                self._go(number, copy, Place.PRODUCER, messages.producer[copy], State.READY)

    def _published(self, number: int, step: Step) -> None:
        messages, copy = self._trace.messages, step.row
        if not self._is_dead_letter(copy):
            travel = messages.enqueued[copy] - step.t
            self._go(number, copy, Place.EXCHANGE, self._exchange_of(copy), State.READY, travel)

    def _exchange_of(self, copy: int) -> int:
        trace, messages = self._trace, self._trace.messages
        queue = messages.queue[copy]
        actor = trace.cast.get(trace.actors.names[messages.producer[copy]])
        names = trace.queues.names
        return self._exchange.get((actor.group if actor else "", names[queue] if queue != NONE else ""), 0)

    def _enqueued(self, number: int, step: Step) -> None:
        copy = step.row
        state = State.DEAD_LETTERED if self._is_dead_letter(copy) else State.READY
        self._go(number, copy, Place.QUEUE, self._trace.messages.queue[copy], state)

    # -- the delivery table ----------------------------------------------------------------------------------

    def _sent(self, number: int, step: Step) -> None:
        table, row = self._trace.deliveries, step.row
        consumer = table.consumer[row]
        state = State.REDELIVERED if table.attempt[row] > 1 else State.UNACKNOWLEDGED
        if counts_when_sent(self._trace, row):
            state = State.ACKNOWLEDGED
        self._go(number, table.copy[row], Place.HELD, consumer, state, table.received[row] - step.t, row)

    def _started(self, number: int, step: Step) -> None:
        table, row = self._trace.deliveries, step.row
        copy, consumer = table.copy[row], table.consumer[row]
        here = self._here.get(copy)
        state = State(here.state) if here is not None else State.UNACKNOWLEDGED
        if self._acks[consumer] == "early":
            state = State.ACKNOWLEDGED
        if here is None or here.delivery == row:
            self._go(number, copy, Place.AT_WORK, consumer, state, 0.0, row)

    def _finished(self, number: int, step: Step) -> None:
        table, row = self._trace.deliveries, step.row
        here = self._here.get(table.copy[row])
        counted = table.how[row] == How.ACKED and table.ended[row] < step.t
        counted = counted or counts_when_sent(self._trace, row)
        if counted and here is not None and here.delivery == row:
            self._go(number, table.copy[row], Place.DONE, table.consumer[row], State.ACKNOWLEDGED)

    def _ended(self, number: int, step: Step) -> None:
        table, row = self._trace.deliveries, step.row
        copy, consumer, how = table.copy[row], table.consumer[row], How(table.how[row])
        if how is How.ACKED:
            if table.finished[row] <= step.t:
                self._go(number, copy, Place.DONE, consumer, State.ACKNOWLEDGED)
            else:
                self._acked(number, step)
        elif how is How.LOST:
            self._go(number, copy, Place.LOST, consumer, State.LOST)
        elif how in (How.REQUEUED, How.RETURNED):
            self._back(number, copy)

    def _acked(self, number: int, step: Step) -> None:
        table, row = self._trace.deliveries, step.row
        here = self._here.get(table.copy[row])
        if here is not None:
            place = Place(here.place)
            self._go(
                number, table.copy[row], place, table.consumer[row], State.ACKNOWLEDGED, here.travel, row
            )

    def _back(self, number: int, copy: int) -> None:
        queue = self._trace.messages.queue[copy]
        state = State.REDELIVERED if self._trace.messages.deliveries[copy] else State.READY
        self._go(number, copy, Place.QUEUE, queue, state)

    # -- the log ---------------------------------------------------------------------------------------------

    def _event(self, number: int, step: Step) -> None:
        events, row = self._trace.events, step.row
        kind, copy = events.kind[row], events.copy[row]
        if copy == NONE:
            self._change(number, kind, events.subject[row])
        elif kind in _GONE:
            self._go(number, copy, Place.GONE, NONE, State.GONE)
        elif kind == Outcome.LOST.label:
            self._go(number, copy, Place.LOST, NONE, State.LOST)
        elif kind == Outcome.DEAD_LETTERED.label:
            self._go(number, copy, Place.DEAD, NONE, State.DEAD_LETTERED)
        elif kind == "revived" or (kind in _BACK and not self._trace.messages.deliveries[copy]):
            self._back(number, copy)  # else the delivery table tells it, in its place

    def _change(self, number: int, kind: str, subject: str) -> None:
        actor = self._codes.get(subject, NONE)
        if (actor == NONE and subject != "broker") or kind not in STATUS_AFTER:
            return
        status, before = STATUS_AFTER[kind], self._status.get(actor, Status.ABSENT)
        stands_still = before is Status.HANGS and kind != "restored"
        if kind in NEWS_OF_THE_CONNECTION and (before in DOWN or stands_still):
            return
        if status != before:
            self._status[actor] = status
            self.changes.append(Change(number, actor, status))


def works(trace: Trace) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
    """Seconds of work in each attempt; for one that broke off, those of an attempt at the same copy that did
    not (work belongs to the message), or NaN.
    """
    from mqsim.trace.frames import columns

    started, finished, copy = columns(trace.deliveries, "started", "finished", "copy")
    seconds = finished - started
    whole = ~np.isnan(seconds)
    per_copy = np.full(trace.messages.n, np.nan)
    per_copy[copy[whole]] = seconds[whole]
    filled: np.ndarray[tuple[int], np.dtype[np.float64]] = np.where(whole, seconds, per_copy[copy])
    return filled
