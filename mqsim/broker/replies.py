"""AMQP 0-9-1's reply codes, and the words RabbitMQ puts behind them.

Source: AMQP 0-9-1 specification, section 1.2 (constants) and its methods' numbers; texts as recorded on
RabbitMQ 3.10, 4.0 and 4.3. RabbitMQ cuts a text after 255 bytes; that is for whoever puts it on the wire.
"""

from __future__ import annotations

from collections.abc import Mapping

from mqsim.broker.field_types import TYPE_NAMES
from mqsim.errors import ChannelError, ConnectionError, NoAnswerError

NO_ROUTE = 312
CONNECTION_FORCED = 320
ACCESS_REFUSED = 403
NOT_FOUND = 404
RESOURCE_LOCKED = 405
PRECONDITION_FAILED = 406
COMMAND_INVALID = 503
CHANNEL_ERROR = 504
NOT_ALLOWED = 530
NOT_IMPLEMENTED = 540
INTERNAL_ERROR = 541

NAMES = {
    NO_ROUTE: "NO_ROUTE",
    CONNECTION_FORCED: "CONNECTION_FORCED",
    ACCESS_REFUSED: "ACCESS_REFUSED",
    NOT_FOUND: "NOT_FOUND",
    RESOURCE_LOCKED: "RESOURCE_LOCKED",
    PRECONDITION_FAILED: "PRECONDITION_FAILED",
    COMMAND_INVALID: "COMMAND_INVALID",
    CHANNEL_ERROR: "CHANNEL_ERROR",
    NOT_ALLOWED: "NOT_ALLOWED",
    NOT_IMPLEMENTED: "NOT_IMPLEMENTED",
    INTERNAL_ERROR: "INTERNAL_ERROR",
}

VHOST = "/"
SHUTDOWN = "broker forced connection closure with reason 'shutdown'"

METHODS = {
    "exchange.declare": (40, 10),
    "exchange.delete": (40, 20),
    "exchange.bind": (40, 30),
    "exchange.unbind": (40, 40),
    "queue.declare": (50, 10),
    "queue.bind": (50, 20),
    "queue.purge": (50, 30),
    "queue.delete": (50, 40),
    "queue.unbind": (50, 50),
    "basic.qos": (60, 10),
    "basic.consume": (60, 20),
    "basic.cancel": (60, 30),
    "basic.publish": (60, 40),
    "basic.get": (60, 70),
    "basic.ack": (60, 80),
    "basic.reject": (60, 90),
    "basic.recover": (60, 110),
    "basic.nack": (60, 120),
    "confirm.select": (85, 10),
    "tx.select": (90, 10),
    "tx.commit": (90, 20),
    "tx.rollback": (90, 30),
}
"""Class and method numbers, which an error carries so that a client can see what failed."""


LONGEST_TEXT = 255
"""Bytes of the longest text that goes out."""


def told(text: str, vhost: str) -> str:
    """An error's text for a client: a broker is one virtual host and calls itself /; what is long is cut."""
    if vhost != VHOST:
        text = text.replace(f"in vhost '{VHOST}'", f"in vhost '{vhost}'")
    data = text.encode()
    if len(data) <= LONGEST_TEXT:
        return text
    return data[: LONGEST_TEXT - 3].decode(errors="ignore") + "..."


def channel_error(code: int, text: str) -> ChannelError:
    """An error that closes the channel, in RabbitMQ's form."""
    return ChannelError(code, f"{NAMES[code]} - {text}")


def connection_error(code: int, text: str) -> ConnectionError:
    """An error that closes the connection, in RabbitMQ's form."""
    return ConnectionError(code, f"{NAMES[code]} - {text}")


def queue_named(name: str) -> str:
    """How RabbitMQ calls a queue."""
    return f"queue '{name}' in vhost '{VHOST}'"


def exchange_named(name: str) -> str:
    """How RabbitMQ calls an exchange."""
    return f"exchange '{name}' in vhost '{VHOST}'"


def no_queue(name: str) -> ChannelError:
    """The queue is not there: 404."""
    return channel_error(NOT_FOUND, f"no {queue_named(name)}")


def no_declared_queue() -> ChannelError:
    """An empty name means the queue declared last on the channel, and there was none: 404."""
    return channel_error(NOT_FOUND, "no previously declared queue")


def no_exchange(name: str) -> ChannelError:
    """The exchange is not there: 404."""
    return channel_error(NOT_FOUND, f"no {exchange_named(name)}")


def home_is_down(name: str, node: str) -> ChannelError:
    """The one node that a classic queue lives on is down: 404, in the profile 3.10."""
    return channel_error(
        NOT_FOUND, f"home node '{node}' of durable {queue_named(name)} is down or inaccessible"
    )


def stopped_with_its_node(name: str) -> ChannelError:
    """The one node that a classic queue lives on was stopped in order: 404, from 4.0 on."""
    return channel_error(NOT_FOUND, f"{queue_named(name)} process is stopped by supervisor")


def waits_for_home(name: str, node: str) -> NoAnswerError:
    """The one node that a classic queue lives on was killed: no answer until it is back, from 4.0 on."""
    return NoAnswerError(
        f"{queue_named(name)} lives on node '{node}', and there is no answer until that is back"
    )


def internal_error() -> ConnectionError:
    """RabbitMQ's channel itself fails: 541, without a word."""
    return ConnectionError(INTERNAL_ERROR, NAMES[INTERNAL_ERROR])


def no_leader_to_get_from(name: str) -> ConnectionError:
    """A `basic.get` from a quorum queue that nobody leads: 541."""
    told = f"Cannot get a message from queue '{queue_named(name)}': nodedown"
    return connection_error(INTERNAL_ERROR, told)


def no_leader_to_consume_from(name: str, version: str) -> ConnectionError:
    """A `basic.consume` from a quorum queue without a majority: 541."""
    if version != "4.3":
        return internal_error()
    return connection_error(INTERNAL_ERROR, f"failed consuming from quorum {queue_named(name)}: nodedown")


def quorum_not_formed(name: str, node: str) -> ConnectionError:
    """A new quorum queue while too few nodes are up: 541."""
    told = f"Cannot declare quorum {queue_named(name)} on node '{node}' with leader on node '{node}'"
    return connection_error(INTERNAL_ERROR, f"{told}: cluster_not_formed")


def metadata_timed_out(told: str) -> ConnectionError:
    """Exchanges, queues and bindings can't be changed without a majority of the nodes: 541, from 4.3 on."""
    return connection_error(INTERNAL_ERROR, told)


def locked(name: str) -> ChannelError:
    """Another connection's exclusive queue: 405."""
    return channel_error(
        RESOURCE_LOCKED,
        f"cannot obtain exclusive access to locked {queue_named(name)}. It could be originally declared on "
        "another connection or the exclusive property value does not match that of the original declaration.",
    )


def in_exclusive_use(name: str) -> ChannelError:
    """A second consumer beside an exclusive one, or the reverse: 403."""
    return channel_error(ACCESS_REFUSED, f"{queue_named(name)} in exclusive use")


def no_get_beside_active(name: str, version: str) -> ChannelError:
    """A `basic.get` from a quorum queue with a single active consumer: 405."""
    kind = '<<"quorum">>' if version == "4.3" else "quorum"
    return channel_error(
        RESOURCE_LOCKED,
        f"cannot obtain access to locked {queue_named(name)}. basic.get operations are not supported by "
        f"{kind} queues with single active consumer",
    )


def reserved(kind: str, name: str) -> ChannelError:
    """A name that begins with `amq.`: 403."""
    return channel_error(ACCESS_REFUSED, f"{kind} name '{name}' contains reserved prefix 'amq.*'")


def default_exchange() -> ChannelError:
    """The default exchange can't be declared, deleted, bound or unbound: 403."""
    return channel_error(ACCESS_REFUSED, "operation not permitted on the default exchange")


def unknown_tag(tag: int) -> ChannelError:
    """An acknowledgement for a delivery that is not outstanding on this channel: 406."""
    return channel_error(PRECONDITION_FAILED, f"unknown delivery tag {tag}")


def reused_tag(tag: str) -> ConnectionError:
    """A consumer tag that is in use on the channel: 530, closes the connection."""
    return connection_error(NOT_ALLOWED, f"attempt to reuse consumer tag '{tag}'")


def other_argument(argument: str, what: str, asked: object, there: object) -> ChannelError:
    """A redeclaration whose argument differs from what is there: 406; None is an argument left out."""
    if asked is None or there is None:
        told = f"received {typed(asked)} but current is {typed(there)}"
    else:
        told = f"received {quoted(asked)} but current is {quoted(there)}"
    return channel_error(PRECONDITION_FAILED, f"inequivalent arg '{argument}' for {what}: {told}")


def quoted(value: object) -> str:
    """A value, as RabbitMQ quotes it."""
    return f"'{str(value).lower() if isinstance(value, bool) else value}'"


def typed(value: object) -> str:
    """A value with its type, as RabbitMQ quotes it; `none` for one that is left out."""
    return "none" if value is None else f"the value {quoted(value)} of type '{type_of(value)}'"


def type_of(value: object) -> str:
    """The name that a value's AMQP type has in RabbitMQ's texts; whole numbers have 32 bits if that does."""
    if isinstance(value, bool):
        return "bool"
    if type(value) in TYPE_NAMES:
        return TYPE_NAMES[type(value)]
    if isinstance(value, int):
        return "signedint" if -(2**31) <= value < 2**31 else "long"
    names = {float: "double", str: "longstr", bytes: "longstr", type(None): "void"}
    return names.get(type(value), "table" if isinstance(value, Mapping) else "array")


def ack_timed_out(timeout: float, channel: int) -> ChannelError:
    """A delivery went unacknowledged for too long: 406."""
    return channel_error(
        PRECONDITION_FAILED,
        f"delivery acknowledgement on channel {channel} timed out. "
        f"Timeout value used: {round(timeout * 1000)} ms. "
        "This timeout value can be configured, see consumers doc guide to learn more",
    )


def shut_down() -> ConnectionError:
    """The operator stops the broker: 320, closes every connection."""
    return connection_error(CONNECTION_FORCED, SHUTDOWN)
