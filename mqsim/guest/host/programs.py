"""The real programs of a scenario: `Hosts` of the world.

programs = Programs(scenario, InProcess)
with watching():
    World(scenario, hosts=[programs]).run_to_end()
print(programs.transcript)
"""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from mqsim.errors import UsageError
from mqsim.guest.host.actor import GuestActor
from mqsim.guest.host.disk import Disk
from mqsim.guest.host.ledger_service import ADDRESS as LEDGER
from mqsim.guest.host.ledger_service import Ledger
from mqsim.guest.host.network import Address, Network
from mqsim.guest.host.protocols import Setting, ports_of
from mqsim.guest.host.transcript import EVENT, Line, Transcript
from mqsim.guest.program import CPU_LIMIT, KNOWN_HOSTS, Program
from mqsim.protocol.access import Access

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Mapping

    from mqsim.guest.carriers.carrier import CarrierFactory
    from mqsim.guest.host.deliveries import ClientDeliveries
    from mqsim.guest.host.process import Watch
    from mqsim.guest.host.services import Service
    from mqsim.scenario import Scenario
    from mqsim.scenario.actors import ProgramSpec
    from mqsim.sim.world import World

_TOLD = {
    "broker-stopped": "stops",
    "broker-killed": "is killed",
    "broker-started": "is up again",
    "alarm-raised": "raises its alarm: publishers must wait",
    "alarm-cleared": "clears its alarm",
    "service-failed": "fails: it answers nobody",
    "service-recovered": "works again",
    "partitioned": "is cut off from {other}",
    "healed": "reaches {other} again",
}
"""What of the log transcripts tell beside what the programs' own actors tell."""


class Programs:
    """The programs of one run.

    Args:
        scenario: whose `programs` they are.
        carry: makes carriers: `InProcess`, or a `ForkServer`.
        seed: of their random numbers.
        services: further services, by host and port; hosts must be among those that programs can resolve.
        listener: told of each line of the transcript as it comes.
        cpu_limit: Seconds of processor time that a program may use without waiting.
        access: who may log in at the broker; guest/guest unless told otherwise.
        aliases: further hosts and ports at which the broker listens for AMQP.
        watched: makes what looks at all that an actor does; see `mqsim.guest.host.crash_points`.

    Attributes:
        actors: the programs by the actors' names.
        transcript: what they print, and what happens to them.
        ledger: the world's ledger.

    Raises:
        UsageError: a program can't be read.
    """

    transcript: Transcript
    ledger: Ledger

    def __init__(
        self,
        scenario: Scenario,
        carry: CarrierFactory,
        *,
        seed: int = 0,
        services: Mapping[Address, Service] | None = None,
        listener: Callable[[Line], None] | None = None,
        cpu_limit: float | None = CPU_LIMIT,
        watched: Callable[[GuestActor], Watch | None] | None = None,
        access: Access | None = None,
        aliases: Collection[Address] = (),
    ) -> None:
        self._scenario = scenario
        self._carry = carry
        self._services = dict(services or {})
        self._listener = listener
        self._seed = seed
        self._cpu_limit = cpu_limit
        self._watched = watched
        self._access = access or Access()
        self._aliases = list(aliases)
        self._told = 0
        self.actors: dict[str, GuestActor] = {}
        self._programs = {
            name: self._read(name, spec) for name, spec in scenario.programs.items() if spec.count
        }

    def _read(self, group: str, spec: ProgramSpec) -> Program:
        """The text of a group's program; its name is each actor's in turn."""
        others = [host for host, _ in (*self._services, *self._aliases)]
        hosts = (*KNOWN_HOSTS, *self._scenario.broker.node_names(), *others)
        base = self._scenario.base
        if spec.file is None:
            path = os.path.join(os.path.abspath(base or "."), f"{group}.py")
            return Program(
                group,
                spec.source or "",
                path,
                tuple(spec.args),
                self._seed,
                hosts,
                cpu_limit=self._cpu_limit,
                stdin=self._lines_for(spec, base),
            )
        file = Path(spec.file) if base is None else base / spec.file
        read = Program.from_file(
            group, file, spec.args, seed=self._seed, hosts=hosts, cpu_limit=self._cpu_limit
        )
        return replace(read, stdin=self._lines_for(spec, base), module=spec.module or "")

    @staticmethod
    def _lines_for(spec: ProgramSpec, base: Path | None) -> str:
        """What the programs of a group find in their standard input."""
        if spec.stdin is None:
            return ""
        path = Path(spec.stdin) if base is None else base / spec.stdin
        try:
            return path.read_text(encoding="utf-8")
        except (OSError, ValueError) as error:
            raise UsageError(f"{path}: a program can't read this as its standard input: {error}.") from None

    # -- in the world ----------------------------------------------------------------------------------------

    def join(self, world: World) -> None:
        """As `Hosts` says."""
        self._world = world
        clock = world.clock
        self.transcript = Transcript(lambda: clock._now, self._listener)
        self.ledger = Ledger(lambda: clock._now)
        deliveries: dict[str, ClientDeliveries] = {}
        disk = None
        if world.broker.storage is None and not self._scenario.broker.costs.sync.mean:
            disk = world.broker.storage = Disk(world)
        setting = Setting(
            world, deliveries, self._access, lambda who, text: self.actors[who].remark(text), disk
        )
        ports = ports_of(setting, world.cluster.nodes)
        self._ports = [port for of_node in ports for port in of_node.values()]
        network = Network(world, ports, {LEDGER: self.ledger, **self._services}, self._aliases)
        for group, spec in self._scenario.programs.items():
            for k in range(1, spec.count + 1):
                name = f"{group}-{k}"
                program = self._programs[group].named(name)
                actor = GuestActor(world, group, program, self._carry, network, self.transcript)
                self.actors[name] = actor
                deliveries[name] = actor.deliveries
                if self._watched is not None:
                    actor.watch = self._watched(actor)
                world.start_at(actor, spec.start)
        world.when_outbox_is_empty.append(self._tell_events)

    def hosts(self) -> Mapping[str, GuestActor]:
        """As `Hosts` says."""
        return self.actors

    def is_busy(self) -> bool:
        """As `Hosts` says."""
        return any(actor.busy for actor in self.actors.values()) or any(
            port.awaits_silence() for port in self._ports
        )

    def set_service(self, name: str, works: bool) -> None:
        """As `Hosts` says; the only service that can fail is the ledger."""
        if name == "ledger":
            self.ledger.recover() if works else self.ledger.fail()

    def close(self) -> None:
        """As `Hosts` says: the transcript ends with who waits where."""
        self._tell_events()
        for port in self._ports:
            port.close()
        for actor in self.actors.values():
            actor.close()

    # -- the transcript --------------------------------------------------------------------------------------

    def _tell_events(self) -> bool:
        """Tell of the broker and the network what has happened since the last look."""
        events = self._world.trace.events
        while self._told < len(events):
            number = self._told
            self._told += 1
            kind = events.kind[number]
            if kind in _TOLD:
                who = events.subject[number] or "broker"
                other = events.other[number]
                text = _TOLD[kind].format(other="the broker" if other in ("", "broker") else other)
                self.transcript.add(who, EVENT, text)
        return False
