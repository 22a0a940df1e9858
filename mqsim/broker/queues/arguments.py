"""What a queue's declaration says in its arguments: how it is read, checked and compared.

A protocol hands over a table (`{"x-max-length": 10}`, milliseconds where RabbitMQ has milliseconds); a model
says the same with `QueueArguments` (seconds). Source: RabbitMQ's documentation of queues; checks, their order
and words as recorded on real brokers.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from mqsim.broker import replies
from mqsim.broker.field_types import class_of
from mqsim.broker.replies import channel_error, queue_named, type_of

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from mqsim.broker.profiles import Profile
    from mqsim.errors import ChannelError

CLASSIC, QUORUM = "classic", "quorum"
OVERFLOWS = ("drop-head", "reject-publish", "reject-publish-dlx")
LONGEST_MS = 10 * 365 * 24 * 3600 * 1000
"""The longest time that RabbitMQ takes, ten years in milliseconds."""


@dataclass(frozen=True, slots=True)
class QueueArguments:
    """What a declaration says beyond durable, exclusive and auto-delete; None is unset.

    Attributes:
        message_ttl: seconds a message may wait.
        expires: seconds the queue may be unused.
        max_length: most ready messages; max_bytes: most bytes of their bodies.
        overflow: `drop-head`, `reject-publish` or `reject-publish-dlx`.
        dead_letter_exchange, dead_letter_key: where messages that expire, are rejected or make room go;
            without a key they keep their own.
        max_priority: the highest priority that counts (classic queues).
        single_active_consumer: whether one consumer gets everything until it goes.
        kind: `classic` or `quorum`.
        delivery_limit: how many returns a quorum queue's message may have; below 0, see the profile.
        members: how many nodes a quorum queue is on; unset is three, or all where there are fewer.
    """

    message_ttl: float | None = None
    expires: float | None = None
    max_length: int | None = None
    max_bytes: int | None = None
    overflow: str = "drop-head"
    dead_letter_exchange: str | None = None
    dead_letter_key: str | None = None
    max_priority: int | None = None
    single_active_consumer: bool = False
    kind: str = CLASSIC
    delivery_limit: int | None = None
    members: int | None = None

    def table(self) -> dict[str, object]:
        """The same as a client would put it on the wire; what is unset is left out."""
        said: dict[str, object] = {
            "x-message-ttl": _in_ms(self.message_ttl),
            "x-expires": _in_ms(self.expires),
            "x-max-length": self.max_length,
            "x-max-length-bytes": self.max_bytes,
            "x-overflow": None if self.overflow == "drop-head" else self.overflow,
            "x-dead-letter-exchange": self.dead_letter_exchange,
            "x-dead-letter-routing-key": self.dead_letter_key,
            "x-max-priority": self.max_priority,
            "x-single-active-consumer": self.single_active_consumer or None,
            "x-queue-type": None if self.kind == CLASSIC else self.kind,
            "x-delivery-limit": self.delivery_limit,
            "x-quorum-initial-group-size": self.members,
        }
        return {name: value for name, value in said.items() if value is not None}


def parse(queue: str, table: Mapping[str, object], profile: Profile) -> QueueArguments:
    """Read a table of arguments; those that RabbitMQ does not know are passed over.

    Raises:
        ChannelError: 406 for one that can't be, in RabbitMQ's words.
    """
    exchange = table.get("x-dead-letter-exchange")
    if exchange is not None and not isinstance(exchange, str):
        told = f"invalid type '{type_of(exchange)}' for arg 'x-dead-letter-exchange' in {queue_named(queue)}"
        raise channel_error(replies.PRECONDITION_FAILED, told)
    for name, check in _CHECKS.items():
        if name in table and (wrong := check(table[name])) and not _is_unchecked(name, profile):
            raise _invalid(name, queue, f": {wrong}")
    if "x-dead-letter-routing-key" in table and exchange is None:
        raise _invalid("x-dead-letter-routing-key", queue, ": routing_key_but_no_dlx_defined")
    kind = str(table.get("x-queue-type", CLASSIC))
    supported = _OF_QUORUM if kind == QUORUM else _OF_CLASSIC
    if kind == CLASSIC and profile.checks_leader_locator:
        supported = supported | {"x-queue-leader-locator"}
    for name in sorted(table.keys() & (_OF_CLASSIC | _OF_QUORUM | _OF_STREAMS)):
        if name not in supported:
            raise _invalid(name, queue, f" of queue type rabbit_{kind}_queue")
    return _read(table, kind)


def _read(table: Mapping[str, object], kind: str) -> QueueArguments:
    def number(name: str) -> int | None:
        value = table.get(name)
        return value if isinstance(value, int) else None

    def seconds(name: str) -> float | None:
        value = number(name)
        return None if value is None else value / 1000

    def text(name: str) -> str | None:
        value = table.get(name)
        return value if isinstance(value, str) else None

    return QueueArguments(
        message_ttl=seconds("x-message-ttl"),
        expires=seconds("x-expires"),
        max_length=number("x-max-length"),
        max_bytes=number("x-max-length-bytes"),
        overflow=text("x-overflow") or "drop-head",
        dead_letter_exchange=text("x-dead-letter-exchange"),
        dead_letter_key=text("x-dead-letter-routing-key"),
        max_priority=number("x-max-priority"),
        single_active_consumer=bool(table.get("x-single-active-consumer", False)),
        kind=kind,
        delivery_limit=number("x-delivery-limit"),
        members=number("x-quorum-initial-group-size"),
    )


def check_alike(
    what: str, there: Mapping[str, object], asked: Mapping[str, object], names: tuple[str, ...]
) -> None:
    """Compare the arguments of a redeclaration with those of what is there.

    Raises:
        ChannelError: 406 for the first that differs; `what` names the queue or exchange as RabbitMQ does.
    """
    for name in names:
        one, other = there.get(name), asked.get(name)
        if one != other or class_of(one) is not class_of(other):
            raise replies.other_argument(name, what, other, one)


def check_same_queue(
    queue: str, there: Mapping[str, object], asked: Mapping[str, object], profile: Profile
) -> None:
    """Compare a queue's arguments, in the order of its type; a queue type that is not given is classic.

    Raises:
        ChannelError: 406 for the first that differs.
    """
    kind = there.get("x-queue-type", CLASSIC)
    for name in _COMPARED_QUORUM if kind == QUORUM else _COMPARED_CLASSIC:
        if name != "x-queue-type":
            check_alike(queue_named(queue), there, asked, (name,))
        elif kind != asked.get("x-queue-type", CLASSIC):
            unset = None if profile.version == "3.10" else CLASSIC
            kinds = [table.get("x-queue-type", unset) for table in (asked, there)]
            raise replies.other_argument("x-queue-type", queue_named(queue), kinds[0], kinds[1])


def consumer_priority(queue: str, table: Mapping[str, object]) -> int:
    """The `x-priority` of a `basic.consume`; 0 if there is none.

    Raises:
        ChannelError: 406 if it is no whole number.
    """
    value = table.get("x-priority", 0)
    if isinstance(value, bool) or not isinstance(value, int):
        raise _invalid("x-priority", queue, f": {_integer(value)}")
    return value


def _invalid(argument: str, queue: str, why: str) -> ChannelError:
    return channel_error(
        replies.PRECONDITION_FAILED, f"invalid arg '{argument}' for {queue_named(queue)}{why}"
    )


def _is_unchecked(name: str, profile: Profile) -> bool:
    return (name == "x-queue-mode" and not profile.checks_queue_mode) or (
        name == "x-queue-leader-locator" and not profile.checks_leader_locator
    )


def _in_ms(seconds: float | None) -> int | None:
    return None if seconds is None else round(seconds * 1000)


# Each check gives what is wrong, as RabbitMQ prints it, or an empty text.


def _integer(value: object) -> str:
    if isinstance(value, bool) or not isinstance(value, int):
        return f'"expected integer, got {type_of(value)}"'
    return ""


def _not_negative(value: object) -> str:
    if wrong := _integer(value):
        return wrong
    assert isinstance(value, int)
    return f"{{value_negative,{value}}}" if value < 0 else ""


def _milliseconds(value: object) -> str:
    if wrong := _not_negative(value):
        return wrong
    assert isinstance(value, int)
    return f"{{value_too_large,{value}}}" if value > LONGEST_MS else ""


def _some_milliseconds(value: object) -> str:
    return "{value_zero,0}" if value == 0 and not isinstance(value, bool) else _milliseconds(value)


def _priority(value: object) -> str:
    if wrong := _not_negative(value):
        return wrong
    assert isinstance(value, int)
    return f"{{max_value_exceeded,{value}}}" if value > 255 else ""


def _text(value: object) -> str:
    return "" if isinstance(value, str) else f"{{unacceptable_type,{type_of(value)}}}"


def _bool(value: object) -> str:
    return "" if isinstance(value, bool) else f"{{unacceptable_type,{type_of(value)}}}"


def _one_of(words: tuple[str, ...], otherwise: str) -> Callable[[object], str]:
    return lambda value: _text(value) or ("" if value in words else otherwise.format(value))


_known_type = _one_of((CLASSIC, QUORUM), "\"unsupported queue type '{}'\"")


def _queue_type(value: object) -> str:
    if value == "stream":
        return '"stream queues are not simulated: declare a classic or a quorum queue"'
    return _known_type(value)


_CHECKS: dict[str, Callable[[object], str]] = {
    "x-expires": _some_milliseconds,
    "x-message-ttl": _milliseconds,
    "x-dead-letter-routing-key": _text,
    "x-max-length": _not_negative,
    "x-max-length-bytes": _not_negative,
    "x-max-priority": _priority,
    "x-overflow": _one_of(OVERFLOWS, "invalid_overflow"),
    "x-queue-mode": _one_of(("default", "lazy"), "\"unsupported queue mode '{}'\""),
    "x-single-active-consumer": _bool,
    "x-queue-type": _queue_type,
    "x-queue-leader-locator": _one_of(
        ("client-local", "balanced", "random", "least-leaders"), "invalid_queue_locator_arg"
    ),
    "x-quorum-initial-group-size": _not_negative,
}
_COMPARED_CLASSIC = (
    "x-expires",
    "x-message-ttl",
    "x-dead-letter-exchange",
    "x-dead-letter-routing-key",
    "x-max-length",
    "x-max-length-bytes",
    "x-max-priority",
    "x-overflow",
    "x-queue-mode",
    "x-single-active-consumer",
    "x-queue-type",
    "x-queue-leader-locator",
)
_COMPARED_QUORUM = (
    "x-dead-letter-exchange",
    "x-dead-letter-routing-key",
    "x-dead-letter-strategy",
    "x-expires",
    "x-max-length",
    "x-max-length-bytes",
    "x-overflow",
    "x-single-active-consumer",
    "x-queue-type",
    "x-quorum-initial-group-size",
    "x-delivery-limit",
    "x-message-ttl",
    "x-queue-leader-locator",
)
_OF_BOTH = frozenset(
    (
        "x-expires",
        "x-message-ttl",
        "x-dead-letter-exchange",
        "x-dead-letter-routing-key",
        "x-max-length",
        "x-max-length-bytes",
        "x-overflow",
        "x-single-active-consumer",
        "x-queue-type",
    )
)
_OF_CLASSIC = _OF_BOTH | {"x-max-priority", "x-queue-mode", "x-queue-version", "x-queue-master-locator"}
_OF_QUORUM = _OF_BOTH | {
    "x-delivery-limit",
    "x-dead-letter-strategy",
    "x-quorum-initial-group-size",
    "x-queue-leader-locator",
}
_OF_STREAMS = frozenset(("x-max-age", "x-stream-max-segment-size-bytes", "x-initial-cluster-size"))
