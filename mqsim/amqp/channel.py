"""The server's end of one channel: assembles content, gives commands to the broker, sends what it pushes.

What the broker pushes (deliveries, confirms, returns, cancellations, closes) is appended to the session's
output from within the broker; nothing here calls the broker back from there.
"""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING, Any

from pamqp import commands

from mqsim.amqp import failures
from mqsim.amqp.content import Sent, body_of, properties_of
from mqsim.amqp.fields import MalformedError
from mqsim.amqp.frames import HEADER, METHOD, Frame
from mqsim.amqp.methods import ContentHeader, Method, made, read_header, write_header
from mqsim.amqp.operations import OPERATIONS, Answer
from mqsim.amqp.states import CHANNEL, CHANNEL_INPUTS, CONTENT, ChannelInput, Content, ContentInput
from mqsim.amqp.states import Channel as State
from mqsim.broker.properties import enter
from mqsim.errors import BrokerError, ChannelError, ConnectionError, NoAnswerError

if TYPE_CHECKING:
    from collections.abc import Callable

    from mqsim.amqp.session import Session
    from mqsim.broker import Channel, Consumer, Message

WITH_CONTENT = (
    commands.Basic.Publish,
    commands.Basic.Return,
    commands.Basic.Deliver,
    commands.Basic.GetOk,
)


class ChannelEnd:
    """One channel of a session.

    Attributes:
        number: its number.
        state: see `states`; due: what has to come next.
        channel: the broker's channel, while it is open.
        note: what the observer wrote on what is being carried out.
    """

    channel: Channel

    def __init__(self, session: Session, number: int) -> None:
        self.session = session
        self.number = number
        self.state = CHANNEL.begin
        self.due = CONTENT.begin
        self.note: Any = None
        self._pending: Any = None
        self._header: ContentHeader | None = None
        self._body: list[bytes] = []
        self._left = 0
        # Every publish up to this number is answered, and of the later ones these.
        self._answered = 0
        self._answered_later: set[int] = set()
        self._held_back: dict[Consumer, float] = {}
        # What the broker does not answer until a node is back, and what came after it.
        self._unanswered: tuple[Callable[[], None], Any] | None = None
        self._later: deque[Frame] = deque()

    # -- frames in -------------------------------------------------------------------------------------------

    def receive(self, frame: Frame) -> None:
        """Take a frame of method, header or body.

        Raises:
            ConnectionError: it breaks the protocol.
            LostError: RabbitMQ would end the stream at this without a word.
        """
        if self._unanswered is not None:
            self._later.append(frame)
        elif frame.kind == METHOD:
            self._receive_method(failures.method_in(frame), frame)
        elif self.state is State.CLOSING:
            self.session.passed_over(frame)
        else:
            if self.due is Content.METHOD:
                raise failures.not_a_method()
            if frame.kind == HEADER:
                self._receive_header(frame)
            else:
                self._receive_body(frame)

    def _receive_method(self, method: Method, frame: Frame) -> None:
        given = CHANNEL_INPUTS.get(type(method), ChannelInput.METHOD)
        if self.state is not State.CLOSING and self.due is Content.HEADER:
            raise failures.not_a_header(self._pending)
        if self.state is not State.CLOSING and self.due is Content.BODY:
            raise failures.not_a_body(self._pending)
        after = CHANNEL.step(self.state, given)
        if after is None:
            raise self._out_of_place(method, given)
        before, self.state = self.state, after
        if given is ChannelInput.OPEN and before is State.CLOSED:
            self._open()
            self._carried_out(frame.note, None)
        elif given is ChannelInput.CLOSE:
            if before is State.OPEN:
                self._stop_sending()
                self.channel.close()
            self.session.send(self.number, made(commands.Channel.CloseOk))
            self._carried_out(frame.note, None)
        elif before is State.OPEN:
            if isinstance(method, WITH_CONTENT):
                self._pending = method
                self.due = Content.HEADER
            else:
                self._carry_out(method, frame.note)
        elif given is ChannelInput.METHOD:
            self.session.passed_over(frame)
        if self.state is State.CLOSED:
            self.session.forget(self)

    def _out_of_place(self, method: Method, given: ChannelInput) -> ConnectionError:
        if self.state is State.CLOSED:
            return failures.channel_not_open(method)
        if given is ChannelInput.OPEN:
            return failures.channel_open_already(method)
        return failures.not_for_servers(method)

    def _receive_header(self, frame: Frame) -> None:
        try:
            header = read_header(frame.payload)
        except MalformedError:
            raise failures.unknown_frame(frame) from None
        if self.due is Content.BODY:
            raise failures.not_a_body(self._pending)
        if header.class_id != self._pending.index >> 16:
            raise failures.not_a_header(self._pending, header.class_id)
        if header.weight:
            raise failures.not_a_header(self._pending)
        self._header = header
        self._left = header.size
        self._step(ContentInput.HEADER if header.size else ContentInput.EMPTY_HEADER)
        if not header.size:
            self._complete(frame.note)
        self.session.block_publisher()

    def _receive_body(self, frame: Frame) -> None:
        payload = frame.payload
        if self.due is Content.HEADER:
            raise failures.not_a_header(self._pending)
        assert self._header is not None
        self._left -= len(payload)
        if self._left < 0 and self.session.wire.minds_long_bodies:
            raise failures.body_too_long(self._pending)
        if self._left >= 0 and self._header.size <= self.session.largest_body:
            self._body.append(payload)
        self._step(ContentInput.BODY if self._left else ContentInput.LAST_BODY)
        if not self._left:
            self._complete(frame.note)
        else:
            self.session.block_publisher()

    def _step(self, given: ContentInput) -> None:
        after = CONTENT.step(self.due, given)
        assert after is not None
        self.due = after

    def _complete(self, note: Any) -> None:
        method, header, body = self._pending, self._header, b"".join(self._body)
        self._pending = self._header = None
        self._body.clear()
        assert header is not None
        if isinstance(method, commands.Basic.Publish):
            self._guard(lambda: self._publish(method, header, body, note), note)
        else:
            raise failures.not_for_servers(method)

    # -- commands to the broker ------------------------------------------------------------------------------

    def _open(self) -> None:
        channel = self.channel = self.session.register(self).channel(self.number)
        channel.on_return = self._on_return
        channel.on_cancel = self._on_cancel
        channel.on_closed = self._on_closed
        self.session.send(self.number, made(commands.Channel.OpenOk))

    def _carry_out(self, method: Method, note: Any) -> None:
        operation = OPERATIONS.get(type(method))
        if operation is None:
            if isinstance(method, commands.Basic.CancelOk) and self.session.wire.trips_over_cancel_ok:
                raise failures.internal_error()
            raise failures.not_for_servers(method)

        def act() -> None:
            self.note = note
            answer = operation(self, method)
            if answer is not None and not getattr(method, "nowait", False):
                self.session.send(self.number, answer)
            self._carried_out(note, answer)

        self._guard(act, note)

    def _carried_out(self, note: Any, answer: Answer) -> None:
        if note is not None and self.session.observer is not None:
            self.session.observer.carried_out(note, answer)

    def _guard(self, act: Callable[[], None], note: Any) -> None:
        """Do something; what it raises closes channel or connection, unless the broker did that itself."""
        try:
            act()
        except NoAnswerError:
            self._unanswered = act, note
            self.session.broker.waiting.append(self._ask_again)
        except ChannelError as error:
            self._refused(note, error)
            if self.state is State.OPEN:
                self.channel.close(error)
        except ConnectionError as error:
            self._refused(note, error)
            self.session.fail(error)

    def _refused(self, note: Any, error: BrokerError) -> None:
        if note is not None and self.session.observer is not None:
            self.session.observer.refused(note, error)

    def _ask_again(self) -> None:
        """A node is back: what had no answer may have one now, and then what came after it."""
        unanswered, self._unanswered = self._unanswered, None
        if unanswered is None or self.session.channels.get(self.number) is not self:
            return
        self._guard(*unanswered)
        while self._later and self._unanswered is None:
            self.session.take_in(self._later.popleft())

    def _publish(self, method: Any, header: ContentHeader, body: bytes, note: Any) -> None:
        if method.immediate:
            raise failures.not_implemented("immediate=true", method)
        if header.size > self.session.largest_body:
            raise failures.too_large(header.size, self.session.largest_body, method)
        try:
            sent = Sent(header.raw)
        except MalformedError:
            raise failures.internal_error() from None
        observer = self.session.observer
        row = -1 if observer is None or note is None else observer.published(note)
        enter(
            self.channel,
            method.exchange,
            method.routing_key,
            body,
            sent,
            mandatory=method.mandatory,
            row=row,
        )
        self._carried_out(note, None)

    # -- what the broker pushes ------------------------------------------------------------------------------

    def deliver(self, consumer: Consumer, tag: int, message: Message) -> None:
        """A message for a consumer."""
        envelope = message.envelope
        session = self.session
        if session.observer is not None:
            session.observer.sends(self, tag, message, consumer, consumer.no_ack)
        method = made(
            commands.Basic.Deliver,
            consumer_tag=consumer.tag,
            delivery_tag=tag,
            redelivered=message.redelivered,
            exchange=envelope.exchange,
            routing_key=envelope.key,
        )
        raw = properties_of(message, session.epoch)
        body = body_of(envelope)
        session.send_content(self.number, method, write_header(len(body), raw), body)
        if session.handed is not None and message.queue.replicated and not consumer.no_ack:
            session.handed(message)
        if session.is_crowded() and consumer not in self._held_back:
            self._hold_back(consumer)

    def _hold_back(self, consumer: Consumer) -> None:
        """Have a consumer get nothing more until its client has read what it got."""
        self._held_back[consumer] = consumer.own_limit
        consumer.set_limit(0)
        self.session.holds_back = True

    def resume(self) -> None:
        """Let consumers go on that were held back while the client did not read."""
        held, self._held_back = self._held_back, {}
        for consumer, limit in held.items():
            if self.state is State.OPEN and self.channel.consumers.get(consumer.tag) is consumer:
                consumer.set_limit(limit)
                consumer.awaken()

    def confirm(self, number: int, ok: bool) -> None:
        """A publish is safe, or refused."""
        # The storage may take longer than the channel, or its connection, lives.
        if self.state is not State.OPEN or self.session.channels.get(self.number) is not self:
            return
        if self.session.observer is not None:
            self.session.observer.confirmed(self, number, ok)
        self._answered_later.add(number)
        while self._answered + 1 in self._answered_later:
            self._answered += 1
            self._answered_later.remove(self._answered)
        if ok:
            self.session.send_confirm(self.number, number, self._answered)
        else:
            self.session.send(self.number, made(commands.Basic.Nack, delivery_tag=number))

    def _on_return(self, message: Message, code: int, text: str) -> None:
        if self.session.observer is not None:
            self.session.observer.returned(self, message, code, text)
        envelope = message.envelope
        method = made(
            commands.Basic.Return,
            reply_code=code,
            reply_text=text,
            exchange=envelope.exchange,
            routing_key=envelope.key,
        )
        body = body_of(envelope)
        header = write_header(len(body), properties_of(message, self.session.epoch))
        self.session.send_content(self.number, method, header, body)

    def _on_cancel(self, consumer: Consumer) -> None:
        self._held_back.pop(consumer, None)
        if self.session.observer is not None:
            self.session.observer.cancelled(self, consumer)
        if self.state is State.OPEN and "consumer_cancel_notify" in self.session.capabilities:
            self.session.send(
                self.number, made(commands.Basic.Cancel, consumer_tag=consumer.tag, nowait=True)
            )

    def _on_closed(self, error: BrokerError) -> None:
        after = CHANNEL.step(self.state, ChannelInput.FAIL)
        assert after is not None
        self.state = after
        self._stop_sending()
        if self.session.observer is not None:
            self.session.observer.channel_closed(self, error)
        class_id, method_id = error.method
        self.session.send(
            self.number,
            made(
                commands.Channel.Close,
                reply_code=error.code,
                reply_text=self.session.told(error),
                class_id=class_id,
                method_id=method_id,
            ),
        )

    def _stop_sending(self) -> None:
        self.due = CONTENT.begin
        self._pending = self._header = None
        self._body.clear()
        self._held_back.clear()
