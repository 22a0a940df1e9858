"""What the frames of a client that has logged in do at the broker, and what the broker pushes to it.

RabbitMQ's plugin is a client of AMQP's broker with one channel, and so is this. What the broker pushes
(messages, confirms, cancellations) is appended to the output from within the broker; nothing here calls it
back from there.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any, Final

from mqsim.broker.properties import enter
from mqsim.errors import BrokerError
from mqsim.stomp import failures
from mqsim.stomp.destinations import TEMPORARY, Destination, Kind, destination_in, told
from mqsim.stomp.failures import RefusedError
from mqsim.stomp.frames import name_in, written
from mqsim.stomp.properties import headers_of, number_in, properties_in
from mqsim.stomp.queues import declaration_of, is_durable, subscription_name
from mqsim.stomp.states import Input

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from mqsim.broker import Channel, Consumer, Message
    from mqsim.protocol import Output
    from mqsim.stomp.frames import Frame, Headers
    from mqsim.stomp.observer import Observer

ACK_MODES: Final = {"auto": (False, False), "client": (True, True), "client-individual": (True, False)}
"""By ack mode: whether messages are acknowledged, and whether an acknowledgement covers all before it."""

SEPARATOR: Final = "@@"


@dataclass(eq=False, slots=True)
class Subscription:
    """One subscription.

    Attributes:
        tag: its consumer tag.
        destination: its destination as the client wrote it.
        acknowledges: whether its messages wait for ACK.
        cumulative: whether ACK and NACK cover all earlier messages of the connection.
        description: how it is called in an ERROR.
    """

    tag: str
    destination: str
    acknowledges: bool
    cumulative: bool
    description: str

    @property
    def told_id(self) -> str | None:
        """What `subscription` of a MESSAGE says; None without an id."""
        return self.tag[2:] if self.tag.startswith("T_") else None


@dataclass(slots=True)
class Waiting:
    """What waits in a transaction for COMMIT.

    Attributes:
        act: does it.
        note: the observer's note of a SEND; None for others.
    """

    act: Callable[[], None]
    note: Any


class ClientChannel:
    """A client's channel.

    Args:
        channel: the broker's.
        output: where frames go.
        version: the version that was agreed.
        session: the session's name.
        observer: is told what passes.
        die: called when RabbitMQ's own session would fail without a word.
        handed: called with each message of a quorum queue that is handed out to be acknowledged.

    Attributes:
        subscriptions: the subscriptions by consumer tag.
        transactions: what waits for COMMIT, by the transaction's name.
    """

    def __init__(
        self,
        channel: Channel,
        output: Output,
        version: str,
        session: str,
        observer: Observer | None,
        die: Callable[[], None],
        handed: Callable[[Message], None] | None,
    ) -> None:
        self.channel = channel
        self.version = version
        self.session = session
        self.subscriptions: dict[str, Subscription] = {}
        self.transactions: dict[str, list[Waiting]] = {}
        self._output = output
        self._observer = observer
        self._die = die
        self.handed = handed
        # Queues that this connection has declared; it declares none twice.
        self._declared: set[str] = set()
        self._reply_queues: dict[str, str] = {}
        self._receipts: dict[int, tuple[str, Any]] = {}
        self._confirms = False
        self._subscribed = 0
        self._held_back: dict[Consumer, float] = {}
        channel.on_cancel = self._on_cancel

    def send(self, command: str, headers: Headers, body: bytes = b"") -> None:
        """Send a frame."""
        self._output.append(written(command, headers, body))

    def carry_out(self, given: Input, frame: Frame) -> None:
        """Do what a frame asks for.

        Raises:
            RefusedError: it is a mistake.
            BrokerError: the broker refuses it, and has closed the channel.
            NoAnswerError: there is no answer until a node is back.
        """
        match given:
            case Input.SEND:
                self._send(frame)
            case Input.SUBSCRIBE:
                self._subscribe(frame)
            case Input.UNSUBSCRIBE:
                self._unsubscribe(frame)
            case Input.ACK:
                self._ack(frame)
            case Input.NACK:
                self._nack(frame)
            case Input.BEGIN:
                self._begin(frame)
            case Input.COMMIT:
                self._commit(frame)
            case Input.ABORT:
                self._abort(frame)

    # -- SEND ------------------------------------------------------------------------------------------------

    def _send(self, frame: Frame) -> None:
        if frame.get("message-id") is not None:
            raise failures.not_allowed_on("message-id", "SEND")
        destination = self._destination(frame)
        if destination.kind is Kind.TEMPORARY:
            raise failures.destination_not_for(frame.get("destination") or "", "SEND")
        if destination.kind is Kind.QUEUE:
            self._declare_once(destination, frame)
        reply_to = self._reply_to(frame)
        properties = properties_in(frame)
        if reply_to is not None:
            properties["reply_to"] = reply_to
        publish = partial(self._publish, destination, frame, properties)
        transaction = frame.get("transaction")
        if transaction is None:
            publish()
        else:
            self._transaction(transaction).append(Waiting(publish, frame.note))

    def _destination(self, frame: Frame) -> Destination:
        text = frame.get("destination")
        if text is None:
            raise failures.no_destination(frame.command)
        destination = destination_in(text)
        if destination.kind is Kind.QUEUE and not destination.name:
            raise failures.blank_destination()
        return destination

    def _declare_once(self, destination: Destination, frame: Frame) -> None:
        if destination.name not in self._declared:
            declaration_of(Kind.QUEUE, frame).declare(self.channel, destination.name)
            self._declared.add(destination.name)

    def _reply_to(self, frame: Frame) -> str | None:
        """The queue behind a temporary destination that replies are to go to; made where it is not there."""
        text = frame.get("reply-to")
        if text is None:
            return None
        try:
            destination = destination_in(text)
        except RefusedError:
            raise failures.processing_error() from None
        if destination.kind is not Kind.TEMPORARY:
            return name_in(text)
        if destination.name not in self._reply_queues:
            queue = self.channel.declare_queue("", exclusive=True, auto_delete=True)
            self._reply_queues[destination.name] = queue.name
            tag = f"T_{TEMPORARY}{destination.name}"
            self.subscriptions[tag] = Subscription(tag, queue.name, False, False, queue.name)
            consumer = self.channel.consume(queue.name, self._deliver, no_ack=True, tag=tag)
            if self._observer is not None:
                self._observer.subscribed(None, consumer, self.channel.prefetch)
        return self._reply_queues[destination.name]

    def _publish(self, destination: Destination, frame: Frame, properties: Mapping[str, object]) -> None:
        receipt = frame.get("receipt")
        if receipt is not None:
            if not self._confirms:
                self.channel.confirm_select(self._confirmed)
                self._confirms = True
            self._receipts[self.channel.published + 1] = receipt, frame.note
        observer = self._observer
        row = -1 if observer is None or frame.note is None else observer.published(frame.note)
        enter(self.channel, destination.exchange, destination.routing_key, frame.body, properties, row=row)

    def _confirmed(self, number: int, ok: bool) -> None:
        receipt, note = self._receipts.pop(number, (None, None))
        if self._observer is not None and note is not None:
            self._observer.confirmed(note, ok)
        if not ok:
            self._die()
        elif receipt is not None:
            self.send("RECEIPT", [("receipt-id", receipt)])

    # -- SUBSCRIBE and UNSUBSCRIBE ---------------------------------------------------------------------------

    def _subscribe(self, frame: Frame) -> None:
        self._check_id(frame)
        destination = self._destination(frame)
        prefetch = frame.get("prefetch-count")
        limit = None if prefetch is None else number_in(prefetch)
        modes = ACK_MODES.get(frame.get("ack") or ("auto" if frame.get("ack") is None else ""))
        if modes is None:
            raise failures.processing_error()
        queue = self._queue_of(destination, frame)
        tag, description = self._tag_of(frame)
        if limit is not None:
            self.channel.qos(limit)
        if tag in self.subscriptions:
            raise failures.id_in_use(tag)
        acknowledges, cumulative = modes
        text = frame.get("destination") or ""
        self.subscriptions[tag] = Subscription(tag, text, acknowledges, cumulative, description)
        try:
            consumer = self.channel.consume(queue, self._deliver, no_ack=not acknowledges, tag=tag)
        except BrokerError:
            del self.subscriptions[tag]
            raise
        if destination.exchange:
            self._bind(queue, destination)
        if self._observer is not None:
            self._observer.subscribed(frame.note, consumer, self.channel.prefetch)

    def _bind(self, queue: str, destination: Destination) -> None:
        topology, link = self.channel.topology, self.channel.connection
        try:
            self.channel.bind_queue(queue, destination.exchange, destination.routing_key)
        except BrokerError:
            made = topology.queues.get(queue)
            if made is not None and made.owner in (None, link):
                topology.remove_queue(made)
            raise

    def _check_id(self, frame: Frame) -> None:
        if frame.get("id") is None and "true" in (frame.get("durable"), frame.get("persistent")):
            raise failures.no_id()

    def _queue_of(self, destination: Destination, frame: Frame) -> str:
        """The queue to consume from; declared where that is not left to others."""
        match destination.kind:
            case Kind.QUEUE:
                self._declare_once(destination, frame)
                return destination.name
            case Kind.AMQ_QUEUE | Kind.REPLY:
                return destination.name
            case Kind.EXCHANGE | Kind.TOPIC:
                self._subscribed += 1
                name = subscription_name(destination, frame, f"{self.session} {self._subscribed}")
                return declaration_of(destination.kind, frame).declare(self.channel, name)
        raise failures.destination_not_for(frame.get("destination") or "", "SUBSCRIBE")

    def _tag_of(self, frame: Frame) -> tuple[str, str]:
        """A subscription's consumer tag, and how it is described."""
        name = frame.get("id")
        if name is None:
            destination = frame.get("destination") or ""
            return f"Q_{destination}", f"destination='{destination}'"
        if name.startswith(TEMPORARY):
            raise failures.processing_error()
        return f"T_{name}", f"id='{name}'"

    def _unsubscribe(self, frame: Frame) -> None:
        self._check_id(frame)
        name = frame.get("id")
        if name is not None and name.startswith(TEMPORARY):
            raise failures.reserved_id()
        if name is None and frame.get("destination") is None:
            raise failures.nothing_to_unsubscribe()
        tag, description = self._tag_of(frame)
        subscription = self.subscriptions.get(tag)
        if subscription is None:
            raise failures.no_subscription(description)
        self.channel.cancel(tag)
        del self.subscriptions[tag]
        destination = destination_in(subscription.destination)
        if destination.kind is Kind.TOPIC and is_durable(frame):
            self.channel.delete_queue(subscription_name(destination, frame, ""))

    def _on_cancel(self, consumer: Consumer) -> None:
        """The broker ends a subscription: its queue is gone."""
        self._held_back.pop(consumer, None)
        subscription = self.subscriptions.pop(consumer.tag, None)
        if self._observer is not None:
            self._observer.cancelled(consumer)
        if subscription is None:
            return
        detail = (
            "The server has canceled a subscription.\n"
            f"No more messages will be delivered for {failures.quoted(subscription.description)}.\n"
        )
        self.error("Server cancelled subscription", detail, [("subscription", consumer.tag[2:])])

    def error(self, message: str, detail: str, more: Headers | None = None) -> None:
        """Send an ERROR."""
        self._output.append(failures.error_frame(message, detail, more or []))

    # -- messages --------------------------------------------------------------------------------------------

    def _deliver(self, consumer: Consumer, tag: int, message: Message) -> None:
        subscription = self.subscriptions[consumer.tag]
        if self._observer is not None:
            self._observer.sends(tag, message, consumer.no_ack)
        envelope = message.envelope
        name = SEPARATOR.join((consumer.tag, self.session, str(tag)))
        told_id = subscription.told_id
        headers: Headers = [] if told_id is None else [("subscription", told_id)]
        headers += [
            ("destination", told(envelope.exchange, envelope.key)),
            ("message-id", name),
            ("redelivered", "true" if message.redelivered else "false"),
        ]
        if subscription.acknowledges and self.version == "1.2":
            headers.append(("ack", name))
        headers += headers_of(message)
        self.send("MESSAGE", headers, envelope.body or bytes(envelope.size))
        if self.handed is not None and message.queue.replicated and not consumer.no_ack:
            self.handed(message)
        if self._output.is_crowded() and consumer not in self._held_back:
            self._held_back[consumer] = consumer.own_limit
            consumer.set_limit(0)

    @property
    def holds_back(self) -> bool:
        """Whether consumers are held back because the client does not read what it gets."""
        return bool(self._held_back)

    def resume(self) -> None:
        """Let consumers go on that were held back while the client did not read."""
        held, self._held_back = self._held_back, {}
        for consumer, limit in held.items():
            if self.channel.consumers.get(consumer.tag) is consumer:
                consumer.set_limit(limit)
                consumer.awaken()

    # -- ACK and NACK ----------------------------------------------------------------------------------------

    def _ack(self, frame: Frame) -> None:
        tag, subscription = self._delivery(frame)
        self._settle(frame, partial(self.channel.ack, tag, multiple=subscription.cumulative))

    def _nack(self, frame: Frame) -> None:
        tag, subscription = self._delivery(frame)
        requeue = frame.is_true("requeue", True)
        nack = partial(self.channel.nack, tag, multiple=subscription.cumulative, requeue=requeue)
        self._settle(frame, nack)

    def _delivery(self, frame: Frame) -> tuple[int, Subscription]:
        """Which delivery ACK or NACK is about, and its subscription."""
        header = "id" if self.version == "1.2" else "message-id"
        name = frame.get(header)
        if name is None:
            raise failures.no_header(frame.command, header)
        parts = name.split(SEPARATOR)
        if len(parts) != 3:
            raise failures.invalid_header(frame.command, header)
        tag = number_in(parts[2])
        subscription = self.subscriptions.get(parts[0])
        if subscription is None:
            raise failures.no_subscription_of(name)
        return tag, subscription

    def _settle(self, frame: Frame, act: Callable[[], None]) -> None:
        transaction = frame.get("transaction")
        if transaction is None:
            act()
        else:
            self._transaction(transaction).append(Waiting(act, None))

    # -- transactions ----------------------------------------------------------------------------------------

    def _transaction(self, name: str) -> list[Waiting]:
        if name not in self.transactions:
            raise failures.unknown_transaction(name)
        return self.transactions[name]

    def _named(self, frame: Frame) -> str:
        name = frame.get("transaction")
        if name is None:
            raise failures.no_transaction(frame.command)
        return name

    def _begin(self, frame: Frame) -> None:
        name = self._named(frame)
        self._pass_over(self.transactions.get(name, []), "its transaction was begun anew")
        self.transactions[name] = []

    def _commit(self, frame: Frame) -> None:
        name = self._named(frame)
        waiting = self._transaction(name)
        # Taken out one by one: a node that does not answer has COMMIT asked again, for the rest.
        while waiting:
            waiting[0].act()
            waiting.pop(0)
        del self.transactions[name]

    def _abort(self, frame: Frame) -> None:
        name = self._named(frame)
        self._pass_over(self._transaction(name), "its transaction was aborted")
        del self.transactions[name]

    def _pass_over(self, waiting: list[Waiting], why: str) -> None:
        for each in waiting:
            if self._observer is not None and each.note is not None:
                self._observer.passed_over(each.note, why)

    def abandon(self) -> None:
        """The connection is over: what waits for COMMIT is lost."""
        for waiting in self.transactions.values():
            self._pass_over(waiting, "its transaction was never committed")
        self.transactions.clear()
