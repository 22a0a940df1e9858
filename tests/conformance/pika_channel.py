"""A channel by pika's asynchronous `Channel`, made to wait for its answers and to log what comes unasked."""

from __future__ import annotations

import contextlib
import datetime
import time
from typing import TYPE_CHECKING, Any

import pika
from pika import spec
from pika.exceptions import ChannelWrongStateError, ConnectionWrongStateError, DuplicateGetOkCallback

from tests.conformance.script import Arguments, Channel, Seen

if TYPE_CHECKING:
    from collections.abc import Callable

    from pika.channel import Channel as PikaChannel

    from tests.conformance.pika_world import PikaConnection


class PikaChannelDriver(Channel):
    """A channel by pika's asynchronous `Channel`, made to wait for its answers."""

    def __init__(self, connection: PikaConnection) -> None:
        self.connection = connection
        self.closed: Seen = None
        self._log: list[str] = []
        self._confirmed: set[int] = set()
        self._confirms: list[str] = []
        self._returns: list[Seen] = []
        self._messages: list[Seen] = []
        self._cancelled: list[str] = []
        self._confirming = False
        opened: list[object] = []
        if connection.closed is not None:
            self.closed = connection.closed
            return
        self.pika: PikaChannel = connection.pika.channel(on_open_callback=opened.append)
        self.pika.add_callback(self._on_close_frame, [spec.Channel.Close])
        self.pika.add_on_return_callback(self._on_return)
        self.pika.add_on_cancel_callback(self._on_cancel)
        self._wait(lambda: bool(opened))

    # -- what comes in

    def _on_close_frame(self, frame: Any) -> None:
        self.closed = closing("channel", frame.method)

    def _on_return(self, _: PikaChannel, method: Any, properties: Any, body: bytes) -> None:
        self._log.append(f"return {body.decode()}")
        came = {"code": method.reply_code, "text": method.reply_text}
        place = {"exchange": method.exchange, "key": method.routing_key}
        self._returns.append({**came, **place, "body": body.decode(), **_properties(properties)})

    def _on_confirm(self, frame: Any) -> None:
        word = "ack" if isinstance(frame.method, spec.Basic.Ack) else "nack"
        last = frame.method.delivery_tag
        told = range(1, last + 1) if frame.method.multiple else (last,)
        for number in (each for each in told if each not in self._confirmed):
            self._log.append(f"{word} {number}")
            self._confirms.append(f"{word} {number}")
            self._confirmed.add(number)

    def _on_message(self, _: PikaChannel, method: Any, properties: Any, body: bytes) -> None:
        self._log.append(f"deliver {body.decode()}")
        self._messages.append({**_message(method, properties, body), "consumer": method.consumer_tag})

    def _on_cancel(self, frame: Any) -> None:
        self._log.append(f"cancel {frame.method.consumer_tag}")
        self._cancelled.append(frame.method.consumer_tag)

    # -- waiting

    def _lost(self) -> bool:
        if self.closed is None and self.connection.closed is not None:
            self.closed = self.connection.closed
        return self.closed is not None

    def _wait(self, done: Callable[[], bool], seconds: float | None = None) -> bool:
        world = self.connection.world
        world.pump(lambda: done() or self._lost(), world.patience if seconds is None else seconds)
        return done()

    def _quiet(self) -> None:
        self._wait(lambda: False, self.connection.world.settle)

    def _ask(self, call: Callable[..., Any], view: Callable[[Any], Seen] | None = None) -> Seen:
        """Call with a callback, and wait for the answer or for the end."""
        if self._lost():
            return self.closed
        answers: list[Any] = []
        try:
            call(callback=answers.append)
        except (ChannelWrongStateError, ConnectionWrongStateError):
            self._quiet()
            return self.closed or "closed by the client"
        if not self._wait(lambda: bool(answers)):
            return self.closed or "no answer"
        return "ok" if view is None else view(answers[0].method)

    def _tell(self, call: Callable[..., Any], *arguments: Any, **keywords: Any) -> None:
        if not self._lost():
            with contextlib.suppress(ChannelWrongStateError, ConnectionWrongStateError):
                call(*arguments, **keywords)

    # -- exchanges, queues, bindings

    def declare(
        self,
        queue: str = "",
        *,
        passive: bool = False,
        durable: bool = True,
        exclusive: bool = False,
        auto_delete: bool = False,
        arguments: Arguments | None = None,
    ) -> Seen:
        def view(method: Any) -> Seen:
            counts = {"messages": method.message_count, "consumers": method.consumer_count}
            return {"queue": method.queue, **counts}

        flags = {"durable": durable, "exclusive": exclusive, "auto_delete": auto_delete}
        asked = _given(arguments)
        return self._ask(
            lambda callback: self.pika.queue_declare(
                queue, passive=passive, arguments=asked, callback=callback, **flags
            ),
            view,
        )

    def delete(self, queue: str, *, if_unused: bool = False, if_empty: bool = False) -> Seen:
        return self._ask(
            lambda callback: self.pika.queue_delete(queue, if_unused, if_empty, callback),
            lambda method: {"messages": method.message_count},
        )

    def purge(self, queue: str) -> Seen:
        return self._ask(
            lambda callback: self.pika.queue_purge(queue, callback),
            lambda method: {"messages": method.message_count},
        )

    def bind(self, queue: str, exchange: str, key: str = "", arguments: Arguments | None = None) -> Seen:
        asked = _given(arguments)
        return self._ask(lambda callback: self.pika.queue_bind(queue, exchange, key, asked, callback))

    def unbind(self, queue: str, exchange: str, key: str = "", arguments: Arguments | None = None) -> Seen:
        asked = _given(arguments)
        return self._ask(lambda callback: self.pika.queue_unbind(queue, exchange, key, asked, callback))

    def exchange(
        self,
        exchange: str,
        kind: str = "direct",
        *,
        passive: bool = False,
        durable: bool = True,
        auto_delete: bool = False,
        internal: bool = False,
        arguments: Arguments | None = None,
    ) -> Seen:
        flags = {"passive": passive, "durable": durable, "auto_delete": auto_delete, "internal": internal}
        asked = _given(arguments)
        return self._ask(
            lambda callback: self.pika.exchange_declare(
                exchange, kind, arguments=asked, callback=callback, **flags
            )
        )

    def delete_exchange(self, exchange: str, *, if_unused: bool = False) -> Seen:
        return self._ask(lambda callback: self.pika.exchange_delete(exchange, if_unused, callback))

    def bind_exchange(
        self, destination: str, source: str, key: str = "", arguments: Arguments | None = None
    ) -> Seen:
        asked = _given(arguments)
        return self._ask(lambda callback: self.pika.exchange_bind(destination, source, key, asked, callback))

    def unbind_exchange(
        self, destination: str, source: str, key: str = "", arguments: Arguments | None = None
    ) -> Seen:
        asked = _given(arguments)
        return self._ask(
            lambda callback: self.pika.exchange_unbind(destination, source, key, asked, callback)
        )

    # -- publishing

    def publish(
        self, body: str, key: str = "", exchange: str = "", *, mandatory: bool = False, **properties: Any
    ) -> None:
        made = pika.BasicProperties(**{"delivery_mode": 2, **properties})
        self._tell(self.pika.basic_publish, exchange, key, body.encode(), made, mandatory)

    def confirm(self) -> Seen:
        if not self._lost() and not self._confirming:
            self._confirming = True
            for method in (spec.Basic.Ack, spec.Basic.Nack):
                self.pika.add_callback(self._on_confirm, [method], one_shot=False)
        select = spec.Confirm.Select()
        return self._ask(lambda callback: self.pika._rpc(select, callback, [spec.Confirm.SelectOk]))

    def confirms(self, count: int) -> list[str]:
        self._wait(lambda: len(self._confirms) >= count)
        found, self._confirms = self._confirms[:count], self._confirms[count:]
        return found

    def returns(self, count: int = 0) -> list[Seen]:
        if count:
            self._wait(lambda: len(self._returns) >= count)
        else:
            self._quiet()
        found, self._returns = self._returns, []
        return found

    def events(self) -> list[str]:
        self._quiet()
        found, self._log = self._log, []
        return found

    # -- consuming

    def get(self, queue: str, *, auto_ack: bool = False) -> Seen:
        if self._lost():
            return self.closed
        answers: list[Seen] = []

        def got(_: PikaChannel, method: Any, properties: Any, body: bytes) -> None:
            answers.append({**_message(method, properties, body), "left": method.message_count})

        self.pika.add_callback(lambda _: answers.append("empty"), [spec.Basic.GetEmpty])
        try:
            self.pika.basic_get(queue, got, auto_ack=auto_ack)
        except DuplicateGetOkCallback:
            return "no answer"  # to the one before
        if not self._wait(lambda: bool(answers)):
            return self.closed or "no answer"
        return answers[0]

    def consume(
        self,
        queue: str,
        tag: str,
        *,
        auto_ack: bool = False,
        exclusive: bool = False,
        arguments: Arguments | None = None,
    ) -> Seen:
        def call(callback: Callable[..., Any]) -> None:
            asked = _given(arguments)
            self.pika.basic_consume(queue, self._on_message, auto_ack, exclusive, tag, asked, callback)

        return self._ask(call)

    def cancel(self, tag: str) -> Seen:
        return self._ask(lambda callback: self.pika.basic_cancel(tag, callback))

    def qos(self, prefetch: int, *, share: bool = False) -> Seen:
        return self._ask(lambda callback: self.pika.basic_qos(0, prefetch, share, callback))

    def take(self, count: int) -> list[Seen]:
        self._wait(lambda: len(self._messages) >= count)
        found, self._messages = self._messages[:count], self._messages[count:]
        return found

    def rest(self) -> list[Seen]:
        self._quiet()
        found, self._messages = self._messages, []
        return found

    def cancelled(self, count: int = 0) -> list[str]:
        if count:
            self._wait(lambda: len(self._cancelled) >= count)
        else:
            self._quiet()
        found, self._cancelled = self._cancelled, []
        return found

    def ack(self, tag: int, *, multiple: bool = False) -> None:
        self._tell(lambda: self.pika.basic_ack(tag, multiple))

    def nack(self, tag: int, *, multiple: bool = False, requeue: bool = True) -> None:
        self._tell(lambda: self.pika.basic_nack(tag, multiple, requeue))

    def reject(self, tag: int, *, requeue: bool = True) -> None:
        self._tell(lambda: self.pika.basic_reject(tag, requeue))

    def recover(self, *, requeue: bool = True) -> Seen:
        return self._ask(lambda callback: self.pika.basic_recover(requeue, callback))

    # -- transactions, the channel itself

    def tx_select(self) -> Seen:
        return self._ask(lambda callback: self.pika.tx_select(callback))

    def commit(self) -> Seen:
        return self._ask(lambda callback: self.pika.tx_commit(callback))

    def rollback(self) -> Seen:
        return self._ask(lambda callback: self.pika.tx_rollback(callback))

    def flow(self, active: bool) -> Seen:
        answers: list[bool] = []
        if self._lost():
            return self.closed
        self.pika.flow(active, answers.append)
        return {"active": answers[0]} if self._wait(lambda: bool(answers)) else self.closed or "no answer"

    def close(self) -> Seen:
        if self._lost():
            return self.closed
        closed: list[object] = []
        self.pika.add_on_close_callback(lambda *_: closed.append(True))
        self.pika.close()
        return "ok" if self._wait(lambda: bool(closed)) else self.closed or "no answer"

    def fate(self, *, expect_close: bool = False) -> Seen:
        world = self.connection.world
        self._wait(lambda: False, world.patience if expect_close else world.settle)
        return "open" if self.closed is None else self.closed


def _given(arguments: Arguments | None) -> dict[str, Any] | None:
    return None if arguments is None else dict(arguments)


def closing(what: str, method: Any) -> Seen:
    index = method.class_id << 16 | method.method_id
    by = spec.methods[index].NAME if index in spec.methods else "-" if not index else str(index)
    return {"closes": what, "code": method.reply_code, "text": method.reply_text, "by": by}


def _message(method: Any, properties: Any, body: bytes) -> dict[str, Seen]:
    place = {"exchange": method.exchange, "key": method.routing_key}
    known = {"tag": method.delivery_tag, "redelivered": method.redelivered}
    return {"body": body.decode(), **known, **place, **_properties(properties)}


def _properties(properties: Any) -> dict[str, Seen]:
    """What properties are set, but for delivery mode 2, which is the rule."""
    found = {name: plain(value) for name, value in vars(properties).items() if value is not None}
    if found.get("delivery_mode") == 2:
        del found["delivery_mode"]
    return found


def plain(value: Any) -> Seen:
    if isinstance(value, dict):
        return {str(key): plain(each) for key, each in value.items()}
    if isinstance(value, list | tuple):
        return [plain(each) for each in value]
    if isinstance(value, datetime.datetime | time.struct_time):
        return "(time)"
    if isinstance(value, bytes):
        return value.decode(errors="replace")
    return value
