"""What one run, and one submission, may use up; beyond that a program is ended."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from time import perf_counter, process_time
from typing import TYPE_CHECKING

from mqsim.errors import MqsimError
from mqsim.guest.kernel.operations import Connect, Event, Exit, Operation, Send, Write

if TYPE_CHECKING:
    from collections.abc import Callable

    from mqsim.guest.carriers.carrier import Carrier
    from mqsim.guest.carriers.fork_server import ForkedCarrier
    from mqsim.guest.program import Program


@dataclass(frozen=True)
class Budget:
    """What may be used up.

    Attributes:
        without_waiting: seconds of processor time that a program may use without waiting for anything.
        run: seconds of processor time that a run may take, the broker's part in it included.
        submission: seconds of processor time that all runs of a submission may take.
        patience: how many times as many seconds of real time may pass meanwhile. Beyond that the machine is
            too busy to grade, and nobody is judged by that.
        steps: how often one process may wait.
        sends: pieces of bytes that one process may send.
        sent: bytes that it may send; they bound messages, queues and ledger entries too.
        printed: bytes that it may print.
        connections: that it may open.
    """

    without_waiting: float = 5.0
    run: float = 30.0
    submission: float = 900.0
    patience: float = 20.0
    steps: int = 200_000
    sends: int = 50_000
    sent: int = 1_000_000
    printed: int = 200_000
    connections: int = 300


class MachineBusy(MqsimError):  # noqa: N818 - a finding about the machine
    """Far more real time has passed than was used: other programs keep this machine busy."""


class _Stopwatch:
    """Counts from when it is made.

    Attributes:
        others: seconds of processor time that programs have used by now.
    """

    def __init__(self) -> None:
        self.others = 0.0
        self._since, self._mine = perf_counter(), process_time()

    def passed(self) -> float:
        """Seconds of real time."""
        return perf_counter() - self._since

    def used(self) -> float:
        """Seconds of processor time: of this process, and of programs."""
        return process_time() - self._mine + self.others


class Meter:
    """Carries programs within a budget: it stands before what really carries them.

    Args:
        carry: what carries them.
        budget: what each may use up.
        moved: gives the place at which the sandbox has a program's file.
    """

    def __init__(
        self,
        carry: Callable[[Program], ForkedCarrier],
        budget: Budget,
        moved: Callable[[str], str] = lambda path: path,
    ) -> None:
        self._carry = carry
        self.budget = budget
        self._moved = moved
        self._run, self._whole = _Stopwatch(), _Stopwatch()
        self._programs: list[ForkedCarrier] = []

    def begin_run(self) -> None:
        """A run begins: its time is counted from now."""
        self._run = _Stopwatch()
        self._programs.clear()

    def end_run(self) -> None:
        """A run is over: what its programs used counts for the submission."""
        self._whole.others += sum(program.processor_time() for program in self._programs)
        self._programs.clear()

    def may_go_on(self) -> bool:
        """Whether the submission has time left for a further run.

        Raises:
            MachineBusy: the machine is too busy.
        """
        if self._whole.used() > self.budget.submission:
            return False
        self._hurry(self._whole, self.budget.submission, "this submission")
        return True

    def has_run_too_long(self) -> bool:
        """Whether the run has used up its processor time.

        Raises:
            MachineBusy: the machine is too busy.
        """
        budget = self.budget.run
        if self._run.passed() <= budget:
            return False  # Nobody uses more processor time than passes: only one program goes on at a time.
        if self._run.used() + sum(program.processor_time() for program in self._programs) > budget:
            return True
        self._hurry(self._run, budget, "one run")
        return False

    def _hurry(self, watch: _Stopwatch, seconds: float, what: str) -> None:
        if watch.passed() > seconds * self.budget.patience:
            raise MachineBusy(
                f"this machine is too busy: {watch.passed():.0f} s have passed for {what}, which has used "
                f"less than {seconds:g} s. Grade it again when the machine has more time."
            )

    def __call__(self, program: Program) -> Carrier:
        """Carry one program."""
        carrier = self._carry(replace(program, path=self._moved(program.path)))
        self._programs.append(carrier)
        return _Metered(carrier, self.budget, self.has_run_too_long)


class _Metered:
    """One program within its budget: a `Carrier`."""

    def __init__(self, carrier: Carrier, budget: Budget, has_run_too_long: Callable[[], bool]) -> None:
        self._carrier = carrier
        self._budget = budget
        self._has_run_too_long = has_run_too_long
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
        if self._has_run_too_long():
            return f"{budget.run:g} s of processor time in one run"
        return ""


def mover(outside: Path, inside: str) -> Callable[[str], str]:
    """Gives the sandbox's path of a file of the submission; other files keep their names."""
    folder = str(outside)

    def moved(path: str) -> str:
        if path.startswith(folder + "/"):
            return inside + path[len(folder) :]
        return f"/partner/{Path(path).name}"

    return moved
