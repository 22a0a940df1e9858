"""Dead-lettering: where a message goes that expired, was rejected or had to make room, and what it carries.

Source: RabbitMQ's documentation of dead letter exchanges (headers, cycles), checked against real brokers.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from mqsim.broker.message import Envelope, Message
from mqsim.broker.profiles import Profile

Death = dict[str, Any]


def deaths_of(envelope: Envelope, trusting: bool = False) -> list[Death]:
    """The message's `x-death`: one entry for each queue and reason it died of, the latest first.

    Args:
        envelope: what the message says.
        trusting: whether a header counts that a client wrote.
    """
    deaths = (envelope.headers or {}).get("x-death") if envelope.died or trusting else None
    if not isinstance(deaths, Sequence) or isinstance(deaths, str | bytes):
        return []
    return [dict(death) for death in deaths if isinstance(death, Mapping)]


def is_cycle(queue: str, deaths: Sequence[Death]) -> bool:
    """Whether entering `queue` closes a circle in which no consumer ever rejected the message.

    Such a message is dropped: nobody would ever see it.
    """
    for death in deaths:
        if death.get("reason") == "rejected":
            return False
        if death.get("queue") == queue:
            return True
    return False


def keys_of(envelope: Envelope) -> list[str]:
    """The routing key and those of the CC header."""
    more = (envelope.headers or {}).get("CC")
    return [envelope.key, *(map(str, more) if isinstance(more, list) else ())]


def next_life(
    message: Message, queue: str, reason: str, to: tuple[str, str | None], now: float, profile: Profile
) -> Envelope:
    """What a message says when it goes on because it died in `queue` of `reason` at `now`.

    Args:
        message: the message.
        queue: where it died.
        reason: `expired`, `rejected`, `maxlen` or `delivery_limit`.
        to: the dead-letter exchange, and the key if there is a new one.
        now: seconds.
        profile: whose rules apply.
    """
    envelope = message.envelope
    exchange, new_key = to
    headers: dict[str, object] = dict(envelope.headers or {})
    headers.pop("BCC", None)
    headers["x-death"] = _all_deaths(envelope, queue, reason, now, profile)
    if new_key is not None and profile.drops_cc_with_new_key:
        headers.pop("CC", None)
    first = {"reason": reason, "queue": queue, "exchange": envelope.exchange}
    for name, value in first.items():
        if profile.trusts_client_deaths or envelope.died:
            if not envelope.died and any(key.startswith("x-first-death-") for key in envelope.headers or ()):
                continue
            headers.setdefault(f"x-first-death-{name}", value)
        else:
            headers[f"x-first-death-{name}"] = value
        if profile.tells_last_death:
            headers[f"x-last-death-{name}"] = value
    return envelope.forwarded(exchange, envelope.key if new_key is None else new_key, headers)


def _all_deaths(envelope: Envelope, queue: str, reason: str, now: float, profile: Profile) -> list[Death]:
    deaths = deaths_of(envelope, profile.trusts_client_deaths)
    again = [death for death in deaths if (death.get("queue"), death.get("reason")) == (queue, reason)]
    others = [death for death in deaths if death not in again]
    if profile.groups_deaths_by_queue:
        others.sort(key=lambda death: death.get("queue") != queue)
    if again:
        count = again[0].get("count")
        return [{**again[0], "count": count + 1 if isinstance(count, int) else 1}, *others]
    death: Death = {
        "count": 1,
        "reason": reason,
        "queue": queue,
        "time": now,
        "exchange": envelope.exchange,
        "routing-keys": keys_of(envelope),
    }
    if envelope.expiration is not None:
        death["original-expiration"] = str(round(envelope.expiration * 1000))
    return [death, *others]
