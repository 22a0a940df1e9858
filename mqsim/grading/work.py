"""How long a program worked on what it was delivered, and how much it held at one time.

A worker has a task from the delivery until its callback returns, or, with a generator or a thread, until it
acknowledges or records.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from mqsim.grading.records import NEVER

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from mqsim.grading.records import Delivery
    from mqsim.grading.sleeping import Spans
    from mqsim.guest.host.ledger_service import LedgerEntry

Lives = list[tuple[float, float]]
"""From when to when each process of an actor ran; the last one's end may be NaN: it still runs."""

PRECISION = 0.01
"""Seconds by which times may differ: the way over the network, and the ticks of a program's clock."""

GRACE = 0.5
"""Seconds that work may take longer than it was told."""


def seconds_of(delivery: Delivery) -> float:
    """How long a program worked on a delivery: to the end of its callback, if that worked."""
    in_callback = delivery.returned - delivery.started
    return in_callback if PRECISION < in_callback < NEVER else delivery.finished - delivery.started


def worked_for(delivery: Delivery, seconds: float) -> bool:
    """See `Run.worked_for`."""
    done = delivery.finished
    if done == NEVER and delivery.how in ("acked", "lost"):
        done = delivery.ended
    return NEVER > done >= delivery.started + seconds - PRECISION


def took(
    delivery: Delivery, deliveries: Iterable[Delivery], ledger: Iterable[LedgerEntry], seconds: float
) -> bool:
    """See `Run.took`."""
    entries = list(ledger)
    ends = [each for each in _ends(delivery, entries) if each < NEVER]
    starts = [delivery.started]
    for other in deliveries:
        if other.who == delivery.who and other is not delivery:
            starts += [end for end in _ends(other, entries) if end > delivery.started]
    return any(
        -PRECISION <= end - start - seconds <= GRACE for end in ends for start in starts if start <= end
    )


def _ends(delivery: Delivery, ledger: Iterable[LedgerEntry]) -> Iterator[float]:
    """When the work on a delivery may have been over."""
    yield delivery.returned
    yield delivery.finished
    for entry in ledger:
        if entry.who == delivery.who and entry.key == delivery.text and entry.t >= delivery.started:
            yield entry.t


def worked_first(entry: LedgerEntry, deliveries: Iterable[Delivery], lives: Lives, seconds: float) -> bool:
    """See `Run.worked_first`."""
    born = max((since for since, _ in lives if since <= entry.t), default=0.0)
    return any(
        each.who == entry.who
        and each.text == entry.key
        and each.started >= born
        and each.started <= entry.t - seconds + PRECISION
        for each in deliveries
    )


def is_over_at_once(delivery: Delivery) -> bool:
    """Whether a program was through with a delivery as soon as it had it."""
    return max(delivery.returned, delivery.finished) <= delivery.started + PRECISION


def slept(delivery: Delivery, handed: Iterable[Delivery], spans: Spans, seconds: float) -> bool:
    """Whether a thread slept for these seconds after a delivery, and not for much longer than for all of
    those that it had in that time.

    Args:
        delivery: which.
        handed: what its actor handed over to threads, the delivery among it.
        spans: when a thread of the actor slept.
        seconds: the work on each.
    """
    for since, until in spans:
        meant = [each for each in handed if since - PRECISION <= each.started < until]
        if delivery in meant:
            length = until - max(since, delivery.started)
            most = len(meant) * seconds + GRACE
            return length >= seconds - PRECISION and (length <= most or until == NEVER)
    return False


def ends_of_sleep(handed: Iterable[Delivery], spans: Spans) -> dict[Delivery, float]:
    """Until when a thread slept that may work on a delivery; those for which none did are left out."""
    return {
        each: until for each in handed for since, until in spans if since - PRECISION <= each.started < until
    }


def most_held(
    deliveries: Iterable[Delivery], lives: Lives, ends_of_sleep: Mapping[Delivery, float]
) -> list[Delivery]:
    """See `Run.most_held`; all deliveries are those of one actor."""
    mine = [each for each in deliveries if each.received < NEVER]
    most: list[Delivery] = []
    for one in mine:
        now = [
            each
            for each in mine
            if each.received <= one.received < _held_until(each, lives, ends_of_sleep.get(each, 0.0))
        ]
        most = max(most, now, key=len)
    return most


def _held_until(delivery: Delivery, lives: Lives, end_of_sleep: float) -> float:
    """When a program was through with a delivery; one that dies is through with all."""
    until = max(delivery.finished, end_of_sleep)
    if delivery.how in ("requeued", "rejected", "returned"):
        until = min(until, delivery.ended)
    for since, end in lives:
        if since <= delivery.received <= end:
            until = min(until, end)
    return until - PRECISION
