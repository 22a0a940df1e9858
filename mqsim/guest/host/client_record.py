"""Writes down what one program does at the broker: rows of `mqsim.trace.clients`.

A row is made as a method leaves the program, and completed when the broker has taken it in.
"""

from __future__ import annotations

from collections.abc import Callable
from hashlib import blake2b
from typing import TYPE_CHECKING, Any

from pamqp import commands

from mqsim.amqp.content import PERSISTENT, Sent
from mqsim.amqp.departures import Departure
from mqsim.amqp.fields import MalformedError
from mqsim.trace.clients import OK, ClientEvent, ClientEvents
from mqsim.trace.clients import ClientEventKind as Kind

if TYPE_CHECKING:
    from mqsim.errors import BrokerError

BODY_SHOWN = 200
"""Bytes of a body that a row keeps."""

MAIN = "MainThread"


def sentence(error: BrokerError) -> str:
    """An error as outcomes write it."""
    return error.text if error.text[:1].isdigit() else f"{error.code} {error.text}"


class ClientRecord:
    """The rows of one actor.

    Args:
        events: the run's table.
        now: the world's clock.
        who: the actor's name.

    Attributes:
        life: which of its processes runs, from 1.
        connections: how many that process has opened.
    """

    def __init__(self, events: ClientEvents, now: Callable[[], float], who: str) -> None:
        self.events = events
        self.now = now
        self.who = who
        self.life = 0
        self.connections = 0

    def process_started(self) -> None:
        """A process begins."""
        self.life += 1
        self.connections = 0
        self.add(Kind.PROCESS_STARTED)

    def process_exited(self, status: int, signal: int, text: str) -> None:
        """It is over."""
        self.add(Kind.PROCESS_EXITED, status=status, signal=signal, text=text)

    def callback_returned(self, channel: int, tag: int, row: int) -> None:
        """The program is through with a delivery, whether or not it acknowledged it."""
        self.add(Kind.CALLBACK_RETURNED, channel=channel, delivery_tag=tag, row=row)

    def callback_raised(self, channel: int, tag: int, row: int, text: str) -> None:
        """A callback ended in an exception."""
        self.add(Kind.CALLBACK_RAISED, channel=channel, delivery_tag=tag, row=row, text=text)

    def connection_refused(self, address: str) -> None:
        """Nobody listens there."""
        self.add(Kind.CONNECTION_REFUSED, text=address)

    def add(self, kind: Kind, **fields: Any) -> ClientEvent:
        """Add a row, now."""
        place = {"connection": 0, "channel": 0, "thread": MAIN, **fields}
        return self.events.add(ClientEvent(self.now(), self.who, self.life, kind=kind, **place))

    def connect(self) -> ConnectionRecord:
        """The process has opened a connection to the broker."""
        self.connections += 1
        return ConnectionRecord(self, self.connections)


class ConnectionRecord:
    """The rows of one connection.

    Args:
        client: whose it is.
        number: its number.
    """

    def __init__(self, client: ClientRecord, number: int) -> None:
        self._client = client
        self._number = number
        self._life = client.life
        # Which thread sent the frames from that number on, as far as they have not left yet.
        self._threads: list[tuple[int, str]] = []
        self._thread = MAIN
        self._published: dict[int, int] = {}
        self._transacting: set[int] = set()
        self._rows: dict[tuple[int, int], int] = {}
        self._properties: Any = None
        self._heartbeat = 0.0
        self._user = ""
        self._host = ""
        self.opened = self.over = self.closing = False

    def used_by(self, frame: int, thread: str) -> None:
        """From the frame of that number on, a thread of that name sends."""
        self._threads.append((frame, thread))

    def add(self, kind: Kind, channel: int = 0, **fields: Any) -> ClientEvent:
        """Add a row, now."""
        client = self._client
        place = (client.now(), client.who, self._life, self._number, channel, self._thread, kind)
        return client.events.add(ClientEvent(*place, **fields))

    # -- what leaves the program -----------------------------------------------------------------------------

    def sends(self, frame: int) -> None:
        """The frame of that number leaves: the rows of what it says have its thread."""
        while self._threads and self._threads[0][0] <= frame:
            self._thread = self._threads.pop(0)[1]

    def left(self, departure: Departure) -> ClientEvent | None:
        """A method has left; its row, where it has one."""
        self.sends(departure.number)
        make = _ROWS.get(type(departure.method))
        return None if make is None else make(self, departure.frame.channel, departure)

    def started(self, method: Any) -> None:
        """The client says who it is."""
        self._properties = dict(method.client_properties or {})

    def tuned(self, method: Any) -> None:
        """The client says what it agrees to."""
        self._heartbeat = float(method.heartbeat or 0)

    def said_hello(self, properties: dict[str, Any], heartbeat: float) -> None:
        """The client of another protocol says who it is, and after how many seconds it is to be heard."""
        self._properties, self._heartbeat = properties, heartbeat

    def asks_to_open(self, method: Any) -> None:
        """The client names its virtual host."""
        self._host = str(method.virtual_host)

    def closes(self, channel: int) -> ClientEvent:
        """The client closes the connection in order."""
        self.closing = True
        return self.add(Kind.CONNECTION_CLOSED)

    def channel_closes(self, channel: int, kind: Kind) -> ClientEvent:
        """A channel of that number begins, or is over: what it counted is forgotten."""
        self._published.pop(channel, None)
        self._transacting.discard(channel)
        return self.add(kind, channel)

    def confirms(self, channel: int) -> ClientEvent:
        """The channel counts its publishes from now on."""
        self._published.setdefault(channel, 0)
        return self.add(Kind.CONFIRM_SELECTED, channel)

    def publishes(self, channel: int, departure: Departure) -> ClientEvent:
        """A message leaves."""
        method: Any = departure.method
        number = 0
        confirms = channel in self._published
        if confirms:
            number = self._published[channel] = self._published[channel] + 1
        header, body = departure.header, departure.body
        sent: Any = {}
        if header is not None:
            try:
                sent = Sent(header.raw)
            except MalformedError:
                sent = {}
        return self.add(
            Kind.PUBLISHED,
            channel,
            exchange=method.exchange,
            key=method.routing_key,
            size=len(body),
            persistent=sent.get("delivery_mode") == PERSISTENT,
            mandatory=method.mandatory,
            headers=sent.get("headers"),
            properties=sent,
            body=body[:BODY_SHOWN],
            digest=blake2b(body, digest_size=8).hexdigest(),
            confirms=confirms,
            number=number,
        )

    def transacts(self, channel: int) -> ClientEvent:
        """The channel's publishes wait for its commits from now on."""
        self._transacting.add(channel)
        return self.add(Kind.TX_SELECTED, channel)

    def wants_safety(self, event: ClientEvent) -> bool:
        """Whether the publisher of a message is told when that is safe."""
        return event.confirms or event.channel in self._transacting

    def carries(self, event: ClientEvent) -> None:
        """A published message has its row in the table of messages."""
        if event.confirms:
            self._rows[event.channel, event.number] = event.row

    # -- what the broker does --------------------------------------------------------------------------------

    def connection_opened(self, user: str) -> None:
        """The broker has opened the connection."""
        self.opened = True
        self.add(
            Kind.CONNECTION_OPENED,
            properties=self._properties,
            heartbeat=self._heartbeat,
            user=user,
            virtual_host=self._host,
            outcome=OK,
        )

    def closed_by_server(self, error: BrokerError) -> None:
        """The broker closes the connection because of an error, or as it stops."""
        self.closed_with(error.code, error.text)

    def closed_with(self, code: int, text: str) -> None:
        """The server closes the connection, and says why."""
        if not self.over:
            self.over = True
            self.add(Kind.CONNECTION_CLOSED_BY_SERVER, code=code, text=text)

    def dropped(self, why: str) -> None:
        """The connection ended without a word; one that was never opened is not told of."""
        if not self.over and not self.closing and self.opened:
            self.add(Kind.CONNECTION_DROPPED, text=why)
        self.over = True

    def left_open(self) -> None:
        """The run is over."""
        if not self.over and not self.closing and self.opened:
            self.add(Kind.CONNECTION_LEFT_OPEN)
        self.over = True

    def channel_closed_by_server(self, channel: int, error: BrokerError) -> None:
        """The broker closes a channel because of an error."""
        self.add(Kind.CHANNEL_CLOSED_BY_SERVER, channel, code=error.code, text=error.text)

    def cancelled_by_server(self, channel: int, tag: str, queue: str) -> None:
        """The broker ends a subscription."""
        self.add(Kind.CANCELLED_BY_SERVER, channel, consumer_tag=tag, queue=queue)

    def answered(self, channel: int, number: int, ok: bool) -> ClientEvent:
        """The broker's answer to a publish is on its way: a row that `arrived` adds."""
        row = self._rows.pop((channel, number), -1)
        kind = Kind.CONFIRMED if ok else Kind.NACKED_BY_SERVER
        return self._on_its_way(kind, channel, number=number, row=row)

    def returned(self, channel: int, row: int, exchange: str, key: str, code: int, text: str) -> ClientEvent:
        """A message that found no queue is on its way back: a row that `arrived` adds."""
        fields = {"row": row, "exchange": exchange, "key": key, "code": code, "text": text}
        return self._on_its_way(Kind.RETURNED, channel, **fields)

    def _on_its_way(self, kind: Kind, channel: int, **fields: Any) -> ClientEvent:
        who = self._client.who
        return ClientEvent(0.0, who, self._life, self._number, channel, MAIN, kind, **fields)

    def arrived(self, event: ClientEvent) -> None:
        """It has reached the program's machine."""
        event.t = self._client.now()
        self._client.events.add(event)


def carried_out(event: ClientEvent, answer: Any) -> None:
    """The broker has done it."""
    event.outcome = OK
    if event.kind is Kind.QUEUE_DECLARED:
        event.queue = answer.queue
    elif event.kind is Kind.CONSUMED and answer is not None:
        event.consumer_tag = answer.consumer_tag


def refused(event: ClientEvent, error: BrokerError) -> None:
    """The broker has refused it."""
    event.outcome = sentence(error)


_Row = Callable[[ConnectionRecord, int, Departure], "ClientEvent | None"]


def _plain(kind: Kind, *names: str, **renamed: str) -> _Row:
    """A row whose fields are the method's, by the same names or others (row's=method's)."""
    pairs = [*((name, name) for name in names), *renamed.items()]

    def make(record: ConnectionRecord, channel: int, departure: Departure) -> ClientEvent:
        method = departure.method
        return record.add(kind, channel, **{to: getattr(method, of) for to, of in pairs})

    return make


_ROWS: dict[type, _Row] = {
    commands.Connection.StartOk: lambda record, _, departure: record.started(departure.method),
    commands.Connection.TuneOk: lambda record, _, departure: record.tuned(departure.method),
    commands.Connection.Open: lambda record, _, departure: record.asks_to_open(departure.method),
    commands.Connection.Close: lambda record, channel, _: record.closes(channel),
    commands.Channel.Open: lambda record, channel, _: record.channel_closes(channel, Kind.CHANNEL_OPENED),
    commands.Channel.Close: lambda record, channel, _: record.channel_closes(channel, Kind.CHANNEL_CLOSED),
    commands.Confirm.Select: lambda record, channel, _: record.confirms(channel),
    commands.Basic.Publish: lambda record, channel, departure: record.publishes(channel, departure),
    commands.Exchange.Declare: _plain(
        Kind.EXCHANGE_DECLARED,
        *("exchange", "durable", "auto_delete", "internal", "passive", "arguments"),
        type="exchange_type",
    ),
    commands.Exchange.Delete: _plain(Kind.EXCHANGE_DELETED, "exchange"),
    commands.Exchange.Bind: _plain(
        Kind.EXCHANGE_BOUND, "destination", "arguments", exchange="source", key="routing_key"
    ),
    commands.Exchange.Unbind: _plain(
        Kind.EXCHANGE_UNBOUND, "destination", "arguments", exchange="source", key="routing_key"
    ),
    commands.Queue.Declare: _plain(
        Kind.QUEUE_DECLARED, "queue", "durable", "exclusive", "auto_delete", "passive", "arguments"
    ),
    commands.Queue.Bind: _plain(Kind.QUEUE_BOUND, "queue", "exchange", "arguments", key="routing_key"),
    commands.Queue.Unbind: _plain(Kind.QUEUE_UNBOUND, "queue", "exchange", "arguments", key="routing_key"),
    commands.Queue.Delete: _plain(Kind.QUEUE_DELETED, "queue"),
    commands.Queue.Purge: _plain(Kind.QUEUE_PURGED, "queue"),
    commands.Basic.Qos: _plain(Kind.QOS, prefetch="prefetch_count", shared="global_"),
    commands.Basic.Consume: _plain(
        Kind.CONSUMED, "queue", "consumer_tag", "exclusive", "arguments", auto_ack="no_ack"
    ),
    commands.Basic.Cancel: _plain(Kind.CANCELLED, "consumer_tag"),
    commands.Basic.Get: _plain(Kind.GOT, "queue", auto_ack="no_ack"),
    commands.Basic.Recover: _plain(Kind.RECOVERED, "requeue"),
    commands.Basic.RecoverAsync: _plain(Kind.RECOVERED, "requeue"),
    commands.Basic.Ack: _plain(Kind.ACKED, "delivery_tag", "multiple"),
    commands.Basic.Nack: _plain(Kind.NACKED, "delivery_tag", "multiple", "requeue"),
    commands.Basic.Reject: _plain(Kind.REJECTED, "delivery_tag", "requeue"),
    commands.Tx.Select: lambda record, channel, _: record.transacts(channel),
    commands.Tx.Commit: _plain(Kind.TX_COMMITTED),
    commands.Tx.Rollback: _plain(Kind.TX_ROLLED_BACK),
}
