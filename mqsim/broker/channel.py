"""A channel: where a client's commands meet the broker's rules.

Errors close the channel (`ChannelError`) or the connection (`ConnectionError`): the state changes first, then
the error is raised, so that a protocol can put it on the wire and a test can catch it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from typing import TYPE_CHECKING

from mqsim.broker import replies
from mqsim.broker.acknowledgements import Delivery, Unacknowledged
from mqsim.broker.consumer import Consumer, Deliver
from mqsim.broker.exchanges import Binding, Exchange, ExchangeType
from mqsim.broker.lifecycle import CHANNEL, MODE, ChannelInput, ChannelMode, ChannelState, ModeInput
from mqsim.broker.message import Message
from mqsim.broker.prefetch import UNLIMITED, ChannelLimit
from mqsim.broker.queues.arguments import QueueArguments, consumer_priority
from mqsim.broker.queues.classic import ClassicQueue, ReplyToQueue
from mqsim.broker.reasons import DeliveryEnd
from mqsim.broker.replies import channel_error, connection_error, queue_named
from mqsim.broker.topology import REPLY_TO, made_address, made_name, with_method
from mqsim.errors import BrokerError, ChannelError, ConnectionError

if TYPE_CHECKING:
    from mqsim.broker.connection import Connection
    from mqsim.broker.queues.queue import Queue

Arguments = Mapping[str, object]
Confirmed = Callable[[int, bool], None]
Return = Callable[[Message, int, str], None]


def _ignore_end(_error: BrokerError) -> None:
    """The client did not ask to be told."""


def _ignore_cancel(_consumer: Consumer) -> None:
    """The client does not listen for cancelled consumers."""


def _ignore_get(_tag: int, _message: Message) -> None:
    """The client needs no word before the answer."""


def _ignore_return(_message: Message, _code: int, _text: str) -> None:
    """The client does not listen for returned messages."""


class Channel:
    """One channel of a connection.

    Attributes:
        number: its number on its connection.
        state: open or closed; mode: plain, confirming or transactional.
        closed_by: the mistake that closed it, if one did.
        last_queue: the queue declared last on this channel, which an empty name means.
        published: how many messages were published in confirm mode.
        consumers: its consumers by tag.
        prefetch: what a consumer that subscribes now gets; 0 is unlimited.
        reply_to: the queue of its direct reply-to, while it consumes from it.
        unacknowledged: the deliveries that wait for an acknowledgement.
        on_return: called with message, code and text when a mandatory message finds no queue.
        on_cancel: called with a consumer that the broker cancels because its queue is gone.
        on_closed: called with the error when the broker closes the channel.
    """

    def __init__(self, connection: Connection, number: int) -> None:
        self.connection = connection
        self.broker = connection.broker
        self.context = self.broker.context
        self.topology = self.broker.topology
        self.publishing = self.broker.publishing
        self.durability = self.broker.durability
        self.number = number
        self.state = CHANNEL.begin
        self.mode = MODE.begin
        self.closed_by: BrokerError | None = None
        self.last_queue = ""
        self.published = 0
        self.consumers: dict[str, Consumer] = {}
        self.prefetch = 0
        self.reply_to: Queue | None = None
        self.unacknowledged = Unacknowledged(self.context)
        self.on_return: Return = _ignore_return
        self.on_cancel: Callable[[Consumer], None] = _ignore_cancel
        self.on_closed: Callable[[BrokerError], None] = _ignore_end
        self._confirmed: Confirmed | None = None
        self._limit: ChannelLimit | None = None
        self._tags_made = 0
        # Published in a transaction that is not committed.
        self._uncommitted: list[Message] = []
        # Two short ways: publishing on an open channel without confirms and transactions; acknowledging on an
        # open channel without a transaction and without a limit that its consumers share.
        self._publishes_plainly = True
        self._acks_plainly = True

    # -- what every command has in common --------------------------------------------------------------------

    def _use(self) -> None:
        self.state = CHANNEL.step(f"channel {self.number}", self.state, ChannelInput.USE)

    def _note_short_ways(self) -> None:
        is_open = self.state is ChannelState.OPEN
        self._publishes_plainly = is_open and self.mode is ChannelMode.PLAIN
        self._acks_plainly = is_open and self.mode is not ChannelMode.TRANSACTIONAL and self._limit is None

    def during(self, method: str) -> Closing:
        """In a `with`, a mistake closes what it must; `method` is the command, such as `queue.declare`."""
        return Closing(self, method)

    @property
    def unacked(self) -> dict[int, Delivery]:
        """The deliveries that wait for an acknowledgement, by delivery tag."""
        return self.unacknowledged.deliveries

    def _named(self, name: str) -> str:
        if not name and not self.last_queue:
            raise replies.no_declared_queue()
        return name or self.last_queue

    def _find(self, name: str, method: str) -> Queue:
        return self.topology.find_queue(self._named(name), self.connection, method)

    # -- exchanges -------------------------------------------------------------------------------------------

    def declare_exchange(
        self,
        name: str,
        kind: ExchangeType | str = ExchangeType.DIRECT,
        *,
        durable: bool = False,
        auto_delete: bool = False,
        internal: bool = False,
        arguments: Arguments | None = None,
        passive: bool = False,
    ) -> Exchange:
        """Make an exchange, or find that it is there and the same (`passive`: only that it is there).

        Args:
            name: its name.
            kind: `direct`, `fanout`, `topic` or `headers`.
            durable: whether it survives a restart.
            auto_delete: whether it goes with the last binding from it.
            internal: whether only other exchanges may send to it.
            arguments: `alternate-exchange` is known.
            passive: see above.

        Raises:
            ChannelError: 404 if passive and not there; 403 for reserved names; 406 for other attributes.
            ConnectionError: 503 for an unknown type, in the profile 3.10.
        """
        self._use()
        with self.during("exchange.declare"):
            if passive:
                return self.topology.find_exchange(name)
            known = self.topology.kind_of(kind) if isinstance(kind, str) else kind
            alternate = (arguments or {}).get("alternate-exchange")
            if alternate is not None and not isinstance(alternate, str):
                told = f"invalid type '{replies.type_of(alternate)}' for arg 'alternate-exchange' in "
                raise channel_error(replies.PRECONDITION_FAILED, told + replies.exchange_named(name))
            return self.topology.declare_exchange(
                name, known, durable=durable, auto_delete=auto_delete, internal=internal, alternate=alternate
            )

    def delete_exchange(self, name: str, *, if_unused: bool = False) -> None:
        """Delete an exchange; one that is not there is no error.

        Raises:
            ChannelError: 403 for the default one and reserved names; 406 if it has bindings and must not.
        """
        self._use()
        with self.during("exchange.delete"):
            self.topology.delete_exchange(name, if_unused)

    def bind_exchange(
        self, destination: str, source: str, key: str = "", arguments: Arguments | None = None
    ) -> None:
        """Bind an exchange to another one, which then sends messages on to it.

        Raises:
            ChannelError: 404 if one of both is not there; 403 for the default exchange.
        """
        self._use()
        with self.during("exchange.bind"):
            if "" in (destination, source):
                raise replies.default_exchange()
            self.topology.find_exchange(source)
            self.topology.bind(source, self.topology.find_exchange(destination), key, arguments)

    def unbind_exchange(
        self, destination: str, source: str, key: str = "", arguments: Arguments | None = None
    ) -> None:
        """Take the binding of two exchanges away; what is not there is no error.

        Raises:
            ChannelError: 403 for the default exchange.
        """
        self._use()
        with self.during("exchange.unbind"):
            if "" in (destination, source):
                raise replies.default_exchange()
            target = self.topology.exchanges.get(destination)
            if target is not None:
                self.topology.unbind(source, target, key, arguments)

    # -- queues ----------------------------------------------------------------------------------------------

    def declare_queue(
        self,
        name: str = "",
        *,
        durable: bool = False,
        exclusive: bool = False,
        auto_delete: bool = False,
        arguments: QueueArguments | Arguments | None = None,
        passive: bool = False,
    ) -> Queue:
        """Make a queue, or find that it is there and the same (`passive`: only that it is there).

        Args:
            name: an empty one has the server make one up.
            durable: whether it survives a restart.
            exclusive: whether it belongs to this connection and ends with it.
            auto_delete: whether it goes with its last consumer.
            arguments: what else; a table as a client sends it, or `QueueArguments`.
            passive: see above.

        Raises:
            ChannelError: 404 if passive and not there; 405 if it is another connection's exclusive one; 406
                if it is there with other attributes, or can't be with these; 403 for a reserved name.
        """
        self._use()
        with self.during("queue.declare"):
            if name.startswith(REPLY_TO):
                return self._address(name)
            queue = self.topology.declare_queue(
                name,
                durable,
                auto_delete,
                self.connection if exclusive else None,
                QueueArguments() if arguments is None else arguments,
                passive,
                self.connection,
                self.connection.node,
            )
        self.last_queue = queue.name
        return queue

    def _address(self, name: str) -> Queue:
        """A stand-in that tells whether somebody waits for replies at an address of direct reply-to."""
        if name == REPLY_TO:
            return ReplyToQueue(self.broker.queue_host, name)
        if name not in self.topology.addresses:
            raise replies.no_queue(name)
        return self.topology.addresses[name]

    def delete_queue(self, name: str, *, if_unused: bool = False, if_empty: bool = False) -> int:
        """Delete a queue and its ready messages.

        Returns:
            How many messages went with it; 0 if there is no such queue, which is no error.

        Raises:
            ChannelError: 405 if it is another connection's; 406 if a condition does not hold.
            ConnectionError: 540 for a quorum queue with a condition.
        """
        self._use()
        with self.during("queue.delete"):
            queue = self.topology.queues.get(self._named(name))
            if queue is None:
                return 0
            self.topology.check_owner(queue, self.connection)
            queue.check_node("queue.delete")
            told = queue_named(queue.name)
            if queue.replicated and (if_unused or if_empty):
                flag = "if-unused" if if_unused else "if-empty"
                raise connection_error(
                    replies.NOT_IMPLEMENTED,
                    f"cannot delete {told}. queue.delete operations with {flag} flag set are not "
                    "supported by quorum queues",
                )
            if if_empty and queue.waiting:
                raise channel_error(replies.PRECONDITION_FAILED, f"{told} not empty")
            if if_unused and any(True for _ in queue.subscribers):
                raise channel_error(replies.PRECONDITION_FAILED, f"{told} in use")
            self.context.check_metadata("The operation to delete the queue from the metadata store timed out")
            count = queue.counted
            self.topology.remove_queue(queue)
            return count

    def purge(self, name: str) -> int:
        """Drop a queue's ready messages; give their number.

        Raises:
            ChannelError: 404 if it is not there; 405 if it is another connection's.
        """
        self._use()
        with self.during("queue.purge"):
            queue = self._find(name, "queue.purge")
            queue.check_leader("queue.purge")
            return queue.purge()

    def bind_queue(
        self, queue: str, exchange: str, key: str = "", arguments: Arguments | None = None
    ) -> None:
        """Bind a queue to an exchange; binding twice is once.

        Raises:
            ChannelError: 404 if one of both is not there; 403 for the default exchange; 405 for another's
                queue; 406 if a headers exchange can't make sense of the arguments.
        """
        self._use()
        with self.during("queue.bind"):
            name = self._named(queue)
            self.topology.find_exchange(exchange)
            self.topology.bind(exchange, self._find(name, "queue.bind"), key, arguments)

    def unbind_queue(
        self, queue: str, exchange: str, key: str = "", arguments: Arguments | None = None
    ) -> None:
        """Take a queue's binding away; what is not there is no error.

        Raises:
            ChannelError: 403 for the default exchange; 405 for another's queue that is bound so.
        """
        self._use()
        with self.during("queue.unbind"):
            if exchange == "":
                raise replies.default_exchange()
            target = self.topology.queues.get(self._named(queue))
            source = self.topology.exchanges.get(exchange)
            if target is None or source is None or Binding(target, key, arguments) not in source.bindings:
                return
            self.topology.check_owner(target, self.connection)
            target.check_node("queue.unbind")
            self.topology.unbind(exchange, target, key, arguments)

    # -- publishing ------------------------------------------------------------------------------------------

    def publish(self, message: Message) -> None:
        """Publish a message: each queue that its exchange finds gets one copy.

        Raises:
            ChannelError: 404 if the exchange is not there; 403 if it is an internal one.
        """
        envelope = message.envelope
        if self._publishes_plainly and not envelope.mandatory:
            try:
                queues = self.topology.routes[envelope.exchange][envelope.key]
            except KeyError:
                queues = self._route(message)
            else:
                if envelope.headers is not None:
                    queues = self._route(message)
            if len(queues) == 1 and self.durability.storage is None:
                queues[0].publish(message)
            else:
                self._spread(message, queues)
            return
        self._use()
        queues = self._route(message)
        if self.mode is ChannelMode.TRANSACTIONAL:
            self._uncommitted.append(message)
            return
        if self.mode is ChannelMode.PLAIN:
            self._spread(message, queues)
            return
        assert self._confirmed is not None
        self.published += 1
        number, confirm = self.published, self._confirmed
        if queues:
            self._return_reply(message)
            self.publishing.spread(message, queues, partial(confirm, number))
        else:
            self._spread(message, queues)
            confirm(number, True)

    def _route(self, message: Message) -> tuple[Queue, ...]:
        known = self.publishing.known_route(message.envelope)
        if known is not None:
            return known
        with self.during("basic.publish"):
            return self.publishing.route_of(message.envelope)

    def _spread(self, message: Message, queues: tuple[Queue, ...]) -> None:
        envelope = message.envelope
        if queues:
            self._return_reply(message)
            self.publishing.spread(message, queues, None)
            return
        gone = envelope.key.startswith(f"{REPLY_TO}.") and not self.context.profile.returns_late_replies
        returned = envelope.mandatory and not gone
        self.context.observer.unroutable(message, returned)
        if returned:
            self.on_return(message, replies.NO_ROUTE, "NO_ROUTE")

    def _return_reply(self, message: Message) -> None:
        """Return a mandatory reply although it is delivered, as 3.10 does."""
        envelope = message.envelope
        is_reply = not envelope.exchange and envelope.key in self.topology.addresses
        if envelope.mandatory and is_reply and self.context.profile.returns_replies:
            self.on_return(message, replies.NO_ROUTE, "NO_ROUTE")

    # -- confirms and transactions ---------------------------------------------------------------------------

    def confirm_select(self, confirm: Confirmed) -> None:
        """From now on have `confirm(number, ok)` called once for each publish; numbers count from 1.

        Raises:
            ChannelError: 406 on a transactional channel.
        """
        self._use()
        with self.during("confirm.select"):
            if self.mode is ChannelMode.TRANSACTIONAL:
                raise wrong_mode("cannot switch from tx to confirm mode")
        self._change(ModeInput.CONFIRM)
        self._confirmed = confirm

    def tx_select(self) -> None:
        """From now on have publishes and acknowledgements wait for `tx_commit`.

        Raises:
            ChannelError: 406 on a channel with confirms.
        """
        self._use()
        with self.during("tx.select"):
            if self.mode is ChannelMode.CONFIRMING:
                raise wrong_mode("cannot switch from confirm to tx mode")
        self._change(ModeInput.TRANSACT)

    def tx_commit(self) -> None:
        """Publish and acknowledge what was published and acknowledged since the last end of a transaction.

        Raises:
            ChannelError: 406 on a channel that is not transactional.
        """
        self._end_transaction(ModeInput.COMMIT, "tx.commit")
        uncommitted, self._uncommitted = self._uncommitted, []
        for message in uncommitted:
            self._spread(message, self._route(message))
        self.unacknowledged.commit()

    def tx_rollback(self) -> None:
        """Forget what was published; hold again what was acknowledged.

        Raises:
            ChannelError: 406 on a channel that is not transactional.
        """
        self._end_transaction(ModeInput.ROLL_BACK, "tx.rollback")
        self._uncommitted.clear()
        self.unacknowledged.roll_back()

    def _end_transaction(self, how: ModeInput, method: str) -> None:
        self._use()
        with self.during(method):
            if self.mode is not ChannelMode.TRANSACTIONAL:
                raise wrong_mode("channel is not transactional")
        self._change(how)

    def _change(self, how: ModeInput) -> None:
        self.mode = MODE.step(f"channel {self.number}", self.mode, how)
        self._note_short_ways()

    # -- consuming -------------------------------------------------------------------------------------------

    def qos(self, prefetch: int, *, shared: bool = False) -> None:
        """Set the prefetch of consumers that subscribe from now on; 0 is unlimited.

        Args:
            prefetch: how many deliveries a consumer may hold unacknowledged.
            shared: AMQP's global bit: one count for all the channel's consumers, at once. A later one without
                it lifts that count. In the profile 4.3 it is taken for a count per consumer.
        """
        self._use()
        if not shared or not self.context.profile.shares_prefetch:
            self.prefetch = prefetch
            if self._limit is not None:
                self._limit.limit = UNLIMITED
                self._limit.awaken()
            return
        if self._limit is None:
            self._limit = ChannelLimit()
            self._note_short_ways()
            for consumer in self.consumers.values():
                self._limit.join(consumer)
        self._limit.limit = prefetch or UNLIMITED
        self._limit.awaken()

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
            queue = self._make_reply_to(no_ack) if name == REPLY_TO else self._find(name, "basic.consume")
            if arguments is not None:
                priority = consumer_priority(queue.name, arguments) if "x-priority" in arguments else priority
            self._check_alone(queue, exclusive)
            queue.check_leader("basic.consume")
            if queue.replicated and self._limit is not None and self._limit.limit != UNLIMITED:
                told = f"{queue_named(queue.name)} does not support global qos"
                raise connection_error(replies.NOT_IMPLEMENTED, told)
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
        if self._limit is not None:
            self._limit.join(consumer)
        self.consumers[tag] = consumer
        queue.add_consumer(consumer)
        return consumer

    def _check_alone(self, queue: Queue, exclusive: bool) -> None:
        if queue.replicated:
            return
        first = next(iter(queue.subscribers), None)
        if (first is not None and (exclusive or first.exclusive)) or (
            exclusive and queue.arguments.single_active_consumer
        ):
            raise replies.in_exclusive_use(queue.name)

    def _make_reply_to(self, no_ack: bool) -> Queue:
        if not no_ack:
            raise wrong_mode("reply consumer cannot acknowledge")
        if self.reply_to is not None:
            raise wrong_mode("reply consumer already set")
        topology = self.topology
        topology.changed()
        name = made_address(topology.version)
        self.reply_to = topology.addresses[name] = ClassicQueue(
            self.broker.queue_host, name, durable=False, owner=self.connection, node=self.connection.node
        )
        return self.reply_to

    def cancel(self, tag: str) -> None:
        """End a subscription; what it holds stays unacknowledged. An unknown tag is no error."""
        self._use()
        consumer = self.consumers.pop(tag, None)
        if consumer is not None:
            self._let_go(consumer)
            if not consumer.queue.deleted:
                if consumer.unacked and consumer.queue.replicated:
                    consumer.queue.note_holder(lambda: bool(consumer.unacked) and self.unacknowledged.holds())
                consumer.queue.after_cancel()

    def dismiss(self, consumer: Consumer) -> None:
        """The broker ends a subscription because its queue is gone."""
        self.consumers.pop(consumer.tag, None)
        consumer.queue.forget_consumer(consumer)
        if self._limit is not None:
            self._limit.leave(consumer)
        self.context.observer.consumer_cancelled(consumer.queue, consumer.tag)
        self.on_cancel(consumer)

    def take_overdue(self, before: float) -> None:
        """Give back what quorum queues sent until `before`, and cancel the consumers that had it."""
        overdue = {
            tag: held
            for tag, held in self.unacknowledged.deliveries.items()
            if held[2] <= before and held[0].queue.replicated and not held[0].queue.deleted
        }
        for tag, (_, consumer, _) in overdue.items():
            del self.unacknowledged.deliveries[tag]
            if consumer is not None and consumer.tag in self.consumers:
                consumer.dismiss()
        self.unacknowledged.end(overdue, DeliveryEnd.TIMEOUT, True)

    def _let_go(self, consumer: Consumer) -> None:
        if self._limit is not None:
            self._limit.leave(consumer)
        consumer.queue.remove_consumer(consumer)
        if consumer.queue is self.reply_to:
            del self.topology.addresses[self.reply_to.name]
            self.topology.changed()
            self.reply_to = None

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
            queue.check_leader("basic.get")
        message = queue.get(no_ack)
        if message is None:
            return None
        waiting = self.unacknowledged
        waiting.last_tag += 1
        message.deliveries += 1
        taken(waiting.last_tag, message)
        if no_ack:
            queue.acknowledged(message)
        else:
            waiting.deliveries[waiting.last_tag] = (message, None, self.context.now)
            queue.unacked += 1
            if queue.replicated:
                queue.note_holder(partial(waiting.holds, waiting.last_tag))
        return waiting.last_tag, message

    # -- acknowledging ---------------------------------------------------------------------------------------

    def ack(self, tag: int, *, multiple: bool = False) -> None:
        """Acknowledge a delivery; with `multiple` all up to `tag`, or all there are if `tag` is 0.

        Raises:
            ChannelError: 406 if there is no such delivery on this channel.
        """
        if self._acks_plainly and not multiple:
            entry = self.unacknowledged.deliveries.pop(tag, None)
            if entry is not None:
                message, consumer, _ = entry
                queue = message.queue
                queue.unacked -= 1
                queue.acknowledged(message)
                if consumer is not None:
                    consumer.unacked -= 1
                    if consumer.parked or queue.waiting:
                        consumer.awaken()
                return
        self._use()
        self._end("basic.ack", tag, multiple, DeliveryEnd.ACK, False)

    def nack(self, tag: int, *, multiple: bool = False, requeue: bool = True) -> None:
        """Refuse a delivery (or several): requeue it, or let it go to the dead-letter exchange.

        Raises:
            ChannelError: 406 if there is no such delivery on this channel.
        """
        self._use()
        self._end("basic.nack", tag, multiple, DeliveryEnd.NACK, requeue)

    def reject(self, tag: int, *, requeue: bool = True) -> None:
        """Refuse one delivery. Raises as `nack` does."""
        self._use()
        self._end("basic.reject", tag, False, DeliveryEnd.REJECT, requeue)

    def recover(self) -> None:
        """Requeue all that is unacknowledged on this channel."""
        self._use()
        self.unacknowledged.end(self.unacknowledged.take_all(), DeliveryEnd.RECOVER, True)

    def _end(self, method: str, tag: int, multiple: bool, how: DeliveryEnd, requeue: bool) -> None:
        with self.during(method):
            taken: dict[int, Delivery] = self.unacknowledged.take(tag, multiple)
        if self.mode is ChannelMode.TRANSACTIONAL:
            self.unacknowledged.end_at_commit(taken, how, requeue)
        else:
            self.unacknowledged.end(taken, how, requeue)

    # -- ending ----------------------------------------------------------------------------------------------

    def close(self, error: BrokerError | None = None) -> None:
        """End the channel: its consumers leave, then what it holds goes back to its queues."""
        left = self.retire()
        for queue in left:
            queue.after_departure()
        self.end(error)
        for queue in left:
            queue.dispatch()

    def retire(self) -> list[Queue]:
        """First half of the end: no consumer of this channel gets anything any more.

        Returns:
            The queues that its consumers left, in which it may be another's turn now.
        """
        gone = list(self.consumers.values())
        self.consumers.clear()
        for consumer in gone:
            self._let_go(consumer)
        return [consumer.queue for consumer in gone if not consumer.queue.deleted]

    def end(self, error: BrokerError | None, *, vanished: bool = False) -> None:
        """Second half of the end: unacknowledged deliveries go back to the queues that are still there.

        Args:
            error: why the broker closes it.
            vanished: whether its node was killed and others go on, see `DisconnectedClients`.
        """
        given = ChannelInput.CLOSE if error is None else ChannelInput.FAIL
        self.state = CHANNEL.step(f"channel {self.number}", self.state, given)
        self._note_short_ways()
        self.closed_by = error
        self.connection.channels.pop(self.number, None)
        self._uncommitted.clear()
        self.unacknowledged.roll_back()
        held = [message for message, _, _ in self.unacknowledged.take_all().values()]
        if vanished:
            held = self.broker.disconnected.hold(self.connection.node, held)
        for message in held:
            message.queue.unacked -= 1
        self.unacknowledged.give_back(held, DeliveryEnd.CLOSED)
        self.context.observer.channel_closed(self.connection.name, self.number, error)
        if error is not None:
            self.on_closed(error)


class Closing:
    """Close the channel, or the connection, when a mistake raises an error; then let the error through.

    Args:
        channel: where the command was given.
        method: the command, such as `queue.declare`; the error carries its numbers.
    """

    __slots__ = ("channel", "method")

    def __init__(self, channel: Channel, method: str) -> None:
        self.channel = channel
        self.method = method

    def __enter__(self) -> None:
        return None

    def __exit__(self, _type: object, error: BaseException | None, _trace: object) -> None:
        if isinstance(error, ChannelError):
            self.channel.close(with_method(error, self.method))
        elif isinstance(error, ConnectionError):
            self.channel.connection.close(with_method(error, self.method))


def wrong_mode(told: str) -> ChannelError:
    """A command that does not go with the channel's mode: 406."""
    return channel_error(replies.PRECONDITION_FAILED, told)
