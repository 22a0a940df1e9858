"""The body of facts in virtual time: pika inside a guest, against the world, sees what RabbitMQ showed."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from mqsim.guest.carriers.fork_server import ForkServer
from mqsim.guest.carriers.in_process import InProcess
from mqsim.guest.carriers.watchdog import watching
from mqsim.guest.host.programs import Programs
from mqsim.guest.host.services import Connection, Peer
from mqsim.scenario import Scenario
from mqsim.sim import World
from tests.conformance.facts import FACTS
from tests.conformance.record import differing, load
from tests.conformance.script import ACK_TIMEOUT, Fact, Seen
from tests.conformance.servers import SUITES
from tests.conformance.uncut import uncut

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from mqsim.guest.carriers.carrier import CarrierFactory

VERSIONS = sorted(SUITES)
ROOT = Path(__file__).parents[2]
SOURCE = (Path(__file__).parent / "guest_fact.py").read_text(encoding="utf-8")
DOWN = 1.0
"""Seconds that the broker is away when it is stopped or killed."""


class Operator:
    """A service of the world that stops the broker and raises its alarm, at a program's request."""

    world: World

    def __call__(self, connection: Connection) -> Peer:
        return Order(self.world, connection)


class Order(Peer):
    def __init__(self, world: World, connection: Connection) -> None:
        self.world = world
        self.connection = connection

    def data_received(self, data: bytes) -> None:
        node, order = self.world.node, data.decode()
        if order.startswith("alarm"):
            node.alarm("memory", order == "alarm on", "the order")
            self.connection.send(b"done")
            return
        node.stop(order == "kill")
        self._later(DOWN, self._start)

    def _start(self) -> None:
        self.world.node.start()
        self.connection.send(b"done")

    def _later(self, seconds: float, act: Callable[[], None]) -> None:
        def happen(_: Any) -> None:
            act()
            self.world.finish_instant()

        self.world.clock.call_at(self.world.clock.now + seconds, happen)


def play(fact: Fact, version: str, carry: CarrierFactory = InProcess) -> Seen:
    """What a fact sees; or a failure that shows what the program printed."""
    timeout = ACK_TIMEOUT if "timeout" in fact.needs else 1800.0
    scenario = Scenario(
        duration=1000.0,
        broker={"profile": version, "consumer_timeout": timeout},
        network={"latency": 0.0005},
        programs={"fact": {"source": SOURCE, "args": [fact.name]}},
    )
    # At the root of the repository `tests` is the program's own: it is executed in the guest.
    scenario = scenario.model_copy(update={"base": ROOT})
    operator = Operator()
    programs = Programs(scenario, carry, services={("operator", 1): operator}, cpu_limit=60.0)
    world = operator.world = World(scenario, 0, 0, [programs], True)
    # As the servers that were recorded: they look for overdue acknowledgements every second.
    world.broker.timeout_check_every = 1.0
    world.broker.deadlines.add(1.0, world.broker._check_timeouts)
    with watching():
        world.run_to_end()
    programs.close()
    transcript = programs.transcript
    assert [run.status for run in transcript.runs] == [0], "\n".join(map(str, transcript.lines))
    printed = [line.text for line in transcript.lines if line.stream == "stdout"]
    return json.loads(printed[-1])


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize("name", sorted(FACTS))
def test_pika_in_virtual_time_sees_what_it_saw_on_rabbitmq(name: str, version: str) -> None:
    recorded = load(version)[name]
    found = list(differing(recorded, uncut(recorded, play(FACTS[name], version))))
    assert not found, f"{FACTS[name].says}\n" + "\n".join(found)


IN_A_PROCESS = ("round_robin_after_acks", "kill_gives_back_what_was_held", "missed_heartbeats", "greetings")


@pytest.fixture(scope="module")
def fork_server() -> Iterator[ForkServer]:
    with ForkServer() as server:
        yield server


@pytest.mark.parametrize("name", IN_A_PROCESS)
def test_a_guest_in_a_process_of_its_own_sees_the_same(name: str, fork_server: ForkServer) -> None:
    assert play(FACTS[name], "4.3", fork_server) == play(FACTS[name], "4.3")
