"""Messages that are ready for delivery, in a queue's order.

A first-in-first-out queue would be a deque but for requeueing: a classic queue puts a returned message back
to its original position. Whatever was sent had been ahead of all that is still in the deque, so the returned
ones form a prefix of their own; a heap by sequence number keeps it in order at log n a return, however many
are waiting.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from heapq import heappop, heappush

from mqsim.broker.message import Message


class Ready:
    """Messages of one priority, first in first out, with returned ones in their original places."""

    __slots__ = ("fifo", "returned")

    def __init__(self) -> None:
        self.fifo: deque[Message] = deque()
        self.returned: list[Message] = []

    def push(self, message: Message) -> None:
        """Append a new message."""
        self.fifo.append(message)

    def give_back(self, message: Message) -> None:
        """Put a message that was sent before back to its original place."""
        heappush(self.returned, message)

    def peek(self) -> Message | None:
        """The message that is next, or None."""
        if self.returned:
            return self.returned[0]
        return self.fifo[0] if self.fifo else None

    def pop(self) -> Message:
        """Take the message that is next. Raises IndexError when there is none."""
        return heappop(self.returned) if self.returned else self.fifo.popleft()

    def __iter__(self) -> Iterator[Message]:
        yield from sorted(self.returned)
        yield from self.fifo


class PriorityReady:
    """Messages by priority: the highest first, first in first out within one.

    Args:
        highest: the queue's `x-max-priority`; a message above it counts as this.
    """

    __slots__ = ("highest", "levels", "used")

    def __init__(self, highest: int) -> None:
        self.highest = highest
        self.levels: list[Ready] = [Ready() for _ in range(highest + 1)]
        # Heap of the negated levels that may hold messages; an emptied level leaves it when it is next looked
        # at.
        self.used: list[int] = []

    def _level(self, message: Message) -> Ready:
        level = min(message.envelope.priority or 0, self.highest)
        ready = self.levels[level]
        if ready.peek() is None and -level not in self.used:
            heappush(self.used, -level)
        return ready

    def push(self, message: Message) -> None:
        """Append a new message within its priority."""
        self._level(message).push(message)

    def give_back(self, message: Message) -> None:
        """Put a message that was sent before back to its original place within its priority."""
        self._level(message).give_back(message)

    def _top(self) -> Ready | None:
        while self.used:
            ready = self.levels[-self.used[0]]
            if ready.peek() is not None:
                return ready
            heappop(self.used)
        return None

    def peek(self) -> Message | None:
        """The message that is next, or None."""
        top = self._top()
        return None if top is None else top.peek()

    def pop(self) -> Message:
        """Take the message that is next. Raises IndexError when there is none."""
        top = self._top()
        if top is None:
            raise IndexError("no message is ready")
        return top.pop()

    def __iter__(self) -> Iterator[Message]:
        for ready in reversed(self.levels):
            yield from ready
