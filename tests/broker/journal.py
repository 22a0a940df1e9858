r"""An observer that writes everything down.

journal = Journal()
channel = Broker(observer=journal).connect("me").channel()
channel.declare_queue("tasks")
channel.publish(Message(Envelope("", "tasks", body=b"hello")))
print(*journal.events, sep="\n")
"""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

from mqsim.broker import Alarm, Clock, DeliveryEnd, Message, Observer, Queue, Reason
from tests.broker import records

if TYPE_CHECKING:
    from mqsim.errors import BrokerError

Kind = TypeVar("Kind", bound=records.Event)


class Journal(Observer):
    """Collects what happens, in order.

    Attributes:
        events: the records so far.
    """

    _clock: Clock

    def __init__(self) -> None:
        self.events: list[records.Event] = []

    def of(self, kind: type[Kind]) -> list[Kind]:
        """The records of one kind."""
        return [event for event in self.events if isinstance(event, kind)]

    def observing(self, clock: Clock) -> None:
        """As `Observer` says."""
        self._clock = clock

    @property
    def _now(self) -> float:
        return self._clock.now

    def enqueued(self, message: Message, queue: Queue) -> None:
        """As `Observer` says."""
        self.events.append(records.Enqueued(self._now, message, queue.name))

    def copied(self, original: Message, copy: Message, queue: Queue, reason: Reason) -> None:
        """As `Observer` says."""
        self.events.append(records.Copied(self._now, copy, queue.name, original, reason))

    def acked(self, message: Message, queue: Queue) -> None:
        """As `Observer` says."""
        self.events.append(records.Acked(self._now, message, queue.name))

    def requeued(self, message: Message, queue: Queue, how: DeliveryEnd) -> None:
        """As `Observer` says."""
        self.events.append(records.Requeued(self._now, message, queue.name, how))

    def left(self, message: Message, queue: Queue, reason: Reason) -> None:
        """As `Observer` says."""
        self.events.append(records.Left(self._now, message, queue.name, reason))

    def revived(self, message: Message, queue: Queue) -> None:
        """As `Observer` says."""
        self.events.append(records.Revived(self._now, message, queue.name))

    def unroutable(self, message: Message, returned: bool) -> None:
        """As `Observer` says."""
        self.events.append(records.Unroutable(self._now, message, returned))

    def refused(self, message: Message, queue: Queue) -> None:
        """As `Observer` says."""
        self.events.append(records.Refused(self._now, message, queue.name))

    def channel_closed(self, connection: str, number: int, error: BrokerError | None) -> None:
        """As `Observer` says."""
        self.events.append(records.ChannelClosed(self._now, connection, number, *_told(error)))

    def connection_closed(self, connection: str, error: BrokerError | None) -> None:
        """As `Observer` says."""
        self.events.append(records.ConnectionClosed(self._now, connection, *_told(error)))

    def consumer_cancelled(self, queue: Queue, tag: str) -> None:
        """As `Observer` says."""
        self.events.append(records.ConsumerCancelled(self._now, queue.name, tag))

    def leader_lost(self, queue: Queue) -> None:
        """As `Observer` says."""
        self.events.append(records.LeaderLost(self._now, queue.name))

    def leader_elected(self, queue: Queue, node: str) -> None:
        """As `Observer` says."""
        self.events.append(records.LeaderElected(self._now, queue.name, node))

    def alarmed(self, alarm: Alarm, raised: bool) -> None:
        """As `Observer` says."""
        self.events.append(records.Alarmed(self._now, alarm, raised))


def _told(error: BrokerError | None) -> tuple[int, str]:
    return (0, "") if error is None else (error.code, error.text)
