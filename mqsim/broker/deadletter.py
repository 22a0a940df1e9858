"""Dead-lettering: where a message goes that expired, was rejected or had to make room, and what it carries.

Source: RabbitMQ's documentation of dead letter exchanges (headers, cycles), checked against real brokers.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from mqsim.broker.message import Envelope, Message

Death = dict[str, Any]


def deaths_of(envelope: Envelope) -> list[Death]:
    """The message's `x-death`: one entry for each queue and reason it died of, the latest first."""
    deaths = (envelope.headers or {}).get("x-death")
    return [dict(death) for death in deaths if isinstance(death, Mapping)] if isinstance(deaths, Sequence) else []


def is_cycle(queue: str, deaths: Sequence[Death]) -> bool:
    """Whether entering `queue` closes a circle in which no consumer ever rejected the message.

    Such a message is dropped: nobody would ever see it.
    """
    for death in deaths:
        if death["reason"] == "rejected":
            return False
        if death["queue"] == queue:
            return True
    return False


def next_life(message: Message, queue: str, reason: str, exchange: str, key: str, now: float, last: bool) -> Envelope:
    """What a message says when it goes on to `exchange` with `key` because it died in `queue` of `reason` at
    `now`.

    Its expiration is taken off, or it would expire again; x-death keeps what it was. `last` says whether the
    profile also tells the last death in headers of its own.
    """
    envelope = message.envelope
    deaths = deaths_of(envelope)
    again = [death for death in deaths if (death["queue"], death["reason"]) == (queue, reason)]
    others = [death for death in deaths if death not in again]
    death: Death = {
        "count": 1 + (again[0]["count"] if again else 0),
        "reason": reason,
        "queue": queue,
        "time": again[0]["time"] if again else now,
        "exchange": envelope.exchange,
        "routing-keys": [envelope.key],
    }
    if envelope.expiration is not None:
        death["original-expiration"] = str(round(envelope.expiration * 1000))
    headers: dict[str, object] = dict(envelope.headers or {})
    headers.setdefault("x-first-death-reason", reason)
    headers.setdefault("x-first-death-queue", queue)
    headers.setdefault("x-first-death-exchange", envelope.exchange)
    if last:
        headers["x-last-death-reason"] = reason
        headers["x-last-death-queue"] = queue
        headers["x-last-death-exchange"] = envelope.exchange
    headers["x-death"] = [death, *others]
    return envelope.forwarded(exchange, key, headers)
