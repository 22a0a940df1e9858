"""What the event log can say: one kind for each thing that happens to an actor, the broker or a message."""

from __future__ import annotations

from enum import StrEnum


class EventKind(StrEnum):
    """The log's word for what happened; `EventLog` keeps it as text.

    Each is told in words by `event_words`. The subject is the actor, the broker, its node, or a queue.
    """

    # Actors.
    STARTED = "started"
    STOPPED = "stopped"
    EXITED = "exited"
    CRASHED = "crashed"
    POWERED_OFF = "powered-off"
    HUNG = "hung"
    SLOWED = "slowed"
    RESTORED = "restored"
    CONNECTION_LOST = "connection-lost"
    CHANNEL_CLOSED = "channel-closed"
    SUBSCRIBED = "subscribed"
    CANCELLED = "cancelled"
    SCALED_UP = "scaled-up"
    SCALED_DOWN = "scaled-down"
    BLOCKED = "blocked"
    UNBLOCKED = "unblocked"
    # The broker and the network.
    BROKER_STOPPED = "broker-stopped"
    BROKER_KILLED = "broker-killed"
    BROKER_STARTED = "broker-started"
    PARTITIONED = "partitioned"
    HEALED = "healed"
    LEADER_LOST = "leader-lost"
    LEADER_ELECTED = "leader-elected"
    ALARM_RAISED = "alarm-raised"
    ALARM_CLEARED = "alarm-cleared"
    SERVICE_FAILED = "service-failed"
    SERVICE_RECOVERED = "service-recovered"
    # Messages, out of the ordinary.
    FAILED = "failed"
    NACKED = "nacked"
    RETURNED_TO_PRODUCER = "returned-to-producer"
    CONFIRM_MISSING = "confirm-missing"
    RETRIED = "retried"
    REFUSED = "refused"
    UNROUTABLE = "unroutable"
    DEAD_LETTERED = "dead-lettered"
    EXPIRED = "expired"
    DROPPED = "dropped"
    REJECTED = "rejected"
    TIMEOUT = "timeout"
    DELIVERY_LIMIT = "delivery-limit"
    REQUEUED = "requeued"
    RETURNED = "returned"
    REVIVED = "revived"
    LOST = "lost"
