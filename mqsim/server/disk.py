"""The broker's storage: what is durable, kept in a file and found again after a restart.

Messages are written in batches: while one is on its way to the disk the next one gathers, and a publish is
confirmed when its batch is there. A batch carries the queues, exchanges and bindings of its time, so that a
confirmed message finds its queue.
"""

from __future__ import annotations

import logging
import sqlite3
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING, TypeVar

from mqsim.amqp.content import body_of, properties_of, restored
from mqsim.amqp.fields import read_table, write_table
from mqsim.broker import Broker, Channel, Exchange, Message, Queue
from mqsim.broker.message import failures_of
from mqsim.errors import BrokerError
from mqsim.server.tables import EMPTY, Batch, BindingRow, ExchangeRow, File, MessageRow, QueueRow, Topology

if TYPE_CHECKING:
    import asyncio
    from collections.abc import Callable, Iterator
    from pathlib import Path

BUILT_IN = "amq."
RETRY_AFTER = 1.0
"""Seconds after which a batch that could not be written is tried again."""

Row = TypeVar("Row")

_log = logging.getLogger("mqsim.server")


@dataclass(slots=True, eq=False)
class Flight:
    """A batch on its way to the disk.

    Attributes:
        batch: what is written.
        stores: the numbers of the writes that the broker asked for, with their messages.
        erasures: the same for what is done with, with the messages' rows.
        handed: messages of quorum queues that go out once it is there.
        done: when it is there, or could not be written.
    """

    batch: Batch
    stores: list[tuple[int, Message]]
    erasures: list[tuple[int, int]]
    handed: list[Message]
    done: Future[None] | None = None


class Disk:
    """The broker's storage in a file.

    Args:
        path: the file.
        broker: the broker; its storage from now on.
        epoch: seconds since 1970 at the broker's time 0.

    Attributes:
        file: the file, in which other protocols may have tables of their own.
        troubles: sentences about what could not be restored.
        written: called when a batch is on disk, or could not be written.
        alarmed: called with True when the disk takes no more, and with False when it does again.
        marks_asked, marks_written: how many deliveries of quorum queues were to be noted, and are on disk.

    Raises:
        UsageError: the file can't be used.
    """

    def __init__(self, path: Path, broker: Broker, epoch: float) -> None:
        self.broker = broker
        self.epoch = epoch
        self.troubles: list[str] = []
        self.written: Callable[[], None] = _nothing
        self.alarmed: Callable[[bool], None] = lambda raised: broker.set_alarm("disk", raised)
        self._alarm = False
        self.file = File(path)
        self._saved = EMPTY
        self._saved_version = -1
        self._number = 0
        self._stores: list[tuple[int, Message]] = []
        self._erasures: list[tuple[int, int]] = []
        self._handed: list[Message] = []
        self.marks_asked = self.marks_written = 0
        self._thread = ThreadPoolExecutor(1, "mqsim-disk")
        self._flight: Flight | None = None
        self._restore()
        broker.storage = self

    # -- the broker asks -------------------------------------------------------------------------------------

    def store(self, write: int, message: Message) -> None:
        """Write a message."""
        self._stores.append((write, message))

    def forget(self, write: int, message: Message) -> None:
        """Write that a message is done with."""
        self._erasures.append((write, message.row))

    def handed(self, message: Message) -> None:
        """Write that a quorum queue's message is out: should this process die, that delivery has failed."""
        self._handed.append(message)
        self.marks_asked += 1

    # -- batches ---------------------------------------------------------------------------------------------

    def kick(self, loop: asyncio.AbstractEventLoop) -> None:
        """Begin to write what has gathered, unless a batch is on its way."""
        if self._flight is not None or not self._has_work():
            return
        flight = self._flight = self._gather()
        flight.done = self._thread.submit(self.file.write, flight.batch)
        flight.done.add_done_callback(lambda _: loop.call_soon_threadsafe(self._landed, flight, loop))

    def _has_work(self) -> bool:
        gathered = self._stores or self._erasures or self._handed
        return bool(gathered or self.broker.version != self._saved_version)

    def _gather(self) -> Flight:
        # What was done with before its turn came has lost its write's number, and is not written at all.
        stores = [(write, message) for write, message in self._stores if message.write == write]
        erasures = self._erasures
        self._stores, self._erasures = [], []
        batch = Batch(before=self._saved, after=self._saved, gone=[(row,) for _, row in erasures])
        if self.broker.version != self._saved_version:
            self._saved_version = self.broker.version
            batch.after = self._topology()
        batch.messages = [self._row(message) for _, message in stores]
        handed, self._handed = self._handed, []
        batch.handed = [(failures_of(each) + 1, each.deliveries, each.row) for each in handed]
        return Flight(batch, stores, erasures, handed)

    def _landed(self, flight: Flight, loop: asyncio.AbstractEventLoop) -> None:
        if self._flight is not flight:
            return
        assert flight.done is not None
        if isinstance(error := flight.done.exception(), Exception):
            self._go_around(flight, error)
            loop.call_later(RETRY_AFTER, self._retry, loop)
        else:
            self._land(flight)
            self._set_alarm(False)
            self._flight = None
        self.written()

    def _land(self, flight: Flight) -> None:
        self._saved = flight.batch.after
        for write, message in flight.stores:
            if message.write == write:
                self.broker.stored(write)
            else:
                # It was done with while it was on its way.
                self._erasures.append((0, message.row))
        for write, _ in flight.erasures:
            self.broker.stored(write)
        self.marks_written += len(flight.handed)

    def _go_around(self, flight: Flight, error: Exception) -> None:
        """A batch could not be written: publishers are blocked by a disk alarm, and it is tried again."""
        if not self._alarm:
            _log.error("the disk does not take what is to be kept (%s); publishers are blocked", error)
        self._set_alarm(True)
        self._stores = flight.stores + self._stores
        self._erasures = flight.erasures + self._erasures
        self._handed = flight.handed + self._handed
        self._saved_version = -1

    def _set_alarm(self, raised: bool) -> None:
        if raised != self._alarm:
            self._alarm = raised
            self.alarmed(raised)

    def _retry(self, loop: asyncio.AbstractEventLoop) -> None:
        self._flight = None
        self.kick(loop)

    def drain(self) -> None:
        """Write all that there is, and wait for it."""
        try:
            self._drain()
        except sqlite3.Error as error:
            _log.error(
                "the disk does not take what is to be kept (%s); what was not confirmed is lost", error
            )

    def _drain(self) -> None:
        flight, self._flight = self._flight, None
        if flight is not None and flight.done is not None:
            flight.done.result()
            self._land(flight)
        while self._has_work():
            flight = self._gather()
            self.file.write(flight.batch)
            self._land(flight)

    def close(self) -> None:
        """Keep what the broker, which was stopped, has; and close the file."""
        self._thread.shutdown(wait=True)
        try:
            self._keep()
        except sqlite3.Error as error:
            _log.error("the disk does not take the state at the end (%s); it counts as a crash", error)
        self.file.close()

    def _keep(self) -> None:
        kept = [self._kept(queue) for queue in self.broker.queues.values() if _is_kept(queue)]
        new = [self._row(message) for messages in kept for message in messages if message.row < 0]
        self.file.write(Batch(self._saved, self._topology(), new))
        self.file.keep_only([message.row for messages in kept for message in messages])
        self.file.note(row for messages in kept for row in _changed(messages))
        self.file.mark(clean=True)

    @staticmethod
    def _kept(queue: Queue) -> list[Message]:
        return [message for message in queue.ready if queue.keeps(message)]

    # -- rows ------------------------------------------------------------------------------------------------

    def _row(self, message: Message) -> MessageRow:
        self._number += 1
        message.row = self._number
        envelope = message.envelope
        return MessageRow(
            message.row,
            message.queue.name,
            message.sequence,
            envelope.exchange,
            envelope.key,
            # Of the envelope alone: what the queue adds to a delivery is not the message's.
            properties_of(Message(envelope), self.epoch),
            body_of(envelope),
            envelope.died,
            None if message.expires is None else message.expires + self.epoch,
            message.redelivered,
            failures_of(message),
            message.deliveries,
        )

    def _topology(self) -> Topology:
        queues = {name: queue for name, queue in self.broker.queues.items() if _is_kept(queue)}
        kept = self.broker.profile.keeps_transient_exchanges
        exchanges = {
            name: exchange for name, exchange in self.broker.exchanges.items() if exchange.durable or kept
        }
        bindings = set()
        for exchange in exchanges.values():
            for binding in exchange.bindings:
                target = binding.target
                if target in (queues.get(target.name), exchanges.get(target.name)):
                    arguments = write_table(binding.arguments)
                    to_queue = isinstance(target, Queue)
                    bindings.add(BindingRow(exchange.name, to_queue, target.name, binding.key, arguments))
        return (
            frozenset(QueueRow(q.name, q.auto_delete, write_table(q.table)) for q in queues.values()),
            frozenset(_exchange_row(e) for e in exchanges.values() if not e.name.startswith(BUILT_IN)),
            frozenset(bindings),
        )

    # -- a restart -------------------------------------------------------------------------------------------

    def _restore(self) -> None:
        clean = self.file.was_clean()
        self._saved = self.file.topology()
        queues, exchanges, bindings = self._saved
        link = self.broker.connect("the data file")
        for queue in sorted(queues):
            self._attempt(f"queue {queue.name}", _declare_queue, link.channel(), queue)
        for exchange in sorted(exchanges, key=lambda row: row.name):
            self._attempt(f"exchange {exchange.name}", _declare_exchange, link.channel(), exchange)
        for binding in sorted(bindings):
            self._attempt(f"binding of {binding.target}", _bind, link.channel(), binding)
        link.close()
        for row in self.file.messages():
            self._number = max(self._number, row.id)
            home = self.broker.queues.get(row.queue)
            if home is not None:
                self._admit(row, home, clean)
        self.file.mark(clean=False)

    def _attempt(self, what: str, act: Callable[[Channel, Row], None], channel: Channel, row: Row) -> None:
        try:
            act(channel, row)
        except BrokerError as error:
            self.troubles.append(f"{what} could not be restored: {error.text}")

    def _admit(self, row: MessageRow, queue: Queue, clean: bool) -> None:
        envelope = restored(row.exchange, row.key, row.properties, row.body)
        envelope.died = bool(row.died)
        message = Message(envelope, row.id)
        # RabbitMQ can't tell, after an end that was not in order, which messages of a classic queue were out.
        message.redelivered = bool(row.redelivered) or not (clean or queue.replicated)
        message.deliveries = row.deliveries
        if row.failures:
            message.failures = row.failures
        own = envelope.expiration
        if row.expires is not None:
            envelope.expiration = row.expires - self.epoch - self.broker.now
        # Messages that are published from now on stand behind it in the file, too.
        queue.sequence = max(queue.sequence, row.place - 1)
        queue.admit(message)
        envelope.expiration = own


def _is_kept(queue: Queue) -> bool:
    return queue.durable and queue.owner is None and not queue.name.startswith(BUILT_IN)


def _changed(messages: list[Message]) -> Iterator[tuple[int, bool, int, int, int]]:
    """What the file does not know of a queue's messages: their order, and how often they were delivered.

    Most queues are as they were written, and a broker that ends has little time.
    """
    places = [message.sequence for message in messages]
    in_order = all(before < after for before, after in pairwise(places))
    # From 1 on, as sequences count: a message that is restored has its place for its sequence.
    for place, message in enumerate(messages, 1):
        if not in_order or message.deliveries or message.redelivered or failures_of(message):
            at = message.sequence if in_order else place
            yield at, message.redelivered, failures_of(message), message.deliveries, message.row


def _exchange_row(exchange: Exchange) -> ExchangeRow:
    return ExchangeRow(
        exchange.name,
        exchange.kind.value,
        exchange.durable,
        exchange.auto_delete,
        exchange.internal,
        exchange.alternate,
    )


def _declare_queue(channel: Channel, row: QueueRow) -> None:
    table, _ = read_table(row.arguments, 0)
    channel.declare_queue(row.name, durable=True, auto_delete=bool(row.auto_delete), arguments=table)


def _declare_exchange(channel: Channel, row: ExchangeRow) -> None:
    channel.declare_exchange(
        row.name,
        row.kind,
        durable=bool(row.durable),
        auto_delete=bool(row.auto_delete),
        internal=bool(row.internal),
        arguments=None if row.alternate is None else {"alternate-exchange": row.alternate},
    )


def _bind(channel: Channel, row: BindingRow) -> None:
    table, _ = read_table(row.arguments, 0)
    if row.to_queue:
        channel.bind_queue(row.target, row.source, row.key, table)
    else:
        channel.bind_exchange(row.target, row.source, row.key, table)


def _nothing() -> None:
    """Nobody waits."""
