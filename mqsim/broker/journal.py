r"""A watcher that writes everything down.

journal = Journal()
channel = Broker(watcher=journal).connect("me").channel()
channel.declare_queue("tasks")
channel.publish(Message(Envelope("", "tasks", body=b"hello")))
print(*journal.events, sep="\n")
"""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

from mqsim.broker import records
from mqsim.broker.watch import Watcher
from mqsim.errors import BrokerError

if TYPE_CHECKING:
    from mqsim.broker.broker import Broker
    from mqsim.broker.channel import Channel
    from mqsim.broker.connection import Connection
    from mqsim.broker.consumer import Consumer
    from mqsim.broker.message import Message
    from mqsim.broker.queue import Queue
    from mqsim.broker.quorum import QuorumQueue

Kind = TypeVar("Kind", bound=records.Event)


class Journal(Watcher):
    """Collects what happens, in order.

    Attributes:
        events: the records so far.
    """

    _broker: Broker

    def __init__(self) -> None:
        self.events: list[records.Event] = []

    def of(self, kind: type[Kind]) -> list[Kind]:
        """The records of one kind."""
        return [event for event in self.events if isinstance(event, kind)]

    def watching(self, broker: Broker) -> None:
        """As `Watcher` says."""
        self._broker = broker

    @property
    def _now(self) -> float:
        return self._broker.now

    def enqueued(self, message: Message, queue: Queue) -> None:
        """As `Watcher` says."""
        self.events.append(records.Enqueued(self._now, message, queue.name))

    def copied(self, original: Message, copy: Message, queue: Queue, reason: str) -> None:
        """As `Watcher` says."""
        self.events.append(records.Copied(self._now, copy, queue.name, original, reason))

    def acked(self, message: Message, queue: Queue) -> None:
        """As `Watcher` says."""
        self.events.append(records.Acked(self._now, message, queue.name))

    def requeued(self, message: Message, queue: Queue, reason: str) -> None:
        """As `Watcher` says."""
        self.events.append(records.Requeued(self._now, message, queue.name, reason))

    def left(self, message: Message, queue: Queue, reason: str) -> None:
        """As `Watcher` says."""
        self.events.append(records.Left(self._now, message, queue.name, reason))

    def revived(self, message: Message, queue: Queue) -> None:
        """As `Watcher` says."""
        self.events.append(records.Revived(self._now, message, queue.name))

    def unroutable(self, message: Message, returned: bool) -> None:
        """As `Watcher` says."""
        self.events.append(records.Unroutable(self._now, message, returned))

    def refused(self, message: Message, queue: Queue) -> None:
        """As `Watcher` says."""
        self.events.append(records.Refused(self._now, message, queue.name))

    def channel_closed(self, channel: Channel, error: BrokerError | None) -> None:
        """As `Watcher` says."""
        name, number = channel.connection.name, channel.number
        self.events.append(records.ChannelClosed(self._now, name, number, *_told(error)))

    def connection_closed(self, connection: Connection, error: BrokerError | None) -> None:
        """As `Watcher` says."""
        self.events.append(records.ConnectionClosed(self._now, connection.name, *_told(error)))

    def consumer_cancelled(self, consumer: Consumer) -> None:
        """As `Watcher` says."""
        self.events.append(records.ConsumerCancelled(self._now, consumer.queue.name, consumer.tag))

    def leader_lost(self, queue: QuorumQueue) -> None:
        """As `Watcher` says."""
        self.events.append(records.LeaderLost(self._now, queue.name))

    def leader_elected(self, queue: QuorumQueue, node: str) -> None:
        """As `Watcher` says."""
        self.events.append(records.LeaderElected(self._now, queue.name, node))

    def alarmed(self, kind: str, raised: bool) -> None:
        """As `Watcher` says."""
        self.events.append(records.Alarmed(self._now, kind, raised))


def _told(error: BrokerError | None) -> tuple[int, str]:
    return (0, "") if error is None else (error.code, error.text)
