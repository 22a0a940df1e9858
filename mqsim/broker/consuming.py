"""A channel's consumers: subscribed, limited, cancelled; and messages asked for one by one."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

from mqsim.broker import replies
from mqsim.broker.arguments import consumer_priority
from mqsim.broker.consumer import Consumer, Deliver
from mqsim.broker.declaring import REPLY_TO
from mqsim.broker.endpoint import wrong_mode
from mqsim.broker.message import Message
from mqsim.broker.prefetch import UNLIMITED, ChannelLimit
from mqsim.broker.queue import Queue
from mqsim.broker.settling import Settling
from mqsim.broker.topology import made_name

if TYPE_CHECKING:
    from mqsim.broker.connection import Connection


def _ignore_cancel(_consumer: Consumer) -> None:
    """The client does not listen for cancelled consumers."""


def _ignore_get(_tag: int, _message: Message) -> None:
    """The client needs no word before the answer."""


class Consuming(Settling):
    """Who gets messages on a channel.

    Attributes:
        consumers: its consumers by tag.
        prefetch: what a consumer that subscribes now gets; 0 is unlimited.
        address: the queue of its direct reply-to, while it consumes from it.
        on_cancel: called with a consumer that the broker cancels because its queue is gone.
    """

    def __init__(self, connection: Connection, number: int) -> None:
        super().__init__(connection, number)
        self.consumers: dict[str, Consumer] = {}
        self.prefetch = 0
        self.address: Queue | None = None
        self.on_cancel: Callable[[Consumer], None] = _ignore_cancel
        self._shared: ChannelLimit | None = None
        self._tags_made = 0

    def _settle_pace(self) -> None:
        super()._settle_pace()
        self._quick = self._quick and self._shared is None

    def qos(self, prefetch: int, *, shared: bool = False) -> None:
        """Set the prefetch of consumers that subscribe from now on; 0 is unlimited.

        Args:
            prefetch: how many deliveries a consumer may hold unacknowledged.
            shared: AMQP's global bit: one count for all the channel's consumers, at once. In the profile 4.3
                it is taken for a count per consumer.
        """
        self._use()
        if not shared or not self.broker.profile.shares_prefetch:
            self.prefetch = prefetch
            return
        if self._shared is None:
            self._shared = ChannelLimit()
            self._settle_pace()
            for consumer in self.consumers.values():
                self._shared.join(consumer)
        self._shared.limit = prefetch or UNLIMITED
        self._shared.awaken()

    def consume(
        self,
        name: str,
        deliver: Deliver,
        *,
        no_ack: bool = False,
        tag: str = "",
        priority: int = 0,
        exclusive: bool = False,
        arguments: Mapping[str, object] | None = None,
    ) -> Consumer:
        """Subscribe to a queue.

        `deliver(consumer, tag, message)` is called for each message, from within the broker.

        Args:
            name: the queue; empty for the one declared last; `amq.rabbitmq.reply-to` for direct replies.
            deliver: see above.
            no_ack: whether a message is done with when it is sent.
            tag: an empty one has the server make one up.
            priority: the highest that is not blocked gets everything.
            exclusive: whether it must be, and stay, the only consumer.
            arguments: `x-priority` is known, and goes before `priority`.

        Raises:
            ChannelError: 404, 405, 406, or 403 where an exclusive consumer is concerned.
            ConnectionError: 530 if the tag is in use on this channel; 540 for a quorum queue with shared
            prefetch.
        """
        self._use()
        with self.during("basic.consume"):
            if tag in self.consumers:
                raise replies.reused_tag(tag)
            queue = self._make_address(no_ack) if name == REPLY_TO else self._find(name, "basic.consume")
            if arguments is not None:
                priority = consumer_priority(queue.name, arguments) if "x-priority" in arguments else priority
            self._check_alone(queue, exclusive)
            queue.check("basic.consume")
            if queue.replicated and self._shared is not None and self._shared.limit != UNLIMITED:
                told = f"{replies.queue_named(queue.name)} does not support global qos"
                raise replies.connection_error(replies.NOT_IMPLEMENTED, told)
        if not tag:
            self._tags_made += 1
            tag = made_name("amq.ctag-", f"{self.number} {self._tags_made}")
        consumer = Consumer(
            self,
            queue,
            tag,
            deliver,
            no_ack=no_ack,
            prefetch=self.prefetch,
            priority=priority,
            exclusive=exclusive,
        )
        if self._shared is not None:
            self._shared.join(consumer)
        self.consumers[tag] = consumer
        queue.add_consumer(consumer)
        return consumer

    def _check_alone(self, queue: Queue, exclusive: bool) -> None:
        if queue.replicated:
            return
        there = queue.circle.order
        first = next(iter(there), None)
        if (first is not None and (exclusive or first.exclusive)) or (
            exclusive and queue.arguments.single_active_consumer
        ):
            raise replies.in_exclusive_use(queue.name)

    def _make_address(self, no_ack: bool) -> Queue:
        if not no_ack:
            raise wrong_mode("reply consumer cannot acknowledge")
        if self.address is not None:
            raise wrong_mode("reply consumer already set")
        broker = self.broker
        broker.changed()
        name = made_name(f"{REPLY_TO}.", broker.version)
        self.address = broker.addresses[name] = Queue(
            broker, name, durable=False, owner=self.connection, node=self.connection.node
        )
        return self.address

    def cancel(self, tag: str) -> None:
        """End a subscription; what it holds stays unacknowledged. An unknown tag is no error."""
        self._use()
        consumer = self.consumers.pop(tag, None)
        if consumer is not None:
            self._let_go(consumer)
            if not consumer.queue.deleted:
                consumer.queue.after_cancel()

    def dismiss(self, consumer: Consumer) -> None:
        """The broker ends a subscription because its queue is gone."""
        self.consumers.pop(consumer.tag, None)
        consumer.queue.circle.remove(consumer)
        if self._shared is not None:
            self._shared.leave(consumer)
        self.broker.watcher.consumer_cancelled(consumer)
        self.on_cancel(consumer)

    def take_overdue(self, before: float) -> None:
        """Give back what quorum queues sent until `before`, and cancel the consumers that had it."""
        overdue = {
            tag: held
            for tag, held in self.unacked.items()
            if held[2] <= before and held[0].queue.replicated and not held[0].queue.deleted
        }
        for tag, (_, consumer, _) in overdue.items():
            del self.unacked[tag]
            if consumer is not None and consumer.tag in self.consumers:
                self.dismiss(consumer)
        self._carry_out(overdue, "timeout", True)

    def _let_go(self, consumer: Consumer) -> None:
        if self._shared is not None:
            self._shared.leave(consumer)
        consumer.queue.remove_consumer(consumer)
        if consumer.queue is self.address:
            del self.broker.addresses[self.address.name]
            self.broker.changed()
            self.address = None

    def get(
        self, name: str, taken: Callable[[int, Message], None] = _ignore_get, *, no_ack: bool = False
    ) -> tuple[int, Message] | None:
        """Take one message from a queue: its delivery tag and itself, or None if none is ready.

        `taken` is called with the two before the message counts as done with (`no_ack`).

        Raises:
            ChannelError: 404 or 405.
        """
        self._use()
        with self.during("basic.get"):
            queue = self._find(name, "basic.get")
            queue.check("basic.get")
        message = queue.get()
        if message is None:
            return None
        self.last_tag += 1
        message.deliveries += 1
        taken(self.last_tag, message)
        if no_ack:
            queue.settled(message)
        else:
            self.unacked[self.last_tag] = (message, None, self.broker.now)
            queue.unacked += 1
        return self.last_tag, message
