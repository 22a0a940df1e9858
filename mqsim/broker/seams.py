"""Seams: what takes time elsewhere (on a disk, on other nodes), the broker asks for and is told of.

The broker never waits. It asks, goes on, and is told later: `Broker.stored`, `Broker.replicated`,
`Broker.elected`; only then does it confirm. Without a storage everything is on disk at once, without a
replication everything is with a majority at once.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from heapq import heappop, heappush
from typing import TYPE_CHECKING, Protocol

from mqsim.broker.message import Message

if TYPE_CHECKING:
    from mqsim.broker.quorum import QuorumQueue


class Storage(Protocol):
    """Where messages go that are to survive a restart."""

    def store(self, write: int, message: Message) -> None:
        """Write a message; call `Broker.stored(write)` when it is safe."""

    def forget(self, write: int, message: Message) -> None:
        """Write that a message is done with; call `Broker.stored(write)` when that is safe."""


class Replication(Protocol):
    """The members of quorum queues. `Broker.node_down` and `Broker.node_up` tell who comes and goes."""

    def replicate(self, entry: int, queue: QuorumQueue, message: Message) -> None:
        """Send an entry to the queue's members; call `Broker.replicated(entry)` once a majority has it."""

    def elect(self, queue: QuorumQueue) -> None:
        """Have the members that are up elect; call `Broker.elected(queue.name, node)` when they have."""


class Confirm:
    """One publish that is to be confirmed: once all its copies are safe; negatively once one is refused."""

    __slots__ = ("_answer", "_missing")

    def __init__(self, answer: Callable[[bool], None]) -> None:
        self._answer: Callable[[bool], None] | None = answer
        # One for the publish itself, until all its copies are on their way.
        self._missing = 1

    @property
    def answered(self) -> bool:
        """Whether its publisher was told."""
        return self._answer is None

    def expect(self) -> None:
        """One more copy has to become safe."""
        self._missing += 1

    def safe(self) -> None:
        """One of those is."""
        self._missing -= 1
        if not self._missing:
            self._tell(True)

    def refused(self) -> None:
        """A queue refused its copy."""
        self._tell(False)

    def _tell(self, ok: bool) -> None:
        answer, self._answer = self._answer, None
        if answer is not None:
            answer(ok)


@dataclass(slots=True, eq=False)
class Proposal:
    """A message that a quorum queue's leader proposes to its members.

    Attributes:
        entry: its number.
        message, queue: what, and where.
        confirm: who waits for it, if anybody.
    """

    entry: int
    message: Message
    queue: QuorumQueue
    confirm: Confirm | None


class Deadlines:
    """What the broker has to do at a known time, in order of time, then of asking."""

    __slots__ = ("asked", "heap", "next")

    def __init__(self) -> None:
        self.heap: list[tuple[float, int, Callable[[float], None]]] = []
        self.asked = 0
        self.next = float("inf")

    def add(self, time: float, act: Callable[[float], None]) -> None:
        """Have `act(time)` called when time reaches `time`."""
        self.asked += 1
        heappush(self.heap, (time, self.asked, act))
        self.next = self.heap[0][0]

    def take(self, now: float) -> tuple[float, Callable[[float], None]] | None:
        """Take the first that is due at `now`, or None."""
        if self.next > now:
            return None
        time, _, act = heappop(self.heap)
        self.next = self.heap[0][0] if self.heap else float("inf")
        return time, act
