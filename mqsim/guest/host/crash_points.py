"""Every instant at which a crash of a program could make a difference, and a crash at one of them.

What a program does between two waits is a batch of operations. A first run, with an `Observer` for each
actor, lists the points: after each operation, and at the end of each wait. A run with a `Striker` is the same
up to its point, since runs are deterministic; there the actor is killed as by SIGKILL. What it sent before is
on its way; what it printed is printed; what it would have done next, it has not done.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, NamedTuple

from mqsim.guest.host.operation_words import OperationReader, StepKind
from mqsim.guest.kernel.operations import (
    Began,
    Done,
    Dozing,
    Exit,
    Located,
    Operation,
    Remark,
    Send,
    Sleeping,
    Spawned,
    Switched,
    Tried,
    UsedBy,
)
from mqsim.trace import FaultSpan
from mqsim.trace.timeline import message_name, text_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from mqsim.guest.host.actor import GuestActor
    from mqsim.guest.program import Program

MAIN_THREAD = 1


class Point(NamedTuple):
    """One instant in the life of an actor.

    Attributes:
        who: the actor.
        t: seconds from the start of the run.
        batch: how often it had gone on before.
        cut: how many operations of that batch it has done; -1: nothing of it has run since it waited.
        did: what it had just done, as in `after printing "started task 1"`.
        kinds: the kinds of those operations, by which to know the point again.
        life: which of its processes it is, from 1.
        waits: how often that process had gone on before.
        steps: how many steps the actor had done by then, all its processes together.
    """

    who: str
    t: float
    batch: int
    cut: int
    did: str
    kinds: tuple[type, ...]
    life: int = 1
    waits: int = 0
    steps: int = 0


class Step(NamedTuple):
    """One thing that an actor did.

    Attributes:
        t: when, in seconds.
        kind: what it is.
        text: what was printed, published or recorded; else its words.
        thread: the number of the thread that did it.
        life: which of the actor's processes did it, from 1.
    """

    t: float
    kind: StepKind
    text: str
    thread: int
    life: int


class Handling:
    """One delivery in a program's hands.

    Attributes:
        row, attempt: of the message, and of the delivery.
        life: which of the actor's processes has it.
        thread: which thread took it in hand.
        called: whether a callback was called with it; if not, the program had asked for it.
        auto: whether the broker counted it as done when it sent it.
        begun: when; `begun_at` is how many steps the actor had done by then.
        returned: when the callback came back, or the program asked for the next one; None if it did not.
            `returned_at` is how many steps the actor had done by then.
        failed: whether its callback ended in an exception.
        settled: when its acknowledgement had been sent, and committed where the channel has transactions;
            None if it was not. `settled_at` is how many steps the actor had done by then.
        threads: the numbers of threads that were started because of it.
    """

    def __init__(self, row: int, attempt: int, life: int, thread: int, called: bool, auto: bool) -> None:
        self.row = row
        self.attempt = attempt
        self.life = life
        self.thread = thread
        self.called = called
        self.auto = auto
        self.begun = 0.0
        self.begun_at = 0
        self.returned: float | None = None
        self.returned_at = 0
        self.failed = False
        self.settled: float | None = None
        self.settled_at = 0
        self.threads: set[int] = set()


class Observer:
    """Writes down what one actor does: a `Watch`.

    Attributes:
        points: in order.
        pauses: the ends of its waits, before anything of it runs: a crash there differs from one before its
            next operation only in what it writes to files between the two.
        steps: all that it did, in order.
        handlings: the deliveries that it had in hand, in order.
        spawning: in which of its lives it started a thread while it had a delivery in hand.
    """

    def __init__(self, actor: GuestActor) -> None:
        self.points: list[Point] = []
        self.pauses: list[Point] = []
        self.steps: list[Step] = []
        self.handlings: list[Handling] = []
        self.spawning: set[int] = set()
        self._actor = actor
        self._process = actor.process
        self._batch = -1
        self._life = 0
        self._begin_life()

    def _begin_life(self) -> None:
        self._life += 1
        self._reader = OperationReader()
        self._last = -1.0
        self._waits = -1
        self._thread = MAIN_THREAD
        self._open: dict[tuple[int, int, int], Handling] = {}
        self._in_transactions = False
        self._uncommitted: list[Handling] = []

    def prepare(self, program: Program) -> Program:
        """As `Watch` says."""
        return replace(program, observed=True)

    def look(self, operations: list[Operation]) -> int | None:
        """As `Watch` says; nobody is killed."""
        self._batch += 1
        if self._actor.process is not self._process:
            if self._process is not None:  # started again
                self._begin_life()
            self._process = self._actor.process
        self._waits += 1
        now = self._actor.world.clock.now
        first = True
        for number, operation in enumerate(operations):
            before = len(self.steps)
            text = self._take(operation, now)
            if not text:
                continue
            if first and 0 <= self._last < now:
                self.pauses.append(self._point(now, (), -1, f"waiting, before {text}", before))
                self.points.append(self._point(now, (), 0, f"before {text}", before))
            first = False
            kinds = tuple(map(type, operations[: number + 1]))
            self.points.append(self._point(now, kinds, number + 1, f"after {text}", len(self.steps)))
        if not first:
            self._last = now
        return None

    def _point(self, now: float, kinds: tuple[type, ...], cut: int, did: str, steps: int) -> Point:
        name = self._actor.name
        return Point(name, now, self._batch, cut, did, kinds, self._life, self._waits, steps)

    def strike(self) -> None:
        """Never called."""

    def _take(self, operation: Operation, now: float) -> str:
        """Write an operation down; give its words, empty where a crash after it is not worth a run."""
        match operation:
            case Began():
                return self._began(operation, now)
            case Done(error=error):
                handling = self._open.get((operation.fd, operation.channel, operation.tag))
                if handling is None or handling.returned is not None:
                    return ""
                handling.returned, handling.returned_at = now, len(self.steps)
                handling.failed = bool(error)
                if handling.settled is not None or handling.auto:
                    del self._open[operation.fd, operation.channel, operation.tag]
                return f"{'failing at' if error else 'coming to the end with'} {self._name(handling.row)}"
            case Spawned(thread):
                for handling in self._in_hand():
                    handling.threads.add(thread)
                    self.spawning.add(self._life)
                return ""
            case Switched(thread):
                self._thread = thread
                return ""
            case Sleeping() | Dozing() | Located() | Exit() | Tried() | UsedBy() | Remark():
                return ""
        said = self._reader.tell(operation)
        for kind, words in said.steps:
            self.steps.append(Step(now, kind, words, self._thread, self._life))
            if kind is StepKind.BEGIN_TX:
                self._in_transactions = True
        if isinstance(operation, Send):
            self._settle(operation.fd, said.settled, now)
            if any(kind is StepKind.COMMIT for kind, _ in said.steps):
                self._settled(self._uncommitted, now)
                self._uncommitted = []
        return "" if said.beats else said.text

    def _began(self, operation: Began, now: float) -> str:
        held = self._actor.deliveries.holding(operation)
        if held is None:
            return "taking a delivery in hand"
        handling = Handling(
            held.message.row, held.attempt, self._life, self._thread, operation.called, held.auto
        )
        handling.begun, handling.begun_at = now, len(self.steps)
        self.handlings.append(handling)
        self._open[operation.fd, operation.channel, operation.tag] = handling
        return f"taking {self._name(handling.row)} in hand"

    def _in_hand(self) -> list[Handling]:
        """What the thread that runs is working on."""
        return [
            handling
            for handling in self._open.values()
            if (handling.returned is None and handling.thread == self._thread)
            or self._thread in handling.threads
        ]

    def _settle(self, fd: int, settled: tuple[tuple[int, int, bool], ...], now: float) -> None:
        """Acknowledgements have left."""
        for channel, tag, multiple in settled:
            meant = [
                handling
                for key, handling in self._open.items()
                if key[0] in (fd, -1)
                and key[1] == channel
                and (key[2] == tag or (multiple and (key[2] <= tag or not tag)))
                and handling.settled is None
            ]
            if self._in_transactions:
                self._uncommitted += meant
            else:
                self._settled(meant, now)

    def _settled(self, handlings: list[Handling], now: float) -> None:
        for handling in handlings:
            handling.settled, handling.settled_at = now, len(self.steps)

    def _name(self, row: int) -> str:
        trace = self._actor.world.trace
        text = text_of(trace, row)
        return f'"{text}"' if text else message_name(trace, row)


class Striker:
    """Kills one actor at a point: a `Watch`.

    Args:
        actor: whom.
        strike: when, and what then.
        observer: what looks on as well.
    """

    def __init__(self, actor: GuestActor, strike: Strike, observer: Observer | None = None) -> None:
        self._actor = actor
        self._strike = strike
        self._observer = observer
        self._batch = -1
        self._lives = 0

    def prepare(self, program: Program) -> Program:
        """As `Watch` says: in the life in question it stops at the point."""
        self._lives += 1
        point = self._strike.point
        stop_at = (point.waits, point.cut) if self._lives == point.life else None
        return replace(program, observed=True, stop_at=stop_at)

    def look(self, operations: list[Operation]) -> int | None:
        """As `Watch` says."""
        self._batch += 1
        point = self._strike.point
        cut = None
        if self._batch == point.batch and self._actor.world.clock.now == point.t:
            lives_to_do = max(point.cut, 0)
            done = tuple(map(type, operations[:lives_to_do]))
            cut = lives_to_do if done == point.kinds else None
        if self._observer is not None:
            self._observer.look(operations[:cut])
        return cut

    def strike(self) -> None:
        """Kill it, and have it started again where that was asked for."""
        actor, world, delay = self._actor, self._actor.world, self._strike.restart_after
        now = world.clock.now
        self._strike.struck = True
        end = float("nan") if delay is None else now + delay
        world.trace.faults.append(FaultSpan("crash", actor.name, now, end))
        actor.crash()
        self._strike.on_struck()
        world.restart_later(actor, delay)


class Strike:
    """Has one actor killed at a point, and all observed; called with each actor of a run.

    Args:
        point: whom, and when.
        restart_after: seconds after which it is started again; None is never.
        on_struck: called when it has been killed.

    Attributes:
        struck: whether that has happened. If not, the run was not the same up to there.
        observers: of all actors, by name.
    """

    def __init__(
        self, point: Point, restart_after: float | None, on_struck: Callable[[], None] = lambda: None
    ) -> None:
        self.point = point
        self.on_struck = on_struck
        self.restart_after = restart_after
        self.struck = False
        self.observers: dict[str, Observer] = {}

    def __call__(self, actor: GuestActor) -> Striker | Observer:
        """What watches that actor."""
        observer = self.observers[actor.name] = Observer(actor)
        return Striker(actor, self, observer) if actor.name == self.point.who else observer


def observing(observers: dict[str, Observer]) -> Callable[[GuestActor], Observer]:
    """Has every actor observed; the observers are put into the mapping, by name."""

    def watch(actor: GuestActor) -> Observer:
        observer = observers[actor.name] = Observer(actor)
        return observer

    return watch
