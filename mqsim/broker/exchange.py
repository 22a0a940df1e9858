"""Exchanges: which queues a message goes to.

Source: AMQP 0-9-1 specification, section 3.1.3; RabbitMQ's documentation of exchanges, bindings and alternate
    exchanges.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum

from mqsim.broker.message import Envelope
from mqsim.broker.queue import Queue


class ExchangeType(Enum):
    """The kinds of exchange."""

    DIRECT = "direct"
    FANOUT = "fanout"
    TOPIC = "topic"
    HEADERS = "headers"


@dataclass(frozen=True)
class Binding:
    """From an exchange to a queue or to another exchange.

    Attributes:
        target: the queue or the exchange.
        key: the binding key; a pattern at a topic exchange.
        arguments: what a headers exchange compares; `x-match` says how.
    """

    target: Queue | Exchange
    key: str
    arguments: tuple[tuple[str, object], ...] = ()


class Exchange:
    """Takes messages in and says where they go."""

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
        # A dict, for its order: bindings in order of their making, each once.
        self.bindings: dict[Binding, None] = {}

    def targets(self, envelope: Envelope, key: str) -> list[Queue | Exchange]:
        """Where a message with `key` goes from here, in order of binding; a target may stand there twice."""
        return [binding.target for binding in self.bindings if self._matches(binding, envelope, key)]

    def _matches(self, binding: Binding, envelope: Envelope, key: str) -> bool:
        match self.kind:
            case ExchangeType.FANOUT:
                return True
            case ExchangeType.DIRECT:
                return binding.key == key
            case ExchangeType.TOPIC:
                return topic_matches(binding.key, key)
            case ExchangeType.HEADERS:
                return headers_match(dict(binding.arguments), envelope.headers or {})


def topic_matches(pattern: str, key: str) -> bool:
    """Whether a topic pattern fits a routing key: `*` is one word, `#` none or more; words are parted by
    dots."""
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


def headers_match(arguments: Mapping[str, object], headers: Mapping[str, object]) -> bool:
    """Whether a binding's arguments fit a message's headers: all of them (the default) or any, as `x-match`
    says.

    Arguments that begin with `x-` are not compared, unless `x-match` is `all-with-x` or `any-with-x`. An
    argument without a value asks only that the header be there.
    """
    how = arguments.get("x-match", "all")
    with_x = str(how).endswith("-with-x")
    compared = {name: value for name, value in arguments.items() if name != "x-match" and (with_x or name[:2] != "x-")}
    found = (name in headers and (value is None or headers[name] == value) for name, value in compared.items())
    return any(found) if str(how).startswith("any") else all(found)


def route(exchanges: Mapping[str, Exchange], queues: Mapping[str, Queue], envelope: Envelope) -> tuple[Queue, ...]:
    """The queues that a message goes to, each once, however many bindings match.

    The walk goes through exchange-to-exchange bindings, and to the alternate exchange of one that finds
    nothing. The envelope's exchange must be there (KeyError). CC and BCC headers add further routing keys.
    """
    found: dict[Queue, None] = {}
    keys = [envelope.key, *_further_keys(envelope)]
    seen: set[str] = set()
    waiting = [envelope.exchange]
    while waiting:
        name = waiting.pop(0)
        if name in seen:
            continue
        seen.add(name)
        if name == "":
            found.update((queues[key], None) for key in keys if key in queues)
            continue
        exchange = exchanges[name]
        targets = [target for key in keys for target in exchange.targets(envelope, key)]
        found.update((target, None) for target in targets if isinstance(target, Queue))
        waiting += [target.name for target in targets if isinstance(target, Exchange)]
        if not targets and exchange.alternate in exchanges:
            waiting.append(exchange.alternate)
    return tuple(found)


def _further_keys(envelope: Envelope) -> list[str]:
    headers = envelope.headers
    if not headers:
        return []
    lists = (headers.get("CC"), headers.get("BCC"))
    return [str(key) for keys in lists if isinstance(keys, list) for key in keys]
