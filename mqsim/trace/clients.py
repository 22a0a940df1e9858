"""What real client programs did at the broker and what it answered: one row an event, in order.

The table stands beside the message and delivery tables and the event log, and no digest covers it. Its rows
tell what the tables can't: how connections ended, which queue was declared how, which publish was in confirm
mode, which thread used a channel. Modelled producers and consumers leave no rows here.

A row's time is when its program did the thing (its bytes left the program), not when the broker heard of it.
What the broker tells the program has the time at which it reached the program's machine (confirms, returns)
or at which the broker did it (errors, closes). Times are seconds from the start of the run.
"""

from __future__ import annotations

from dataclasses import dataclass, fields
from enum import Enum
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping


class ClientEventKind(Enum):
    """What happened. The fields that a kind fills are named behind it; all rows have the first seven.

    PROCESS_STARTED: a process of the program began.
    PROCESS_EXITED: `status`, `signal`; `text`: how, in the transcript's words.
    CALLBACK_RETURNED: a callback that worked on a delivery came back; or the program, which had asked for the
        message itself, asked for the next one or stopped consuming. `delivery_tag`, `row`.
    CALLBACK_RAISED: a callback that worked on a delivery ended in an exception, SystemExit and
        KeyboardInterrupt among them. `delivery_tag`, `row`, `text` (the exception's name and words).

    CONNECTION_REFUSED: nobody listened at that address. `text`: HOST:PORT.
    CONNECTION_OPENED: the broker opened the connection. `properties` (the client's own), `heartbeat` (seconds
        that were agreed; 0 is none), `user`, `virtual_host`.
    CONNECTION_CLOSED: the program closed it in order, with `connection.close`.
    CONNECTION_CLOSED_BY_SERVER: `code`, `text`.
    CONNECTION_DROPPED: it ended without either. `text` says why: `program ended`, `program killed`,
        `machine switched off`, `socket closed`, `heartbeat missed`, `connection reset`, `broker gone`.
    CONNECTION_LEFT_OPEN: it was open when the run ended.

    CHANNEL_OPENED, CHANNEL_CLOSED: the program did it.
    CHANNEL_CLOSED_BY_SERVER: an error, `code` and `text`.

    EXCHANGE_DECLARED: `exchange`, `type`, `durable`, `auto_delete`, `internal`, `passive`, `arguments`.
    EXCHANGE_DELETED: `exchange`.
    EXCHANGE_BOUND, EXCHANGE_UNBOUND: `exchange` (the source), `destination`, `key`, `arguments`.
    QUEUE_DECLARED: `queue` (the broker's name for it where the program gave none), `durable`, `exclusive`,
        `auto_delete`, `passive`, `arguments`.
    QUEUE_DELETED, QUEUE_PURGED: `queue`.
    QUEUE_BOUND, QUEUE_UNBOUND: `queue`, `exchange`, `key`, `arguments`.

    QOS: `prefetch`, `shared` (for the whole channel: AMQP's `global`).
    CONSUMED: `queue`, `consumer_tag`, `auto_ack`, `exclusive`, `arguments`, `prefetch` in force for this
        consumer (0 is no limit).
    CANCELLED: `consumer_tag`.
    CANCELLED_BY_SERVER: `consumer_tag`, `queue`.
    GOT: one message was asked for (`basic.get`): `queue`, `auto_ack`, `row` (-1 if there was none).
    RECOVERED: all that is unacknowledged is asked for again (`basic.recover`).

    CONFIRM_SELECTED, TX_SELECTED, TX_COMMITTED, TX_ROLLED_BACK: the channel's mode, and its transactions.
    PUBLISHED: `exchange`, `key`, `size` (bytes), `persistent`, `mandatory`, `headers`, `properties` (all that
        the program gave), `body` (its first bytes), `digest` (of all of it), `confirms` (whether the channel
        was in confirm mode), `number` (among the channel's publishes in that mode), `row` (of the message).
    CONFIRMED, NACKED_BY_SERVER: the broker's answer to a publish reached the program: `number`, `row`.
    RETURNED: a mandatory message came back to the program: `exchange`, `key`, `code`, `text`, `row`.

    ACKED, NACKED, REJECTED: `delivery_tag`, `multiple`, `requeue`, `row` (-1 for several, or none).
    """

    PROCESS_STARTED = "process started"
    PROCESS_EXITED = "process exited"
    CALLBACK_RETURNED = "callback returned"
    CALLBACK_RAISED = "callback raised"
    CONNECTION_REFUSED = "connection refused"
    CONNECTION_OPENED = "connection opened"
    CONNECTION_CLOSED = "connection closed"
    CONNECTION_CLOSED_BY_SERVER = "connection closed by server"
    CONNECTION_DROPPED = "connection dropped"
    CONNECTION_LEFT_OPEN = "connection left open"
    CHANNEL_OPENED = "channel opened"
    CHANNEL_CLOSED = "channel closed"
    CHANNEL_CLOSED_BY_SERVER = "channel closed by server"
    EXCHANGE_DECLARED = "exchange declared"
    EXCHANGE_DELETED = "exchange deleted"
    EXCHANGE_BOUND = "exchange bound"
    EXCHANGE_UNBOUND = "exchange unbound"
    QUEUE_DECLARED = "queue declared"
    QUEUE_DELETED = "queue deleted"
    QUEUE_PURGED = "queue purged"
    QUEUE_BOUND = "queue bound"
    QUEUE_UNBOUND = "queue unbound"
    QOS = "qos"
    CONSUMED = "consumed"
    CANCELLED = "cancelled"
    CANCELLED_BY_SERVER = "cancelled by server"
    GOT = "got"
    RECOVERED = "recovered"
    CONFIRM_SELECTED = "confirm selected"
    TX_SELECTED = "tx selected"
    TX_COMMITTED = "tx committed"
    TX_ROLLED_BACK = "tx rolled back"
    PUBLISHED = "published"
    CONFIRMED = "confirmed"
    NACKED_BY_SERVER = "nacked by server"
    RETURNED = "returned"
    ACKED = "acked"
    NACKED = "nacked"
    REJECTED = "rejected"


PENDING = ""
"""The outcome of what the broker has not taken in, and perhaps never will."""

OK = "ok"
"""The outcome of what the broker did as it was asked."""


@dataclass(slots=True)
class ClientEvent:
    """One row.

    Attributes:
        t: when, in seconds.
        who: the actor, such as `worker-1`.
        life: which process of the actor it was, from 1; a restart begins the next.
        connection: which of that process's connections to the broker, from 1; 0 is none.
        channel: the channel's number on that connection; 0 is none.
        thread: the name of the program's thread that used the channel, such as `MainThread`.
        kind: what happened; see there which of the following it fills.
        outcome: `ok`, or the broker's error as `404 NOT_FOUND - …`; empty if the broker never took it in, or
            was not asked for anything.
    """

    t: float
    who: str
    life: int
    connection: int
    channel: int
    thread: str
    kind: ClientEventKind
    outcome: str = PENDING
    queue: str = ""
    exchange: str = ""
    destination: str = ""
    key: str = ""
    type: str = ""
    durable: bool = False
    exclusive: bool = False
    auto_delete: bool = False
    internal: bool = False
    passive: bool = False
    arguments: Mapping[str, Any] | None = None
    consumer_tag: str = ""
    auto_ack: bool = False
    prefetch: int = 0
    shared: bool = False
    delivery_tag: int = 0
    multiple: bool = False
    requeue: bool = False
    size: int = 0
    persistent: bool = False
    mandatory: bool = False
    headers: Mapping[str, Any] | None = None
    properties: Mapping[str, Any] | None = None
    body: bytes = b""
    digest: str = ""
    confirms: bool = False
    number: int = 0
    row: int = -1
    heartbeat: float = 0.0
    user: str = ""
    virtual_host: str = ""
    status: int | None = None
    signal: int = 0
    code: int = 0
    text: str = ""

    @property
    def body_text(self) -> str:
        """The beginning of the body as text; what is no UTF-8 is replaced."""
        return self.body.decode("utf-8", "replace")

    def to_data(self) -> dict[str, Any]:
        """The row as plain data, with the fields that are filled; the kind by its words."""
        found: dict[str, Any] = {}
        for number, each in enumerate(fields(self)):
            value = getattr(self, each.name)
            if number < 7 or value != each.default:
                found[each.name] = value.value if isinstance(value, ClientEventKind) else value
        return found


class ClientEvents:
    """The rows of a run, in the order in which they happened.

    Attributes:
        rows: all of them.
    """

    def __init__(self) -> None:
        self.rows: list[ClientEvent] = []

    def add(self, event: ClientEvent) -> ClientEvent:
        """Take a row in, at the end."""
        self.rows.append(event)
        return event

    def of(self, *kinds: ClientEventKind, who: str | None = None) -> Iterator[ClientEvent]:
        """The rows of these kinds.

        Args:
            kinds: which; none means all.
            who: an actor's name, or its group's; None means everybody.
        """
        for row in self.rows:
            named = who is None or row.who == who or row.who.rpartition("-")[0] == who
            if named and (not kinds or row.kind in kinds):
                yield row

    def __len__(self) -> int:
        return len(self.rows)

    def __iter__(self) -> Iterator[ClientEvent]:
        return iter(self.rows)
