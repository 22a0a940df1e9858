"""What happened in a broker, as data: for tests, notebooks and whoever wants to see rather than be told.

A record costs more than a call; a simulation listens as an `Observer` instead.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from mqsim.broker.message import Message


@dataclass(frozen=True, slots=True)
class Event:
    """Something that happened.

    Attributes:
        time: when, in seconds of the broker's time.
    """

    time: float


@dataclass(frozen=True, slots=True)
class OfMessage(Event):
    """Something that happened to a message.

    Attributes:
        message: the message; the same object through its life in one queue.
        queue: the queue's name.
    """

    message: Message
    queue: str

    @property
    def body(self) -> str:
        """The message's body as text."""
        return self.message.envelope.body.decode(errors="replace")


@dataclass(frozen=True, slots=True)
class Enqueued(OfMessage):
    """A queue took a message in."""


@dataclass(frozen=True, slots=True)
class Copied(OfMessage):
    """A copy is about to enter a queue.

    Attributes:
        of: what it is a copy of.
        reason: `fanout`, or why the original was dead-lettered.
    """

    of: Message
    reason: str


@dataclass(frozen=True, slots=True)
class Acked(OfMessage):
    """A message is done with."""


@dataclass(frozen=True, slots=True)
class Requeued(OfMessage):
    """A queue took a delivery back.

    Attributes:
        reason: one of those that `DeliveryEnd` names.
    """

    reason: str


@dataclass(frozen=True, slots=True)
class Left(OfMessage):
    """A message left a queue without having been acknowledged.

    Attributes:
        reason: one of those that `Reason` names.
    """

    reason: str


@dataclass(frozen=True, slots=True)
class Revived(OfMessage):
    """A message that was done with is back after a kill."""


@dataclass(frozen=True, slots=True)
class Refused(OfMessage):
    """A full queue refused a message."""


@dataclass(frozen=True, slots=True)
class Unroutable(Event):
    """No queue was bound for a message.

    Attributes:
        message: the message.
        returned: whether its publisher is told.
    """

    message: Message
    returned: bool


@dataclass(frozen=True, slots=True)
class ChannelClosed(Event):
    """A channel closed.

    Attributes:
        connection: the name of its connection.
        number: its number.
        code, text: the error; 0 and empty if there was none.
    """

    connection: str
    number: int
    code: int
    text: str


@dataclass(frozen=True, slots=True)
class ConnectionClosed(Event):
    """A connection closed.

    Attributes:
        connection: its name.
        code, text: the error; 0 and empty if there was none.
    """

    connection: str
    code: int
    text: str


@dataclass(frozen=True, slots=True)
class ConsumerCancelled(Event):
    """The broker cancelled a consumer.

    Attributes:
        queue: the queue that is gone.
        tag: the consumer's tag.
    """

    queue: str
    tag: str


@dataclass(frozen=True, slots=True)
class LeaderLost(Event):
    """A quorum queue has no leader any more.

    Attributes:
        queue: its name.
    """

    queue: str


@dataclass(frozen=True, slots=True)
class LeaderElected(Event):
    """A quorum queue has a new leader.

    Attributes:
        queue: its name.
        node: the leader.
    """

    queue: str
    node: str


@dataclass(frozen=True, slots=True)
class Alarmed(Event):
    """An alarm was raised or cleared.

    Attributes:
        kind: `memory` or `disk`.
        raised: which of both.
    """

    kind: str
    raised: bool
