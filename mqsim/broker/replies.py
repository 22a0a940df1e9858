"""AMQP 0-9-1's reply codes, and the words RabbitMQ puts behind them.

Source: AMQP 0-9-1 specification, section 1.2 (constants); texts as seen on RabbitMQ 3.10, 4.0 and 4.3.
"""

from __future__ import annotations

from mqsim.errors import ChannelError, ConnectionError

NO_ROUTE = 312
CONNECTION_FORCED = 320
ACCESS_REFUSED = 403
NOT_FOUND = 404
RESOURCE_LOCKED = 405
PRECONDITION_FAILED = 406
CHANNEL_ERROR = 504
COMMAND_INVALID = 503
NOT_ALLOWED = 530
NOT_IMPLEMENTED = 540

VHOST = "/"
SHUTDOWN = "CONNECTION_FORCED - broker forced connection closure with reason 'shutdown'"


def no_queue(name: str) -> ChannelError:
    """The queue is not there: 404, closes the channel."""
    return ChannelError(NOT_FOUND, f"NOT_FOUND - no queue '{name}' in vhost '{VHOST}'")


def no_exchange(name: str) -> ChannelError:
    """The exchange is not there: 404, closes the channel."""
    return ChannelError(NOT_FOUND, f"NOT_FOUND - no exchange '{name}' in vhost '{VHOST}'")


def locked(name: str) -> ChannelError:
    """Another connection's exclusive queue: 405, closes the channel."""
    return ChannelError(
        RESOURCE_LOCKED,
        f"RESOURCE_LOCKED - cannot obtain exclusive access to locked queue '{name}' in vhost '{VHOST}'. "
        "It could be originally declared on another connection or the exclusive property value does not match "
        "that of the original declaration.",
    )


def in_exclusive_use(name: str) -> ChannelError:
    """A second consumer beside an exclusive one, or the reverse: 403, closes the channel."""
    return ChannelError(ACCESS_REFUSED, f"ACCESS_REFUSED - queue '{name}' in vhost '{VHOST}' in exclusive use")


def unknown_tag(tag: int) -> ChannelError:
    """An acknowledgement for a delivery that is not outstanding on this channel: 406, closes it."""
    return ChannelError(PRECONDITION_FAILED, f"PRECONDITION_FAILED - unknown delivery tag {tag}")


def inequivalent(kind: str, name: str, attribute: str, received: object, current: object) -> ChannelError:
    """A redeclaration that differs from what is there: 406, names the attribute and both values, closes the
    channel."""
    told = f"received {worded(received)} but current is {worded(current)}"
    return ChannelError(
        PRECONDITION_FAILED,
        f"PRECONDITION_FAILED - inequivalent arg '{attribute}' for {kind} '{name}' in vhost '{VHOST}': "
        f"{told}",
    )


def worded(value: object) -> str:
    """A value of a queue's or exchange's attribute, as RabbitMQ quotes it."""
    if value is None:
        return "none"
    if isinstance(value, bool):
        return f"'{str(value).lower()}'"
    if isinstance(value, int):
        return f"the value '{value}' of type 'signedint'"
    if isinstance(value, Argument):
        return f"the value '{value}' of type 'longstr'"
    return f"'{value}'"


class Argument(str):
    """A text given in a declaration's `arguments`; RabbitMQ quotes it with its type."""

    __slots__ = ()


def ack_timed_out(timeout: float) -> ChannelError:
    """A delivery went unacknowledged for too long: 406, closes the channel."""
    return ChannelError(
        PRECONDITION_FAILED,
        f"PRECONDITION_FAILED - delivery acknowledgement on channel 1 timed out. Timeout value used: "
        f"{round(timeout * 1000)} ms. This timeout value can be configured, see consumers doc guide to "
        "learn more",
    )


def shut_down() -> ConnectionError:
    """The operator stops the broker: 320, closes every connection."""
    return ConnectionError(CONNECTION_FORCED, SHUTDOWN)
