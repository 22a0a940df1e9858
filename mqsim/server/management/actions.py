"""What the management API does to the broker: declares, binds, publishes, gets, deletes.

Each function takes the API's JSON and acts as one client's channel would; what the broker refuses is raised.
"""

from __future__ import annotations

import base64
import binascii
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Any

from mqsim.amqp.content import Sent, body_of
from mqsim.amqp.fields import UNWRITABLE, MalformedTableError, as_carried
from mqsim.amqp.methods import write_properties
from mqsim.broker.properties import enter, shown
from mqsim.errors import BrokerError, MqsimError
from mqsim.server.management import views

if TYPE_CHECKING:
    from mqsim.broker import Broker, Channel, Message
    from mqsim.broker.exchanges import Binding
    from mqsim.server.management.views import Json

ACK_MODES = ("ack_requeue_true", "ack_requeue_false", "reject_requeue_true", "reject_requeue_false")
LIVENESS = "aliveness-test"


class BadRequestError(MqsimError):
    """What was sent can't be done; its text is the reason that the API gives."""


@contextmanager
def client(broker: Broker, user: str) -> Iterator[Channel]:
    """A channel of a connection that lasts as long as one request."""
    connection = broker.connect("management", user=user)
    try:
        yield connection.channel()
    finally:
        if connection in broker.connections:
            connection.close()


def wanted(given: Mapping[str, Any], *names: str) -> None:
    """Raise, in RabbitMQ's words, when one of these is not there."""
    lacking = [f"{{key_missing,{name}}}" for name in names if name not in given]
    if lacking:
        raise BadRequestError(f"[{','.join(lacking)}]")


def arguments_of(given: Mapping[str, Any]) -> dict[str, object]:
    """The arguments that were sent, as a client's frame would bring them.

    Raises:
        BadRequestError: there is something else in their place, or no frame can carry them.
    """
    try:
        return as_carried(_object_of(given, "arguments"))
    except MalformedTableError as error:
        raise BadRequestError(f"no frame can carry these arguments: {error}") from None


def _object_of(given: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    found = given.get(name) or {}
    if not isinstance(found, Mapping):
        raise BadRequestError(f"{name} must be an object")
    return found


def _properties_of(given: Mapping[str, Any]) -> Sent:
    try:
        return Sent(write_properties(_object_of(given, "properties")))
    except UNWRITABLE as error:
        raise BadRequestError(f"no frame can carry these properties: {error}") from None


def flag(given: Mapping[str, Any], name: str) -> bool:
    """Yes or no, of what was sent; no if nothing is said. rabbitmqadmin says it as a text.

    Raises:
        BadRequestError: it is neither.
    """
    value = given.get(name, False)
    if value not in (True, False, "true", "false"):
        raise BadRequestError(f"{name} must be true or false")
    return value in (True, "true")


def put_queue(broker: Broker, user: str, name: str, given: Mapping[str, Any]) -> bool:
    """Declare a queue; whether it is new."""
    new = name not in broker.queues
    with client(broker, user) as channel:
        channel.declare_queue(
            name,
            durable=flag(given, "durable"),
            auto_delete=flag(given, "auto_delete"),
            arguments=arguments_of(given),
        )
    return new


def put_exchange(broker: Broker, user: str, name: str, given: Mapping[str, Any]) -> bool:
    """Declare an exchange; whether it is new."""
    new = name not in broker.exchanges
    with client(broker, user) as channel:
        channel.declare_exchange(
            name,
            str(given.get("type", "direct")),
            durable=flag(given, "durable"),
            auto_delete=flag(given, "auto_delete"),
            internal=flag(given, "internal"),
            arguments=arguments_of(given),
        )
    return new


def bind(
    broker: Broker, user: str, source: str, target: str, to_queue: bool, given: Mapping[str, Any]
) -> str:
    """Bind, and give back what the API calls the binding."""
    key = str(given.get("routing_key", ""))
    arguments = arguments_of(given)
    with client(broker, user) as channel:
        act = channel.bind_queue if to_queue else channel.bind_exchange
        act(target, source, key, arguments)
    return next(
        views.properties_key(each)
        for each in between(broker, source, target, to_queue)
        if each.key == key and views.plain(each.arguments) == views.plain(arguments)
    )


def between(broker: Broker, source: str, target: str, to_queue: bool) -> list[Binding]:
    """The bindings from an exchange to a queue or an exchange, but for those of the default exchange."""
    found = (broker.queues if to_queue else broker.exchanges).get(target)
    exchange = broker.exchanges.get(source)
    return [] if exchange is None else [each for each in exchange.bindings if each.target is found]


def unbind(broker: Broker, user: str, source: str, target: str, to_queue: bool, called: str) -> bool:
    """Take the binding away that the API calls so; False if there is none."""
    for each in between(broker, source, target, to_queue):
        if views.properties_key(each) == called:
            with client(broker, user) as channel:
                act = channel.unbind_queue if to_queue else channel.unbind_exchange
                act(target, source, each.key, each.arguments)
            return True
    return False


def publish(broker: Broker, user: str, exchange: str, given: Mapping[str, Any]) -> bool:
    """Publish; whether a queue was there for it."""
    wanted(given, "properties", "routing_key", "payload", "payload_encoding")
    properties = _properties_of(given)
    came_back: list[Message] = []
    with client(broker, user) as channel:
        channel.on_return = lambda message, _code, _text: came_back.append(message)
        key, body = str(given["routing_key"]), _payload(given)
        try:
            enter(channel, exchange, key, body, properties, mandatory=True)
        except BrokerError as error:
            raise BadRequestError(f"{error.code} {error.text}") from None
    return not came_back


def _payload(given: Mapping[str, Any]) -> bytes:
    text, encoding = given["payload"], given["payload_encoding"]
    if not isinstance(text, str):
        raise BadRequestError("payload must be a text")
    if encoding == "string":
        return text.encode()
    if encoding != "base64":
        raise BadRequestError(f"unsupported_encoding '{encoding}'; it can be string or base64")
    try:
        return base64.b64decode(text, validate=True)
    except (ValueError, binascii.Error):
        raise BadRequestError("payload is no base64") from None


def get(broker: Broker, user: str, queue: str, given: Mapping[str, Any]) -> list[Json]:
    """Take messages out of a queue, and put them back if that is asked."""
    wanted(given, "ackmode", "count", "encoding")
    mode, encoding = given["ackmode"], given["encoding"]
    if mode not in ACK_MODES:
        raise BadRequestError(f"ackmode can be {', '.join(ACK_MODES)}")
    if encoding not in ("auto", "base64"):
        raise BadRequestError("encoding can be auto or base64")
    count, truncate = (_number(given, name) for name in ("count", "truncate"))
    taken: list[Json] = []
    with client(broker, user) as channel:
        last = 0
        while len(taken) < (count or 0):
            got = channel.get(queue, lambda _tag, _message: None, no_ack=mode == "ack_requeue_false")
            if got is None:
                break
            last, message = got
            taken.append(_shown(message, encoding == "base64", truncate))
        if last and mode != "ack_requeue_false":
            channel.nack(last, multiple=True, requeue=mode.endswith("true"))
    return taken


def _number(given: Mapping[str, Any], name: str) -> int | None:
    value = given.get(name)
    if value is None:
        return None
    try:
        return int(value)
    except (TypeError, ValueError, OverflowError):
        raise BadRequestError(f"{name} must be a whole number") from None


def _shown(message: Message, in_base64: bool, truncate: int | None) -> Json:
    body = body_of(message.envelope)
    size, body = len(body), body[:truncate]
    encoding = "base64"
    payload = base64.b64encode(body).decode()
    if not in_base64:
        with suppress(UnicodeDecodeError):
            payload, encoding = body.decode(), "string"
    return {
        "payload_bytes": size,
        "redelivered": message.redelivered,
        "exchange": message.envelope.exchange,
        "routing_key": message.envelope.key,
        "message_count": message.queue.waiting,
        # RabbitMQ shows no properties as an empty list.
        "properties": views.plain(shown(message, got=True)) or [],
        "payload": payload,
        "payload_encoding": encoding,
    }


def delete_queue(broker: Broker, user: str, name: str, if_unused: bool, if_empty: bool) -> None:
    """Delete a queue."""
    with client(broker, user) as channel:
        channel.delete_queue(name, if_unused=if_unused, if_empty=if_empty)


def delete_exchange(broker: Broker, user: str, name: str, if_unused: bool) -> None:
    """Delete an exchange."""
    with client(broker, user) as channel:
        channel.delete_exchange(name, if_unused=if_unused)


def purge(broker: Broker, user: str, name: str) -> None:
    """Let all ready messages of a queue go."""
    with client(broker, user) as channel:
        channel.purge(name)


def is_alive(broker: Broker, user: str) -> bool:
    """Whether a message that is published to a queue comes out of it."""
    with client(broker, user) as channel:
        channel.declare_queue(LIVENESS, durable=False)
        body = f"test_message {time.time()}".encode()
        enter(channel, "", LIVENESS, body, {})
        got = channel.get(LIVENESS, lambda _tag, _message: None, no_ack=True)
        return got is not None and body_of(got[1].envelope) == body
