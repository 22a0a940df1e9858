"""A guest as the world drives it: a process that begins, runs, is interrupted, killed, hung or switched off.

It knows nothing of AMQP. It turns the guest's operations into connections over the world's links, lines of
output and an ending, and what arrives into the guest's events. It runs when something has arrived or its
deadline has come; what it does then happens at that instant.
"""

from __future__ import annotations

import errno
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

from mqsim.errors import SimulationError
from mqsim.guest.host.lines import Lines, OnLine
from mqsim.guest.host.services import Connection, Route
from mqsim.guest.kernel.operations import (
    Began,
    Close,
    Connect,
    Done,
    Dozing,
    Event,
    Exit,
    Finish,
    Locate,
    Located,
    Operation,
    Paced,
    Remark,
    Send,
    Signalled,
    Sleeping,
    Spawned,
    Switched,
    Tried,
    UsedBy,
    Write,
)
from mqsim.guest.kernel.signal_numbers import SIGINT, SIGKILL
from mqsim.guest.kernel.ticks import floor_ticks, seconds_of
from mqsim.sim.links import Deferred, Hop

if TYPE_CHECKING:
    from collections import deque

    from mqsim.guest.carriers.carrier import Carrier, CarrierFactory
    from mqsim.guest.program import Program
    from mqsim.sim.clock import Clock


class Watch(Protocol):
    """Looks at what a process does, and may have it killed in the midst of that."""

    def prepare(self, program: Program) -> Program:
        """A process of the program is about to begin: the program as it is to run."""

    def look(self, operations: list[Operation]) -> int | None:
        """It is about to do these, now: how many of them it lives to do; None is all, and lives on."""

    def strike(self) -> None:
        """It has done so many: kill it."""


class Stage(Protocol):
    """What a guest needs of the world."""

    clock: Clock
    outbox: deque[Hop]

    def finish_instant(self) -> None:
        """Let everything happen that takes no time."""


@dataclass(frozen=True, slots=True)
class Ending:
    """How a process ended.

    Attributes:
        status: as a shell sees it: 0 to 255.
        signal: the number of the signal that it died of, or 0.
        reason: why, where the program did not end by itself: `killed`, `powered off`, or a sentence's end.
    """

    status: int
    signal: int
    reason: str


OnDelivery = Callable[[Began | Done | Tried], None]
"""Told of what the program does with a delivery."""


def _ignore(_: object) -> None:
    """Nobody wants to know."""


_STREAMS = {1: "stdout", 2: "stderr"}


class GuestProcess:
    """One run of one program.

    Args:
        stage: the world: its clock, its outbox, and what empties that.
        program: what runs.
        carry: makes its carrier: `InProcess`, or a `ForkServer`.
        route: finds services and links.
        on_line: told of each line that it prints.
        on_exit: told of its end, once, whatever the cause.
        on_delivery: told of each delivery that it takes in hand, and is through with.
        watch: looks at all it does, and may have it killed.
        on_remark: told what is remarked of it, such as that it wants a real socket.

    Attributes:
        name: the program's name.
        running: whether it has begun and not ended.
        ending: how it ended; None before.
        silent: whether its machine is switched off: nothing that arrives is answered.
        hung: whether it stands still.
        deadline: until when it waits at most, in seconds; None is for ever.
        sleeping: whether a thread of it sleeps or waits for a while; otherwise all wait for ever, or for
            messages and pika's next heartbeat alone.
        connections: those that it has, by its own number.
        resumed: how often it went on.
    """

    def __init__(
        self,
        stage: Stage,
        program: Program,
        carry: CarrierFactory,
        route: Route,
        on_line: OnLine,
        on_exit: Callable[[Ending], None],
        on_delivery: OnDelivery = _ignore,
        watch: Watch | None = None,
        on_remark: Callable[[str], None] = _ignore,
    ) -> None:
        self.program = program
        self.name = program.name
        self.running = self.hung = self.silent = self.sleeping = False
        self.ending: Ending | None = None
        self.deadline: float | None = None
        self.connections: dict[int, Connection] = {}
        self.resumed = 0
        self._stage = stage
        self._carry = carry
        self._route = route
        self._on_exit = on_exit
        self._on_delivery = on_delivery
        self._watch = watch
        self._on_remark = on_remark
        self._streams = {number: Lines(name, on_line) for number, name in _STREAMS.items()}
        self._carrier: Carrier | None = None
        self._inbox: list[Event] = []
        self._due = False
        self._dozing = False
        self._armed = float("inf")
        self._located = ""
        self._ticks = 0
        self._ticks_due: int | None = None
        self._offset = 0.0

    # -- what the world does ---------------------------------------------------------------------------------

    def begin(self) -> None:
        """Start the process, now.

        Raises:
            SimulationError: it has been started before; a restart is a new `GuestProcess`.
        """
        if self._carrier is not None:
            raise SimulationError(f"{self.name} has been started before; make a new GuestProcess of it.")
        self._carrier = self._carry(self.program)
        self.running = True
        self._wake()

    def event(self, event: Event, may_wait: bool = False) -> None:
        """Something happens to the guest; it goes on once the outbox comes to it.

        What `may_wait` gets the program no further, such as a heartbeat: where it would only look at it and
        wait on, it finds it when it next wakes up by itself.
        """
        if self.running:
            self._inbox.append(event)
            if not may_wait or self.sleeping or not self._dozing:
                self._wake()

    def signal(self, number: int) -> None:
        """Send a signal, such as `signal.SIGTERM`. A hung process takes it when it goes on."""
        if number == SIGKILL:
            self.kill()
        else:
            self.event(Signalled(number))

    def interrupt(self) -> None:
        """Press Ctrl-C: KeyboardInterrupt in its main thread, unless it handles SIGINT."""
        self.signal(SIGINT)

    def kill(self) -> None:
        """Send SIGKILL: nothing of it runs any more, no `finally`; its kernel closes its connections."""
        if self.running:
            self._end(Ending(137, 9, "killed"))

    def power_off(self) -> None:
        """Switch off its machine: it is gone, and nobody closes anything."""
        if self.running:
            self.silent = True
            for connection in self.connections.values():
                connection.darken()
            self.connections.clear()
            self._end(Ending(137, 9, "powered off"))

    def dismiss(self) -> None:
        """Let go of it at the end of a run: nothing of it runs any more, and nobody is told."""
        if self.running and self._carrier is not None:
            self.running = False
            self._carrier.kill()

    def hang(self) -> None:
        """Have the process stand still, with all its threads; what arrives waits in its kernel."""
        self.hung = True

    def restore(self) -> None:
        """The end of a hang."""
        if self.hung:
            self.hung = False
            self._wake()

    def slow(self, factor: float) -> None:
        """From now on its sleeping takes `factor` times as long, what remains of it too; 1 ends that."""
        self.event(Paced(factor))

    def drop_connections(self) -> None:
        """Break its connections; both ends learn of it at once."""
        for connection in list(self.connections.values()):
            connection.sever()

    def where(self) -> str:
        """Where it waits: a line for each thread, such as `MainThread: consumer.py, line 12`."""
        if not self.running or self.hung or self._carrier is None or not self.resumed:
            return ""
        self._inbox.append(Locate())
        self._run()
        return self._located

    # -- running ---------------------------------------------------------------------------------------------

    def _wake(self) -> None:
        if not self._due:
            self._due = True
            self._stage.outbox.append(Deferred(self._go))

    def _go(self) -> None:
        self._due = False
        if self.running and not self.hung:
            self._run()

    def _run(self) -> None:
        assert self._carrier is not None
        events, self._inbox = self._inbox, []
        self.resumed += 1
        operations, deadline = self._carrier.resume(self._look_at_clock(), events)
        self.deadline = None if deadline is None else seconds_of(deadline) + self._offset
        self._ticks_due = deadline
        lives_to_do = None if self._watch is None else self._watch.look(operations)
        for operation in _joined(operations[:lives_to_do]):
            if not self.running:  # whoever was told of a line has killed it
                return
            self._do(operation)
        if lives_to_do is not None and self._watch is not None:
            self._watch.strike()
        if self.running and self.deadline is not None:
            self._arm(self.deadline)

    def _look_at_clock(self) -> int:
        """The guest's time: rounded down, but never before a deadline that has come.

        What was rounded off is added to the deadlines that it sets now. So a sleep of 1 s takes 1 s.
        """
        now = self._stage.clock.now
        if self._ticks_due is not None and self.deadline is not None and self.deadline <= now:
            self._ticks = max(self._ticks, self._ticks_due)
        self._ticks = max(self._ticks, floor_ticks(now))
        self._offset = now - seconds_of(self._ticks)
        return self._ticks

    def _arm(self, deadline: float) -> None:
        """Have the deadline come. An earlier alarm is kept, and sets the next when it rings."""
        if deadline < self._armed:
            self._armed = deadline
            self._stage.clock.call_idly(max(deadline, self._stage.clock.now), self._ring, deadline)

    def _ring(self, event: Any) -> None:
        if event.value != self._armed:
            return
        self._armed = float("inf")
        if not self.running or self.deadline is None:
            return
        if self.deadline <= self._stage.clock.now:
            self._wake()
            self._stage.finish_instant()
        else:
            self._arm(self.deadline)

    def _do(self, operation: Operation) -> None:
        match operation:
            case Send(fd, data):
                if (sending := self.connections.get(fd)) is not None:
                    sending.transmit(data)
            case Write(stream, data):
                self._streams[stream].add(data)
            case Connect(fd, host, port):
                find, link = self._route(self.name, host, port)
                connection = self.connections[fd] = Connection(self, fd, link)
                connection.request(find, errno.ECONNREFUSED)
            case Finish(fd):
                if (finishing := self.connections.get(fd)) is not None:
                    finishing.finish()
            case Close(fd):
                if (closing := self.connections.pop(fd, None)) is not None:
                    closing.abandon("socket closed")
            case Began() | Done() | Tried():
                self._on_delivery(operation)
            case UsedBy(fd, frame, thread):
                for each in self.connections.values():
                    if each.fd == fd or fd < 0:
                        each.used_by(frame, thread)
            case Remark(text):
                self._on_remark(text)
            case Sleeping(sleeping):
                self.sleeping = sleeping
            case Dozing(dozing):
                self._dozing = dozing
            case Spawned() | Switched():
                pass  # for a `Watch` alone
            case Located(text):
                self._located = text
            case Exit(status, number, reason):
                self._end(Ending(status, number, reason))

    def _end(self, ending: Ending) -> None:
        assert self._carrier is not None
        self.running = self.hung = False
        self.ending = ending
        self.deadline = None
        self._carrier.kill()
        for stream in self._streams.values():
            stream.end()
        for connection in self.connections.values():
            connection.abandon("program killed" if ending.signal else "program ended")
        self.connections.clear()
        self._on_exit(ending)


def _joined(operations: list[Operation]) -> list[Operation]:
    """The same, with what is sent in a row on one connection sent at once; printing does not break a row."""
    if len(operations) < 2:
        return operations
    found: list[Operation] = []
    row: list[bytes] = []
    row_of, place = -1, -1
    for operation in operations:
        if isinstance(operation, Send):
            if operation.fd == row_of:
                row.append(operation.data)
                continue
            _close_row(found, place, row)
            row_of, place, row = operation.fd, len(found), [operation.data]
        elif not isinstance(operation, Write):
            _close_row(found, place, row)
            row_of, row = -1, []
        found.append(operation)
    _close_row(found, place, row)
    return found


def _close_row(found: list[Operation], place: int, row: list[bytes]) -> None:
    if len(row) > 1:
        first = found[place]
        assert isinstance(first, Send)
        found[place] = Send(first.fd, b"".join(row))
