"""Facts about STOMP played over TCP, against whatever listens there: a real RabbitMQ or our own server."""

from __future__ import annotations

import contextlib
import socket
import time
import traceback
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

from tests.conformance.pika_world import PikaWorld
from tests.conformance.script import SETTLE
from tests.conformance.stomp.facts import FACTS
from tests.conformance.stomp.script import Client, Fact, StompWorld, normalised

if TYPE_CHECKING:
    from collections.abc import Iterable

    from tests.conformance.play import Recording
    from tests.conformance.script import Channel, Seen
    from tests.conformance.servers import RealBroker


class RealClient(Client):
    """A client's TCP stream."""

    @property
    def world(self) -> StompWorld:
        return self._world

    def __init__(self, world: RealWorld) -> None:
        self._world = world
        self._ended = ""
        self._socket = socket.create_connection(("127.0.0.1", world.stomp_port), timeout=world.settle)

    @property
    def ended(self) -> str:
        return self._ended

    def put(self, data: bytes) -> None:
        with contextlib.suppress(OSError):
            self._socket.sendall(data)

    def drop(self) -> None:
        self._socket.close()

    def take(self) -> bytes:
        got = b""
        self._world.flush()
        while not self._ended:
            try:
                piece = self._socket.recv(65536)
            except TimeoutError:
                break
            except OSError:
                self._ended = "reset"
                break
            got += piece
            if not piece:
                self._ended = "closed"
        return got


class RealWorld(StompWorld):
    """One fact's world on two ports of this machine.

    Args:
        port: where AMQP is spoken on 127.0.0.1.
        stomp_port: where STOMP is.
        vhost: the virtual host, which must exist and be empty.
        slower: how many times as long as usual it waits.
    """

    def __init__(self, port: int, stomp_port: int, vhost: str, slower: float = 1.0) -> None:
        super().__init__()
        self.vhost = vhost
        self.stomp_port = stomp_port
        self.settle = 1.6 * SETTLE * slower
        self._port, self._slower = port, slower
        self._amqp: PikaWorld | None = None
        self._clients: list[RealClient] = []

    def stream(self) -> RealClient:
        self._clients.append(RealClient(self))
        return self._clients[-1]

    def amqp(self) -> Channel:
        if self._amqp is None:
            self._amqp = PikaWorld(self._port, self.vhost, slower=self._slower)
        return self._amqp.channel()

    def flush(self) -> None:
        """Have the AMQP connections send what they have."""
        if self._amqp is not None:
            self._amqp.sleep(0.1)

    def sleep(self, seconds: float) -> None:
        if self._amqp is not None:
            self._amqp.sleep(seconds)
        else:
            time.sleep(seconds)

    def end(self) -> None:
        """Close every stream."""
        for each in self._clients:
            each.drop()
        if self._amqp is not None:
            self._amqp.end()


def play_all(
    broker: RealBroker, names: Iterable[str] | None = None, workers: int = 16, slower: float = 1.0
) -> Recording:
    """Play facts (all of them unless named) against a real broker that was started, side by side."""
    chosen = [FACTS[name] for name in (FACTS if names is None else names)]
    broker.drop_vhosts(fact.name for fact in chosen)
    broker.add_vhosts(fact.name for fact in chosen)
    with ThreadPoolExecutor(workers) as pool:
        seen = pool.map(lambda fact: play(fact, broker.port, broker.stomp_port, fact.name, slower), chosen)
        return dict(sorted(zip((fact.name for fact in chosen), seen, strict=True)))


def play(fact: Fact, port: int, stomp_port: int, vhost: str, slower: float = 1.0) -> Seen:
    """Play one fact over TCP and return what it saw, normalised; a failure is its traceback."""
    world = RealWorld(port, stomp_port, vhost, slower)
    try:
        fact.play(world)
        return normalised(world.seen, vhost)
    except Exception:
        return ["it failed", traceback.format_exc()]
    finally:
        world.end()
