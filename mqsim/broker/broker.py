"""The broker: a node's exchanges, queues and connections, as a state machine without a clock.

Time is passed in: `advance(now)` moves it and does what has become due (`next_deadline` says when that will
be). Everything else happens in zero time, in the order in which it is asked; what takes time elsewhere goes
through the seams.

    broker = Broker()
    channel = broker.connect("me").channel()
    queue = channel.declare_queue("tasks", durable=True)
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from mqsim.broker import deadletter, replies
from mqsim.broker.connection import Connection
from mqsim.broker.exchange import Binding, Exchange, ExchangeType, route
from mqsim.broker.lifecycle import NODE, Input, State, step
from mqsim.broker.message import Envelope, Message
from mqsim.broker.profiles import profile
from mqsim.broker.queue import Queue, QueueArguments
from mqsim.broker.seams import Deadlines, Storage
from mqsim.broker.watch import Watcher
from mqsim.errors import BrokerError, ChannelError, SimulationError

TIMEOUT_CHECK_EVERY = 60.0
"""Seconds between two looks for overdue acknowledgements, as RabbitMQ has it."""


class _Confirm:
    """One publish that is to be confirmed once all its copies are safe."""

    __slots__ = ("answer", "missing")

    def __init__(self, answer: Callable[[bool], None]) -> None:
        self.answer = answer
        self.missing = 0


class Broker:
    """One broker.

    Args:
        version: whose rules apply: `3.10`, `4.0` or `4.3`.
        watcher: is told what happens; by default nobody.
        consumer_timeout: seconds a delivery may go unacknowledged before its channel is closed, or None for
            ever.

    Attributes:
        now: the broker's time, in seconds.
        version: counts changes of the topology, so that routes can be kept.
        storage: where persistent messages go; None means that they are safe at once.
    """

    def __init__(
        self, version: str = "4.3", watcher: Watcher | None = None, *, consumer_timeout: float | None = None
    ) -> None:
        self.profile = profile(version)
        self.watcher = watcher or Watcher()
        self.now = 0.0
        self.state = State.RUNNING
        self.queues: dict[str, Queue] = {}
        self.exchanges: dict[str, Exchange] = {}
        self.connections: dict[Connection, None] = {}
        self.alarms: set[str] = set()
        self.deadlines = Deadlines()
        self.storage: Storage | None = None
        self.consumer_timeout = consumer_timeout
        self.version = 0
        self._named = 0
        self._written = 0
        self._writes: dict[int, tuple[Message, _Confirm | None]] = {}
        self._erasures: dict[int, tuple[Message, Queue]] = {}
        for kind in ExchangeType:
            self.exchanges[f"amq.{kind.value}"] = Exchange(f"amq.{kind.value}", kind, durable=True)
        if consumer_timeout is not None:
            self.deadlines.add(TIMEOUT_CHECK_EVERY, self._check_timeouts)

    # -- time ------------------------------------------------------------------------------------------------

    def advance(self, now: float) -> None:
        """Move time on to `now` and do what has become due, in order.

        Raises:
            SimulationError: time would run backwards.
        """
        if now < self.now:
            raise SimulationError(f"the broker is at {self.now} s and can't go back to {now} s")
        if self.deadlines.next <= now and self.state is State.RUNNING:
            while (due := self.deadlines.take(now)) is not None:
                time, act = due
                self.now = max(self.now, time)
                act(self.now)
        self.now = now

    def next_deadline(self) -> float:
        """When `advance` is next needed, in seconds; infinite if never."""
        return self.deadlines.next if self.state is State.RUNNING else float("inf")

    def _check_timeouts(self, now: float) -> None:
        timeout = self.consumer_timeout
        if timeout is None:
            return
        for connection in list(self.connections):
            for channel in list(connection.channels.values()):
                oldest = next(iter(channel.unacked.values()), None)
                if oldest is not None and now - oldest[2] >= timeout:
                    channel.close(replies.ack_timed_out(timeout))
        self.deadlines.add(now + TIMEOUT_CHECK_EVERY, self._check_timeouts)

    # -- connections and topology ----------------------------------------------------------------------------

    def connect(self, name: str = "client") -> Connection:
        """Open a connection.

        Raises:
            SimulationError: the node is down.
        """
        self.state = step(NODE, "the broker", self.state, Input.USE)
        connection = Connection(self, name)
        self.connections[connection] = None
        return connection

    def declare_exchange(
        self,
        name: str,
        kind: ExchangeType,
        *,
        durable: bool = True,
        auto_delete: bool = False,
        internal: bool = False,
        alternate: str | None = None,
    ) -> Exchange:
        """Make an exchange, or find that it is there and the same.

        Raises:
            ChannelError: 406 if it is there with other attributes.
        """
        wanted = {"type": kind.value, "durable": durable, "auto_delete": auto_delete, "internal": internal}
        there = self.exchanges.get(name)
        if there is not None:
            current = (there.kind.value, there.durable, there.auto_delete, there.internal)
            for (attribute, received), is_now in zip(wanted.items(), current, strict=True):
                if received != is_now:
                    raise replies.inequivalent("exchange", name, attribute, received, is_now)
            return there
        self.version += 1
        made = Exchange(
            name, kind, durable=durable, auto_delete=auto_delete, internal=internal, alternate=alternate
        )
        self.exchanges[name] = made
        return made

    def bind(self, exchange: str, target: Queue | Exchange, key: str = "", arguments: dict[str, object] | None = None) -> None:
        """Bind a queue or an exchange to an exchange; binding twice is once.

        Raises:
            ChannelError: 404 if the exchange is not there; 403 for the default exchange.
        """
        if exchange == "":
            text = "ACCESS_REFUSED - operation not permitted on the default exchange"
            raise ChannelError(replies.ACCESS_REFUSED, text)
        if exchange not in self.exchanges:
            raise replies.no_exchange(exchange)
        self.version += 1
        self.exchanges[exchange].bindings[Binding(target, key, tuple(sorted((arguments or {}).items())))] = None

    def declare_queue(
        self,
        name: str,
        durable: bool,
        auto_delete: bool,
        owner: Connection | None,
        arguments: QueueArguments,
        passive: bool,
        by: Connection,
    ) -> Queue:
        """Make a queue or find it; `Channel.declare_queue` is what clients call.

        Raises:
            ChannelError: 404, 405 or 406, as said there.
        """
        queue = self.queues.get(name)
        if queue is None:
            if passive:
                raise replies.no_queue(name)
            if not name:
                self._named += 1
                name = f"amq.gen-{self._named:06d}"
            self.version += 1
            queue = self.queues[name] = Queue(
                self, name, durable=durable, auto_delete=auto_delete, owner=owner, arguments=arguments
            )
            return queue
        self.check_owner(queue, by)
        queue.touch()
        if not passive:
            _check_equivalent(queue, durable, auto_delete, owner, arguments)
        return queue

    def check_owner(self, queue: Queue, by: Connection) -> None:
        """Raise 405 when a queue is another connection's exclusive one."""
        if queue.owner is not None and queue.owner is not by:
            raise replies.locked(queue.name)

    def find_queue(self, name: str, by: Connection) -> Queue:
        """The queue of that name.

        Raises:
            ChannelError: 404 if it is not there, 405 if it is another connection's exclusive one.
        """
        queue = self.queues.get(name)
        if queue is None:
            raise replies.no_queue(name)
        self.check_owner(queue, by)
        return queue

    def remove_queue(self, queue: Queue) -> int:
        """Delete a queue: its consumers are cancelled, its ready messages are gone, its bindings with it.

        Returns:
            How many messages were ready.
        """
        del self.queues[queue.name]
        queue.deleted = True
        self.version += 1
        for exchange in self.exchanges.values():
            for binding in [binding for binding in exchange.bindings if binding.target is queue]:
                del exchange.bindings[binding]
        for consumer in list(queue.circle.order):
            consumer.channel.consumers.pop(consumer.tag, None)
            queue.circle.remove(consumer)
            self.watcher.consumer_cancelled(consumer)
        return queue.purge("deleted")

    # -- publishing ------------------------------------------------------------------------------------------

    def find_route(self, envelope: Envelope) -> None:
        """Write into an envelope which queues it goes to, good until the topology changes.

        Raises:
            ChannelError: 404 if its exchange is not there, 403 if that is an internal one.
        """
        exchange = self.exchanges.get(envelope.exchange)
        if exchange is None and envelope.exchange:
            raise replies.no_exchange(envelope.exchange)
        if exchange is not None and exchange.internal:
            text = f"ACCESS_REFUSED - cannot publish to internal exchange '{exchange.name}' in vhost '{replies.VHOST}'"
            raise ChannelError(replies.ACCESS_REFUSED, text)
        envelope.route = route(self.exchanges, self.queues, envelope)
        envelope.route_version = self.version

    def spread(self, message: Message, queues: Sequence[Queue], answer: Callable[[bool], None] | None) -> None:
        """Give each queue its copy; `answer` is called once: False if a queue refuses, True when all copies
        are safe."""
        copies = [message] + [type(message)(message.envelope) for _ in queues[1:]]
        for copy, queue in zip(copies[1:], queues[1:], strict=True):
            self.watcher.copied(message, copy, queue, "fanout")
        confirm = None if answer is None else _Confirm(answer)
        refused = False
        for copy, queue in zip(copies, queues, strict=True):
            written = self.storage is not None and queue.durable and message.envelope.persistent
            if written:
                self._written += 1
                copy.write = self._written
                self._writes[copy.write] = (copy, confirm)
                if confirm is not None:
                    confirm.missing += 1
            if queue.publish(copy):
                if copy.write and self.storage is not None:
                    self.storage.store(copy.write, copy)
            else:
                refused = True
                if written:
                    del self._writes[copy.write]
        if confirm is None or answer is None:
            return
        if refused:
            answer(False)
            confirm.missing = -1
        elif not confirm.missing:
            confirm.missing = -1
            answer(True)

    def stored(self, write: int) -> None:
        """What was asked of the storage under this number is safe."""
        self._erasures.pop(write, None)
        entry = self._writes.pop(write, None)
        if entry is None:
            return
        message, confirm = entry
        message.write = 0
        if confirm is not None and confirm.missing > 0:
            confirm.missing -= 1
            if not confirm.missing:
                confirm.missing = -1
                confirm.answer(True)

    def forget(self, message: Message, queue: Queue) -> None:
        """A message is done with; until the storage knows, a crash would bring it back."""
        storage = self.storage
        if storage is None or not (queue.durable and message.envelope.persistent):
            return
        if message.write:
            self.stored(message.write)
            return
        self._written += 1
        self._erasures[self._written] = (message, queue)
        storage.forget(self._written, message)

    # -- leaving ---------------------------------------------------------------------------------------------

    def discard(self, message: Message, queue: Queue, reason: str) -> None:
        """Let a message go that expired, was rejected or had to make room: to the dead-letter exchange, if
        there is one."""
        if queue.arguments.dead_letter_exchange is None:
            self.watcher.left(message, queue, reason)
        else:
            self.dead_letter(message, queue, reason)
        self.forget(message, queue)

    def dead_letter(self, message: Message, queue: Queue, reason: str) -> None:
        """Send a message on to its queue's dead-letter exchange; one that is not there, or finds no queue,
        loses it."""
        exchange = queue.arguments.dead_letter_exchange or ""
        key = queue.arguments.dead_letter_key
        envelope = deadletter.next_life(
            message,
            queue.name,
            reason,
            exchange,
            message.envelope.key if key is None else key,
            self.now,
            self.profile.tells_last_death,
        )
        known = exchange == "" or exchange in self.exchanges
        found = route(self.exchanges, self.queues, envelope) if known else ()
        deaths = deadletter.deaths_of(envelope)
        targets = [to for to in found if reason == "rejected" or not deadletter.is_cycle(to.name, deaths)]
        if not targets:
            self.watcher.left(message, queue, "cycle" if found else "dead-letter-unroutable")
            return
        copies = [type(message)(envelope) for _ in targets]
        for target, copy in zip(targets, copies, strict=True):
            self.watcher.copied(message, copy, target, reason)
        self.watcher.left(message, queue, "dead-lettered")
        for target, copy in zip(targets, copies, strict=True):
            self.spread(copy, [target], None)

    # -- alarms, stop and start ------------------------------------------------------------------------------

    def set_alarm(self, kind: str, raised: bool) -> None:
        """Raise or clear the `memory` or the `disk` alarm; while one is raised, publishers are blocked."""
        before = bool(self.alarms)
        if raised:
            self.alarms.add(kind)
        else:
            self.alarms.discard(kind)
        self.watcher.alarmed(kind, raised)
        if before != bool(self.alarms):
            for connection in list(self.connections):
                connection.on_blocked(raised, f"low on {kind}" if raised else "")

    def stop(self) -> None:
        """Stop cleanly: connections are closed with 320, what is durable and persistent is on disk.

        Raises:
            SimulationError: the node is down.
        """
        self._go_down(Input.STOP, replies.shut_down())

    def kill(self) -> None:
        """End at once: connections break, what had not reached the disk is lost, what had not left it comes
        back.

        Raises:
            SimulationError: the node is down.
        """
        self._go_down(Input.KILL, None)

    def start(self) -> None:
        """Come up again with what survived.

        Raises:
            SimulationError: the node is running.
        """
        self.state = step(NODE, "the broker", self.state, Input.START)
        self.advance(self.now)

    def _go_down(self, how: Input, error: BrokerError | None) -> None:
        self.state = step(NODE, "the broker", self.state, how)
        for connection in self.connections:
            for channel in connection.channels.values():
                channel.retire()
        for connection in list(self.connections):
            connection.close(error)
        killed = how is Input.KILL
        revived = list(self._erasures.values()) if killed else []
        self._erasures.clear()
        self._writes.clear()
        for queue in list(self.queues.values()):
            messages = queue.drain()
            kept = []
            for message in messages:
                safe = queue.durable and message.envelope.persistent and not (killed and message.write)
                message.write = 0
                if safe:
                    kept.append(message)
                else:
                    self.watcher.left(message, queue, "lost")
            if queue.durable:
                back = [message for message, home in revived if home is queue]
                for message in back:
                    message.redelivered = True
                    self.watcher.revived(message, queue)
                queue.survive(sorted(kept + back))
            else:
                self.remove_queue(queue)
        if not self.profile.keeps_transient_exchanges:
            for exchange in [e for e in self.exchanges.values() if not e.durable]:
                self.remove_exchange(exchange)

    def remove_exchange(self, exchange: Exchange) -> None:
        """Delete an exchange and the bindings that lead to it."""
        del self.exchanges[exchange.name]
        self.version += 1
        for other in self.exchanges.values():
            for binding in [binding for binding in other.bindings if binding.target is exchange]:
                del other.bindings[binding]


_ARGUMENT_NAMES = {
    "x-message-ttl": "message_ttl",
    "x-expires": "expires",
    "x-max-length": "max_length",
    "x-max-length-bytes": "max_bytes",
    "x-overflow": "overflow",
    "x-dead-letter-exchange": "dead_letter_exchange",
    "x-dead-letter-routing-key": "dead_letter_key",
    "x-max-priority": "max_priority",
    "x-single-active-consumer": "single_active_consumer",
}
_IN_MILLISECONDS = {"message_ttl", "expires"}


def _check_equivalent(
    queue: Queue, durable: bool, auto_delete: bool, owner: Connection | None, arguments: QueueArguments
) -> None:
    """Raise 406 for the first attribute in which a redeclaration differs, in RabbitMQ's order and words."""
    flags = (
        ("durable", durable, queue.durable),
        ("exclusive", owner is not None, queue.owner is not None),
        ("auto_delete", auto_delete, queue.auto_delete),
    )
    for attribute, received, current in flags:
        if received != current:
            raise replies.inequivalent("queue", queue.name, attribute, received, current)
    for argument, attribute in _ARGUMENT_NAMES.items():
        asked, there = getattr(arguments, attribute), getattr(queue.arguments, attribute)
        if asked != there:
            wire = [_as_on_the_wire(attribute, value) for value in (asked, there)]
            raise replies.inequivalent("queue", queue.name, argument, *wire)


def _as_on_the_wire(attribute: str, value: object) -> object:
    if attribute in _IN_MILLISECONDS and isinstance(value, float | int):
        return round(value * 1000)
    return replies.Argument(value) if isinstance(value, str) else value
