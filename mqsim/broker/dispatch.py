"""Whose turn it is: the consumers of a queue, in a circle.

A queue sends each message to the consumer at the head of its circle, which then goes to the tail. In a
classic queue a consumer that turns out to be blocked (its unacknowledged count has reached its prefetch)
leaves the circle when its turn comes, and comes back at the tail when it acknowledges: so does RabbitMQ
(`rabbit_queue_consumers`), which is why a worker that was blocked is served after those that were waiting all
along. In a quorum queue it leaves the circle as soon as it is blocked (`rabbit_fifo`). Each step is constant
time, however many consumers there are.
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
        if not self.order:
            self.lanes = {0: deque()}
        self._settle()

    def _settle(self) -> None:
        self.turn = next(iter(self.lanes.values())) if len(self.lanes) == 1 else None

    def wake(self, consumer: Consumer) -> None:
        """Take a consumer back that was blocked and no longer is."""
        consumer.parked = False
        self.lanes[consumer.priority].append(consumer)

    def next(self) -> Consumer | None:
        """The consumer whose turn it is, now moved to the tail; None when all are blocked."""
        lane = self.turn
        if lane is not None:
            # The same as `_first_free`, which would cost a call for every message.
            while lane:
                consumer = lane.popleft()
                if consumer.unacked < consumer.limit:
                    lane.append(consumer)
                    return consumer
                consumer.parked = True
            return None
        for lane in self.lanes.values():
            free = _first_free(lane)
            if free is not None:
                return free
        return None

    def __len__(self) -> int:
        return len(self.order)


class QuorumCircle(Circle):
    """A quorum queue's circle: whoever becomes blocked leaves it at once."""

    __slots__ = ()

    def next(self) -> Consumer | None:
        """The consumer whose turn it is; None when all are blocked."""
        for lane in self.lanes.values():
            while lane:
                consumer = lane.popleft()
                room = consumer.limit - consumer.unacked
                if room > 1:
                    lane.append(consumer)
                    return consumer
                consumer.parked = True
                if room == 1:
                    return consumer
        return None


class SingleActive(Circle):
    """The circle of a queue with a single active consumer: one gets everything until it goes.

    When it goes, the one of the highest priority follows, among equals the one that subscribed first.

    Args:
        newcomers_take_over: whether a newcomer of higher priority becomes the active one, once the active one
            holds nothing any more; until then nobody gets anything (quorum queues, from 4.0 on).
    """

    __slots__ = ("active", "best", "newcomers_take_over")

    def __init__(self, newcomers_take_over: bool = False) -> None:
        super().__init__()
        self.active: Consumer | None = None
        # Whom it would be, were it chosen now.
        self.best: Consumer | None = None
        self.newcomers_take_over = newcomers_take_over

    def add(self, consumer: Consumer) -> None:
        """Let a new consumer in; the first is the active one."""
        super().add(consumer)
        if self.best is None or consumer.priority > self.best.priority:
            self.best = consumer
        if self.active is None:
            self.active = consumer

    def remove(self, consumer: Consumer) -> None:
        """Let a consumer go; the next one follows where it was active."""
        super().remove(consumer)
        if consumer is self.best:
            self.best = max(self.order, key=lambda other: other.priority, default=None)
        if consumer is self.active:
            self.active = self.best

    def next(self) -> Consumer | None:
        """The active consumer, or None when it is blocked or there is none."""
        active = self.active
        if active is None:
            return None
        best = self.best
        if self.newcomers_take_over and best is not None and best.priority > active.priority:
            if active.unacked:
                active.parked = True
                return None
            self.active = active = best
        if active.unacked < active.limit:
            return active
        active.parked = True
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
