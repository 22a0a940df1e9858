"""A message's properties and body, between the wire and the broker's envelope.

What a publisher sent is handed on byte for byte, unless the broker has something to add or to take away.
Sources: AMQP 0-9-1 specification, section 4.2.6; what is added and taken away: `mqsim.broker.properties`.
"""

from __future__ import annotations

from collections.abc import Mapping

from mqsim.amqp.fields import Timestamp
from mqsim.amqp.methods import read_properties, write_properties
from mqsim.broker.message import Envelope, Message
from mqsim.broker.properties import shown

PERSISTENT = 2


class Sent(dict[str, object]):
    """The properties that a publisher sent, by AMQP's names.

    Args:
        raw: the same in bytes.

    Raises:
        MalformedError: they can't be read.
    """

    __slots__ = ("raw",)

    def __init__(self, raw: bytes) -> None:
        super().__init__(read_properties(raw))
        self.raw = raw


def restored(exchange: str, key: str, raw: bytes, body: bytes) -> Envelope:
    """The envelope of a message that was published, and checked, before.

    Args:
        exchange: the exchange it was published to.
        key: its routing key.
        raw: its properties, as `properties_of` gave them.
        body: its body.
    """
    sent = Sent(raw)
    priority, headers, expiration = sent.get("priority"), sent.get("headers"), sent.get("expiration")
    return Envelope(
        exchange,
        key,
        priority=priority if isinstance(priority, int) else None,
        persistent=sent.get("delivery_mode") == PERSISTENT,
        expiration=int(expiration) / 1000 if isinstance(expiration, str) else None,
        headers=headers if isinstance(headers, Mapping) else None,
        body=body,
        properties=sent,
    )


def properties_of(message: Message, epoch: float, got: bool = False) -> bytes:
    """A message's properties in bytes, as they go out.

    Args:
        message: the message.
        epoch: seconds since 1970 at the broker's time 0.
        got: whether it was asked for with `basic.get`.
    """
    envelope = message.envelope
    sent, headers = envelope.properties, envelope.headers
    if isinstance(sent, Sent) and headers is sent.get("headers"):
        queue = getattr(message, "queue", None)
        changes = queue is not None and (
            queue.headers_of(message, got) or (bool(headers) and queue.sorts_headers(added=False))
        )
        if not changes and (headers is None or "BCC" not in headers) and not envelope.died:
            return sent.raw
    seen = shown(message, got)
    if not isinstance(sent, Mapping):
        seen |= _of_model(envelope)
    told = seen.get("headers")
    if isinstance(told, dict) and "x-death" in told:
        told["x-death"] = _dated(told["x-death"], epoch)
    return write_properties(seen)


def _of_model(envelope: Envelope) -> dict[str, object]:
    """Properties of a message that no protocol's client published."""
    said: dict[str, object] = {"priority": envelope.priority}
    if envelope.persistent:
        said["delivery_mode"] = PERSISTENT
    if envelope.expiration is not None:
        said["expiration"] = str(round(envelope.expiration * 1000))
    return said


def _dated(deaths: object, epoch: float) -> object:
    """Deaths with times since 1970, where they have the broker's seconds."""
    if not isinstance(deaths, list):
        return deaths
    return [
        {**death, "time": Timestamp(epoch + death["time"])}
        if isinstance(death, Mapping) and isinstance(death.get("time"), float)
        else death
        for death in deaths
    ]


def body_of(envelope: Envelope) -> bytes:
    """The body; of a modelled message, which has a size alone, that many zero bytes."""
    return envelope.body or bytes(envelope.size)
