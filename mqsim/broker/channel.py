"""A channel: where a client's commands meet the broker's rules.

Errors close the channel (`ChannelError`) or the connection (`ConnectionError`): the state changes first, then
the error is raised, so that a protocol can put it on the wire and a test can catch it.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from mqsim.broker import replies
from mqsim.broker.consumer import Consumer, Deliver
from mqsim.broker.lifecycle import CHANNEL, Input, State, step
from mqsim.broker.message import Message
from mqsim.broker.queue import Queue, QueueArguments
from mqsim.errors import BrokerError, ChannelError

if TYPE_CHECKING:
    from mqsim.broker.connection import Connection

Confirm = Callable[[int, bool], None]
Return = Callable[[Message, int, str], None]


def _ignore_return(_message: Message, _code: int, _text: str) -> None:
    """The client does not listen for returned messages."""


class Channel:
    """One channel of a connection.

    Attributes:
        unacked: deliveries that wait for an acknowledgement: tag to (message, consumer or None for a get,
        time sent). consumers: its consumers by tag.
        prefetch: what a consumer that subscribes now gets; 0 is unlimited.
        on_return: called with message, code and text when a mandatory message finds no queue.
    """

    def __init__(self, connection: Connection, number: int) -> None:
        self.connection = connection
        self.broker = connection.broker
        self.number = number
        self.state = State.OPEN
        self.last_tag = 0
        self.unacked: dict[int, tuple[Message, Consumer | None, float]] = {}
        self.consumers: dict[str, Consumer] = {}
        self.prefetch = 0
        self.published = 0
        self.on_return: Return = _ignore_return
        self._confirm: Confirm | None = None
        self._tags_made = 0

    # -- declaring -------------------------------------------------------------------------------------------

    def declare_queue(
        self,
        name: str = "",
        *,
        durable: bool = False,
        exclusive: bool = False,
        auto_delete: bool = False,
        arguments: QueueArguments | None = None,
        passive: bool = False,
    ) -> Queue:
        """Make a queue, or find that it is there and the same (`passive`: only that it is there).

        Raises:
            ChannelError: 404 if passive and not there; 405 if it is another connection's exclusive one; 406
                if it is
                there with other attributes.
        """
        self._use()
        with _Closing(self):
            owner = self.connection if exclusive else None
            return self.broker.declare_queue(
                name, durable, auto_delete, owner, arguments or QueueArguments(), passive, self.connection
            )

    def delete_queue(self, name: str, *, if_unused: bool = False, if_empty: bool = False) -> int:
        """Delete a queue and its ready messages.

        Returns:
            How many messages went with it; 0 if there is no such queue, which is no error.

        Raises:
            ChannelError: 405 if it is another connection's; 406 if a condition does not hold.
        """
        self._use()
        with _Closing(self):
            queue = self.broker.queues.get(name)
            if queue is None:
                return 0
            self.broker.check_owner(queue, self.connection)
            failed = "in use" if if_unused and len(queue.circle) else "not empty" if if_empty and queue.waiting else ""
            if failed:
                text = f"PRECONDITION_FAILED - queue '{name}' in vhost '{replies.VHOST}' {failed}"
                raise ChannelError(replies.PRECONDITION_FAILED, text)
            return self.broker.remove_queue(queue)

    def purge(self, name: str) -> int:
        """Drop a queue's ready messages; give their number.

        Raises:
            ChannelError: 404 if it is not there; 405 if it is another connection's.
        """
        self._use()
        with _Closing(self):
            return self.broker.find_queue(name, self.connection).purge()

    # -- publishing ------------------------------------------------------------------------------------------

    def confirm_select(self, confirm: Confirm) -> None:
        """From now on have `confirm(number, ok)` called once for each publish; numbers count from 1."""
        self._use()
        self._confirm = confirm

    def publish(self, message: Message) -> None:
        """Publish a message: each queue that its exchange finds gets one copy.

        Raises:
            ChannelError: 404 if the exchange is not there.
        """
        if self.state is not State.OPEN:
            self._use()
        broker = self.broker
        envelope = message.envelope
        if envelope.route_version != broker.version:
            with _Closing(self):
                broker.find_route(envelope)
        queues = envelope.route
        if self._confirm is None:
            if len(queues) == 1 and broker.storage is None:
                queues[0].publish(message)
            elif queues:
                broker.spread(message, queues, None)
            else:
                self._unroutable(message)
            return
        self.published += 1
        number, confirm = self.published, self._confirm
        if not queues:
            self._unroutable(message)
            confirm(number, True)
        else:
            broker.spread(message, queues, lambda ok: confirm(number, ok))

    def _unroutable(self, message: Message) -> None:
        mandatory = message.envelope.mandatory
        self.broker.watcher.unroutable(message, mandatory)
        if mandatory:
            self.on_return(message, replies.NO_ROUTE, "NO_ROUTE")

    # -- consuming -------------------------------------------------------------------------------------------

    def qos(self, prefetch: int) -> None:
        """Set the prefetch of consumers that subscribe from now on; 0 is unlimited."""
        self._use()
        self.prefetch = prefetch

    def consume(
        self,
        name: str,
        deliver: Deliver,
        *,
        no_ack: bool = False,
        tag: str = "",
        priority: int = 0,
        exclusive: bool = False,
    ) -> Consumer:
        """Subscribe to a queue; `deliver(consumer, tag, message)` is called for each message, from within the
        broker.

        Raises:
            ChannelError: 404, 405, or 403 where an exclusive consumer is concerned.
            SimulationError: the tag is in use on this channel.
        """
        self._use()
        with _Closing(self):
            queue = self.broker.find_queue(name, self.connection)
            if len(queue.circle) and (exclusive or any(c.exclusive for c in queue.circle.order)):
                raise replies.in_exclusive_use(name)
        if not tag:
            self._tags_made += 1
            tag = f"ctag{self.number}.{self._tags_made}"
        consumer = Consumer(
            self, queue, tag, deliver, no_ack=no_ack, prefetch=self.prefetch, priority=priority, exclusive=exclusive
        )
        self.consumers[tag] = consumer
        queue.add_consumer(consumer)
        return consumer

    def cancel(self, tag: str) -> None:
        """End a subscription; what it holds stays unacknowledged. An unknown tag is no error."""
        self._use()
        consumer = self.consumers.pop(tag, None)
        if consumer is not None:
            consumer.queue.remove_consumer(consumer)

    def get(self, name: str, *, no_ack: bool = False) -> tuple[int, Message] | None:
        """Take one message from a queue: its delivery tag and itself, or None if none is ready.

        Raises:
            ChannelError: 404 or 405.
        """
        self._use()
        with _Closing(self):
            queue = self.broker.find_queue(name, self.connection)
        message = queue.get()
        if message is None:
            return None
        self.last_tag += 1
        message.deliveries += 1
        if no_ack:
            queue.settled(message, None)
        else:
            self.unacked[self.last_tag] = (message, None, self.broker.now)
            queue.unacked += 1
        return self.last_tag, message

    # -- settling --------------------------------------------------------------------------------------------

    def ack(self, tag: int, *, multiple: bool = False) -> None:
        """Acknowledge a delivery; with `multiple` all up to `tag`, or all there are if `tag` is 0.

        Raises:
            ChannelError: 406 if there is no such delivery on this channel.
        """
        if self.state is not State.OPEN:
            self._use()
        if not multiple:
            entry = self.unacked.pop(tag, None)
            if entry is not None:
                message, consumer, _ = entry
                queue = message.queue
                queue.unacked -= 1
                queue.settled(message, consumer)
                if consumer is not None:
                    consumer.unacked -= 1
                    if consumer.parked or queue.waiting:
                        consumer.awaken()
                return
        for message, consumer in self._take(tag, multiple):
            message.queue.settled(message, consumer)
            if consumer is not None:
                consumer.awaken()

    def nack(self, tag: int, *, multiple: bool = False, requeue: bool = True, reason: str = "nack") -> None:
        """Refuse a delivery (or several): requeue it, else let it go to the dead-letter exchange, if there is
        one.

        Raises:
            ChannelError: 406 if there is no such delivery on this channel.
        """
        self._use()
        taken = self._take(tag, multiple)
        if requeue:
            self._give_back([message for message, _ in taken], reason)
        else:
            for message, _ in taken:
                self.broker.discard(message, message.queue, "rejected")
        for _, consumer in taken:
            if consumer is not None:
                consumer.awaken()

    def reject(self, tag: int, *, requeue: bool = True) -> None:
        """Refuse one delivery. Raises as `nack` does."""
        self.nack(tag, requeue=requeue, reason="reject")

    def recover(self) -> None:
        """Requeue all that is unacknowledged on this channel."""
        self._use()
        if self.unacked:
            self.nack(0, multiple=True, reason="recover")

    def _take(self, tag: int, multiple: bool) -> list[tuple[Message, Consumer | None]]:
        tags = [tag] if not multiple else [t for t in self.unacked if t <= tag or tag == 0]
        if any(t not in self.unacked for t in tags) or (not tags and tag != 0):
            with _Closing(self):
                raise replies.unknown_tag(tag)
        taken = []
        for t in tags:
            message, consumer, _ = self.unacked.pop(t)
            message.queue.unacked -= 1
            if consumer is not None:
                consumer.unacked -= 1
            taken.append((message, consumer))
        return taken

    def _give_back(self, messages: list[Message], reason: str) -> None:
        by_queue: dict[Queue, list[Message]] = {}
        for message in messages:
            by_queue.setdefault(message.queue, []).append(message)
        for queue, returned in by_queue.items():
            queue.take_back(returned, reason)
        for queue in by_queue:
            queue.dispatch()

    # -- ending ----------------------------------------------------------------------------------------------

    def close(self, error: BrokerError | None = None) -> None:
        """End the channel: its consumers leave, then what it holds goes back to its queues."""
        self.retire()
        self.end(error)

    def retire(self) -> None:
        """First half of the end: no consumer of this channel gets anything any more."""
        for consumer in self.consumers.values():
            consumer.queue.remove_consumer(consumer)
        self.consumers.clear()

    def end(self, error: BrokerError | None) -> None:
        """Second half of the end: unacknowledged deliveries go back to the queues that are still there."""
        given = Input.CLOSE if error is None else Input.FAIL
        self.state = step(CHANNEL, f"channel {self.number}", self.state, given)
        self.connection.channels.pop(self.number, None)
        held = [message for message, _, _ in self.unacked.values()]
        self.unacked.clear()
        for message in held:
            message.queue.unacked -= 1
            if message.queue.deleted:
                self.broker.watcher.left(message, message.queue, "deleted")
        self._give_back([message for message in held if not message.queue.deleted], "closed")
        self.broker.watcher.channel_closed(self, error)

    def _use(self) -> None:
        self.state = step(CHANNEL, f"channel {self.number}", self.state, Input.USE)


class _Closing:
    """Close the channel when its client's mistake raises a ChannelError, then let the error through."""

    def __init__(self, channel: Channel) -> None:
        self.channel = channel

    def __enter__(self) -> None:
        return None

    def __exit__(self, _type: object, error: BaseException | None, _trace: object) -> None:
        if isinstance(error, ChannelError):
            self.channel.close(error)
