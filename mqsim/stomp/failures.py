"""What a session answers to clients that make mistakes: ERROR's `message` and its body, in RabbitMQ's words.

Recorded on RabbitMQ 3.10. After most of them the link stays open, as RabbitMQ has it (the specification
says that a server must close it); a mistake that AMQP's broker finds ends it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from mqsim.stomp.frames import bytes_of, written

if TYPE_CHECKING:
    from mqsim.stomp.frames import Headers

VERSIONS: Final = ("1.0", "1.1", "1.2")
DESTINATIONS: Final = "/temp-queue, /exchange, /topic, /queue, /amq/queue, /reply-queue/"


class RefusedError(Exception):
    """A frame is refused, and the link stays open.

    Args:
        message: ERROR's header `message`.
        detail: its body.
        ends: whether the link ends after all.
    """

    def __init__(self, message: str, detail: str, *, ends: bool = False) -> None:
        super().__init__(f"{message}: {detail}")
        self.message = message
        self.detail = detail
        self.ends = ends


_PRINTABLE: Final = frozenset({*range(32, 127), *range(160, 256), *b"\n\r\t\v\b\f\x1b"})
_QUOTED: Final = {
    ord("\\"): "\\\\",
    ord('"'): '\\"',
    ord("\n"): "\\n",
    ord("\r"): "\\r",
    ord("\t"): "\\t",
    ord("\v"): "\\v",
    ord("\b"): "\\b",
    ord("\f"): "\\f",
    27: "\\e",
}


def quoted(text: str) -> str:
    """A text as RabbitMQ quotes it: as numbers where not all of its bytes are printable in Latin-1."""
    data = bytes_of(text)
    if not data or not _PRINTABLE.issuperset(data):
        return f"[{','.join(map(str, data))}]"
    return f'"{text.translate(_QUOTED)}"'


def error_frame(message: str, detail: str, more: Headers) -> bytes:
    """An ERROR."""
    headers = [("message", message), ("content-type", "text/plain"), ("version", ",".join(VERSIONS)), *more]
    return written("ERROR", headers, bytes_of(detail))


def not_connected() -> RefusedError:
    """A frame before CONNECT."""
    return RefusedError("Illegal command", "You must log in using CONNECT first")


def no_common_version() -> RefusedError:
    """CONNECT asks for versions that are not spoken here."""
    return RefusedError("Version mismatch", f"Supported versions are {','.join(VERSIONS)}\n")


def login_refused(user: str) -> RefusedError:
    """A wrong password or an unknown user."""
    return RefusedError("Bad CONNECT", f"Access refused for user '{user}'\n")


def no_credentials() -> RefusedError:
    """CONNECT without login or passcode."""
    return RefusedError("Bad CONNECT", "Missing login or passcode header(s)")


def vhost_refused(vhost: str) -> RefusedError:
    """A virtual host that is not there, or that the user may not open."""
    return RefusedError("Bad CONNECT", f"Virtual host '{vhost}' access denied")


def processing_error() -> RefusedError:
    """Something at which RabbitMQ's own handler fails, such as a number that is none."""
    return RefusedError("Processing error", "Processing error")


def bad_command(command: str) -> RefusedError:
    """A command that is none."""
    return RefusedError("Bad command", f"Could not interpret command {quoted(command)}\n")


def no_destination(command: str) -> RefusedError:
    """SEND or SUBSCRIBE without a destination."""
    return RefusedError("Missing destination", f"{quoted(command)} must include a 'destination' header\n")


def unknown_destination(text: str) -> RefusedError:
    """A destination of no known kind."""
    detail = f"'{text}' is not a valid destination.\nValid destination types are: {DESTINATIONS}.\n"
    return RefusedError("Unknown destination", detail)


def invalid_destination(text: str, kind: str) -> RefusedError:
    """A destination that does not go with its kind."""
    return RefusedError("Invalid destination", f"'{text}' is not a valid {kind} destination\n")


def destination_not_for(text: str, command: str) -> RefusedError:
    """A destination that a command can't use."""
    return RefusedError("Invalid destination", f"'{text}' is not a valid destination for '{command}'\n")


def blank_destination() -> RefusedError:
    """An empty destination."""
    return RefusedError("Invalid destination", "Destination cannot be blank")


def not_allowed_on(header: str, command: str) -> RefusedError:
    """A header that only the server may write."""
    return RefusedError("Invalid header", f"'{header}' is not allowed on '{command}'.\n")


def no_header(command: str, header: str) -> RefusedError:
    """ACK or NACK that does not say of what."""
    return RefusedError("Missing header", f"{quoted(command)} must include the {quoted(header)} header\n")


def invalid_header(command: str, header: str) -> RefusedError:
    """ACK or NACK of what is no message's name."""
    return RefusedError("Invalid header", f"{quoted(command)} must include a valid {quoted(header)} header\n")


def no_subscription_of(message_id: str) -> RefusedError:
    """ACK or NACK of a message whose subscription is over."""
    return RefusedError("Subscription not found", f"Message with id {quoted(message_id)} has no subscription")


def no_id() -> RefusedError:
    """A durable subscription without an id."""
    return RefusedError("Missing Header", "Header 'id' is required for durable subscriptions")


def reserved_id() -> RefusedError:
    """UNSUBSCRIBE with an id that is the server's own."""
    return RefusedError("Invalid id", "UNSUBSCRIBE 'id' may not start with /temp-queue/\n")


def nothing_to_unsubscribe() -> RefusedError:
    """UNSUBSCRIBE without id and destination."""
    return RefusedError(
        "Missing destination or id", "UNSUBSCRIBE must include a 'destination' or 'id' header"
    )


def no_subscription(description: str) -> RefusedError:
    """UNSUBSCRIBE from what is no subscription."""
    detail = "UNSUBSCRIBE must refer to an existing subscription.\n"
    return RefusedError(
        "No subscription found", f"{detail}Subscription to {quoted(description)} not found.\n"
    )


def id_in_use(tag: str) -> RefusedError:
    """A second subscription with one id; this ends the link."""
    detail = f"A subscription identified by '{tag}' already exists."
    return RefusedError("Duplicated subscription identifier", detail, ends=True)


def no_transaction(command: str) -> RefusedError:
    """BEGIN, COMMIT or ABORT that does not say which."""
    return RefusedError("Missing transaction", f"{quoted(command)} must include a 'transaction' header\n")


def unknown_transaction(name: str) -> RefusedError:
    """A transaction that was not begun."""
    return RefusedError("Bad transaction", f"Invalid transaction identifier: {quoted(name)}\n")
