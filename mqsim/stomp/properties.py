"""Headers of frames and properties of messages, and what a client's headers say of a queue.

Source: RabbitMQ's documentation of its STOMP plugin, "Message Properties" and "Queue Properties"; odd
values as recorded on RabbitMQ 3.10.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import TYPE_CHECKING, Final

from mqsim.broker.field_types import Long
from mqsim.broker.properties import shown
from mqsim.stomp import failures
from mqsim.stomp.destinations import told_reply_to
from mqsim.stomp.frames import name_in

if TYPE_CHECKING:
    from mqsim.broker import Message
    from mqsim.stomp.frames import Frame, Headers

PERSISTENT: Final = 2

_TEXTS: Final = {
    "content-type": "content_type",
    "content-encoding": "content_encoding",
    "correlation-id": "correlation_id",
    "reply-to": "reply_to",
    "expiration": "expiration",
    "amqp-message-id": "message_id",
    "type": "type",
    "user-id": "user_id",
    "app-id": "app_id",
}
_NUMBERS: Final = {"priority": "priority", "timestamp": "timestamp"}
_LONGEST: Final = 255
_LARGEST: Final = {"priority": 2**8 - 1, "timestamp": 2**64 - 1}
_NOT_THE_USERS: Final = frozenset({*_TEXTS, *_NUMBERS, "persistent", "destination"})

# As a MESSAGE has them, behind the sender's own headers.
_ORDER: Final = (
    "app-id",
    "user-id",
    "type",
    "timestamp",
    "amqp-message-id",
    "expiration",
    "reply-to",
    "correlation-id",
    "priority",
    "persistent",
    "content-encoding",
    "content-type",
)
_PROPERTY_OF: Final = {**_TEXTS, **_NUMBERS, "persistent": "delivery_mode"}

# Longer ones can mean nothing, and take their time.
_INTEGER = re.compile(r"[+-]?[0-9]{1,100}")


def number_in(text: str) -> int:
    """A whole number with spaces around it, or none.

    Raises:
        RefusedError: it is no number.
    """
    stripped = text.strip(" ")
    if _INTEGER.fullmatch(stripped) is None:
        raise failures.processing_error()
    return int(stripped)


def properties_in(frame: Frame) -> dict[str, object]:
    """The properties of a message that a client sends, by AMQP's names; what is unset is left out.

    Raises:
        RefusedError: a number is none.
    """
    found: dict[str, object] = {}
    own: dict[str, object] = {}
    # RabbitMQ's reader has the headers in reverse, and so they stand in the message.
    for name, value in reversed(frame.headers):
        if name in _TEXTS:
            found[_TEXTS[name]] = _short(value)
        elif name in _NUMBERS:
            # AMQP has so many bits for each; RabbitMQ cuts a number only when it tells AMQP of it.
            found[_NUMBERS[name]] = number_in(value) & _LARGEST[name]
        elif name == "persistent":
            if value in ("true", "True"):
                found["delivery_mode"] = PERSISTENT
        elif name not in _NOT_THE_USERS:
            own[name_in(name)] = _carried(value)
    found["headers"] = own
    return found


def _short(text: str) -> str:
    """A text as AMQP has room for it: 255 bytes."""
    return name_in(text).encode()[:_LONGEST].decode(errors="ignore")


def _carried(text: str) -> str | bytes:
    """A header's value as AMQP carries it: one that is no UTF-8 as bytes."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return text.encode("utf-8", "surrogateescape")
    return text


def _text_of(value: object) -> str | None:
    """A value as a header tells it; None where it tells nothing of its type."""
    if isinstance(value, str):
        return value
    if isinstance(value, bytes):
        return value.decode("utf-8", "surrogateescape")
    if isinstance(value, int) and not isinstance(value, bool):
        return str(int(value))
    return None


def headers_of(message: Message) -> Headers:
    """The headers that tell a message's properties to a subscriber."""
    seen = shown(message)
    envelope = message.envelope
    if not isinstance(envelope.properties, Mapping):
        seen |= _of_model(message)
    own = seen.get("headers")
    found: Headers = []
    if isinstance(own, Mapping):
        for name, value in own.items():
            text = _text_of(value) if type(value) in (str, bytes, int, Long) else None
            if text is not None:
                found.append((name, text))
    for name in _ORDER:
        value = seen.get(_PROPERTY_OF[name])
        text = "true" if name == "persistent" and value == PERSISTENT else _text_of(value)
        if text is not None:
            found.append((name, told_reply_to(text) if name == "reply-to" else text))
    return found


def _of_model(message: Message) -> dict[str, object]:
    """Properties of a message that no protocol's client published."""
    envelope = message.envelope
    said: dict[str, object] = {"priority": envelope.priority}
    if envelope.persistent:
        said["delivery_mode"] = PERSISTENT
    if envelope.expiration is not None:
        said["expiration"] = str(round(envelope.expiration * 1000))
    return said
