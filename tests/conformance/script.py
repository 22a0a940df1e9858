"""The language that facts are written in, and what turns a played fact into data that can be compared.

A *fact* is a function of a `World`: it opens connections and channels, does what a program could do, and
says with `see` what it saw. It knows nothing of sockets, pika or clocks, so one body of facts is played with
pika against a real server, with pika against ours, and on the broker alone in virtual time: whoever wants to
play it implements `World`, `Connection` and `Channel`.

Every operation returns plain data. What a server refuses is not an exception but a value as well:

    {"closes": "channel", "code": 404, "text": "NOT_FOUND - …", "by": "Queue.Declare"}

and an operation on what is already closed returns that same value again. A fact that needs the server to
stop is a generator: it yields `"restart"` (an orderly stop) or `"kill"` (SIGKILL) and goes on afterwards.
"""

from __future__ import annotations

import re
from abc import ABC, abstractmethod
from collections.abc import Callable, Generator, Mapping
from dataclasses import dataclass
from typing import Any, Final, Literal

Seen = Any
"""Plain data: None, bool, int, float, str, and lists and dicts of these."""

Arguments = Mapping[str, Any]
Interruption = Literal["restart", "kill"]
Need = Literal["wire", "stop", "operator", "timeout"]
"""What a fact needs beyond AMQP's methods: raw frames and bytes, a server that stops, an operator's hand, a
server whose acknowledgement timeout is `ACK_TIMEOUT` rather than half an hour."""

SETTLE: Final = 0.25
"""Seconds after which a server has said whatever it had to say, when it's expected to say nothing."""

ACK_TIMEOUT: Final = 9.0
"""Seconds of acknowledgement timeout for facts that need `timeout`; servers look once a second."""

PATIENCE: Final = 8.0
"""Seconds to wait at most for something that is expected to come."""


class Channel(ABC):
    """One channel. Each method stands for AMQP's method of that name and waits for the answer, if
    it has one."""

    # -- exchanges, queues, bindings

    @abstractmethod
    def declare(
        self,
        queue: str = "",
        *,
        passive: bool = False,
        durable: bool = True,
        exclusive: bool = False,
        auto_delete: bool = False,
        arguments: Arguments | None = None,
    ) -> Seen:
        """queue.declare: `{"queue", "messages", "consumers"}`."""

    @abstractmethod
    def delete(self, queue: str, *, if_unused: bool = False, if_empty: bool = False) -> Seen:
        """queue.delete: `{"messages"}`."""

    @abstractmethod
    def purge(self, queue: str) -> Seen:
        """queue.purge: `{"messages"}`."""

    @abstractmethod
    def bind(self, queue: str, exchange: str, key: str = "", arguments: Arguments | None = None) -> Seen:
        """queue.bind: `"ok"`."""

    @abstractmethod
    def unbind(self, queue: str, exchange: str, key: str = "", arguments: Arguments | None = None) -> Seen:
        """queue.unbind: `"ok"`."""

    @abstractmethod
    def exchange(
        self,
        exchange: str,
        kind: str = "direct",
        *,
        passive: bool = False,
        durable: bool = True,
        auto_delete: bool = False,
        internal: bool = False,
        arguments: Arguments | None = None,
    ) -> Seen:
        """exchange.declare: `"ok"`."""

    @abstractmethod
    def delete_exchange(self, exchange: str, *, if_unused: bool = False) -> Seen:
        """exchange.delete: `"ok"`."""

    @abstractmethod
    def bind_exchange(
        self, destination: str, source: str, key: str = "", arguments: Arguments | None = None
    ) -> Seen:
        """exchange.bind: `"ok"`."""

    @abstractmethod
    def unbind_exchange(
        self, destination: str, source: str, key: str = "", arguments: Arguments | None = None
    ) -> Seen:
        """exchange.unbind: `"ok"`."""

    # -- publishing

    @abstractmethod
    def publish(
        self, body: str, key: str = "", exchange: str = "", *, mandatory: bool = False, **properties: Any
    ) -> None:
        """basic.publish, without waiting. Persistent unless `delivery_mode=1`; `headers=` and the
        like as AMQP."""

    @abstractmethod
    def confirm(self) -> Seen:
        """confirm.select: `"ok"`."""

    @abstractmethod
    def confirms(self, count: int) -> list[str]:
        """Wait for that many confirms: `["ack 1", "nack 2"]` in order, each number by itself
        (`multiple` is unfolded)."""

    @abstractmethod
    def returns(self, count: int = 0) -> list[Seen]:
        """Wait for that many returns (0: until all is quiet): `{"code", "text", "exchange", "key",
        "body", …}`."""

    @abstractmethod
    def events(self) -> list[str]:
        """Let all get quiet; then what came since the last call, in order: `return B`, `ack N`,
        `nack N`, `deliver B`, `cancel T`."""

    def put(self, body: str, key: str = "", exchange: str = "", **properties: Any) -> str:
        """Publish on a channel in confirm mode and wait: `"ack"` or `"nack"`."""
        self.publish(body, key, exchange, **properties)
        answer = self.confirms(1)
        return answer[0].split()[0] if answer else "no confirm"

    def fill(self, queue: str, *bodies: str, **properties: Any) -> list[str]:
        """`put` each body into a queue, in order. Puts the channel into confirm mode itself."""
        self.confirm()
        return [self.put(body, queue, **properties) for body in bodies]

    # -- consuming

    @abstractmethod
    def get(self, queue: str, *, auto_ack: bool = False) -> Seen:
        """basic.get: a message, with `"left"` (ready messages behind it), or `"empty"`."""

    @abstractmethod
    def consume(
        self,
        queue: str,
        tag: str,
        *,
        auto_ack: bool = False,
        exclusive: bool = False,
        arguments: Arguments | None = None,
    ) -> Seen:
        """basic.consume: `"ok"`."""

    @abstractmethod
    def cancel(self, tag: str) -> Seen:
        """basic.cancel: `"ok"`."""

    @abstractmethod
    def qos(self, prefetch: int, *, share: bool = False) -> Seen:
        """basic.qos: `"ok"`; `share` is AMQP's global bit."""

    @abstractmethod
    def take(self, count: int) -> list[Seen]:
        """Wait for that many deliveries and take them: `{"body", "tag", "redelivered", "consumer", …}`."""

    @abstractmethod
    def rest(self) -> list[Seen]:
        """Let all get quiet, and take whatever deliveries there are."""

    @abstractmethod
    def cancelled(self, count: int = 0) -> list[str]:
        """Wait for that many basic.cancel from the server (0: until all is quiet): the consumers' tags."""

    @abstractmethod
    def ack(self, tag: int, *, multiple: bool = False) -> None:
        """basic.ack, without waiting."""

    @abstractmethod
    def nack(self, tag: int, *, multiple: bool = False, requeue: bool = True) -> None:
        """basic.nack, without waiting."""

    @abstractmethod
    def reject(self, tag: int, *, requeue: bool = True) -> None:
        """basic.reject, without waiting."""

    @abstractmethod
    def recover(self, *, requeue: bool = True) -> Seen:
        """basic.recover: `"ok"`."""

    # -- transactions, the channel itself

    @abstractmethod
    def tx_select(self) -> Seen:
        """tx.select: `"ok"`."""

    @abstractmethod
    def commit(self) -> Seen:
        """tx.commit: `"ok"`."""

    @abstractmethod
    def rollback(self) -> Seen:
        """tx.rollback: `"ok"`."""

    @abstractmethod
    def flow(self, active: bool) -> Seen:
        """channel.flow: `{"active"}`."""

    @abstractmethod
    def close(self) -> Seen:
        """channel.close: `"ok"`."""

    @abstractmethod
    def fate(self, *, expect_close: bool = False) -> Seen:
        """Let all get quiet (or wait for the close that is expected): `"open"`, or what closed it."""


class Connection(ABC):
    """One connection of one client."""

    @abstractmethod
    def channel(self) -> Channel:
        """Open a new channel."""

    @abstractmethod
    def fate(self, *, expect_close: bool = False) -> Seen:
        """Let all get quiet (or wait for the close that is expected).

        Returns:
            `"open"`, `"closed"` (by this client), `"lost"`, or what closed it.
        """

    @abstractmethod
    def close(self) -> Seen:
        """Close it in order: `"ok"`."""

    @abstractmethod
    def drop(self) -> None:
        """End the stream at once, as when the client's process dies."""

    @abstractmethod
    def blocked(self) -> list[str]:
        """Let all get quiet; the connection.blocked (with reason) and connection.unblocked since
        the last call."""

    @abstractmethod
    def server(self) -> Seen:
        """What the server said of itself: `{"product", "capabilities", "channel_max", "frame_max"}`."""

    @abstractmethod
    def send(self, channel: int, method: str, body: str | None = None, **fields: Any) -> None:
        """Send any method on any channel, whatever a client library would say (`Basic.Ack`). Need: wire."""

    @abstractmethod
    def send_bytes(self, data: bytes) -> None:
        """Send bytes as they are. Need: wire."""


class World(ABC):
    """Where a fact is played: one virtual host of one server, empty at the start.

    Attributes:
        seen: what the fact saw, as pairs of a few words and plain data.
    """

    def __init__(self) -> None:
        self.seen: list[list[Seen]] = []

    def see(self, what: str, value: Seen) -> None:
        """Keep an observation."""
        self.seen.append([what, value])

    @abstractmethod
    def connect(
        self,
        *,
        user: str = "guest",
        password: str = "guest",
        vhost: str | None = None,
        heartbeat: int = 0,
    ) -> Connection:
        """Open a connection. One that is refused comes back closed: ask its `fate`. Heartbeats in
        seconds; 0: none."""

    def channel(self) -> Channel:
        """Open a channel on a connection of its own."""
        return self.connect().channel()

    @abstractmethod
    def sleep(self, seconds: float) -> None:
        """Let time go by."""

    @abstractmethod
    def freeze(self, seconds: float) -> None:
        """Let time go by while no client of this world reads, writes or answers, as one that hangs
        in its callback."""

    @abstractmethod
    def greet(self, data: bytes) -> str:
        """Send bytes on a fresh stream and return what comes back, in hexadecimal. Need: wire."""

    @abstractmethod
    def alarm(self, on: bool) -> None:
        """Raise or clear the server's memory alarm. Need: operator."""


@dataclass(frozen=True)
class Fact:
    """One observable behaviour: its name, what it shows in a sentence, and how to play it."""

    name: str
    says: str
    play: Callable[[World], Generator[Interruption, None, None] | None]
    needs: frozenset[Need]


FACTS: dict[str, Fact] = {}
"""Every fact by name. Filled by importing `tests.conformance.facts`."""

Body = Callable[[World], Generator[Interruption, None, None] | None]


def fact(*needs: Need) -> Callable[[Body], Body]:
    """Add a function to the body of facts; its name is the fact's, its docstring says what it shows."""

    def add(body: Body) -> Body:
        name = body.__name__
        if name in FACTS:
            raise ValueError(f"two facts are called {name}")
        FACTS[name] = Fact(name, " ".join((body.__doc__ or "").split()), body, frozenset(needs))
        return body

    return add


_REPLY_TO: Final = re.compile(r"amq\.rabbitmq\.reply-to\.[^\s\"',]+")
_NAMED: Final = re.compile(r"amq\.gen-[\w-]{20,}")


def normalised(seen: Seen, vhost: str = "/") -> Seen:
    """Replace what differs from run to run: the virtual host's name, names the server made up, times."""
    names: dict[str, str] = {}

    def text(value: str) -> str:
        value = value.replace(f"'{vhost}'", "'/'").replace(f"vhost {vhost} ", "vhost / ")
        value = _REPLY_TO.sub("amq.rabbitmq.reply-to.(address)", value)
        return _NAMED.sub(lambda hit: names.setdefault(hit[0], f"amq.gen-({len(names) + 1})"), value)

    def walk(value: Seen) -> Seen:
        if isinstance(value, str):
            return text(value)
        if isinstance(value, list | tuple):
            return [walk(each) for each in value]
        if isinstance(value, dict):
            return {text(key): walk(each) for key, each in value.items()}
        return value

    return walk(seen)


def bodies(messages: list[Seen]) -> list[str]:
    """The bodies alone, with a `*` behind one that is redelivered."""
    return [f"{each['body']}{'*' if each.get('redelivered') else ''}" for each in messages]


def headers(message: Seen) -> Seen:
    """A message's headers, or the whole of what came instead of a message."""
    return message.get("headers") if isinstance(message, dict) and "body" in message else message
