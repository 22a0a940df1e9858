"""Every instant at which a crash of a program could make a difference, and a crash at one of them.

What a program does between two waits is a batch of operations. A first run, with an `Observer` for each
actor, lists the points: after each operation, and at the end of each wait. A run with a `Striker` is the same
up to its point, since runs are deterministic; there the actor is killed as by SIGKILL. What it sent before is
on its way; what it printed is printed.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, NamedTuple

from mqsim.guest.host.operation_words import OperationReader, Said
from mqsim.guest.kernel.operations import Began, Done, Exit, Located, Operation, Send, Sleeping, Tried, UsedBy
from mqsim.trace import FaultSpan
from mqsim.trace.story import message_name, text_of

if TYPE_CHECKING:
    from mqsim.guest.host.actor import GuestActor


class Point(NamedTuple):
    """One instant in the life of an actor.

    Attributes:
        who: the actor.
        t: seconds from the start of the run.
        batch: how often it had gone on before.
        cut: how many operations of that batch it has done.
        did: what it had just done, as in `after printing "started task 1"`.
        kinds: the kinds of those operations, by which to know the point again.
    """

    who: str
    t: float
    batch: int
    cut: int
    did: str
    kinds: tuple[type, ...]


class Work(NamedTuple):
    """One delivery's way through a program that worked it to its end.

    Attributes:
        row: of the message.
        over: (batch, cut) from which on there was nothing left to do but to acknowledge, or to come back.
        through: (batch, cut) at which that had been done too.
    """

    row: int
    over: tuple[int, int]
    through: tuple[int, int]


class _Step(NamedTuple):
    """An operation, its place and what it was about."""

    t: float
    place: tuple[int, int]
    is_work: bool


class _Open:
    """A delivery that the program has in hand."""

    def __init__(self, row: int, auto: bool) -> None:
        self.row = row
        self.returned = False
        self.acked = auto


class Observer:
    """Writes down what one actor does: a `Watch`.

    Attributes:
        points: in order.
        works: of deliveries that it was through with.
    """

    def __init__(self, actor: GuestActor) -> None:
        self.points: list[Point] = []
        self.works: list[Work] = []
        self._actor = actor
        self._process = actor.process
        self._reader = OperationReader()
        self._said = Said("")
        self._batch = -1
        self._last = -1.0
        self._steps: list[_Step] = []
        self._open: dict[tuple[int, int, int], _Open] = {}

    def look(self, operations: list[Operation]) -> None:
        """As `Watch` says; nobody is killed."""
        self._batch += 1
        if self._actor.process is not self._process:  # started again
            self._process = self._actor.process
            self._reader, self._last = OperationReader(), -1.0
            self._open.clear()
        now = self._actor.world.clock.now
        first = True
        for number, operation in enumerate(operations):
            text, works = self._told(operation)
            self._steps.append(_Step(now, (self._batch, number), works))
            self._settle(operation)
            if not text:
                continue
            if first and 0 <= self._last < now:
                self._add(now, operations[:0], f"before {text}")
            first = False
            self._add(now, operations[: number + 1], f"after {text}")
        if not first:
            self._last = now

    def _add(self, now: float, done: list[Operation], did: str) -> None:
        self.points.append(Point(self._actor.name, now, self._batch, len(done), did, _kinds(done)))

    def strike(self) -> None:
        """Never called."""

    def _told(self, operation: Operation) -> tuple[str, bool]:
        """An operation in words, empty where a crash after it is not worth a run; whether it is work."""
        match operation:
            case Began():
                holding = self._actor.deliveries.holding(operation)
                if holding is None:
                    return "taking a delivery in hand", True
                row = holding.message.row
                self._open[operation.fd, operation.channel, operation.tag] = _Open(row, holding.auto)
                return f"taking {self._name(row)} in hand", True
            case Done(error=error):
                held = self._open.get((operation.fd, operation.channel, operation.tag))
                if held is None:
                    return "", False
                return f"{'failing at' if error else 'coming to the end with'} {self._name(held.row)}", False
            case Sleeping() | Located() | Exit() | Tried() | UsedBy():
                return "", False
            case Send():
                self._said = said = self._reader.tell(operation)
                return ("", False) if said.beats else (said.text, not said.settles)
        return self._reader.tell(operation).text, True

    def _name(self, row: int) -> str:
        trace = self._actor.world.trace
        text = text_of(trace, row)
        return f'"{text}"' if text else message_name(trace, row)

    def _settle(self, operation: Operation) -> None:
        """Look whether the program is through with deliveries now: back from them, and they acknowledged."""
        match operation:
            case Done(fd, channel, tag, error):
                if (held := self._open.get((fd, channel, tag))) is not None:
                    held.returned = True
                    if error:
                        del self._open[fd, channel, tag]
            case Tried(fd, channel, tag):
                if (held := self._open.get((fd, channel, tag))) is not None:
                    held.acked = True
            case Send(fd, _):
                for channel, tag, multiple in self._said.settled:
                    for key, held in self._open.items():
                        own = key[0] in (fd, -1) and key[1] == channel
                        if own and (key[2] == tag or (multiple and (key[2] <= tag or not tag))):
                            held.acked = True
            case _:
                return
        self._look_who_is_through()

    def _look_who_is_through(self) -> None:
        for key, held in list(self._open.items()):
            if held.returned and held.acked:
                del self._open[key]
                self.works.append(Work(held.row, self._over(), _after(self._steps[-1].place)))

    def _over(self) -> tuple[int, int]:
        """Since when it has done nothing but acknowledge, up to the last operation."""
        last = self._steps[-1]
        place = last.place
        for step in reversed(self._steps):
            if step.is_work or step.t < last.t:
                return _after(step.place) if step.t == last.t else place
            place = step.place
        return place


def _kinds(operations: list[Operation]) -> tuple[type, ...]:
    return tuple(map(type, operations))


def _after(place: tuple[int, int]) -> tuple[int, int]:
    return place[0], place[1] + 1


class Striker:
    """Kills one actor at a point: a `Watch`.

    Args:
        actor: whom.
        strike: when, and what then.
    """

    def __init__(self, actor: GuestActor, strike: Strike) -> None:
        self._actor = actor
        self._strike = strike
        self._batch = -1

    def look(self, operations: list[Operation]) -> int | None:
        """As `Watch` says."""
        self._batch += 1
        point = self._strike.point
        if self._batch != point.batch or self._actor.world.clock.now != point.t:
            return None
        return point.cut if _kinds(operations[: point.cut]) == point.kinds else None

    def strike(self) -> None:
        """Kill it, and have it started again where that was asked for."""
        actor, world, delay = self._actor, self._actor.world, self._strike.restart_after
        now = world.clock.now
        self._strike.struck = True
        end = float("nan") if delay is None else now + delay
        world.trace.faults.append(FaultSpan("crash", actor.name, now, end))
        actor.crash()
        world.restart_later(actor, delay)


class Strike:
    """Has one actor killed at a point; called with each actor of a run.

    Args:
        point: whom, and when.
        restart_after: seconds after which it is started again; None is never.

    Attributes:
        struck: whether that has happened. If not, the run was not the same up to there.
    """

    def __init__(self, point: Point, restart_after: float | None) -> None:
        self.point = point
        self.restart_after = restart_after
        self.struck = False

    def __call__(self, actor: GuestActor) -> Striker | None:
        """What watches that actor."""
        return Striker(actor, self) if actor.name == self.point.who else None


def observing(observers: dict[str, Observer]) -> Callable[[GuestActor], Observer]:
    """Has every actor observed; the observers are put into the mapping, by name."""

    def watch(actor: GuestActor) -> Observer:
        observer = observers[actor.name] = Observer(actor)
        return observer

    return watch


def worked_to_the_end(works: list[Work], point: Point) -> Iterator[int]:
    """Rows of the messages on which there was nothing left to do at the point, but of which the program was
    not through: a crash there leaves the work done and the broker not told of it, or the callback not back.
    """
    place = (point.batch, point.cut)
    return (work.row for work in works if work.over <= place < work.through)
