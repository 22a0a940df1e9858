"""Facts about clusters played on the broker alone, in virtual time."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.conformance.cluster import NET_TICK_TIME
from tests.conformance.cluster_script import ClusterFact, ClusterWorld, plain
from tests.conformance.direct import DirectChannel, DirectConnection, DirectWorld
from tests.conformance.script import Connection, Seen

if TYPE_CHECKING:
    from collections.abc import Callable

    from mqsim.broker import Message, ReplicatedQueue

ELECTION = 0.5
"""Seconds that an election takes: less than a moment, as recorded after a stop and after a kill."""

SUSPICION = 5.0
"""Seconds until a silent leader is missed."""

STEP = 0.05


class Members:
    """The members of quorum queues: a majority has a message at once, an election takes its time."""

    def __init__(self, world: DirectClusterWorld) -> None:
        self.world = world

    def replicate(self, entry: int, queue: ReplicatedQueue, message: Message) -> None:
        broker = self.world.broker
        broker.deadlines.add(broker.now, lambda _: broker.replicated(entry))

    def elect(self, queue: ReplicatedQueue) -> None:
        broker = self.world.broker

        def elected(_: float) -> None:
            up = [member for member in queue.members if broker.is_up(member)]
            if up:
                broker.elected(queue.name, up[0])

        broker.deadlines.add(broker.now + ELECTION, elected)


class Refused(Connection):
    """A connection to a node that is down."""

    closed: Seen = "lost"

    def fate(self, *, expect_close: bool = False) -> Seen:
        return self.closed

    def is_lost(self) -> bool:
        return True

    def channel(self) -> DirectChannel:
        raise NotImplementedError

    def close(self) -> Seen:
        return self.closed

    def drop(self) -> None:
        raise NotImplementedError

    def blocked(self) -> list[str]:
        raise NotImplementedError

    def server(self) -> Seen:
        raise NotImplementedError

    def send(self, channel: int, method: str, body: str | None = None, **fields: object) -> None:
        raise NotImplementedError

    def send_bytes(self, data: bytes) -> None:
        raise NotImplementedError


class DirectClusterWorld(DirectWorld, ClusterWorld):
    """A broker of three nodes of its own."""

    def __init__(self, version: str, vhost: str) -> None:
        super().__init__(version, vhost, nodes=3)
        self.broker.replication = Members(self)
        self.silent: set[str] = set()

    def connect(self, *, node: int = 1, user: str = "guest", **more: object) -> Connection:  # type: ignore[override]
        host = f"broker-{node}"
        return DirectConnection(self, user, host) if self.broker.is_up(host) else Refused()

    def clock(self) -> float:
        return self.broker.now

    def wait_for(self, done: Callable[[], bool], seconds: float) -> float | None:
        began = self.broker.now
        while not done():
            if self.broker.now - began >= seconds:
                return None
            self.sleep(STEP)
        return self.broker.now - began

    def patient(self, seconds: float) -> None:
        self.patience = seconds

    def disturb(self, what: str) -> None:
        """Have something befall a node."""
        how, _, number = what.partition(" ")
        node, broker = f"broker-{number}", self.broker
        self.pause()
        match how:
            case "stop" | "kill":
                broker.node_down(node, killed=how == "kill")
            case "start":
                self.sleep(1.0)
                broker.node_up(node)
            case "suspend":
                self.silent.add(node)
                broker.node_silent(node)
                broker.deadlines.add(broker.now + SUSPICION, lambda _: broker.node_suspected(node))
                broker.deadlines.add(broker.now + NET_TICK_TIME, lambda _: self._give_up(node))
            case _:
                self._resume(node)
        self.disk.flush()

    def _give_up(self, node: str) -> None:
        if node in self.silent:
            self.silent.remove(node)
            self.broker.node_down(node, killed=True)

    def _resume(self, node: str) -> None:
        if node in self.silent:
            self.silent.remove(node)
            self.broker.node_resumed(node)
        else:
            self.broker.node_up(node)


def play_direct(fact: ClusterFact, version: str) -> Seen:
    """What a fact sees of the broker."""
    world = DirectClusterWorld(version, fact.name)
    for what in fact.play(world):
        world.disturb(what)
    return plain(world.seen, fact.name)
