"""Where a destination leads, and how an exchange and a key are told as one.

Source: RabbitMQ's documentation of its STOMP plugin, "Destinations"; odd ones as recorded on RabbitMQ 3.10.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING, Final

from mqsim.stomp import failures
from mqsim.stomp.frames import name_in

if TYPE_CHECKING:
    from collections.abc import Mapping

TOPIC: Final = "amq.topic"
TEMPORARY: Final = "/temp-queue/"
REPLY: Final = "/reply-queue/"


class Kind(Enum):
    """What a destination is; the values are RabbitMQ's words."""

    QUEUE = "queue"
    AMQ_QUEUE = "amqqueue"
    EXCHANGE = "exchange"
    TOPIC = "topic"
    TEMPORARY = "temp_queue"
    REPLY = "reply_queue"


_KINDS: Mapping[str, Kind] = {
    "queue": Kind.QUEUE,
    "exchange": Kind.EXCHANGE,
    "topic": Kind.TOPIC,
    "temp-queue": Kind.TEMPORARY,
}


@dataclass(frozen=True, slots=True)
class Destination:
    """A destination that makes sense.

    Attributes:
        kind: what it is.
        name: of the queue, of the exchange, or of the topic.
        key: the routing key behind an exchange's name.
    """

    kind: Kind
    name: str
    key: str = ""

    @property
    def exchange(self) -> str:
        """The exchange that it leads to; empty for the default one."""
        if self.kind is Kind.TOPIC:
            return TOPIC
        return self.name if self.kind is Kind.EXCHANGE else ""

    @property
    def routing_key(self) -> str:
        """The routing key with which it leads there."""
        return self.key if self.kind is Kind.EXCHANGE else self.name


def destination_in(text: str) -> Destination:
    """Read a destination.

    Raises:
        RefusedError: it is none.
    """
    named = name_in(text)
    parts = named.split("/")
    if len(parts) == 1:
        return Destination(Kind.QUEUE, _unescaped(named))
    if parts[0] == "" and parts[1] in _KINDS:
        return _of_kind(_KINDS[parts[1]], parts[2:])
    if parts[:3] == ["", "amq", "queue"]:
        return _of_kind(Kind.AMQ_QUEUE, parts[3:])
    if parts[:2] == ["", "reply-queue"] and len(parts) > 2:
        return _of_kind(Kind.REPLY, [named.removeprefix(REPLY)])
    raise failures.unknown_destination(text)


def _of_kind(kind: Kind, parts: list[str]) -> Destination:
    if kind is Kind.EXCHANGE and parts and parts[0]:
        if len(parts) == 1:
            return Destination(kind, _unescaped(parts[0]))
        if len(parts) == 2:
            return Destination(kind, _unescaped(parts[0]), _unescaped(parts[1]))
    elif kind is not Kind.EXCHANGE and len(parts) == 1 and parts[0]:
        return Destination(kind, _unescaped(parts[0]))
    raise failures.invalid_destination("".join(f"/{part}" for part in parts), kind.value)


def _unescaped(name: str) -> str:
    return name.replace("%2F", "/")


def told(exchange: str, key: str) -> str:
    """An exchange and a key as a destination, as a MESSAGE tells it."""
    if not exchange:
        return f"/queue/{_escaped(key)}"
    if exchange == TOPIC:
        return f"/topic/{_escaped(key)}"
    return f"/exchange/{_escaped(exchange)}" + (f"/{_escaped(key)}" if key else "")


def _escaped(name: str) -> str:
    """A name with `/`, `%` and all that is no printable ASCII as two hexadecimal digits behind `%`."""
    if name.isascii() and name.isprintable() and "/" not in name and "%" not in name:
        return name
    return "".join(
        f"%{byte:02X}" if byte in b"/%" or byte < 32 or byte > 127 else chr(byte)
        for byte in name.encode("utf-8", "surrogateescape")
    )


def told_reply_to(reply_to: str) -> str:
    """A message's reply-to as a MESSAGE tells it: as a destination, whatever it was."""
    prefixes = ("/exchange", "/topic", "/queue", "/amq/queue", "/reply-queue")
    return reply_to if reply_to.startswith(prefixes) else f"{REPLY}{reply_to}"
