"""What the broker tells its observer.

An observer is told at once and in order, in the middle of an operation: it takes notes and never calls the
broker back. It keeps only the methods that it cares for.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from mqsim.broker.message import Message
    from mqsim.broker.queues.queue import Queue
    from mqsim.broker.reasons import Alarm, DeliveryEnd, Reason
    from mqsim.errors import BrokerError


class Clock(Protocol):
    """Who knows the time.

    Attributes:
        now: seconds.
    """

    now: float


class Observer:
    """Is told everything and does nothing with it."""

    def observing(self, clock: Clock) -> None:
        """The broker begins to tell; `clock.now` is its time."""

    def enqueued(self, message: Message, queue: Queue) -> None:
        """The queue took the message in."""

    def copied(self, original: Message, copy: Message, queue: Queue, reason: Reason) -> None:
        """A copy is about to enter `queue`: for the fan-out, or because the original is dead-lettered."""

    def acked(self, message: Message, queue: Queue) -> None:
        """The message is done with: acknowledged, or sent to a consumer that does not acknowledge."""

    def requeued(self, message: Message, queue: Queue, how: DeliveryEnd) -> None:
        """The queue took a delivery back."""

    def left(self, message: Message, queue: Queue, reason: Reason) -> None:
        """The message left the queue without an acknowledgement."""

    def revived(self, message: Message, queue: Queue) -> None:
        """A message that was done with is back, because a killed broker had not written that it was."""

    def unroutable(self, message: Message, returned: bool) -> None:
        """No queue was bound for the message; `returned`: its publisher is told, as it was mandatory."""

    def refused(self, message: Message, queue: Queue) -> None:
        """The queue is full and refuses new messages (`reject-publish`)."""

    def channel_closed(self, connection: str, number: int, error: BrokerError | None) -> None:
        """A channel closed.

        After an error of its client's, or (None) because its client or its connection wanted.
        """

    def connection_closed(self, connection: str, error: BrokerError | None) -> None:
        """A connection closed: with an error, or (None) because its client closed it or went away."""

    def consumer_cancelled(self, queue: Queue, tag: str) -> None:
        """The broker cancelled a consumer because its queue is gone."""

    def leader_lost(self, queue: Queue) -> None:
        """A quorum queue has no leader any more: its node is down, or the majority is gone."""

    def leader_elected(self, queue: Queue, node: str) -> None:
        """The members of a quorum queue chose the node that leads it from now on."""

    def alarmed(self, alarm: Alarm, raised: bool) -> None:
        """An alarm was raised or cleared."""
