"""Facts about STOMP played on a session over the broker, in virtual time: no sockets, no client library."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from mqsim.protocol import End
from mqsim.protocol.access import Access
from mqsim.stomp import Session
from tests.conformance.direct import DirectWorld
from tests.conformance.script import SETTLE
from tests.conformance.stomp.script import Client, Fact, StompWorld, normalised

if TYPE_CHECKING:
    from tests.conformance.script import Channel, Seen

_WORDS = {None: "", End.CLOSE: "closed", End.RESET: "reset"}


class DirectClient(Client):
    """A client and its session."""

    @property
    def world(self) -> StompWorld:
        return self._world

    def __init__(self, world: DirectStompWorld) -> None:
        self._world = world
        broker = world.direct.broker
        access = Access(vhosts=frozenset({"/", world.vhost}))
        self._session = Session(broker, f"client {world.opened}", access=access)
        self._got = b""

    @property
    def ended(self) -> str:
        return _WORDS[self._session.end]

    def put(self, data: bytes) -> None:
        self._session.receive(data)
        self.pump()

    def drop(self) -> None:
        self._session.lost()

    def pump(self) -> None:
        """Let the session do what it has to do now."""
        self._session.tick(self._world.direct.broker.now)
        self._got += self._session.bytes_to_send()

    def take(self) -> bytes:
        self._world.sleep(SETTLE)
        got, self._got = self._got, b""
        return got


class DirectStompWorld(StompWorld):
    """A broker of its own."""

    def __init__(self, version: str, vhost: str) -> None:
        super().__init__()
        self.vhost = vhost
        self.direct = DirectWorld(version, vhost)
        self.opened = 0
        self._clients: list[DirectClient] = []

    def stream(self) -> DirectClient:
        self.opened += 1
        self._clients.append(DirectClient(self))
        return self._clients[-1]

    def amqp(self) -> Channel:
        return self.direct.channel()

    def sleep(self, seconds: float) -> None:
        # Step by step, for signs of life.
        for _ in range(max(round(seconds / SETTLE), 1)):
            self.direct.sleep(seconds / max(round(seconds / SETTLE), 1))
            for client in self._clients:
                client.pump()


def play(fact: Fact, version: str) -> Seen:
    """Play a fact and return what it saw, normalised."""
    world = DirectStompWorld(version, fact.name)
    fact.play(world)
    return json.loads(json.dumps(normalised(world.seen, fact.name)))
