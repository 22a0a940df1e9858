"""Why a copy is made, why a message leaves its queue, how a delivery ends, which alarm there is."""

from __future__ import annotations

from enum import StrEnum


class Reason(StrEnum):
    """Why a copy of a message is made, or why a message leaves its queue without an acknowledgement.

    Attributes:
        FANOUT: a copy for a further queue of the same publish.
        EXPIRED, REJECTED, MAXLEN, DELIVERY_LIMIT: RabbitMQ's reasons for dead-lettering: its time is over, a
            consumer refused it, the queue is too long, it was returned too often. Where there is no
            dead-letter exchange, the message is gone for good.
        DEAD_LETTERED: copies of it went to the dead-letter exchange.
        DEAD_LETTER_UNROUTABLE: the dead-letter exchange found no queue, or is not there.
        CYCLE: it would go from dead-letter queue to dead-letter queue in a circle.
        PURGED, DELETED: the queue was purged or deleted.
        LOST: the queue's node stopped, and the message was not to survive that.
    """

    FANOUT = "fanout"
    EXPIRED = "expired"
    REJECTED = "rejected"
    MAXLEN = "maxlen"
    DELIVERY_LIMIT = "delivery_limit"
    DEAD_LETTERED = "dead-lettered"
    DEAD_LETTER_UNROUTABLE = "dead-letter-unroutable"
    CYCLE = "cycle"
    PURGED = "purged"
    DELETED = "deleted"
    LOST = "lost"


class DeliveryEnd(StrEnum):
    """How a delivery that waited for an acknowledgement ends.

    Attributes:
        ACK, NACK, REJECT, RECOVER: the client's commands.
        CLOSED: its channel or connection ended.
        TIMEOUT: it was not acknowledged in time.
        VANISHED: the node of its client was killed some time ago.
    """

    ACK = "ack"
    NACK = "nack"
    REJECT = "reject"
    RECOVER = "recover"
    CLOSED = "closed"
    TIMEOUT = "timeout"
    VANISHED = "vanished"


FAILURES = frozenset((DeliveryEnd.REJECT, DeliveryEnd.CLOSED))
"""The ends that count as a failed delivery in every profile."""


class Alarm(StrEnum):
    """What a broker may run out of; while it does, publishers are blocked."""

    MEMORY = "memory"
    DISK = "disk"
