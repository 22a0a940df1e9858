"""The queue of a destination: what is declared for it, by a client's headers.

Source: RabbitMQ's documentation of its STOMP plugin, "Queue Properties" and "Durable Topic Subscriptions";
odd values as recorded on RabbitMQ 3.10.
"""

from __future__ import annotations

import base64
import hashlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from mqsim.broker.field_types import Long
from mqsim.stomp import failures
from mqsim.stomp.destinations import Destination, Kind
from mqsim.stomp.frames import bytes_of, name_in
from mqsim.stomp.properties import number_in

if TYPE_CHECKING:
    from mqsim.broker import Channel
    from mqsim.stomp.frames import Frame

_TEXTS: Final = ("x-dead-letter-exchange", "x-dead-letter-routing-key", "x-queue-type", "x-max-age")
_NUMBERS: Final = (
    "x-expires",
    "x-max-length",
    "x-max-length-bytes",
    "x-max-priority",
    "x-message-ttl",
    "x-stream-max-segment-size-bytes",
)
_FLAGS: Final = {
    "persistent": "durable",
    "durable": "durable",
    "auto-delete": "auto_delete",
    "exclusive": "exclusive",
}
_TRUTH: Final = {"true": True, "True": True, "false": False, "False": False}

_DEFAULTS: Final = {
    Kind.QUEUE: {"durable": True},
    Kind.EXCHANGE: {"exclusive": False, "auto_delete": True},
    Kind.TOPIC: {"exclusive": False, "auto_delete": True},
}


@dataclass(frozen=True, slots=True)
class Declaration:
    """A queue that is to be declared."""

    durable: bool
    exclusive: bool
    auto_delete: bool
    arguments: dict[str, object]

    def declare(self, channel: Channel, name: str) -> str:
        """Declare it, and give its name.

        Raises:
            BrokerError: as `Channel.declare_queue` does.
        """
        return channel.declare_queue(
            name,
            durable=self.durable,
            exclusive=self.exclusive,
            auto_delete=self.auto_delete,
            arguments=self.arguments,
        ).name


def declaration_of(kind: Kind, frame: Frame) -> Declaration:
    """What a frame's headers say of the queue of its destination.

    Raises:
        RefusedError: a header that says yes or no says neither, or a number is none.
    """
    said: dict[str, bool | None] = {}
    for name, value in frame.headers:
        if name in _FLAGS:
            said.setdefault(_FLAGS[name], _TRUTH.get(value))
    flags: dict[str, bool | None] = {**_DEFAULTS.get(kind, {}), **said}
    durable = flags.get("durable", False)
    if durable is None:
        raise failures.processing_error()
    exclusive, auto_delete = flags.get("exclusive"), flags.get("auto_delete")
    return Declaration(
        durable,
        not durable if exclusive is None else exclusive,
        not durable if auto_delete is None else auto_delete,
        _arguments(frame),
    )


def _arguments(frame: Frame) -> dict[str, object]:
    found: dict[str, object] = {}
    for name, value in frame.headers:
        if name in _TEXTS:
            found[name] = name_in(value.strip(" "))
        elif name in _NUMBERS:
            found[name] = Long((number_in(value) + 2**63) % 2**64 - 2**63)
    return found


def is_durable(frame: Frame) -> bool:
    """Whether a subscription is to outlive its client."""
    return frame.is_true("durable", False) or frame.is_true("persistent", False)


def subscription_name(destination: Destination, frame: Frame, unique: str) -> str:
    """The name of the queue of a subscription to a topic or an exchange.

    That of a durable one is made of topic and id alone, as RabbitMQ makes it.

    Args:
        destination: the topic or exchange.
        frame: the SUBSCRIBE or UNSUBSCRIBE.
        unique: what makes the name of another one unlike all others.

    Raises:
        RefusedError: a durable subscription has no id.
    """
    named = frame.get("x-queue-name")
    if named is not None:
        return name_in(named)
    subscription = frame.get("id") if is_durable(frame) else unique
    if subscription is None:
        raise failures.processing_error()
    term = b"\x83h\x02" + _erlang(destination.routing_key) + _erlang(subscription)
    digest = hashlib.md5(term, usedforsecurity=False).digest()
    return "stomp-subscription-" + base64.urlsafe_b64encode(digest).decode().rstrip("=")


def _erlang(text: str) -> bytes:
    """A text in Erlang's external term format."""
    data = bytes_of(text)
    return b"k" + len(data).to_bytes(2, "big") + data if data else b"j"
