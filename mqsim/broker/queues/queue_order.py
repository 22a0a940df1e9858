"""Messages that are ready for delivery, in a queue's order.

A first-in-first-out queue would be a deque but for requeueing. A classic queue puts a returned message back
to its original position: whatever was sent had been ahead of all that is still in the deque, so the returned
ones form a prefix of their own, which a heap by sequence number keeps in order at log n a return, however
many are waiting. A quorum queue keeps returned messages in the order of their return, ahead of the others.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections import deque
from heapq import heappop, heappush
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

    from mqsim.broker.message import Message


class MessageOrder(ABC):
    """An order of ready messages."""

    __slots__ = ()

    @abstractmethod
    def push(self, message: Message) -> None:
        """Append a new message."""

    @abstractmethod
    def give_back(self, message: Message) -> None:
        """Put a message back that was sent before."""

    @abstractmethod
    def peek(self) -> Message | None:
        """The message that is next, or None."""

    @abstractmethod
    def pop(self) -> Message:
        """Take the message that is next. Raises IndexError when there is none."""

    @abstractmethod
    def __iter__(self) -> Iterator[Message]: ...


class FirstInFirstOut(MessageOrder):
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


class ByPriority(MessageOrder):
    """Messages by priority: the highest first, first in first out within one.

    Args:
        highest: the highest priority that counts; a message above it counts as this.
        unset: what a message without a priority counts as.
    """

    __slots__ = ("highest", "levels", "unset", "used")

    def __init__(self, highest: int, unset: int = 0) -> None:
        self.highest = highest
        self.unset = unset
        self.levels: list[FirstInFirstOut] = [FirstInFirstOut() for _ in range(highest + 1)]
        # Heap of the negated levels that may hold messages; an emptied level leaves it when it is next looked
        # at.
        self.used: list[int] = []

    def _level(self, message: Message) -> FirstInFirstOut:
        priority = message.envelope.priority
        level = min(self.unset if priority is None else priority, self.highest)
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

    def _top(self) -> FirstInFirstOut | None:
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


class TwoPriorities(MessageOrder):
    """Messages above priority 4, and all others: two to one while there are both."""

    __slots__ = ("high", "in_turn", "low")

    def __init__(self) -> None:
        self.high: deque[Message] = deque()
        self.low: deque[Message] = deque()
        # How many of the first went since one of the second did.
        self.in_turn = 0

    def push(self, message: Message) -> None:
        """Append a new message to those of its priority."""
        (self.high if (message.envelope.priority or 0) > 4 else self.low).append(message)

    def give_back(self, message: Message) -> None:
        """Append a message that was sent before."""
        self.push(message)

    def _is_high(self) -> bool:
        return bool(self.high) and (not self.low or self.in_turn < 2)

    def peek(self) -> Message | None:
        """The message that is next, or None."""
        following = self.high if self._is_high() else self.low
        return following[0] if following else None

    def pop(self) -> Message:
        """Take the message that is next. Raises IndexError when there is none."""
        if self._is_high():
            self.in_turn = self.in_turn + 1 if self.low else 0
            return self.high.popleft()
        self.in_turn = 0
        return self.low.popleft()

    def __iter__(self) -> Iterator[Message]:
        yield from self.high
        yield from self.low


class ReturnedFirst(MessageOrder):
    """A quorum queue's order: what came back, in the order of its return, then the others in theirs.

    Args:
        others: the order of what was not returned.
    """

    __slots__ = ("others", "returned")

    def __init__(self, others: MessageOrder) -> None:
        self.others = others
        self.returned: deque[Message] = deque()

    def push(self, message: Message) -> None:
        """Append a new message."""
        self.others.push(message)

    def give_back(self, message: Message) -> None:
        """Put a message that was sent before behind those that came back earlier."""
        self.returned.append(message)

    def peek(self) -> Message | None:
        """The message that is next, or None."""
        return self.returned[0] if self.returned else self.others.peek()

    def pop(self) -> Message:
        """Take the message that is next. Raises IndexError when there is none."""
        return self.returned.popleft() if self.returned else self.others.pop()

    def __iter__(self) -> Iterator[Message]:
        yield from self.returned
        yield from self.others
