"""What the broker tells whoever watches it.

A watcher is told at once and in order, in the middle of an operation: it takes notes and never calls the
broker back. The broker's time is `broker.now`. A watcher keeps only the methods that it cares for.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from mqsim.errors import BrokerError

if TYPE_CHECKING:
    from mqsim.broker.broker import Broker
    from mqsim.broker.channel import Channel
    from mqsim.broker.connection import Connection
    from mqsim.broker.consumer import Consumer
    from mqsim.broker.message import Message
    from mqsim.broker.queue import Queue
    from mqsim.broker.quorum import QuorumQueue


class Watcher:
    """Is told everything and does nothing with it."""

    def watching(self, broker: Broker) -> None:
        """The broker begins to tell; `broker.now` is its time."""

    def enqueued(self, message: Message, queue: Queue) -> None:
        """The queue took the message in."""

    def copied(self, original: Message, copy: Message, queue: Queue, reason: str) -> None:
        """A copy is about to enter `queue`.

        The reason is `fanout`, or dead-lettering's: `expired`, `rejected`, `maxlen`, `delivery_limit`.
        """

    def acked(self, message: Message, queue: Queue) -> None:
        """The message is done with: acknowledged, or sent to a consumer that does not acknowledge."""

    def requeued(self, message: Message, queue: Queue, reason: str) -> None:
        """The queue took a delivery back.

        The reason is `nack`, `reject`, `recover`, `closed`, `timeout`, or `vanished` (its client's node was
        killed some time ago).
        """

    def left(self, message: Message, queue: Queue, reason: str) -> None:
        """The message left the queue otherwise.

        The reason is `expired`, `maxlen`, `rejected` or `delivery_limit` (it is gone for good),
        `dead-lettered` (copies went on), `dead-letter-unroutable` (none did), `cycle` (it would go in a
        circle), `purged`, `deleted`, or `lost` (the broker stopped, and it was not to survive that).
        """

    def revived(self, message: Message, queue: Queue) -> None:
        """A message that was done with is back, because a killed broker had not written that it was."""

    def unroutable(self, message: Message, returned: bool) -> None:
        """No queue was bound for the message; `returned`: its publisher is told, as it was mandatory."""

    def refused(self, message: Message, queue: Queue) -> None:
        """The queue is full and refuses new messages (`reject-publish`)."""

    def channel_closed(self, channel: Channel, error: BrokerError | None) -> None:
        """A channel closed.

        After an error of its client's, or (None) because its client or its connection wanted.
        """

    def connection_closed(self, connection: Connection, error: BrokerError | None) -> None:
        """A connection closed: with an error, or (None) because its client closed it or went away."""

    def consumer_cancelled(self, consumer: Consumer) -> None:
        """The broker cancelled a consumer because its queue is gone."""

    def leader_lost(self, queue: QuorumQueue) -> None:
        """A quorum queue has no leader any more: its node is down, or the majority is gone."""

    def leader_elected(self, queue: QuorumQueue, node: str) -> None:
        """The members of a quorum queue chose the node that leads it from now on."""

    def alarmed(self, kind: str, raised: bool) -> None:
        """An alarm (`memory` or `disk`) was raised or cleared."""
