"""What a session answers to clients that do not keep to the protocol: codes and RabbitMQ's words.

Recorded on RabbitMQ 3.10, 4.0 and 4.3. What is wrong with queues, exchanges and messages the broker says
itself; this is about frames, states and fields.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from mqsim.amqp.fields import MalformedError, MalformedTableError, NotUnicodeError
from mqsim.amqp.methods import Method, UnknownMethodError, numbers_of, read_method
from mqsim.errors import ChannelError, ConnectionError

if TYPE_CHECKING:
    from mqsim.amqp.frames import BrokenFrameError, Frame

FRAME_ERROR: Final = 501
UNEXPECTED_FRAME: Final = 505
INTERNAL_ERROR: Final = 541

_SHOWN = 16


class LostError(Exception):
    """RabbitMQ's own reader would fail at this and say nothing: the stream just ends."""


def method_in(frame: Frame) -> Method:
    """Read a method frame; one that was read before is not read again.

    Raises:
        ConnectionError: 501 if it can't be read; on channel 0, where RabbitMQ itself fails then, 541.
        LostError: RabbitMQ's reader would fail at it.
    """
    if frame.method is not None:
        found: Method = frame.method
        return found
    if len(frame.payload) < 4:
        raise unknown_frame(frame)
    try:
        method = frame.method = read_method(frame.payload)
        return method
    except NotUnicodeError:
        raise not_unicode() from None
    except (UnknownMethodError, MalformedTableError) as error:
        raise LostError(str(error)) from None
    except MalformedError:
        raise undecodable(frame.payload) if frame.channel else internal_error() from None


def broken_frame(error: BrokenFrameError) -> ConnectionError:
    """A frame that is too large or does not end where it says: 501."""
    return ConnectionError(FRAME_ERROR, f"FRAME_ERROR - {_octets(error.kind, error.payload)}: {error}")


def unknown_frame(frame: Frame) -> ConnectionError:
    """A frame of no known type, or too short for its type: 501."""
    return ConnectionError(FRAME_ERROR, f"FRAME_ERROR - {_octets(frame.kind, frame.payload)}: unknown_frame")


def unexpected_frame(frame: Frame) -> ConnectionError:
    """A frame on a channel, or at a time, where its type has no business: 505."""
    return ConnectionError(UNEXPECTED_FRAME, f"UNEXPECTED_FRAME - {_octets(frame.kind, frame.payload)}")


def undecodable(payload: bytes) -> ConnectionError:
    """A method whose fields are too few or too many: 501."""
    text = f"FRAME_ERROR - cannot decode {in_erlang(payload[4:])}"
    return ConnectionError(FRAME_ERROR, text, _numbers(payload))


def not_unicode() -> ConnectionError:
    """A short text that is no UTF-8: 501."""
    return ConnectionError(FRAME_ERROR, "FRAME_ERROR - Malformed UTF-8 in shortstr")


def not_a_method() -> ConnectionError:
    """Content where a method is due: 505."""
    text = "UNEXPECTED_FRAME - expected method frame, got non method frame instead"
    return ConnectionError(UNEXPECTED_FRAME, text)


def not_a_header(method: Method, class_id: int | None = None) -> ConnectionError:
    """No content header where one is due, or one of another class: 505."""
    got = "non content header frame" if class_id is None else f"one for class {class_id}"
    text = f"UNEXPECTED_FRAME - expected content header for class 60, got {got} instead"
    return ConnectionError(UNEXPECTED_FRAME, text, numbers_of(method))


def not_a_body(method: Method) -> ConnectionError:
    """No content body where one is due: 505."""
    text = "UNEXPECTED_FRAME - expected content body, got non content body frame instead"
    return ConnectionError(UNEXPECTED_FRAME, text, numbers_of(method))


def body_too_long(method: Method) -> ConnectionError:
    """More body than its header announced: 501."""
    text = "FRAME_ERROR - content body frame exceeds remaining content size"
    return ConnectionError(FRAME_ERROR, text, numbers_of(method))


def not_for_servers(method: Method) -> ConnectionError:
    """A method that no client sends: 503."""
    return ConnectionError(503, "COMMAND_INVALID - unimplemented method", numbers_of(method))


def out_of_place(method: Method, state: str) -> ConnectionError:
    """A method on channel 0 that does not go with the connection's state: 504."""
    text = f"CHANNEL_ERROR - unexpected method in connection state {state}"
    return ConnectionError(504, text, numbers_of(method))


def channel_not_open(method: Method) -> ConnectionError:
    """A method on a channel that is not open: 504."""
    return ConnectionError(504, "CHANNEL_ERROR - expected 'channel.open'", numbers_of(method))


def channel_open_already(method: Method) -> ConnectionError:
    """Opening a channel twice: 504."""
    return ConnectionError(504, "CHANNEL_ERROR - second 'channel.open' seen", numbers_of(method))


def too_many_channels(limit: int) -> ConnectionError:
    """More channels than were agreed: 530."""
    told = f"number of channels opened ({limit}) has reached the negotiated channel_max ({limit})"
    return ConnectionError(530, f"NOT_ALLOWED - {told}")


def no_such_host(name: str, method: Method) -> ConnectionError:
    """A virtual host that is not there: 530."""
    return ConnectionError(530, f"NOT_ALLOWED - vhost {name} not found", numbers_of(method))


def vhost_refused(name: str, user: str, method: Method) -> ConnectionError:
    """A virtual host in which the user has no permissions: 530."""
    told = f"access to vhost '{name}' refused for user '{user}'"
    return ConnectionError(530, f"NOT_ALLOWED - {told}", numbers_of(method))


def login_refused(mechanism: str) -> ConnectionError:
    """A wrong password or an unknown user: 403."""
    told = (
        f"Login was refused using authentication mechanism {mechanism}. For details see the broker logfile."
    )
    return ConnectionError(403, f"ACCESS_REFUSED - {told}")


def not_implemented(told: str, method: Method) -> ConnectionError:
    """Something of AMQP's that RabbitMQ does without: 540."""
    return ConnectionError(540, f"NOT_IMPLEMENTED - {told}", numbers_of(method))


def internal_error() -> ConnectionError:
    """Something at which RabbitMQ's channel itself would fail: 541."""
    return ConnectionError(INTERNAL_ERROR, "INTERNAL_ERROR")


def too_large(size: int, largest: int, method: Method) -> ChannelError:
    """A message of more bytes than are taken: 406."""
    told = f"message size {size} is larger than configured max size {largest}"
    return ChannelError(406, f"PRECONDITION_FAILED - {told}", numbers_of(method))


def _numbers(payload: bytes) -> tuple[int, int]:
    return int.from_bytes(payload[:2], "big"), int.from_bytes(payload[2:4], "big")


def _octets(kind: int, payload: bytes) -> str:
    how = "all" if len(payload) <= _SHOWN else f"first {_SHOWN}"
    return f"type {kind}, {how} octets = {in_erlang(payload[:_SHOWN])}"


def in_erlang(data: bytes) -> str:
    """Bytes as RabbitMQ prints them: as text if they are all printable, else as numbers."""
    if data and all(32 <= byte < 127 for byte in data):
        text = data.decode().replace("\\", "\\\\").replace('"', '\\"')
        return f'<<"{text}">>'
    return f"<<{','.join(str(byte) for byte in data)}>>"
