"""A world of a clock, links of one latency and small services; it writes a transcript."""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING, Any

from mqsim.guest.carriers.watchdog import watching
from mqsim.guest.host.process import Ending, GuestProcess
from mqsim.guest.host.services import Connection, Directory, Peer, Service
from mqsim.guest.program import Program
from mqsim.sim.clock import FAULT, Clock
from mqsim.sim.links import Hop, Link, Wire

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from mqsim.guest.carriers.carrier import CarrierFactory


class Echo(Peer):
    """Sends back what it gets; closes when the client has finished."""

    def __init__(self, connection: Connection) -> None:
        self.connection = connection

    def data_received(self, data: bytes) -> None:
        self.connection.send(data)

    def eof_received(self) -> bool:
        self.connection.send(b"bye\n")
        return False


class Orders(Peer):
    """Does what each line tells it: `close`, `reset`, `burst N`, `say TEXT`, `silent`."""

    def __init__(self, connection: Connection) -> None:
        self.connection = connection
        self.rest = b""
        connection.send(b"ready\n")

    def data_received(self, data: bytes) -> None:
        *lines, self.rest = (self.rest + data).split(b"\n")
        for line in lines:
            order, _, argument = line.partition(b" ")
            if order == b"close":
                self.connection.close()
            elif order == b"reset":
                self.connection.reset()
            elif order == b"burst":
                self.connection.send(b"x" * int(argument))
            elif order == b"say":
                self.connection.send(argument + b"\n")


SERVICES: dict[tuple[str, int], Service] = {
    ("localhost", 7): Echo,
    ("broker", 9): Orders,
    ("localhost", 9): Orders,
}


class Stage:
    """A clock, links and guests."""

    def __init__(
        self,
        carry: CarrierFactory,
        latency: float = 0.0005,
        services: Mapping[tuple[str, int], Service] | None = None,
    ) -> None:
        self.clock = Clock()
        self.outbox: deque[Hop] = deque()
        self.carry = carry
        self.latency = latency
        self.directory = Directory(self.make_link, SERVICES if services is None else services)
        self.lines: list[str] = []
        self.guests: list[GuestProcess] = []

    def make_link(self, _: str) -> Link:
        wires = [Wire(self.clock, self.outbox, self.finish_instant, self.latency, None) for _ in range(2)]
        return Link(*wires)

    def finish_instant(self) -> None:
        while self.outbox:
            self.outbox.popleft().arrive()

    def at(self, time: float, act: Any, *args: Any) -> None:
        def happen(_: object) -> None:
            act(*args)
            self.finish_instant()

        self.clock.call_at(time, happen, None, FAULT)

    def log(self, who: str, text: str) -> None:
        self.lines.append(f"{self.clock.now:12.6f}  {who:<10}  {text}")

    def add(self, program: Program, start: float = 0.0) -> GuestProcess:
        def line(stream: str, text: str) -> None:
            self.log(program.name, text if stream == "stdout" else f"! {text}")

        def exit(ending: Ending) -> None:
            self.log(program.name, f"* {ending.status} {ending.signal} {ending.reason}".rstrip())

        guest = GuestProcess(self, program, self.carry, self.directory, line, exit)
        self.guests.append(guest)
        self.at(start, guest.begin)
        return guest

    def program(
        self, source: str, name: str = "student", arguments: Sequence[str] = (), **options: Any
    ) -> Program:
        options.setdefault("path", f"/course/{name}.py")
        return Program(name, source, arguments=tuple(arguments), **options)

    def run(self, until: float = 1000.0) -> list[str]:
        try:
            with watching():
                self.clock.run_to(until)
        finally:
            for guest in self.guests:
                guest.kill() if guest.running else None
        return self.lines


def play(carry: CarrierFactory, source: str, until: float = 1000.0, **options: Any) -> list[str]:
    """The transcript of one program."""
    stage = Stage(carry)
    stage.add(stage.program(source, **options))
    return stage.run(until)
