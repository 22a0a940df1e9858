"""A real program as an actor of the world: started, struck by faults, started again."""

from __future__ import annotations

from dataclasses import replace
from math import prod
from typing import TYPE_CHECKING

from mqsim.guest.host.deliveries import ClientDeliveries
from mqsim.guest.host.process import Ending, GuestProcess
from mqsim.guest.host.transcript import EVENT, Run, Transcript
from mqsim.guest.kernel.signal_numbers import SIGTERM
from mqsim.trace import Actor
from mqsim.trace.event_kinds import EventKind

if TYPE_CHECKING:
    from collections.abc import Callable

    from mqsim.guest.carriers.carrier import CarrierFactory
    from mqsim.guest.host.network import Network
    from mqsim.guest.host.process import Watch
    from mqsim.guest.program import Program
    from mqsim.sim.links import Link
    from mqsim.sim.session import Session
    from mqsim.sim.world import World

_LIVES = 1 << 32
"""How far apart the seeds of a program's lives are: one that is started again draws other numbers."""


class GuestActor:
    """One program in the world: a `Host`.

    A stop in order is Ctrl-C, as a student ends a consumer: KeyboardInterrupt in the program's main thread. A
    program that is started again is a new process.

    Args:
        world: whose actor it is.
        group: the name in the scenario.
        program: what runs; its name is the actor's.
        carry: makes carriers.
        network: finds what it connects to.
        transcript: where its lines go.

    Attributes:
        deliveries: what it holds, and publishes.
        process: its process, the last one if it does not run.
        watch: looks at all that its processes do, and may have them killed.
    """

    session: Session | None = None
    heartbeat = 0.0

    def __init__(
        self,
        world: World,
        group: str,
        program: Program,
        carry: CarrierFactory,
        network: Network,
        transcript: Transcript,
    ) -> None:
        self.world = world
        self.program = program
        self.name = program.name
        self.cast = world.trace.cast[self.name] = Actor(group, "program")
        self.deliveries = ClientDeliveries(world, self.name, self.cast)
        self.links: list[Link] = world.cluster.links(self.name, group)
        self.process: GuestProcess | None = None
        self.running = False
        self.life = 0
        self.up_listeners: list[Callable[[bool], None]] = []
        self.watch: Watch | None = None
        self._carry = carry
        self._network = network
        self._transcript = transcript
        self._slowness: list[float] = []
        self._lives = 0
        self._remarks: set[str] = set()
        self._ends_as: EventKind | None = None
        self._run: Run | None = None

    # -- life ------------------------------------------------------------------------------------------------

    def start(self) -> None:
        """Start a process, unless one runs."""
        if self.running:
            return
        now = self.world.clock._now
        program = replace(self.program, seed=self.program.seed + _LIVES * self._lives)
        if self.watch is not None:
            program = self.watch.prepare(program)
        self._lives += 1
        self.life += 1
        self.running = True
        self.cast.up.append((now, float("nan")))
        self.world.log(EventKind.STARTED, self.name)
        self.deliveries.record.process_started()
        self._run = self._transcript.begins(self.name)
        if now > 0 or self._lives > 1:
            self._tell("starts" if self._lives == 1 else "starts again")
        self._slowness.clear()
        self._remarks.clear()
        self._ends_as = None
        self.process = GuestProcess(
            self.world,
            program,
            self._carry,
            self._network.of(self),
            self._line,
            self._ended,
            self.deliveries.told,
            self.watch,
            self.remark,
        )
        self.process.begin()
        self._tell_up(True)

    def _line(self, stream: str, text: str) -> None:
        self._transcript.add(self.name, stream, text)

    def remark(self, text: str) -> None:
        """Have the transcript say something of it, once for each of its processes."""
        if text not in self._remarks:
            self._remarks.add(text)
            self._tell(text)

    def _tell(self, text: str) -> None:
        self._transcript.add(self.name, EVENT, text)

    def _ended(self, ending: Ending) -> None:
        now = self.world.clock._now
        self.running = False
        self.life += 1
        self.cast.up[-1] = (self.cast.up[-1][0], now)
        kind, sentence = self._words(ending)
        detail = sentence.removeprefix("exits ") if kind is EventKind.EXITED else ""
        self.world.log(kind, self.name, detail=detail)
        self._tell(sentence)
        assert self._run is not None
        self._run.end(ending.status, ending.signal, now)
        self.deliveries.record.process_exited(ending.status, ending.signal, sentence)
        self.deliveries.ended(in_order=ending.status == 0)
        self._tell_up(False)

    def _words(self, ending: Ending) -> tuple[EventKind, str]:
        """The log's word for an end, and the transcript's."""
        if self._ends_as is EventKind.POWERED_OFF:
            return EventKind.POWERED_OFF, "loses power"
        if self._ends_as is EventKind.CRASHED:
            return EventKind.CRASHED, "is killed"
        if ending.reason:
            ended = ending.reason.startswith("ended")
            return EventKind.EXITED, f"is {ending.reason}" if ended else ending.reason
        if ending.signal and ending.status != 130:
            return EventKind.EXITED, f"is ended by signal {ending.signal}"
        return EventKind.EXITED, f"exits with status {ending.status}"

    def _tell_up(self, up: bool) -> None:
        for listener in list(self.up_listeners):
            listener(up)

    # -- faults ----------------------------------------------------------------------------------------------

    def crash(self) -> None:
        """SIGKILL: no `finally` runs; its kernel closes its connections."""
        if self.running and self.process is not None:
            self._ends_as = EventKind.CRASHED
            self.process.kill()

    def power_off(self) -> None:
        """Its machine is switched off: nobody closes anything."""
        if self.running and self.process is not None:
            self._ends_as = EventKind.POWERED_OFF
            self.process.power_off()

    def stop_in_order(self, for_good: bool) -> None:
        """Ctrl-C."""
        if self.running and self.process is not None:
            self._tell("gets Ctrl-C")
            self.process.interrupt()

    def terminate(self) -> None:
        """SIGTERM, as a container is stopped."""
        if self.running and self.process is not None:
            self._tell("gets SIGTERM")
            self.process.signal(SIGTERM)

    def hang(self) -> None:
        """It stands still, and with it its heartbeats."""
        if self.running and self.process is not None and not self.process.hung:
            self._happens(EventKind.HUNG, "hangs")
            self.process.hang()

    def restore(self) -> None:
        """The end of a `hang`."""
        if self.running and self.process is not None and self.process.hung:
            self._happens(EventKind.RESTORED, "goes on")
            self.process.restore()

    def slow(self, factor: float) -> None:
        """Its sleeping, which stands for work, takes `factor` times as long from now on."""
        self._slowness.append(factor)
        self._pace(f"is slow: its sleeping takes {prod(self._slowness):g} times as long")

    def end_slow(self, factor: float) -> None:
        """Take one `slow` back."""
        self._slowness.remove(factor)
        self._pace("is itself again" if not self._slowness else "is less slow")

    def _pace(self, text: str) -> None:
        if self.running and self.process is not None:
            self._tell(text)
            self.process.slow(prod(self._slowness))

    def drop_connection(self) -> None:
        """Its connections break; both ends learn of it at once."""
        if self.running and self.process is not None:
            self._happens(EventKind.CONNECTION_LOST, "has its connection broken")
            self.process.drop_connections()

    def close_both_ends(self, session: Session, why: str) -> None:
        """Never asked for: it has no modelled connection."""

    def _happens(self, kind: EventKind, text: str) -> None:
        self.world.log(kind, self.name)
        self._tell(text)

    # -- the end of the run ----------------------------------------------------------------------------------

    @property
    def busy(self) -> bool:
        """Whether it runs and will go on by itself, if only to find out that nothing reaches it."""
        process = self.process
        if process is None or not process.running or process.hung:
            return False
        cut = process.deadline is not None and any(each.is_cut() for each in process.connections.values())
        return process.sleeping or cut

    def close(self) -> None:
        """The run is over: say where it waits, and let it go."""
        process = self.process
        if process is None or not process.running:
            return
        if process.hung:
            self._tell("hangs when the run ends")
        elif process.resumed:
            places = process.where().splitlines()
            for place in places:
                thread, _, line = place.partition(": ")
                who = f"{thread} " if len(places) > 1 else ""
                still = "sleeps" if process.sleeping else "waits"
                self._tell(f"{who}{still} {line if line.startswith('not ') else f'in {line}'}")
        process.dismiss()
