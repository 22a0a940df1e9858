"""A message's properties: checked when it is published, and as its consumer sees them.

For protocols, and for whoever drives the broker with AMQP's own names; a model builds its `Envelope` itself.
Source: AMQP 0-9-1 specification, class basic; checks and their words as recorded on real brokers.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import TYPE_CHECKING

from mqsim.broker import replies
from mqsim.broker.message import Envelope, Message
from mqsim.broker.queues.arguments import LONGEST_MS
from mqsim.broker.replies import channel_error, type_of
from mqsim.broker.topology import REPLY_TO

if TYPE_CHECKING:
    from mqsim.broker.channel import Channel
    from mqsim.errors import ChannelError

Properties = Mapping[str, object]

_INTEGER = re.compile(r"[+-]?\d+")
_PERSISTENT = 2


def enter(
    channel: Channel,
    exchange: str,
    key: str,
    body: bytes,
    properties: Properties,
    *,
    mandatory: bool = False,
    row: int = -1,
) -> None:
    """Publish what a client sent: check it, and give it to its exchange.

    Args:
        channel: where it was published.
        exchange: the exchange's name; empty for the default one.
        key: the routing key.
        body: the content.
        properties: AMQP's properties by name (`delivery_mode`, `headers` …); what is unset is left out.
        mandatory: whether it comes back when no queue is bound for it.
        row: the message's number, which belongs to the broker's observer.

    Raises:
        ChannelError: 404 or 403 as `Channel.publish` says; 406 for a property that can't be.
    """
    headers = properties.get("headers")
    priority = properties.get("priority")
    envelope = Envelope(
        exchange,
        key,
        priority=priority if isinstance(priority, int) else None,
        persistent=properties.get("delivery_mode") == _PERSISTENT,
        headers=headers if isinstance(headers, Mapping) else None,
        mandatory=mandatory,
        body=body,
    )
    largest = channel.context.profile.largest_message
    with channel.during("basic.publish"):
        if len(body) > largest:
            told = f"message size {len(body)} is larger than configured max size {largest}"
            raise channel_error(replies.PRECONDITION_FAILED, told)
        channel.publishing.route_of(envelope)
        user = properties.get("user_id")
        if user is not None and user != channel.connection.user:
            told = f"user_id property set to '{user}' but authenticated user was '{channel.connection.user}'"
            raise channel_error(replies.PRECONDITION_FAILED, told)
        envelope.expiration = _seconds(properties.get("expiration"))
        _check_keys(envelope.headers or {})
        envelope.properties = _addressed(channel, properties)
    channel.publish(Message(envelope, row))


def shown(message: Message, got: bool = False) -> dict[str, object]:
    """The properties that a consumer sees: the publisher's, and what queues and dead-lettering add.

    Args:
        message: the message.
        got: whether it was asked for with `basic.get`.
    """
    envelope = message.envelope
    seen = dict(envelope.properties) if isinstance(envelope.properties, Mapping) else {}
    headers = {name: value for name, value in (envelope.headers or {}).items() if name != "BCC"}
    queue = getattr(message, "queue", None)
    if queue is not None:
        added = queue.headers_of(message, got)
        headers |= added
        if queue.sorts_headers(bool(added) or envelope.died):
            headers = dict(sorted(headers.items()))
    seen.pop("headers", None)
    if headers or envelope.headers is not None:
        seen["headers"] = headers
    if envelope.died:
        seen.pop("expiration", None)
    return seen


def _seconds(expiration: object) -> float | None:
    """An expiration in seconds; on the wire it is a text of milliseconds."""
    if expiration is None:
        return None
    text = str(expiration)
    number = _INTEGER.match(text)
    if number is None:
        raise _invalid_expiration(text, "no_integer")
    value = int(number[0])
    if rest := text[number.end() :]:
        raise _invalid_expiration(text, f'{{leftover_string,"{rest}"}}')
    if value < 0:
        raise _invalid_expiration(text, f"{{value_negative,{value}}}")
    if value > LONGEST_MS:
        raise _invalid_expiration(text, f"{{value_too_large,{value}}}")
    return value / 1000


def _invalid_expiration(text: str, why: str) -> ChannelError:
    return channel_error(replies.PRECONDITION_FAILED, f"invalid expiration '{text}': {why}")


def _check_keys(headers: Mapping[str, object]) -> None:
    for name in ("CC", "BCC"):
        value = headers.get(name)
        if value is not None and not isinstance(value, list):
            told = f'invalid message: {{unacceptable_type_in_header,"{name}",{type_of(value)}}}'
            raise channel_error(replies.PRECONDITION_FAILED, told)


def _addressed(channel: Channel, properties: Properties) -> Properties:
    """The properties, with the channel's address where they ask for direct replies."""
    if properties.get("reply_to") != REPLY_TO:
        return properties
    if channel.reply_to is None:
        raise channel_error(replies.PRECONDITION_FAILED, "fast reply consumer does not exist")
    return {**properties, "reply_to": channel.reply_to.name}
