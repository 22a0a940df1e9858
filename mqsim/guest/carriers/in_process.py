"""Carrier one: a guest in this process, on greenlets.

For notebooks and the command line, never for grading: a program can find the simulator in its own
interpreter.

A guest that is killed is never unwound: its greenlets are put aside for good, since letting go of them would
run the program's `finally` blocks. One that came to its end is let go.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NoReturn

from greenlet import getcurrent, greenlet

from mqsim.guest.carriers import watchdog
from mqsim.guest.carriers.interpreter import InterpreterState, runtime_of
from mqsim.guest.kernel.lifecycle import live
from mqsim.guest.kernel.operations import Event, Exit, Operation
from mqsim.guest.kernel.runtime import current
from mqsim.guest.kernel.tracebacks import whereabouts

if TYPE_CHECKING:
    from mqsim.guest.program import Program

_put_aside: list[object] = []


class _Left(BaseException):
    """The hub has come to its end."""

    def __init__(self, operations: list[Operation]) -> None:
        super().__init__()
        self.operations = operations


class InProcess:
    """A guest on greenlets: a `HostCalls`, and a `HostCalls` for its runtime.

    Args:
        program: what it runs.
    """

    def __init__(self, program: Program) -> None:
        self._runtime = runtime = runtime_of(program, self)
        self._surroundings = InterpreterState(runtime)
        self._host: greenlet = getcurrent()
        self._greenlet = greenlet(self._run)
        self._gone = False

    def _run(self, now: int, _: list[Event]) -> tuple[list[Operation], None]:
        try:
            self._runtime.run(live(self._runtime), now)
        except _Left as left:
            return left.operations, None

    # -- the host's end --------------------------------------------------------------------------------------

    def resume(self, now: int, events: list[Event]) -> tuple[list[Operation], int | None]:
        """Let the guest run until it waits again."""
        assert not self._gone
        self._host = self._greenlet.parent = getcurrent()
        self._surroundings.swap()
        before = watchdog.enter(self)
        try:
            reply: Any = self._greenlet.switch(now, events)
        except BaseException:
            self.kill()
            raise
        finally:
            watchdog.leave(before)
            self._surroundings.swap()
        operations, deadline = reply
        if operations and isinstance(operations[-1], Exit):
            if self._runtime.nothing_left:
                self._gone = True
                self._runtime.let_go()
            else:
                self.kill()
        return operations, deadline

    def kill(self) -> None:
        """Put the guest aside; nothing of it runs any more."""
        if not self._gone:
            self._gone = True
            _put_aside.append((self._runtime, self._greenlet, self._surroundings))

    # -- the guest's end -------------------------------------------------------------------------------------

    def wait(self, now: int, operations: list[Operation], deadline: int | None) -> tuple[int, list[Event]]:
        """Go back to the host until it resumes."""
        answer: tuple[int, list[Event]] = self._host.switch((operations, deadline))
        return answer

    def leave(self, now: int, operations: list[Operation]) -> NoReturn:
        """Go back to the host for good, from the hub."""
        raise _Left(operations)

    # -- the watchdog ----------------------------------------------------------------------------------------

    @property
    def name(self) -> str:
        """The program's name."""
        return self._runtime.program.name

    @property
    def cpu_limit(self) -> float | None:
        """Seconds of real time that it may run without blocking."""
        return self._runtime.program.cpu_limit

    def place(self, frame: Any) -> str:
        """Where in its text the program is."""
        return whereabouts(self._runtime, frame)

    def abandon(self, frame: Any, why: str) -> None:
        """Called in the midst of the guest, which is to be ended: it does not return."""
        if current() is self._runtime:
            self._host.switch((watchdog.last_operations(self._runtime, frame, why), None))

    def stop(self) -> None:
        """Called in the midst of the guest, at Ctrl-C: the host is interrupted in its stead."""
        if current() is self._runtime:
            self._host.throw(KeyboardInterrupt)
