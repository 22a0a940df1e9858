"""What one run, and one submission, may use up; beyond that a program is ended."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from time import perf_counter
from typing import TYPE_CHECKING

from mqsim.guest.kernel.operations import Connect, Event, Exit, Operation, Send, Write

if TYPE_CHECKING:
    from collections.abc import Callable

    from mqsim.guest.carriers.carrier import Carrier, CarrierFactory
    from mqsim.guest.program import Program


@dataclass(frozen=True)
class Budget:
    """What may be used up.

    Attributes:
        without_waiting: seconds of processor time that a program may use without waiting for anything.
        run: seconds of real time that a run may take.
        submission: seconds of real time that all runs of a submission may take.
        steps: how often one process may wait.
        sends: pieces of bytes that one process may send.
        sent: bytes that it may send; they bound messages, queues and ledger entries too.
        printed: bytes that it may print.
        connections: that it may open.
    """

    without_waiting: float = 5.0
    run: float = 30.0
    submission: float = 900.0
    steps: int = 200_000
    sends: int = 50_000
    sent: int = 1_000_000
    printed: int = 200_000
    connections: int = 300


class Meter:
    """Carries programs within a budget: it stands before what really carries them.

    Args:
        carry: what carries them.
        budget: what each may use up.
        moved: gives the place at which the sandbox has a program's file.
    """

    def __init__(
        self, carry: CarrierFactory, budget: Budget, moved: Callable[[str], str] = lambda path: path
    ) -> None:
        self._carry = carry
        self._budget = budget
        self._moved = moved
        self._since = perf_counter()

    def begin_run(self) -> None:
        """A run begins: its time is counted from now."""
        self._since = perf_counter()

    def __call__(self, program: Program) -> Carrier:
        """Carry one program."""
        return self.unmoved(replace(program, path=self._moved(program.path)))

    def unmoved(self, program: Program) -> Carrier:
        """Carry one program whose path is the sandbox's own already."""
        return _Metered(self._carry(program), self._budget, lambda: self._since)


class _Metered:
    """One program within its budget: a `Carrier`."""

    def __init__(self, carrier: Carrier, budget: Budget, since: Callable[[], float]) -> None:
        self._carrier = carrier
        self._budget = budget
        self._since = since
        self._steps = self._sends = self._sent = self._printed = self._connections = 0

    def resume(self, now: int, events: list[Event]) -> tuple[list[Operation], int | None]:
        """Let the program go on, unless it has used up what it may."""
        operations, deadline = self._carrier.resume(now, events)
        self._count(operations)
        if why := self._used_up():
            self._carrier.kill()
            return [Exit(137, 9, f"ended after {why}")], None
        return operations, deadline

    def kill(self) -> None:
        """End it at once."""
        self._carrier.kill()

    def _count(self, operations: list[Operation]) -> None:
        self._steps += 1
        for operation in operations:
            if isinstance(operation, Send):
                self._sends += 1
                self._sent += len(operation.data)
            elif isinstance(operation, Write):
                self._printed += len(operation.data)
            elif isinstance(operation, Connect):
                self._connections += 1

    def _used_up(self) -> str:
        budget = self._budget
        if self._steps > budget.steps:
            return f"it waited {budget.steps} times"
        if self._sends > budget.sends or self._sent > budget.sent:
            return f"it sent more than {budget.sent} bytes in a run"
        if self._printed > budget.printed:
            return f"it printed more than {budget.printed} bytes in a run"
        if self._connections > budget.connections:
            return f"it opened more than {budget.connections} connections in a run"
        if perf_counter() - self._since() > budget.run:
            return f"{budget.run:g} s of real time in one run"
        return ""


def mover(outside: Path, inside: str) -> Callable[[str], str]:
    """Gives the sandbox's path of a file of the submission; other files keep their names."""
    folder = str(outside)

    def moved(path: str) -> str:
        if path.startswith(folder + "/"):
            return inside + path[len(folder) :]
        return f"/partner/{Path(path).name}"

    return moved
