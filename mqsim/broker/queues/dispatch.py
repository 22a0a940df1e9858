"""Dispatch: which of a queue's consumers gets the next message.

A queue sends each message to the consumer at the head of its rotation, which then goes to the tail (round
robin). In a classic queue a consumer that turns out to be blocked (its unacknowledged count has reached its
prefetch) leaves the rotation when its turn comes, and comes back at the tail when it acknowledges: so does
RabbitMQ (`rabbit_queue_consumers`), which is why a worker that was blocked is served after those that were
waiting all along. In a quorum queue it leaves the rotation as soon as it is blocked (`rabbit_fifo`). Each
step is constant time, however many consumers there are.
"""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from mqsim.broker.queues.queue import Subscriber


class RoundRobin:
    """Consumers of one priority, or of several: the highest that is not blocked gets everything."""

    __slots__ = ("order", "rotations", "turn")

    def __init__(self) -> None:
        # Consumers in order of subscription, for those who ask who is there.
        self.order: dict[Subscriber, None] = {}
        self.rotations: dict[int, deque[Subscriber]] = {0: deque()}
        # The rotation of the only priority in use, the ordinary case; None when there are several.
        self.turn: deque[Subscriber] | None = self.rotations[0]

    def add(self, consumer: Subscriber) -> None:
        """Let a new consumer in, at the tail."""
        self.order[consumer] = None
        if consumer.priority not in self.rotations:
            self.rotations[consumer.priority] = deque()
            self.rotations = dict(sorted(self.rotations.items(), reverse=True))
        self.rotations[consumer.priority].append(consumer)
        self._note_turn()

    def remove(self, consumer: Subscriber) -> None:
        """Let a consumer go. Its place in a rotation is passed over when its turn comes."""
        self.order.pop(consumer, None)
        consumer.limit = -1
        if not self.order:
            self.rotations = {0: deque()}
        self._note_turn()

    def _note_turn(self) -> None:
        self.turn = next(iter(self.rotations.values())) if len(self.rotations) == 1 else None

    def wake(self, consumer: Subscriber) -> None:
        """Take a consumer back that was blocked and no longer is."""
        consumer.parked = False
        self.rotations[consumer.priority].append(consumer)

    def next(self) -> Subscriber | None:
        """The consumer whose turn it is, now moved to the tail; None when all are blocked."""
        rotation = self.turn
        if rotation is not None:
            # The same as `_first_free`, which would cost a call for every message.
            while rotation:
                consumer = rotation.popleft()
                if consumer.unacked < consumer.limit:
                    rotation.append(consumer)
                    return consumer
                consumer.parked = True
            return None
        for rotation in self.rotations.values():
            free = _first_free(rotation)
            if free is not None:
                return free
        return None

    def __len__(self) -> int:
        return len(self.order)


class QuorumRoundRobin(RoundRobin):
    """A quorum queue's rotation: a consumer that becomes blocked leaves it at once."""

    __slots__ = ()

    def next(self) -> Subscriber | None:
        """The consumer whose turn it is; None when all are blocked."""
        for rotation in self.rotations.values():
            while rotation:
                consumer = rotation.popleft()
                room = consumer.limit - consumer.unacked
                if room > 1:
                    rotation.append(consumer)
                    return consumer
                consumer.parked = True
                if room == 1:
                    return consumer
        return None


class SingleActiveConsumer(RoundRobin):
    """The rotation of a queue with a single active consumer: one gets everything until it goes.

    When it goes, the one of the highest priority follows, among equals the one that subscribed first.

    Args:
        newcomers_take_over: whether a newcomer of higher priority becomes the active one, once the active one
            holds nothing any more; until then nobody gets anything (quorum queues, from 4.0 on).
    """

    __slots__ = ("active", "best", "newcomers_take_over")

    def __init__(self, newcomers_take_over: bool = False) -> None:
        super().__init__()
        self.active: Subscriber | None = None
        # Whom it would be, were it chosen now.
        self.best: Subscriber | None = None
        self.newcomers_take_over = newcomers_take_over

    def add(self, consumer: Subscriber) -> None:
        """Let a new consumer in; the first is the active one."""
        super().add(consumer)
        if self.best is None or consumer.priority > self.best.priority:
            self.best = consumer
        if self.active is None:
            self.active = consumer

    def remove(self, consumer: Subscriber) -> None:
        """Let a consumer go; the next one follows where it was active."""
        super().remove(consumer)
        if consumer is self.best:
            self.best = max(self.order, key=lambda other: other.priority, default=None)
        if consumer is self.active:
            self.active = self.best

    def next(self) -> Subscriber | None:
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

    def wake(self, consumer: Subscriber) -> None:
        """Nothing leaves this rotation by being blocked."""
        consumer.parked = False


def _first_free(rotation: deque[Subscriber]) -> Subscriber | None:
    while rotation:
        consumer = rotation.popleft()
        if consumer.unacked < consumer.limit:
            rotation.append(consumer)
            return consumer
        consumer.parked = True
    return None
