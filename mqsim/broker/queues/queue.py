"""What any queue offers to channels, exchanges and the rest of the broker, and what it asks of a consumer."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import TYPE_CHECKING, Protocol

from mqsim.broker.reasons import DeliveryEnd, Reason

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from mqsim.broker.confirms import Confirm
    from mqsim.broker.message import Message
    from mqsim.broker.queues.arguments import QueueArguments


class Subscriber(Protocol):
    """A consumer, as its queue knows it.

    Attributes:
        tag: its consumer tag.
        priority: the highest that is not blocked gets everything.
        exclusive: whether it is the only one.
        no_ack: whether a message is done with when it is sent.
        limit: how many deliveries it may hold now; -1 once it is gone.
        unacked: how many it holds.
        parked: whether it has left the rotation because it was blocked when its turn came.
    """

    tag: str
    priority: int
    exclusive: bool
    no_ack: bool
    limit: float
    unacked: int
    parked: bool

    def send(self, message: Message) -> None:
        """Send a message that the queue has taken from its ready ones."""

    def awaken(self) -> None:
        """It may hold more than before: take what is ready."""

    def rejoin(self) -> None:
        """It may hold more than before: go back into the rotation."""

    def dismiss(self) -> None:
        """The broker cancels it because its queue is gone."""


class Queue(ABC):
    """One queue.

    Attributes:
        name: its name.
        durable, auto_delete, arguments: as declared; `table` is the arguments as they came.
        owner: the connection whose exclusive queue it is, or None.
        node: the node that it lives on, or that leads it.
        waiting: how many messages are ready; `waiting_bytes` their bodies' bytes, kept where limited.
        ready: the ready messages, in order.
        sequence: the number of the latest message; each that comes has the next one.
        unacked: how many are with consumers, unacknowledged.
        deleted: whether it is gone.
        replicated: whether its messages are kept on several nodes (a quorum queue).
        wake: called with a subscriber that was blocked and no longer is.
    """

    name: str
    durable: bool
    auto_delete: bool
    owner: object | None
    arguments: QueueArguments
    table: dict[str, object]
    node: str
    waiting: int
    waiting_bytes: int
    ready: Iterable[Message]
    sequence: int
    unacked: int
    deleted: bool
    replicated: bool
    wake: Callable[[Subscriber], None]

    # -- what it says of itself ------------------------------------------------------------------------------

    @property
    @abstractmethod
    def routable(self) -> bool:
        """Whether routing finds it."""

    @property
    @abstractmethod
    def consumers(self) -> int:
        """How many consumers a declaration tells of."""

    def note_holder(self, is_held: Callable[[], bool]) -> None:
        """Something without a consumer of this queue holds a message of it, as long as `is_held()`.

        That is a `basic.get`, or a consumer that was cancelled. A quorum queue counts it as a consumer.
        """
        return

    @property
    @abstractmethod
    def counted(self) -> int:
        """How many ready messages a declaration tells of."""

    @property
    @abstractmethod
    def subscribers(self) -> Iterable[Subscriber]:
        """Its consumers, in order of subscription."""

    @abstractmethod
    def keeps(self, message: Message) -> bool:
        """Whether a message here is to survive a restart."""

    @abstractmethod
    def headers_of(self, message: Message, got: bool) -> dict[str, object]:
        """The headers that the queue itself adds to a delivery (`got`: to a `basic.get`)."""

    @abstractmethod
    def sorts_headers(self, added: bool) -> bool:
        """Whether a client sees a message's headers sorted by name; `added`: the broker has added some."""

    @abstractmethod
    def check_node(self, method: str, *, may_wait: bool = True) -> None:
        """Raise where the queue's node does not answer.

        Args:
            method: what is asked of it, such as `queue.declare`.
            may_wait: whether that is the last thing to be looked at; RabbitMQ waits only then.

        Raises:
            ChannelError: 404, where RabbitMQ says so.
            ConnectionError: 541, where RabbitMQ's channel fails at it.
            NoAnswerError: where RabbitMQ waits for the node.
        """

    @abstractmethod
    def check_leader(self, method: str) -> None:
        """Raise where nobody leads the queue; `method` is `basic.get`, `basic.consume` or `queue.purge`."""

    # -- in and out ------------------------------------------------------------------------------------------

    @abstractmethod
    def publish(self, message: Message) -> bool:
        """Take a message in, or refuse it because of the queue's limit.

        Returns:
            False if the queue refuses it, which its publisher learns as a negative confirm.
        """

    @abstractmethod
    def accept(self, message: Message) -> bool:
        """Take in what is about to be made safe; the same as `publish` but for a quorum queue."""

    @abstractmethod
    def defers(self, message: Message, confirm: Confirm | None) -> bool:
        """Whether the queue's node is silent; the message is then on its way there, and `confirm` waits."""

    @abstractmethod
    def admit(self, message: Message) -> None:
        """Append a message to the ready ones, whatever the limits say."""

    @abstractmethod
    def dispatch(self) -> None:
        """Send what is ready to consumers that are not blocked, in turn, until one of the two runs out."""

    @abstractmethod
    def get(self, no_ack: bool = False) -> Message | None:
        """Take the next message for a `basic.get` (`no_ack`: which counts as done with at once), or None."""

    @abstractmethod
    def acknowledged(self, message: Message) -> None:
        """A message is done with: acknowledged, or sent where no acknowledgement is asked."""

    @abstractmethod
    def refuse(self, message: Message, how: DeliveryEnd) -> None:
        """A consumer refuses a delivery for good, by nack or reject."""

    @abstractmethod
    def take_back(self, messages: Iterable[Message], how: DeliveryEnd) -> None:
        """Requeue deliveries that were taken from their channel; the caller calls `dispatch` in the end."""

    # -- consumers and end -----------------------------------------------------------------------------------

    @abstractmethod
    def add_consumer(self, consumer: Subscriber) -> None:
        """Let a consumer in, and send it what is ready for it."""

    @abstractmethod
    def remove_consumer(self, consumer: Subscriber) -> None:
        """Let a consumer go; what it holds stays unacknowledged."""

    @abstractmethod
    def forget_consumer(self, consumer: Subscriber) -> None:
        """Let a consumer go because the queue itself goes."""

    @abstractmethod
    def after_cancel(self) -> None:
        """A consumer was cancelled: where it was the single active one, the next gets its turn."""

    @abstractmethod
    def after_departure(self) -> None:
        """A consumer is gone with its channel, and what it held is not back yet."""

    @abstractmethod
    def touch(self) -> None:
        """Note that the queue was used (declared, consumed from, asked), which puts off its expiry."""

    @abstractmethod
    def purge(self, reason: Reason = Reason.PURGED) -> int:
        """Let all ready messages go.

        Returns:
            How many there were.
        """

    @abstractmethod
    def drain(self) -> list[Message]:
        """Take out all ready messages, in order, without telling anyone; for a restart."""

    @abstractmethod
    def survive(self, keeps: Iterable[Message]) -> None:
        """Begin anew after a restart of the broker with the messages that it keeps, in their order."""
