"""What is published, and what a queue keeps of it."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

    from mqsim.broker.queues.queue import Queue


class Envelope:
    """What a publisher says of a message; messages that say the same may share one.

    Args:
        exchange: the exchange's name; the empty name is the default exchange.
        key: the routing key; at the default exchange, the name of a queue.
        size: bytes of body.
        priority: 0 to 255, or None when the publisher says none, which counts as 0.
        persistent: whether it is to survive a restart of the broker (in a durable queue).
        expiration: seconds it may wait in a queue, or None.
        headers: the application's headers, which a headers exchange reads; may carry CC and x-death.
        mandatory: whether it comes back when no queue is bound for it.
        body: the content, for those who have one; a model does with `size` alone.
        properties: whatever else a protocol wants to see again; the broker does not look at it.
    """

    __slots__ = (
        "body",
        "died",
        "exchange",
        "expiration",
        "headers",
        "key",
        "mandatory",
        "persistent",
        "priority",
        "properties",
        "size",
    )

    def __init__(
        self,
        exchange: str,
        key: str,
        *,
        size: int = 0,
        priority: int | None = None,
        persistent: bool = False,
        expiration: float | None = None,
        headers: Mapping[str, object] | None = None,
        mandatory: bool = False,
        body: bytes = b"",
        properties: object = None,
    ) -> None:
        self.exchange = exchange
        self.key = key
        self.size = size or len(body)
        self.priority = priority
        self.persistent = persistent
        self.expiration = expiration
        self.headers = headers
        self.mandatory = mandatory
        self.body = body
        self.properties = properties
        # Whether dead-lettering wrote its headers; a client can write an x-death of its own.
        self.died = False

    def forwarded(self, exchange: str, key: str, headers: Mapping[str, object]) -> Envelope:
        """The same content for another exchange and key, without an expiry, as dead-lettering sends it on."""
        sent_on = Envelope(
            exchange,
            key,
            size=self.size,
            priority=self.priority,
            persistent=self.persistent,
            headers=headers,
            body=self.body,
            properties=self.properties,
        )
        sent_on.died = True
        return sent_on


class Message:
    """One copy of a message, in one queue.

    Attributes:
        envelope: what its publisher said.
        queue: the queue it is in, once it is in one.
        sequence: its place in the queue's order; a requeue keeps it.
        redelivered: whether it was handed to a consumer before.
        deliveries: how often it was sent to a consumer.
        expires: the time at which it expires, or None.
        acquired_before: how many deliveries it had in the quorum queues that it was dead-lettered from.
        failures: how many of its deliveries failed (which returns count as failed is the profile's matter).
        write: number of the write that has not reached the disk yet, or 0.
        row, attempt: two numbers that belong to the broker's observer (rows of a trace); the broker never
            reads them.
    """

    __slots__ = (
        "acquired_before",
        "attempt",
        "deliveries",
        "envelope",
        "expires",
        "failures",
        "queue",
        "redelivered",
        "row",
        "sequence",
        "write",
    )

    queue: Queue
    # Set when a delivery fails, which few do: read it with `failures_of`.
    failures: int
    # Set where a quorum queue dead-letters to a quorum queue.
    acquired_before: int

    def __init__(self, envelope: Envelope, row: int = -1) -> None:
        self.envelope = envelope
        self.row = row
        self.attempt = -1
        self.sequence = 0
        self.redelivered = False
        self.deliveries = 0
        self.expires: float | None = None
        self.write = 0

    def __lt__(self, other: Message) -> bool:
        """Order in the queue, for the heap of requeued messages."""
        return self.sequence < other.sequence


def failures_of(message: Message) -> int:
    """How many deliveries of a message failed."""
    return getattr(message, "failures", 0)
