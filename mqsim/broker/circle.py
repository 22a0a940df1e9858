"""Whose turn it is: the consumers of a queue, in a circle.

A queue sends each message to the consumer at the head of its circle, which then goes to the tail. A consumer
that turns out to be blocked (its unacknowledged count has reached its prefetch) leaves the circle when its
turn comes, and comes back at the tail when it acknowledges: so does RabbitMQ (`rabbit_queue_consumers`),
which is why a worker that was blocked is served after those that were waiting all along. Each step is
constant time, however many consumers there are.
"""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from mqsim.broker.consumer import Consumer


class Circle:
    """Consumers of one priority, or of several: the highest that is not blocked gets everything."""

    __slots__ = ("lanes", "order", "turn")

    def __init__(self) -> None:
        # Consumers in order of subscription, for those who ask who is there.
        self.order: dict[Consumer, None] = {}
        self.lanes: dict[int, deque[Consumer]] = {0: deque()}
        # The lane of the only priority in use, the ordinary case; None when there are several.
        self.turn: deque[Consumer] | None = self.lanes[0]

    def add(self, consumer: Consumer) -> None:
        """Let a new consumer in, at the tail."""
        self.order[consumer] = None
        if consumer.priority not in self.lanes:
            self.lanes[consumer.priority] = deque()
            self.lanes = dict(sorted(self.lanes.items(), reverse=True))
        self.lanes[consumer.priority].append(consumer)
        self._settle()

    def remove(self, consumer: Consumer) -> None:
        """Let a consumer go. Its place in a lane is passed over when its turn comes."""
        self.order.pop(consumer, None)
        consumer.limit = -1
        self._settle()

    def _settle(self) -> None:
        priorities = {consumer.priority for consumer in self.order} or {0}
        for gone in [p for p in self.lanes if p not in priorities]:
            del self.lanes[gone]
        for priority in priorities:
            self.lanes.setdefault(priority, deque())
        self.turn = next(iter(self.lanes.values())) if len(self.lanes) == 1 else None

    def wake(self, consumer: Consumer) -> None:
        """Take a consumer back that was blocked and no longer is."""
        consumer.parked = False
        self.lanes[consumer.priority].append(consumer)

    def next(self) -> Consumer | None:
        """The consumer whose turn it is, now moved to the tail; None when all are blocked."""
        turn = self.turn
        if turn is not None:
            return _first_free(turn)
        for lane in self.lanes.values():
            consumer = _first_free(lane)
            if consumer is not None:
                return consumer
        return None

    def __len__(self) -> int:
        return len(self.order)


class SingleActive(Circle):
    """The circle of a queue with a single active consumer: the first to subscribe, until it goes."""

    __slots__ = ()

    def next(self) -> Consumer | None:
        """The active consumer, or None when it is blocked or there is none."""
        for consumer in self.order:
            return consumer if consumer.unacked < consumer.limit else None
        return None

    def wake(self, consumer: Consumer) -> None:
        """Nothing leaves this circle by being blocked."""
        consumer.parked = False


def _first_free(lane: deque[Consumer]) -> Consumer | None:
    while lane:
        consumer = lane.popleft()
        if consumer.unacked < consumer.limit:
            lane.append(consumer)
            return consumer
        consumer.parked = True
    return None
