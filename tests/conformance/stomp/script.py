"""The language that facts about STOMP are written in.

A *fact* is a function of a `StompWorld`: it opens clients, has them send frames or plain bytes, and keeps
what came back. An AMQP client of the same virtual host stands beside them (`world.amqp()`), so a fact can
look at queues and at messages. Nothing here knows of sockets or clocks.
"""

from __future__ import annotations

import re
from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from tests.conformance.script import Channel, Seen
from tests.conformance.script import normalised as normalised_amqp

GUEST: Final = "login:guest passcode:guest"


def frame(head: str, body: str = "") -> bytes:
    """A frame from its command and headers with a space between each; a value can't have spaces."""
    return ("\n".join(head.split(" ")) + "\n\n" + body).encode() + b"\0"


class Client(ABC):
    """One client's stream."""

    @property
    @abstractmethod
    def world(self) -> StompWorld:
        """Where it lives."""

    @abstractmethod
    def put(self, data: bytes) -> None:
        """Send bytes as they are."""

    @abstractmethod
    def drop(self) -> None:
        """End the stream at once, as when the client's process dies."""

    @abstractmethod
    def take(self) -> bytes:
        """Let all get quiet, and take the bytes that came."""

    @property
    @abstractmethod
    def ended(self) -> str:
        """How the server has ended the stream: `closed` or `reset`; empty while it goes on."""

    def say(self, head: str, body: str = "") -> None:
        """Send a frame, and do not wait."""
        self.put(frame(head, body))

    def hear(self, what: str = "then") -> None:
        """Let all get quiet, and keep the frames that came."""
        self.world.see(what, self.frames())

    def ask(self, head: str, body: str = "", what: str = "") -> None:
        """Send a frame, let all get quiet, and keep what came."""
        self.say(head, body)
        found = self.frames()
        if head.startswith("SEND "):
            # Two processes of the server race: one tells of the message, the other that it is safe.
            found.sort(key=lambda each: not each.startswith("MESSAGE\n"))
        self.world.see(what or head, found)

    def tell(self, data: bytes, what: str) -> None:
        """Send bytes, let all get quiet, and keep what came."""
        self.put(data)
        self.hear(what)

    def connect(self, version: str = "1.2", more: str = "") -> None:
        """Open the connection, and do not keep the answer."""
        self.say(f"CONNECT accept-version:{version} host:{self.world.vhost} {GUEST}{more and ' ' + more}")
        self.take()

    def frames(self) -> list[str]:
        """Let all get quiet; the frames that came as texts, and how the stream ended if it did."""
        data = self.take()
        found = frames_of(data)
        if self.ended:
            found.append(f"({self.ended})")
        return found


def frames_of(data: bytes) -> list[str]:
    """Bytes as frames; what is between them but for the line feed behind each is kept, too."""
    found = []
    rest = data
    while rest:
        if rest.startswith(b"\n"):
            rest = rest[1:]
            continue
        head, _, behind = rest.partition(b"\n\n")
        length = re.search(rb"^content-length:(\d+)$", head, re.MULTILINE)
        end = int(length[1]) if length else behind.find(b"\0")
        if end < 0:
            found.append(f"(unfinished) {rest.decode('utf-8', 'backslashreplace')}")
            break
        found.append((head + b"\n\n" + behind[:end]).decode("utf-8", "backslashreplace"))
        rest = behind[end + 1 :]
    return found


class StompWorld(ABC):
    """Where a fact is played: one virtual host of one server, empty at the start.

    Attributes:
        vhost: its name.
        seen: what the fact saw, as pairs of a few words and plain data.
    """

    vhost: str

    def __init__(self) -> None:
        self.seen: list[list[Seen]] = []

    def see(self, what: str, value: Seen) -> None:
        """Keep an observation."""
        self.seen.append([what.replace(self.vhost, "(vhost)"), value])

    @abstractmethod
    def stream(self) -> Client:
        """Open a stream, on which nothing was said yet."""

    @abstractmethod
    def amqp(self) -> Channel:
        """An AMQP channel on a connection of its own."""

    @abstractmethod
    def sleep(self, seconds: float) -> None:
        """Let time go by."""

    def client(self, version: str = "1.2", more: str = "") -> Client:
        """Open a stream, and the connection on it."""
        client = self.stream()
        client.connect(version, more)
        return client


Body = Callable[[StompWorld], None]


@dataclass(frozen=True)
class Fact:
    """One observable behaviour: its name, what it shows in a sentence, and how to play it."""

    name: str
    says: str
    play: Body


FACTS: dict[str, Fact] = {}
"""Every fact by name. Filled by importing `tests.conformance.stomp.facts`."""


def add(name: str, says: str, body: Body) -> None:
    """Add a fact."""
    if name in FACTS:
        raise ValueError(f"two facts are called {name}")
    FACTS[name] = Fact(name, says, body)


def fact(body: Body) -> Body:
    """Add a function to the facts; its name is the fact's, its docstring says what it shows."""
    add(body.__name__, " ".join((body.__doc__ or "").split()), body)
    return body


def named(prefix: str, *words: str) -> str:
    """A name for one of several alike facts: a few words become part of it."""
    return "_".join([prefix, *(re.sub(r"\W+", "_", word).strip("_").lower() or "nothing" for word in words)])


_SESSION: Final = re.compile(r"session-[\w-]{20,}")
_SUBSCRIPTION: Final = re.compile(r"stomp-subscription-[\w-]{20,}")


def normalised(seen: Seen, vhost: str) -> Seen:
    """Replace what differs from run to run: names that the server made up, the virtual host, its version."""
    names: dict[str, str] = {}

    def text(value: str) -> str:
        for kind, pattern in (("session", _SESSION), ("stomp-subscription", _SUBSCRIPTION)):
            value = pattern.sub(
                lambda hit, kind=kind: names.setdefault(hit[0], f"{kind}-({len(names) + 1})"), value
            )
        value = re.sub(r"server:RabbitMQ/[\d.]+", "server:RabbitMQ/(version)", value)
        return value.replace(f"'{vhost}'", "'(vhost)'").replace(f"vhost {vhost} ", "vhost (vhost) ")

    def walk(value: Seen) -> Seen:
        if isinstance(value, str):
            return text(value)
        if isinstance(value, list | tuple):
            return [walk(each) for each in value]
        if isinstance(value, dict):
            return {text(key): walk(each) for key, each in value.items()}
        return value

    return walk(normalised_amqp(seen, vhost))
