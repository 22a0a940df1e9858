"""One guest: its threads, its clock, and the hub that turns all its waiting into one blocking call.

The hub is the greenlet that owns the carrier. It lets each thread run until it waits; when all wait it asks
the carrier for the next event or the nearest deadline. Threads that become ready go on in the order in which
they did: events in the order in which they came, then deadlines by (time, number).

Computing takes no time. But a program that never waits would stop the world. So what it does without waiting
is charged: from some number of calls on, each takes a sliver of virtual time (`idle`, `effort`). A program
that goes on without an end is ended (`STEPS`).
"""

from __future__ import annotations

import signal
import sys
from collections import deque
from heapq import heappop, heappush
from typing import TYPE_CHECKING, Any, NoReturn, cast

from greenlet import getcurrent, greenlet

from mqsim.guest.kernel.operations import (
    Connected,
    Dozing,
    Ended,
    Event,
    Exit,
    HostCalls,
    Locate,
    Located,
    Operation,
    Paced,
    Received,
    Remark,
    Reset,
    Signalled,
    Sleeping,
    Spawned,
    Switched,
    Write,
)
from mqsim.guest.kernel.signal_numbers import FATAL, SIGINT, SIGKILL
from mqsim.guest.kernel.tracebacks import whereabouts

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from types import ModuleType

    from mqsim.guest.kernel.descriptors import Descriptor, Imports
    from mqsim.guest.program import Program

FIRST_FD = 1_000_000
"""Emulated sockets are numbered from here, so that no real descriptor is ever meant."""

SPIN_FREE = 500
"""Looks at a clock, and polls that find nothing, that cost no time; from then on a thread spins."""

SPIN = 256
"""Ticks that each further one takes: 1/4096 s."""

_SPIN_SHARE = 13
# A thread that has spun for two seconds or more is charged 1/8192 of that, so that a day of it ends.

STEPS = 600_000
"""How many steps a process may take, before it is ended as one that never ends: each time that it waits is
one, and each piece that it prints; each that it sends is four."""

_SENDING = 3
_BUSY_FREE, _BUSY_DOUBLES, _BUSY_MOST = 10_000, 1024, 6
_BUSY_AT_ONCE = 64
# So many calls are charged together: to hand over after each costs more than the call itself.
_HAND_OVER = 1 << 20
"""Bytes after which operations are handed over, though the program has not waited."""


class Task(greenlet):
    """One thread of a guest, as a greenlet.

    Attributes:
        runtime: the guest that it belongs to.
        ident: what `threading.get_ident()` shows.
        parked: whether it waits to be woken; `parks` counts how often it has, so that an old timer is told.
        woken: whether what it waited for happened, rather than its deadline.
        deadline: until when it waits at most, in ticks; None is for ever.
        asleep: whether it waits as `time.sleep` does, which a slow machine stretches.
        idle, busy: how many calls it made without letting time pass (see `Runtime.idle`).
        spins_since: when it began to do nothing else.
        signals: numbers of signals that it has to take.
        interrupted: whether a handler has run while it waited.
        sentinel: called when it ends.
    """

    def __init__(self, runtime: Runtime, ident: int, body: Callable[[], object], parent: greenlet) -> None:
        super().__init__(body, parent)
        self.runtime = runtime
        self.ident = ident
        self.parked = False
        self.parks = 0
        self.woken = False
        self.deadline: int | None = None
        self.asleep = False
        self.idle = 0
        self.busy = 0
        self.spins_since = 0
        self.interrupted = False
        self.signals: list[int] = []
        self.sentinel: Callable[[], None] | None = None


class Runtime:
    """One guest.

    Args:
        program: what it runs.
        carrier: what carries it.
        imports: makes its `import`.
        make: makes a module that is its own, by name.

    Attributes:
        now: its time in ticks.
        operations: what it has done since it last waited.
        descriptors: its sockets by number.
        changes: how often one of them changed, as far as that is counted.
        listeners: its own listening sockets by port.
        modules: what it has imported of the modules that are its own (see `imports`).
        sources: the lines of its own files, by file name.
        handlers: what it set with `signal.signal`.
        at_exit: what it registered with `atexit`.
        main: its main thread.
        pace: how many times as long as usual it sleeps.
        unwound: whether its main thread came to its end.
        only_heartbeats: whether the poll that comes next waits for messages and heartbeats alone.
        poll_round: seconds after which a library ends that poll in reality, though nothing came; 0: never.
        passes_heartbeats: lets heartbeats pass while that poll waits (`heartbeats`); None: each one ends it.
        dozing: how many threads are in such a poll.
        wakeup_fd: the socket that signals are written to (`signal.set_wakeup_fd`), or -1.
        remarks: what was remarked of it, once each.
        may_leave: whether what happens now may be real, as the runtime itself wants it.
        steps: how many steps it has taken (see `STEPS`).
    """

    def __init__(
        self,
        program: Program,
        carrier: HostCalls,
        imports: Callable[[Runtime], Imports],
        make: Callable[[Runtime, str], ModuleType],
    ) -> None:
        self.program = program
        self.carrier = carrier
        self.now = 0
        self.operations: list[Operation] = []
        self.descriptors: dict[int, Descriptor] = {}
        self.changes = 0
        self.listeners: dict[int, Any] = {}
        self.modules: dict[str, ModuleType] = {}
        self.sources: dict[str, list[str]] = {}
        self.handlers: dict[int, Any] = {}
        self.at_exit: list[tuple[Callable[..., object], tuple[Any, ...], dict[str, Any]]] = []
        self.main: Task
        self._make = make
        self.importer = imports(self)
        self.pace = 1.0
        self.unwound = False
        self.only_heartbeats = False
        self.poll_round = 0.0
        self.passes_heartbeats: Callable[[Sequence[Descriptor]], float | None] | None = None
        self.dozing = 0
        self.wakeup_fd = -1
        self.steps = 0
        self.remarks: list[str] = []
        self.may_leave = False
        self._tasks: list[Task] = []
        self._many = 16
        self._ready: deque[Task] = deque()
        self._timers: list[tuple[int, int, Task, int]] = []
        self._number = 0
        self._next_fd = FIRST_FD
        self._next_ident = program.pid << 32 | 1
        self._hub: greenlet | None = None
        self._bytes = 0
        self._hand_over = False
        self._sleepers = 0
        self._told_sleeping = False
        self._told_dozing = False
        self._observed = program.observed
        self._doing: object = None
        self._waits = 0
        self._stops_after, self._stops_at = program.stop_at or (-1, 0)

    # -- threads ---------------------------------------------------------------------------------------------

    def spawn(self, body: Callable[[], object], hidden: bool = False) -> Task:
        """Start a thread; it runs when the caller next waits. A `hidden` one is none of the program's."""
        assert self._hub is not None
        task = Task(self, self._next_ident, body, self._hub)
        self._next_ident += 1
        if len(self._tasks) >= self._many:
            self._tasks = self._living()
            self._many = 2 * len(self._tasks) + 16
        self._tasks.append(task)
        self._ready.append(task)
        if self._observed and len(self._tasks) > 1 and not hidden:
            self.do(Spawned(task.ident & 0xFFFF_FFFF))
        return task

    def _living(self) -> list[Task]:
        return [task for task in self._tasks if not task.dead]

    def park(self, deadline: int | None = None) -> bool:
        """Have the calling thread wait until it is woken, or until `deadline` in ticks.

        Returns:
            Whether it was woken. Whoever wakes may wake too often: look again whether what you wait for is
            there.

        Raises:
            KeyboardInterrupt: Ctrl-C came; or whatever else a signal's handler raises.
        """
        task = getcurrent()
        if not isinstance(task, Task) or task.runtime is not self:
            raise RuntimeError("only a thread of this guest can wait in it.")
        began = self.now
        woken = self._park(task, deadline)
        if self.now != began:
            task.idle = task.busy = 0
        return woken

    def _park(self, task: Task, deadline: int | None) -> bool:
        task.woken = False
        task.deadline = deadline
        hub = cast("greenlet", self._hub)
        if task.signals and self._take_signals(task):
            return True
        while True:
            task.parked = True
            task.parks += 1
            if task.deadline is not None:
                self._set_timer(task)
            hub.switch()
            if task.signals:
                self._take_signals(task)
            if self._is_over(task):
                return task.woken

    def _is_over(self, task: Task) -> bool:
        return task.woken or (task.deadline is not None and task.deadline <= self.now)

    def _set_timer(self, task: Task) -> None:
        assert task.deadline is not None
        self._number += 1
        heappush(self._timers, (task.deadline, self._number, task, task.parks))

    def wake(self, task: Task) -> None:
        """Have a thread go on: what it waits for may be there."""
        task.woken = True
        self._rouse(task)

    def _rouse(self, task: Task) -> None:
        if task.parked:
            task.parked = False
            self._ready.append(task)

    def sleep(self, ticks: int) -> None:
        """Have the calling thread sleep; on a slow machine it takes longer."""
        if ticks <= 0:
            self.idle()
            self._yield()
            return
        task = getcurrent()
        assert isinstance(task, Task)
        task.asleep = True
        self._sleepers += 1
        try:
            self.park(self.now + max(1, round(ticks * self.pace)))
        finally:
            self._sleepers -= 1
            task.asleep = False

    def park_for(self, ticks: int | None) -> bool:
        """`park` for a number of ticks at most, as something that counts as sleeping."""
        return self.park() if ticks is None else self.park_until(self.now + ticks)

    def park_until(self, deadline: int | None) -> bool:
        """`park`, as something that counts as sleeping where it has a deadline."""
        if deadline is None:
            return self.park()
        self._sleepers += 1
        try:
            return self.park(deadline)
        finally:
            self._sleepers -= 1

    def _yield(self) -> None:
        task = getcurrent()
        if self._ready and isinstance(task, Task):
            task.woken = False
            task.deadline = None
            task.parked = True
            self.wake(task)
            cast("greenlet", self._hub).switch()

    # -- charging --------------------------------------------------------------------------------------------

    def idle(self) -> None:
        """Account for a call that gets nobody further: a look at the clock, a poll that finds nothing.

        A thread that makes many of them in a row spins: each then takes a fixed sliver of time (`SPIN`).
        """
        task = getcurrent()
        if isinstance(task, Task):
            task.idle += 1
            if task.idle > SPIN_FREE:
                if task.idle == SPIN_FREE + 1:
                    task.spins_since = self.now
                self._spend(task, max(SPIN, (self.now - task.spins_since) >> _SPIN_SHARE))

    def effort(self, size: int = 0) -> None:
        """Account for a call that gets something done: a line printed, `size` bytes sent."""
        task = getcurrent()
        self._bytes += size
        if not isinstance(task, Task):
            return
        task.idle = 0
        task.busy += 1
        over = task.busy - _BUSY_FREE
        if over > 0 and not over % _BUSY_AT_ONCE:
            self._spend(task, _BUSY_AT_ONCE << min(over // _BUSY_DOUBLES, _BUSY_MOST))
        elif self._bytes >= _HAND_OVER:
            self._hand_over = True
            self._park(task, self.now)

    def _spend(self, task: Task, ticks: int) -> None:
        """Have a thread that goes on by itself take so much time."""
        self._sleepers += 1
        try:
            self._park(task, self.now + ticks)
        finally:
            self._sleepers -= 1

    # -- the hub ---------------------------------------------------------------------------------------------

    def run(self, main: Callable[[], object], now: int) -> NoReturn:
        """Run the guest to its end, in the greenlet that owns the carrier."""
        self.now = now
        self._hub = getcurrent()
        self.main = self.spawn(main)
        ready = self._ready
        while not self._ended():
            if ready:
                ready.popleft().switch()
            else:
                self._let_time_pass()
        self.carrier.leave(self.now, self.operations)

    def _ended(self) -> bool:
        return bool(self.operations) and isinstance(self.operations[-1], Exit)

    def _let_time_pass(self) -> None:
        if not self._hand_over and self._rouse_due():
            return
        timers = self._timers
        while timers and not self._is_set(timers[0]):
            heappop(timers)
        deadline = timers[0][0] if timers else None
        if (self._sleepers > 0) is not self._told_sleeping:
            self._told_sleeping = not self._told_sleeping
            self.operations.append(Sleeping(self._told_sleeping))
        if (self.dozing > 0) is not self._told_dozing:
            self._told_dozing = not self._told_dozing
            self.operations.append(Dozing(self._told_dozing))
        self.steps += 1
        if self.steps > STEPS:
            self.operations.append(Exit(137, 9, self._endless()))
            return
        operations, self.operations = self.operations, []
        self._bytes = 0
        self._hand_over = False
        self.now, events = self.carrier.wait(self.now, operations, deadline)
        self._waits += 1
        if self._waits == self._stops_after and self._stops_at < 0:
            self.carrier.wait(self.now, [], None)  # the host does not come back
        for event in events:
            self._apply(event)
        self._rouse_due()

    def _endless(self) -> str:
        """Why a program is ended that goes on and on."""
        place = whereabouts(self, self.main.gr_frame)
        return f"ended after {STEPS:,} steps: it sends, prints or wakes up without an end ({place})"

    @staticmethod
    def _is_set(timer: tuple[int, int, Task, int]) -> bool:
        _, _, task, parks = timer
        return task.parked and task.parks == parks

    def _rouse_due(self) -> bool:
        timers, found = self._timers, False
        while timers and timers[0][0] <= self.now:
            timer = heappop(timers)
            if self._is_set(timer):
                self._rouse(timer[2])
                found = True
        return found

    def _apply(self, event: Event) -> None:
        match event:
            case Received(fd, data):
                if (receiver := self.descriptors.get(fd)) is not None:
                    receiver.received(data)
            case Connected(fd, errno):
                if (connecting := self.descriptors.get(fd)) is not None:
                    connecting.answered(errno)
            case Ended(fd):
                if (ended := self.descriptors.get(fd)) is not None:
                    ended.ended()
            case Reset(fd):
                if (broken := self.descriptors.get(fd)) is not None:
                    broken.torn()
            case Signalled(number):
                self.signal(number)
            case Paced(factor):
                self._stretch(factor)
            case Locate():
                self.operations.append(Located("\n".join(self.locations())))

    def _stretch(self, factor: float) -> None:
        ratio, self.pace = factor / self.pace, factor
        for task in self._tasks:
            if task.asleep and task.parked and task.deadline is not None:
                remaining = max(0, task.deadline - self.now)
                task.deadline = self.now + round(remaining * ratio)
                task.parks += 1
                self._set_timer(task)

    # -- signals and ends ------------------------------------------------------------------------------------

    def signal(self, number: int) -> None:
        """Have a signal delivered: to its handler in the main thread, or it does as by default."""
        handler = self.handlers.get(number, signal.SIG_DFL)
        if handler == signal.SIG_IGN:
            return
        if number == SIGKILL or (number in FATAL and handler == signal.SIG_DFL):
            self.end(Exit(128 + number, number))
        elif callable(handler) or number == SIGINT:
            if (waking := self.descriptors.get(self.wakeup_fd)) is not None and callable(handler):
                waking.send(bytes([number]))
            self.main.signals.append(number)
            self._rouse(self.main)

    def _take_signals(self, task: Task) -> bool:
        """Call handlers. One may wait itself; then what the thread waited for may have come unseen.

        Returns:
            Whether the thread is to look again.
        """
        deadline, asleep = task.deadline, task.asleep
        while task.signals:
            number = task.signals.pop(0)
            handler = self.handlers.get(number, signal.SIG_DFL)
            if callable(handler):
                task.asleep = False
                handler(number, sys._getframe())
                task.interrupted = True
                task.deadline, task.asleep = deadline, asleep
                task.woken = not asleep
            elif number == SIGINT:
                raise KeyboardInterrupt
        return task.woken

    def end(self, exit: Exit) -> None:
        """End the process at once: no other thread runs, nothing is unwound. Does not return in a thread."""
        if not self._ended():
            self.operations.append(exit)
        if current() is self:
            cast("greenlet", self._hub).switch()

    def finish(self, exit: Exit) -> None:
        """End the process, as the main thread returns."""
        if not self._ended():
            self.operations.append(exit)
            self.unwound = True

    @property
    def nothing_left(self) -> bool:
        """Whether it has ended with no frame of the program left on any stack."""
        return self.unwound and not self._living()

    def let_go(self) -> None:
        """Forget its threads: dead greenlets that name each other escape the garbage collector."""
        self._tasks.clear()
        self._timers.clear()
        self._hub = None
        del self.main

    def locations(self) -> list[str]:
        """A line for each thread that waits: its name, and the line of the program that it is in."""
        return [
            f"{self.thread_name(task)}: {whereabouts(self, task.gr_frame)}"
            for task in self._living()
            if task.gr_frame is not None
        ]

    def thread_name(self, task: object) -> str:
        """What the program calls one of its threads."""
        threading = self.modules.get("threading")
        if threading is None or not isinstance(task, Task):
            return "MainThread"
        thread = threading._active.get(task.ident)
        return "MainThread" if thread is None else str(thread.name)

    # -- what shims ask for ----------------------------------------------------------------------------------

    def module(self, name: str) -> ModuleType:
        """This guest's own module of that name."""
        found = self.modules.get(name)
        return self._make(self, name) if found is None else found

    def complain(self, text: str) -> None:
        """Write to whatever the program's standard error is now."""
        sys.stderr.write(text)

    def remark(self, text: str) -> None:
        """Have the transcript say something of the program, once."""
        if text not in self.remarks:
            self.remarks.append(text)
            self.operations.append(Remark(text))

    def new_fd(self) -> int:
        """A number for a socket."""
        self._next_fd += 1
        return self._next_fd - 1

    def write(self, stream: int, data: bytes) -> None:
        """Standard output (1) or standard error (2)."""
        self._add(Write(stream, data))
        self.steps += 1
        self.effort(len(data))

    def do(self, operation: Operation, size: int = 0) -> None:
        """Have the host do something when the program next waits."""
        self._add(operation)
        if size:
            self.steps += 1 + _SENDING
            self.effort(size)

    def _add(self, operation: Operation) -> None:
        if self._observed:
            self._stop_if_due()
            task = getcurrent()
            if task is not self._doing and isinstance(task, Task):
                self._doing = task
                self.operations.append(Switched(task.ident & 0xFFFF_FFFF))
            self.operations.append(operation)
            self._stop_if_due()
        else:
            self.operations.append(operation)

    def _stop_if_due(self) -> None:
        """Where this is the instant of its death, hand over what was done. The host does not come back."""
        if self._waits == self._stops_after and len(self.operations) == self._stops_at:
            self.carrier.wait(self.now, self.operations, None)


def current() -> Runtime | None:
    """The guest that the caller belongs to; None outside guests."""
    runtime: Any = getattr(getcurrent(), "runtime", None)
    found: Runtime | None = runtime
    return found


def inside() -> Runtime:
    """The guest that the caller belongs to.

    Raises:
        RuntimeError: the caller belongs to none.
    """
    runtime = current()
    if runtime is None:
        raise RuntimeError("this belongs to a program in virtual time and can't be used outside it.")
    return runtime
