"""The memory alarm: raised while messages in queues and with consumers take more than the limit."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mqsim.broker import Message, Observer, Queue, Reason

if TYPE_CHECKING:
    from collections.abc import Callable

    from mqsim.scenario.brokerspec import MemorySpec


class MemoryUse(Observer):
    """Counts the bytes that messages take.

    Args:
        spec: the limit, and what a message takes beside its body.

    Attributes:
        changed: called when a message has come or gone.
    """

    def __init__(self, spec: MemorySpec) -> None:
        self._limit = spec.limit
        self._per_message = spec.per_message
        self._used = 0.0
        self._rows: set[int] = set()
        self.changed: Callable[[], None] = lambda: None

    @property
    def is_over(self) -> bool:
        """Whether messages take more than the limit."""
        return self._limit is not None and self._used > self._limit

    def enqueued(self, message: Message, queue: Queue) -> None:
        """As `Observer` says."""
        self._take(message)

    def acked(self, message: Message, queue: Queue) -> None:
        """As `Observer` says."""
        self._free(message)

    def revived(self, message: Message, queue: Queue) -> None:
        """As `Observer` says."""
        self._take(message)

    def left(self, message: Message, queue: Queue, reason: Reason) -> None:
        """As `Observer` says; what never came into a queue takes nothing."""
        if message.row in self._rows:
            self._free(message)

    def _take(self, message: Message) -> None:
        self._rows.add(message.row)
        self._used += message.envelope.size + self._per_message
        self.changed()

    def _free(self, message: Message) -> None:
        self._rows.discard(message.row)
        self._used -= message.envelope.size + self._per_message
        self.changed()
