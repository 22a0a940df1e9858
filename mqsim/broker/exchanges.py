"""Exchanges: which queues a message goes to.

Source: AMQP 0-9-1 specification, section 3.1.3; RabbitMQ's documentation of exchanges, bindings and alternate
exchanges.
"""

from __future__ import annotations

from enum import Enum
from typing import TYPE_CHECKING

from mqsim.broker import replies
from mqsim.broker.field_types import class_of
from mqsim.broker.queues.queue import Queue
from mqsim.broker.replies import channel_error, type_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from mqsim.broker.message import Envelope

MATCHES = ("all", "any", "all-with-x", "any-with-x")


class ExchangeType(Enum):
    """The kinds of exchange."""

    DIRECT = "direct"
    FANOUT = "fanout"
    TOPIC = "topic"
    HEADERS = "headers"


class Binding:
    """From an exchange to a queue or to another exchange; equal to one that says the same.

    Args:
        target: the queue or the exchange.
        key: the binding key; a pattern at a topic exchange.
        arguments: what a headers exchange compares; `x-match` says how.
    """

    __slots__ = ("_identity", "arguments", "key", "target")

    def __init__(
        self, target: Queue | Exchange, key: str, arguments: Mapping[str, object] | None = None
    ) -> None:
        self.target = target
        self.key = key
        self.arguments = dict(arguments or {})
        said = tuple(
            sorted((name, type(value).__name__, repr(value)) for name, value in self.arguments.items())
        )
        self._identity = (id(target), key, said)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Binding) and self._identity == other._identity

    def __hash__(self) -> int:
        return hash(self._identity)


class Exchange:
    """Takes messages in and says where they go.

    Attributes:
        bindings: in order of their making, each once.
        routable: whether routing sees it: always.
    """

    routable = True

    def __init__(
        self,
        name: str,
        kind: ExchangeType,
        *,
        durable: bool,
        auto_delete: bool = False,
        internal: bool = False,
        alternate: str | None = None,
    ) -> None:
        self.name = name
        self.kind = kind
        self.durable = durable
        self.auto_delete = auto_delete
        self.internal = internal
        self.alternate = alternate
        self.bindings: dict[Binding, None] = {}
        self._by_key: dict[str, dict[Binding, None]] = {}

    def add(self, binding: Binding) -> None:
        """Let a binding in."""
        self.bindings[binding] = None
        self._by_key.setdefault(binding.key, {})[binding] = None

    def discard(self, binding: Binding) -> None:
        """Take a binding away."""
        self.bindings.pop(binding, None)
        alike = self._by_key.get(binding.key, {})
        alike.pop(binding, None)
        if not alike:
            self._by_key.pop(binding.key, None)

    def targets(self, envelope: Envelope, key: str) -> list[Queue | Exchange]:
        """Where a message with `key` goes from here, in order of binding; a target may stand there twice."""
        found: Iterable[Binding] = self.bindings
        match self.kind:
            case ExchangeType.DIRECT:
                found = self._by_key.get(key, {})
            case ExchangeType.TOPIC:
                found = (binding for binding in found if topic_matches(binding.key, key))
            case ExchangeType.HEADERS:
                headers = envelope.headers or {}
                found = (binding for binding in found if headers_match(binding.arguments, headers))
        return [binding.target for binding in found]


def topic_matches(pattern: str, key: str) -> bool:
    """Whether a topic pattern fits a routing key: `*` is one word, `#` none or more; dots part words."""
    words = key.split(".") if key else []
    # fits[i]: the pattern so far fits the first i words.
    fits = [True] + [False] * len(words)
    for part in pattern.split(".") if pattern else []:
        if part == "#":
            first = fits.index(True) if True in fits else len(fits)
            fits = [i >= first for i in range(len(fits))]
        else:
            fits = [False] + [fits[i] and part in ("*", word) for i, word in enumerate(words)]
    return fits[-1]


def check_match(arguments: Mapping[str, object]) -> None:
    """Raise 406 if a headers exchange can't make sense of a binding's `x-match`."""
    how = arguments.get("x-match", "all")
    if not isinstance(how, str):
        told = f"Invalid x-match field type {type_of(how)} (value {how}); expected longstr"
        raise channel_error(replies.PRECONDITION_FAILED, told)
    if how not in MATCHES:
        told = f'Invalid x-match field value <<"{how}">>; expected all, any, all-with-x, or any-with-x'
        raise channel_error(replies.PRECONDITION_FAILED, told)


def headers_match(arguments: Mapping[str, object], headers: Mapping[str, object]) -> bool:
    """Whether a binding's arguments fit a message's headers: all of them, or any, as `x-match` says.

    A value fits one of the same type, where all whole numbers are of one type. Arguments that begin with
    `x-` are not compared, unless `x-match` is `all-with-x` or `any-with-x`. An argument without a value asks
    only that the header be there.
    """
    how = str(arguments.get("x-match", "all"))
    with_x = how.endswith("-with-x")
    compared = {
        name: value for name, value in arguments.items() if name != "x-match" and (with_x or name[:2] != "x-")
    }
    found = (
        name in headers and (value is None or _is_same(headers[name], value))
        for name, value in compared.items()
    )
    return any(found) if how.startswith("any") else all(found)


def _is_same(one: object, other: object) -> bool:
    return class_of(one) is class_of(other) and one == other


def route(
    exchanges: Mapping[str, Exchange], queues: Mapping[str, Queue], envelope: Envelope, only: bool = False
) -> tuple[Queue, ...]:
    """The queues that a message goes to, each once, however many bindings match.

    The walk goes through exchange-to-exchange bindings, and to the alternate exchange of one that finds
    nothing. A queue that is not `routable` is passed over. The envelope's exchange must be there (KeyError).
    CC and BCC headers add further routing keys, unless `only` is set.
    """
    found: dict[Queue, None] = {}
    keys = [envelope.key] if only else [envelope.key, *_further_keys(envelope)]
    seen: set[str] = set()
    waiting = [envelope.exchange]
    while waiting:
        name = waiting.pop(0)
        if name in seen:
            continue
        seen.add(name)
        if name == "":
            found.update((queues[key], None) for key in keys if key in queues and queues[key].routable)
            continue
        exchange = exchanges[name]
        targets = [target for key in keys for target in exchange.targets(envelope, key) if target.routable]
        found.update((target, None) for target in targets if isinstance(target, Queue))
        waiting += [target.name for target in targets if isinstance(target, Exchange)]
        if not targets and exchange.alternate is not None and exchange.alternate in exchanges:
            waiting.append(exchange.alternate)
    return tuple(found)


def _further_keys(envelope: Envelope) -> list[str]:
    headers = envelope.headers
    if not headers:
        return []
    lists = (headers.get("CC"), headers.get("BCC"))
    return [str(key) for keys in lists if isinstance(keys, list) for key in keys]
