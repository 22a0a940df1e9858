"""A classic queue: takes messages in, hands them out in turn, takes them back, lets them go.

`take_back` requeues; to which place, `queue_order` decides. Source of the rules: RabbitMQ's
documentation of queues, TTL, length limits, priorities and dead-lettering; checked against real brokers.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

from mqsim.broker.message import Message, failures_of
from mqsim.broker.queues.arguments import QueueArguments
from mqsim.broker.queues.availability import ANSWERS, Availability, Down, Silent
from mqsim.broker.queues.dispatch import RoundRobin, SingleActiveConsumer
from mqsim.broker.queues.expiry import Expiry
from mqsim.broker.queues.length_limit import LengthLimit
from mqsim.broker.queues.queue import Queue, Subscriber
from mqsim.broker.queues.queue_order import ByPriority, FirstInFirstOut, MessageOrder
from mqsim.broker.reasons import FAILURES, DeliveryEnd, Reason

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from mqsim.broker.confirms import Confirm
    from mqsim.broker.context import Context
    from mqsim.broker.dead_lettering import DeadLettering
    from mqsim.broker.durability import Durability
    from mqsim.broker.lifecycle import NodeInput
    from mqsim.broker.replication import Replicator
    from mqsim.broker.topology import Topology


@dataclass(frozen=True, slots=True)
class QueueHost:
    """What a queue needs of its broker.

    Attributes:
        context: the time, the rules, who is told.
        topology: takes the queue away where it goes by itself.
        durability: writes what the queue keeps.
        dead_lettering: takes what expires, is rejected or has to make room.
        replicator: has the other nodes of a quorum queue take its messages.
    """

    context: Context
    topology: Topology
    durability: Durability
    dead_lettering: DeadLettering
    replicator: Replicator


class ClassicQueue(Queue):
    """One classic queue, on one node.

    Attributes:
        ready: its ready messages, in order.
        rotation: its consumers, and whose turn it is.
        availability: whether its node answers.
    """

    ready: MessageOrder

    replicated = False
    shortest_life = 0.0
    """Seconds that a message with a time to live of 0 may wait."""

    def __init__(
        self,
        host: QueueHost,
        name: str,
        *,
        durable: bool = True,
        auto_delete: bool = False,
        owner: object | None = None,
        arguments: QueueArguments | None = None,
        table: Mapping[str, object] | None = None,
        node: str = "",
    ) -> None:
        self.host = host
        self.context = host.context
        self.durability = host.durability
        self.observer = host.context.observer
        self.name = name
        self.durable = durable
        self.auto_delete = auto_delete
        self.owner = owner
        self.arguments = arguments = arguments or QueueArguments()
        self.table = arguments.table() if table is None else dict(table)
        self.node = node
        self.rotation = self._rotation()
        self.wake = self.rotation.wake
        self.ready = self._order()
        self.waiting = 0
        self.waiting_bytes = 0
        self.unacked = 0
        self.sequence = 0
        self.deleted = False
        self._used_at = self.context.now
        # Set at the first message that can expire; until then nobody looks for any.
        self._expiring = arguments.message_ttl is not None
        self._expiry = Expiry(self.context, arguments.message_ttl, self._wake, self.shortest_life)
        self._limit = LengthLimit(arguments)
        self.availability: Availability = ANSWERS
        # No limit, no expiry, and its node answers.
        self._ordinary = not (self._expiring or self._limit.exists)
        if arguments.expires is not None:
            self.context.deadlines.add(self.context.now + arguments.expires, self._expire_unused)

    def _rotation(self) -> RoundRobin:
        return SingleActiveConsumer() if self.arguments.single_active_consumer else RoundRobin()

    def _order(self) -> MessageOrder:
        highest = self.arguments.max_priority
        return ByPriority(highest) if highest else FirstInFirstOut()

    @property
    def consumers(self) -> int:
        """How many consumers it has."""
        return len(self.rotation)

    @property
    def subscribers(self) -> Iterable[Subscriber]:
        """Its consumers, in order of subscription."""
        return self.rotation.order

    @property
    def counted(self) -> int:
        """How many ready messages a declaration tells of."""
        return self.waiting

    @property
    def routable(self) -> bool:
        """Whether routing finds it."""
        return self.availability.routable

    def keeps(self, message: Message) -> bool:
        """Whether a message here is to survive a restart."""
        return self.durable and message.envelope.persistent

    def headers_of(self, message: Message, got: bool) -> dict[str, object]:
        """The headers that the queue itself adds to a delivery (`got`: to a `basic.get`)."""
        return {}

    def sorts_headers(self, added: bool) -> bool:
        """Whether a client sees a message's headers sorted by name; `added`: the broker has added some."""
        when = self.context.profile.sorts_headers
        return when == "always" or (added and when == "added")

    # -- in --------------------------------------------------------------------------------------------------

    def publish(self, message: Message) -> bool:
        """Take a message in, or refuse it because of the queue's limit.

        Returns:
            False if the queue refuses it, which its publisher learns as a negative confirm.
        """
        if self._ordinary and message.envelope.expiration is None:
            message.queue = self
            self.sequence += 1
            message.sequence = self.sequence
            self.observer.enqueued(message, self)
            if not self.waiting:
                consumer = self.rotation.next()
                if consumer is not None:
                    consumer.send(message)
                    return True
            self.ready.push(message)
            self.waiting += 1
            return True
        return self._publish_limited(message)

    def defers(self, message: Message, confirm: Confirm | None) -> bool:
        """Whether the queue's node is silent; the message is then on its way there, and `confirm` waits."""
        if self.availability is ANSWERS or not isinstance(self.availability, Silent):
            return False
        self.availability.publish(message, self, confirm)
        return True

    def accept(self, message: Message) -> bool:
        """Take in what is about to be made safe; the same as `publish` but for a quorum queue."""
        return self.publish(message)

    def _publish_limited(self, message: Message) -> bool:
        if self.availability is not ANSWERS:
            return self._publish_unanswered(message)
        if self._limit.refuses(self.waiting + 1, self.waiting_bytes + message.envelope.size):
            if self._limit.dead_letters_refused:
                message.queue = self
                self.host.dead_lettering.dead_letter(message, self, Reason.MAXLEN)
            self.observer.refused(message, self)
            return False
        self.admit(message)
        self.dispatch()
        if self._head_may_be_new():
            self.expire(self.context.now)
        self._make_room()
        return True

    def _head_may_be_new(self) -> bool:
        """Whether RabbitMQ looks at the head after a publish: it takes a longer queue's head for the old one.

        So a message of higher priority may overstay its time at the head of a queue with priorities.
        """
        return self.waiting <= 1 or not self.arguments.max_priority

    def _publish_unanswered(self, message: Message) -> bool:
        if self.defers(message, None):
            return True
        message.queue = self
        self.observer.left(message, self, Reason.LOST)
        return False

    def admit(self, message: Message) -> None:
        """Append a message to the ready ones, whatever the limits say."""
        message.queue = self
        self.sequence += 1
        message.sequence = self.sequence
        if self._expiry.date(message):
            self._expiring = True
            self._ordinary = False
        self.observer.enqueued(message, self)
        self.ready.push(message)
        self.waiting += 1
        self.waiting_bytes += message.envelope.size
        if self._expiring and self._head_may_be_new():
            self._arm()

    def _is_over(self) -> bool:
        """Whether more is ready than may be."""
        return self._limit.is_passed_by(self.waiting, self.waiting_bytes)

    def _make_room(self) -> None:
        """Let the oldest go while there are too many (`drop-head`)."""
        if self._limit.drops_head:
            while self.waiting and self._is_over():
                self.host.dead_lettering.discard(self._pop(), self, Reason.MAXLEN)
        if self._expiring and self._head_may_be_new():
            self._arm()

    # -- out -------------------------------------------------------------------------------------------------

    def dispatch(self) -> None:
        """Send what is ready to consumers that are not blocked, in turn, until one of the two runs out."""
        if self.availability is not ANSWERS:
            return
        following = self.rotation.next
        while self.waiting:
            if (
                self._expiring
                and not self.arguments.max_priority
                and self._expiry.is_stale(self.ready.peek())
            ):
                self.expire(self.context.now)
                continue
            consumer = following()
            if consumer is None:
                return
            consumer.send(self._pop())

    def check_node(self, method: str, *, may_wait: bool = True) -> None:
        """As for every queue."""
        self.availability.check(self, method, may_wait=may_wait)

    def check_leader(self, method: str) -> None:
        """A classic queue has none."""

    def get(self, no_ack: bool = False) -> Message | None:
        """Take the next message for a `basic.get`, or None."""
        self._used_at = self.context.now
        if self._expiring and not self.arguments.max_priority:
            self.expire(self.context.now)
        if not self.waiting:
            return None
        message = self._pop()
        if self._expiring and (no_ack or not self.replicated):
            # What is next and has expired does not count among those that are left; a quorum queue looks
            # when something is done with.
            self.expire(self.context.now)
        return message

    def _pop(self) -> Message:
        message = self.ready.pop()
        self.waiting -= 1
        self.waiting_bytes -= message.envelope.size
        if self._expiring:
            self._arm()
        return message

    def acknowledged(self, message: Message) -> None:
        """A message is done with: acknowledged, or sent where no acknowledgement is asked."""
        if self.availability is not ANSWERS and self.availability.silent:
            self._tell_later(message, partial(self.acknowledged, message))
            return
        self.observer.acked(message, self)
        if self.durability.storage is not None:
            self.durability.forget(message, self)

    def refuse(self, message: Message, how: DeliveryEnd) -> None:
        """A consumer refuses a delivery for good, by nack or reject."""
        if self.availability.silent:
            self._tell_later(message, partial(self.refuse, message, how))
            return
        self.host.dead_lettering.reject(message, self, how)

    def _tell_later(self, message: Message, act: Callable[[], None]) -> None:
        assert isinstance(self.availability, Silent)
        self.availability.tell(message, act)

    # -- back ------------------------------------------------------------------------------------------------

    def take_back(self, messages: Iterable[Message], how: DeliveryEnd) -> None:
        """Requeue deliveries: each goes back to its original place and is redelivered from there.

        The caller has taken them from their channel's unacknowledged ones; it calls `dispatch` when all is
        back.
        """
        if self.availability.silent:
            for message in messages:
                self._tell_later(message, partial(self.take_back, [message], how))
            return
        for message in messages:
            message.redelivered = True
            if how in FAILURES:
                message.failures = failures_of(message) + 1
            self.ready.give_back(message)
            self.waiting += 1
            self.waiting_bytes += message.envelope.size
            self.observer.requeued(message, self, how)
        self._make_room()
        if self._expiring:
            self.expire(self.context.now)

    # -- time ------------------------------------------------------------------------------------------------

    def expire(self, now: float) -> int:
        """Let expired messages go, from the head on, as far as they reach.

        Returns:
            How many are ready after that.
        """
        if self.availability is not ANSWERS:
            return self.waiting
        while self.waiting and self._expiry.is_due(self.ready.peek(), now):
            self.host.dead_lettering.discard(self._pop(), self, Reason.EXPIRED)
        self._arm()
        return self.waiting

    def _arm(self) -> None:
        self._expiry.arm(self.ready.peek() if self.waiting else None)

    def _wake(self, time: float) -> None:
        if not self.deleted:
            self.expire(time)

    def touch(self) -> None:
        """Note that the queue was used (declared, consumed from, asked), which puts off its expiry."""
        self._used_at = self.context.now

    def _expire_unused(self, time: float) -> None:
        limit = self.arguments.expires
        if self.deleted or limit is None:
            return
        if len(self.rotation):
            self._used_at = time
        # The sum, not the difference: that may fall short of the limit by a rounding, for ever.
        due = self._used_at + limit
        if time >= due:
            self.host.topology.remove_queue(self)
        else:
            self.context.deadlines.add(due, self._expire_unused)

    # -- consumers and end -----------------------------------------------------------------------------------

    def add_consumer(self, consumer: Subscriber) -> None:
        """Let a consumer in, and send it what is ready for it."""
        self.touch()
        self.rotation.add(consumer)
        self.dispatch()

    def remove_consumer(self, consumer: Subscriber) -> None:
        """Let a consumer go; what it holds stays unacknowledged.

        The last one takes an auto-delete queue with it.
        """
        self.touch()
        self.rotation.remove(consumer)
        if self.auto_delete and not len(self.rotation) and not self.deleted:
            self.host.topology.remove_queue(self)

    def forget_consumer(self, consumer: Subscriber) -> None:
        """Let a consumer go because the queue itself goes."""
        self.rotation.remove(consumer)

    def after_cancel(self) -> None:
        """A consumer was cancelled: where it was the single active one, the next gets its turn."""
        if not self.context.profile.single_active_waits:
            self.dispatch()

    def after_departure(self) -> None:
        """A consumer is gone with its channel, and what it held is not back yet."""
        if isinstance(self.rotation, SingleActiveConsumer):
            self.after_cancel()

    def purge(self, reason: Reason = Reason.PURGED) -> int:
        """Let all ready messages go.

        Returns:
            How many there were.
        """
        count = self.waiting
        while self.waiting:
            message = self._pop()
            self.observer.left(message, self, reason)
            self.durability.forget(message, self)
        return count

    def survive(self, keeps: Iterable[Message]) -> None:
        """Begin anew after a restart of the broker with the messages that it keeps, in their order."""
        for message in keeps:
            self.ready.push(message)
            self.waiting += 1
            self.waiting_bytes += message.envelope.size
        self._expiry.rearm(self.ready.peek() if self.waiting else None)

    def drain(self) -> list[Message]:
        """Take out all ready messages, in order, without telling anyone; for a restart."""
        messages = list(self.ready)
        while self.waiting:
            self.ready.pop()
            self.waiting -= 1
        self.waiting_bytes = 0
        return messages

    # -- its node --------------------------------------------------------------------------------------------

    def _become(self, availability: Availability) -> None:
        self.availability = availability
        self._ordinary = availability is ANSWERS and not (self._expiring or self._limit.exists)

    def fall_silent(self) -> None:
        """Its node says nothing any more: what clients ask waits on its way."""
        self._become(Silent(self.context, self.durability))

    def resume(self) -> None:
        """Its silent node goes on: what was on its way arrives."""
        silent = self.availability
        assert isinstance(silent, Silent)
        self._become(ANSWERS)
        for arrive in silent.requests:
            arrive(True)
        self.expire(self.context.now)
        self.dispatch()

    def give_up(self) -> list[Message]:
        """Its node is down: what was on its way to it is lost, and its publishers are told.

        Returns:
            What clients acknowledged, refused or returned in vain: it is in the queue still.
        """
        silent = self.availability
        if not isinstance(silent, Silent):
            return []
        self._become(ANSWERS)
        for arrive in silent.requests:
            arrive(False)
        return silent.unheard

    def go_down(self, how: NodeInput) -> None:
        """Its node was stopped or killed, and all know."""
        self._become(Down(self.context, how))

    def come_back(self) -> None:
        """Its node answers again."""
        self._become(ANSWERS)


class UnreachableQueue(ClassicQueue):
    """Stands for a queue whose node is down in what clients still hold of it: what they say has no effect."""

    def acknowledged(self, message: Message) -> None:
        """An acknowledgement has no effect."""

    def refuse(self, message: Message, how: DeliveryEnd) -> None:
        """Nor has a refusal."""

    def take_back(self, messages: Iterable[Message], how: DeliveryEnd) -> None:
        """Nor has a return."""


class ReplyToQueue(ClassicQueue):
    """The answer to a declaration of `amq.rabbitmq.reply-to`: not a queue, but it has a consumer."""

    @property
    def consumers(self) -> int:
        """Always one."""
        return 1
