"""Facts played on the broker alone, in virtual time: no sockets, no client library.

What a client library adds is imitated where a fact can see it: a closed channel answers every later operation
with what closed it, an unknown consumer tag is not cancelled, a text is cut after 255 bytes on the wire.
"""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING, Any

from mqsim.broker import Broker, Consumer, Message
from mqsim.broker import Channel as BrokerChannel
from mqsim.broker.properties import enter, shown
from mqsim.broker.replies import METHODS
from mqsim.errors import BrokerError, ConnectionError, NoAnswerError
from tests.conformance.script import PATIENCE, SETTLE, Arguments, Channel, Connection, Seen, World

if TYPE_CHECKING:
    from collections.abc import Callable

NAMES = {
    numbers: ".".join(word.capitalize() for word in name.split(".")) for name, numbers in METHODS.items()
}
MARGIN = 0.0001
"""Seconds that one round trip takes: what a fact does step by step does not happen at one instant."""

FORGETTING = 0.2
"""Seconds until an acknowledgement is on disk: a kill half a second later brings nothing back."""

TEXT_LIMIT = 255


class Disk:
    """A disk that writes messages at once and forgets them later."""

    def __init__(self, world: DirectWorld, delay: float) -> None:
        self.world = world
        self.delay = delay
        self._written: list[int] = []

    def store(self, write: int, message: Message) -> None:
        self._written.append(write)

    def forget(self, write: int, message: Message) -> None:
        self.world.broker.deadlines.add(
            self.world.broker.now + self.delay, lambda _: self.world.broker.stored(write)
        )

    def flush(self) -> None:
        """Report what was written; the broker is not called back from within itself."""
        written, self._written = self._written, []
        for write in written:
            self.world.broker.stored(write)


class DirectWorld(World):
    """A broker of its own.

    Args:
        version: whose rules.
        timeout: seconds until a delivery must be acknowledged.
        vhost: the virtual host's name, which real texts carry, and which is long enough to have them cut.
        nodes: how many nodes it has.

    Attributes:
        patience: seconds to wait at most for an answer.
        settle: seconds after which all that had to be said has been said.
    """

    def __init__(self, version: str, vhost: str = "/", timeout: float = 1800.0, nodes: int = 1) -> None:
        super().__init__()
        self.broker = Broker(version, consumer_timeout=timeout, timeout_check_every=1.0, nodes=nodes)
        self.vhost = vhost
        self.patience = PATIENCE
        self.settle = SETTLE
        self.disk = Disk(self, FORGETTING)
        self.broker.storage = self.disk

    def connect(
        self, *, user: str = "guest", password: str = "guest", vhost: str | None = None, heartbeat: int = 0
    ) -> DirectConnection:
        return DirectConnection(self, user)

    def sleep(self, seconds: float) -> None:
        self.broker.advance(self.broker.now + seconds)
        self.disk.flush()

    def freeze(self, seconds: float) -> None:
        self.sleep(seconds)

    def pause(self) -> None:
        """One round trip."""
        self.sleep(MARGIN)

    def greet(self, data: bytes) -> str:
        raise NotImplementedError("there is no wire")

    def alarm(self, on: bool) -> None:
        self.broker.set_alarm("memory", on)

    def interrupt(self, how: str) -> None:
        """Stop or kill the broker, and start it again."""
        self.pause()
        if how == "restart":
            self.broker.stop()
        else:
            self.broker.kill()
        self.broker.now += 1.0
        self.broker.start()

    def closing(self, error: BrokerError) -> Seen:
        """What a client sees of an error."""
        text = error.text.replace("vhost '/'", f"vhost '{self.vhost}'")
        if len(text.encode()) > TEXT_LIMIT:
            text = text.encode()[: TEXT_LIMIT - 3].decode(errors="ignore") + "..."
        what = "connection" if isinstance(error, ConnectionError) else "channel"
        return {"closes": what, "code": error.code, "text": text, "by": NAMES.get(error.method, "-")}


class DirectConnection(Connection):
    """A connection to the broker."""

    def __init__(self, world: DirectWorld, user: str, node: str = "") -> None:
        self.world = world
        self.broker = world.broker.connect(user, user=user, node=node)
        self.broker.on_blocked = self._on_blocked
        self.broker.on_closed = self._on_closed
        self.closed: Seen = None
        self.held_back: list[Callable[[], None]] = []
        self._notices: list[str] = []
        self._raised = bool(world.broker.alarms)

    def _on_closed(self, error: BrokerError) -> None:
        self.closed = self.world.closing(error)

    def _on_blocked(self, blocked: bool, reason: str) -> None:
        self._raised = blocked
        if blocked:
            self._reason = reason
            return
        if self.held_back:
            self._notices.append("unblocked")
        waiting, self.held_back = self.held_back, []
        for publish in waiting:
            publish()

    def publish(self, act: Callable[[], None]) -> None:
        """Publish, unless an alarm has the server stop reading what this connection sends."""
        if not self._raised:
            act()
            return
        if not self.held_back:
            self._notices.append(f"blocked: {self._reason}")
        self.held_back.append(act)

    def is_lost(self) -> bool:
        """Whether it has ended; a killed broker says nothing."""
        if self.closed is None and self.broker not in self.world.broker.connections:
            self.closed = "lost"
        return self.closed is not None

    def channel(self) -> DirectChannel:
        return DirectChannel(self)

    def fate(self, *, expect_close: bool = False) -> Seen:
        self.world.sleep(PATIENCE if expect_close and not self.is_lost() else self.world.settle)
        return self.closed if self.is_lost() else "open"

    def close(self) -> Seen:
        if not self.is_lost():
            self.broker.close()
            self.closed = {"closes": "connection", "code": 200, "text": "Normal shutdown"}
            return "ok"
        return self.closed

    def drop(self) -> None:
        if not self.is_lost():
            self.broker.close()
            self.closed = "lost"

    def blocked(self) -> list[str]:
        self.world.sleep(self.world.settle)
        found, self._notices = self._notices, []
        return found

    def server(self) -> dict[str, Seen]:
        raise NotImplementedError("there is no wire")

    def send(self, channel: int, method: str, body: str | None = None, **fields: Any) -> None:
        raise NotImplementedError("there is no wire")

    def send_bytes(self, data: bytes) -> None:
        raise NotImplementedError("there is no wire")


class DirectChannel(Channel):
    """A channel of the broker, as a client sees it."""

    def __init__(self, connection: DirectConnection) -> None:
        self.connection = connection
        self.world = connection.world
        self._closed: Seen = connection.closed if connection.is_lost() else None
        self._log: list[str] = []
        self._confirms: list[str] = []
        self._returns: list[Seen] = []
        self._messages: list[Seen] = []
        self._cancelled: list[str] = []
        if self._closed is None:
            self.broker: BrokerChannel = connection.broker.channel()
            self.broker.on_closed = self._on_closed
            self.broker.on_return = self._on_return
            self.broker.on_cancel = self._on_cancel

    # -- what comes in

    def _on_closed(self, error: BrokerError) -> None:
        self._closed = self.world.closing(error)

    def _on_return(self, message: Message, code: int, text: str) -> None:
        envelope = message.envelope
        body = envelope.body.decode()
        self._log.append(f"return {body}")
        place = {"exchange": envelope.exchange, "key": envelope.key}
        self._returns.append(
            {"code": code, "text": text, **place, "body": body, **_plain_properties(shown(message))}
        )

    def _on_confirm(self, number: int, ok: bool) -> None:
        told = f"{'ack' if ok else 'nack'} {number}"
        self._log.append(told)
        self._confirms.append(told)

    def _on_message(self, consumer: Consumer, tag: int, message: Message) -> None:
        self._log.append(f"deliver {message.envelope.body.decode()}")
        self._messages.append({**_told(message, tag, False), "consumer": consumer.tag})

    def _on_cancel(self, consumer: Consumer) -> None:
        self._log.append(f"cancel {consumer.tag}")
        self._cancelled.append(consumer.tag)

    # -- asking

    def _is_closed(self) -> bool:
        if self._closed is None and self.connection.is_lost():
            self._closed = self.connection.closed
        return self._closed is not None

    def _ask(self, call: Callable[[], Any], view: Callable[[Any], Seen] = lambda _: "ok") -> Seen:
        self.world.pause()
        if self._is_closed():
            return self._closed
        try:
            answer = call()
        except NoAnswerError:
            self.world.broker.waiting.append(lambda: self._answer_late(call))
            self.world.sleep(self.world.patience)
            return "no answer"
        except BrokerError:
            self._is_closed()
            return self._closed
        self.world.disk.flush()
        return view(answer)

    def _answer_late(self, call: Callable[[], Any]) -> None:
        if not self._is_closed():
            with contextlib.suppress(BrokerError):
                call()

    def _tell(self, call: Callable[[], Any]) -> None:
        self._ask(call)

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
        if unsent := _unsendable(arguments):
            return unsent
        flags = {"durable": durable, "exclusive": exclusive, "auto_delete": auto_delete, "passive": passive}
        return self._ask(
            lambda: self.broker.declare_queue(queue, arguments=arguments or {}, **flags),
            lambda made: {"queue": made.name, "messages": made.counted, "consumers": made.consumers},
        )

    def delete(self, queue: str, *, if_unused: bool = False, if_empty: bool = False) -> Seen:
        return self._ask(
            lambda: self.broker.delete_queue(queue, if_unused=if_unused, if_empty=if_empty),
            lambda count: {"messages": count},
        )

    def purge(self, queue: str) -> Seen:
        return self._ask(lambda: self.broker.purge(queue), lambda count: {"messages": count})

    def bind(self, queue: str, exchange: str, key: str = "", arguments: Arguments | None = None) -> Seen:
        if unsent := _unsendable(arguments):
            return unsent
        return self._ask(lambda: self.broker.bind_queue(queue, exchange, key, arguments))

    def unbind(self, queue: str, exchange: str, key: str = "", arguments: Arguments | None = None) -> Seen:
        return self._ask(lambda: self.broker.unbind_queue(queue, exchange, key, arguments))

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
        return self._ask(lambda: self.broker.declare_exchange(exchange, kind, arguments=arguments, **flags))

    def delete_exchange(self, exchange: str, *, if_unused: bool = False) -> Seen:
        return self._ask(lambda: self.broker.delete_exchange(exchange, if_unused=if_unused))

    def bind_exchange(
        self, destination: str, source: str, key: str = "", arguments: Arguments | None = None
    ) -> Seen:
        return self._ask(lambda: self.broker.bind_exchange(destination, source, key, arguments))

    def unbind_exchange(
        self, destination: str, source: str, key: str = "", arguments: Arguments | None = None
    ) -> Seen:
        return self._ask(lambda: self.broker.unbind_exchange(destination, source, key, arguments))

    # -- publishing

    def publish(
        self, body: str, key: str = "", exchange: str = "", *, mandatory: bool = False, **properties: Any
    ) -> None:
        given = {"delivery_mode": 2, **properties}
        given = {name: value for name, value in given.items() if value is not None}
        if _unsendable(given.get("headers")):
            return
        self.connection.publish(
            lambda: self._tell(
                lambda: enter(self.broker, exchange, key, body.encode(), given, mandatory=mandatory)
            )
        )

    def confirm(self) -> Seen:
        return self._ask(lambda: self.broker.confirm_select(self._on_confirm))

    def confirms(self, count: int) -> list[str]:
        self._wait(lambda: len(self._confirms) >= count)
        found, self._confirms = self._confirms[:count], self._confirms[count:]
        return found

    def returns(self, count: int = 0) -> list[Seen]:
        self.world.sleep(self.world.settle)
        found, self._returns = self._returns, []
        return found

    def events(self) -> list[str]:
        self.world.sleep(self.world.settle)
        found, self._log = self._log, []
        return found

    # -- consuming

    def get(self, queue: str, *, auto_ack: bool = False) -> Seen:
        def view(answer: tuple[int, Message] | None) -> Seen:
            if answer is None:
                return "empty"
            tag, message = answer
            return {**_told(message, tag, True), "left": message.queue.waiting}

        return self._ask(lambda: self.broker.get(queue, no_ack=auto_ack), view)

    def consume(
        self,
        queue: str,
        tag: str,
        *,
        auto_ack: bool = False,
        exclusive: bool = False,
        arguments: Arguments | None = None,
    ) -> Seen:
        return self._ask(
            lambda: self.broker.consume(
                queue, self._on_message, no_ack=auto_ack, tag=tag, exclusive=exclusive, arguments=arguments
            )
        )

    def cancel(self, tag: str) -> Seen:
        if not self._is_closed() and tag not in self.broker.consumers:
            return "no answer"  # pika does not ask
        return self._ask(lambda: self.broker.cancel(tag))

    def qos(self, prefetch: int, *, share: bool = False) -> Seen:
        return self._ask(lambda: self.broker.qos(prefetch, shared=share))

    def _wait(self, done: Callable[[], bool]) -> None:
        """Let time go by until it is done, or patience is at an end, or the channel is."""
        end = self.world.broker.now + self.world.patience
        self.world.pause()
        while not done() and not self._is_closed() and self.world.broker.now < end:
            self.world.sleep(min(self.world.settle / 10, end - self.world.broker.now))

    def take(self, count: int) -> list[Seen]:
        self._wait(lambda: len(self._messages) >= count)
        found, self._messages = self._messages[:count], self._messages[count:]
        return found

    def rest(self) -> list[Seen]:
        self.world.sleep(self.world.settle)
        found, self._messages = self._messages, []
        return found

    def cancelled(self, count: int = 0) -> list[str]:
        self.world.sleep(self.world.settle)
        found, self._cancelled = self._cancelled, []
        return found

    def ack(self, tag: int, *, multiple: bool = False) -> None:
        self._tell(lambda: self.broker.ack(tag, multiple=multiple))

    def nack(self, tag: int, *, multiple: bool = False, requeue: bool = True) -> None:
        self._tell(lambda: self.broker.nack(tag, multiple=multiple, requeue=requeue))

    def reject(self, tag: int, *, requeue: bool = True) -> None:
        self._tell(lambda: self.broker.reject(tag, requeue=requeue))

    def recover(self, *, requeue: bool = True) -> Seen:
        return self._ask(self.broker.recover)

    # -- transactions, the channel itself

    def tx_select(self) -> Seen:
        return self._ask(self.broker.tx_select)

    def commit(self) -> Seen:
        return self._ask(self.broker.tx_commit)

    def rollback(self) -> Seen:
        return self._ask(self.broker.tx_rollback)

    def flow(self, active: bool) -> Seen:
        return {"active": active}

    def close(self) -> Seen:
        return self._ask(self._close)

    def _close(self) -> None:
        self.broker.close()
        self._closed = {"closes": "channel", "code": 0, "text": "Normal shutdown"}

    def fate(self, *, expect_close: bool = False) -> Seen:
        self.world.sleep(PATIENCE if expect_close and not self._is_closed() else self.world.settle)
        return self._closed if self._is_closed() else "open"


def _told(message: Message, tag: int, got: bool) -> dict[str, Seen]:
    envelope = message.envelope
    place = {"exchange": envelope.exchange, "key": envelope.key}
    known = {"tag": tag, "redelivered": message.redelivered}
    return {"body": envelope.body.decode(), **known, **place, **_plain_properties(shown(message, got))}


def _plain_properties(properties: dict[str, object]) -> dict[str, Seen]:
    """What properties are set, but for delivery mode 2, which is the rule; times are not compared."""
    found = {name: _plain(name, value) for name, value in properties.items()}
    if found.get("delivery_mode") == 2:
        del found["delivery_mode"]
    return found


def _plain(name: str, value: object) -> Seen:
    if name in ("time", "timestamp"):
        return "(time)" if name == "time" else value
    if isinstance(value, dict):
        return {str(key): _plain(key, each) for key, each in value.items()}
    if isinstance(value, list | tuple):
        return [_plain("", each) for each in value]
    return value


def _unsendable(arguments: Arguments | None) -> Seen:
    """What keeps a table from being sent: pika has no way to put a fraction into one."""
    fractions = [name for name, value in (arguments or {}).items() if isinstance(value, float)]
    return f"pika: {fractions[0]}" if fractions else None
