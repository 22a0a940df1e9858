"""The memory and the disk alarm: raised while what messages take leaves the broker too little."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mqsim.broker import Alarm, Message, Observer, Queue, Reason

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from mqsim.scenario.brokerspec import BrokerSpec


class Use(Observer):
    """Counts the bytes that messages take of a resource.

    Args:
        kind: the resource's alarm.
        base: bytes in use without any message.
        limit: bytes in use above which the alarm is on.
        per_message: bytes that a message takes beside its body.

    Attributes:
        changed: called when a message has come or gone.
    """

    def __init__(self, kind: Alarm, base: float, limit: float, per_message: float) -> None:
        self.kind = kind
        self._limit = limit
        self._per_message = per_message
        self._used = base
        self._rows: set[int] = set()
        self.changed: Callable[[], None] = lambda: None

    @property
    def is_over(self) -> bool:
        """Whether more is in use than the limit."""
        return self._used > self._limit

    def counts(self, message: Message, queue: Queue) -> bool:
        """Whether a message in that queue takes any of it."""
        return True

    def enqueued(self, message: Message, queue: Queue) -> None:
        """As `Observer` says."""
        self._take(message, queue)

    def acked(self, message: Message, queue: Queue) -> None:
        """As `Observer` says."""
        self._free(message)

    def revived(self, message: Message, queue: Queue) -> None:
        """As `Observer` says."""
        self._take(message, queue)

    def left(self, message: Message, queue: Queue, reason: Reason) -> None:
        """As `Observer` says; what never came into a queue takes nothing."""
        self._free(message)

    def _take(self, message: Message, queue: Queue) -> None:
        if self.counts(message, queue):
            self._rows.add(message.row)
            self._used += message.envelope.size + self._per_message
            self.changed()

    def _free(self, message: Message) -> None:
        if message.row in self._rows:
            self._rows.discard(message.row)
            self._used -= message.envelope.size + self._per_message
            self.changed()


class DiskUse(Use):
    """The disk holds what is to survive a restart, and all that is in quorum queues."""

    def counts(self, message: Message, queue: Queue) -> bool:
        """As `Use` says."""
        return queue.replicated or queue.keeps(message)


def watched(spec: BrokerSpec) -> Iterator[Use]:
    """What is counted, for each alarm that a scenario has a limit for."""
    memory, disk = spec.memory, spec.disk
    if memory.limit is not None:
        yield Use(Alarm.MEMORY, memory.base, memory.limit, memory.per_message)
    if disk.free is not None:
        yield DiskUse(Alarm.DISK, 0.0, disk.free - disk.limit, disk.per_message)
