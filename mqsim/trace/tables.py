"""The record of a run: two tables and a log, in typed columns.

Each column is declared once, in its table, in the order in which frames and digests show it (`columns` says
how tables are made). An unset cell means "it did not happen" (NaN, -1). The finished columns are handed to
numpy and pandas as they lie in memory (see `frames`). `Trace.from_columns` makes a trace of columns that
something else has filled.

Times are seconds from the start of the run.
"""

from __future__ import annotations

from array import array
from dataclasses import dataclass, field
from enum import IntEnum
from typing import TYPE_CHECKING

from mqsim.trace.clients import ClientEvents
from mqsim.trace.columns import Table, column
from mqsim.trace.event_kinds import EventKind

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from numpy.typing import ArrayLike

NOT_A_TIME = float("nan")
NONE = -1


class Outcome(IntEnum):
    """What became of a copy of a message. Every copy has exactly one outcome at the end of a run.

    READY: it waits in its queue, at its producer (blocked, or not connected) or on the wire to the broker.
        In the last two cases `enqueued` is empty.
    ACKED: the broker was told that it is done, or assumed so under automatic acknowledgement. If `finished`
        is empty, its consumer was still working on it when the run ended.
    UNACKED: sent to a consumer, not yet acknowledged.
    EXPIRED: its time to live passed in the queue, which has no dead-letter exchange.
    DROPPED: the broker threw it away: its queue was too long (drop-head), deleted or purged, or it was
        dead-lettered in a circle.
    REJECTED: a consumer refused it without requeueing, or it came back beyond the delivery limit, and the
        queue has no dead-letter exchange.
    DEAD_LETTERED: it left this queue for a dead-letter exchange; the copy that goes on has a row of its own.
    UNROUTABLE: no queue was bound for it (whether or not its producer asked to be told).
    REFUSED: it never entered a queue, and its producer knows: it was negatively confirmed, dropped by a
        blocked producer, or came to a producer that was down.
    LOST: gone without being worked to its end, and nobody was told. It was acknowledged before it was done
        and its consumer failed, or it was in a connection that broke or in a broker that restarted.
    """

    READY = 0
    ACKED = 1
    UNACKED = 2
    EXPIRED = 3
    DROPPED = 4
    REJECTED = 5
    DEAD_LETTERED = 6
    UNROUTABLE = 7
    REFUSED = 8
    LOST = 9

    @property
    def label(self) -> str:
        """The name that tables and summaries use, such as `dead-lettered`."""
        return self.name.lower().replace("_", "-")


class How(IntEnum):
    """How one attempt to deliver a message ended.

    OPEN: it had not ended when the run did. ACKED: acknowledged. REQUEUED: given back by its consumer.
    REJECTED: refused for good.
    RETURNED: its channel or connection ended, or its acknowledgement was overdue, and the queue took it
        back; or it came back more often than the delivery limit allows.
    LOST: acknowledged before it was done (automatically, or early), and then not done.
    """

    OPEN = 0
    ACKED = 1
    REQUEUED = 2
    REJECTED = 3
    RETURNED = 4
    LOST = 5

    @property
    def label(self) -> str:
        """The name that tables use."""
        return self.name.lower()


class Names:
    """Names of actors or queues, each with a small number; -1 stands for none."""

    def __init__(self) -> None:
        self.names: list[str] = []
        self._codes: dict[str, int] = {}

    def code(self, name: str) -> int:
        """The number of `name`, which is given one at its first mention."""
        code = self._codes.get(name)
        if code is None:
            code = self._codes[name] = len(self.names)
            self.names.append(name)
        return code

    def __len__(self) -> int:
        return len(self.names)


class MessageTable(Table):
    """One row a copy of a message in a queue; the row's number is the copy's (`copy`).

    Integer columns: `parent` (the copy it was dead-lettered or forwarded from, or -1), `origin` (the first
    copy, through all hops), `producer` (code), `number` (counts a producer's messages from 0), `queue` (code
    or -1), `priority`, `consumer` (code or -1), `deliveries` (attempts), `outcome`. Times: `created`
    (intended arrival), `published` (put on the wire), `enqueued`, `delivered` (sent by the broker),
    `started`, `finished`, `acked`, `ended` (left its queue for good). `delivered` to
    `finished` and `consumer` are those of the last attempt; a copy that was given back has none.
    """

    parent: array[int] = column("q", NONE)
    origin: array[int] = column("q", None)
    producer: array[int] = column("i", NONE)
    number: array[int] = column("q", 0)
    queue: array[int] = column("i", NONE)
    priority: array[int] = column("h", 0)
    created: array[float] = column("d", NOT_A_TIME)
    published: array[float] = column("d", NOT_A_TIME)
    enqueued: array[float] = column("d", NOT_A_TIME)
    delivered: array[float] = column("d", NOT_A_TIME)
    started: array[float] = column("d", NOT_A_TIME)
    finished: array[float] = column("d", NOT_A_TIME)
    acked: array[float] = column("d", NOT_A_TIME)
    consumer: array[int] = column("i", NONE)
    deliveries: array[int] = column("i", 0)
    outcome: array[int] = column("b", Outcome.READY)
    ended: array[float] = column("d", NOT_A_TIME)

    def add(self, producer: int, number: int, queue: int, created: float) -> int:
        """Start the row of a message that came into the world at `created`; give its copy number."""
        row = self.n
        if row == self.room:
            self.grow()
        self.n = row + 1
        self.producer[row] = producer
        self.number[row] = number
        self.queue[row] = queue
        self.created[row] = created
        return row

    def add_copy(self, of: int, parent: int, queue: int) -> int:
        """Start the row of a further copy of the message in row `of`: same producer, number, origin and
        creation.
        """
        row = self.add(self.producer[of], self.number[of], queue, self.created[of])
        self.parent[row] = parent
        self.origin[row] = self.origin[of]
        self.priority[row] = self.priority[of]
        self.published[row] = self.published[of]
        return row


class DeliveryTable(Table):
    """One row an attempt: `copy`, `attempt` (from 1), `consumer` (code); `sent` by the broker, `received`,
    `started`, `finished` by the consumer, `ended` (the broker learned how), `how`.
    """

    copy: array[int] = column("q", NONE)
    attempt: array[int] = column("i", NONE)
    consumer: array[int] = column("i", NONE)
    sent: array[float] = column("d", NOT_A_TIME)
    received: array[float] = column("d", NOT_A_TIME)
    started: array[float] = column("d", NOT_A_TIME)
    finished: array[float] = column("d", NOT_A_TIME)
    ended: array[float] = column("d", NOT_A_TIME)
    how: array[int] = column("b", How.OPEN)

    def add(self, copy: int, attempt: int, consumer: int, sent: float) -> int:
        """Start the row of one attempt; give its number."""
        row = self.n
        if row == self.room:
            self.grow()
        self.n = row + 1
        self.copy[row] = copy
        self.attempt[row] = attempt
        self.consumer[row] = consumer
        self.sent[row] = sent
        return row


_WORDS: dict[str, str] = {kind: kind.value for kind in EventKind}
"""The plain text of each kind."""


class EventLog:
    """What happened to actors and to the broker, and what befell messages out of the ordinary, in order.

    The ordinary way of a message (created, published, sent, finished, acknowledged) stands in the two tables
    and is not repeated here; `trace.timeline` joins the three into one timeline.
    """

    def __init__(self) -> None:
        self.t = array("d")
        self.kind: list[str] = []
        self.subject: list[str] = []
        self.other: list[str] = []
        self.copy = array("q")
        self.detail: list[str] = []

    def add(
        self, t: float, kind: str, subject: str, other: str = "", copy: int = NONE, detail: str = ""
    ) -> None:
        """Note that `kind` (an `EventKind`) happened to `subject` at `t`; `other` is who or what else took
        part.
        """
        self.t.append(t)
        self.kind.append(_WORDS.get(kind, kind))
        self.subject.append(subject)
        self.other.append(other)
        self.copy.append(copy)
        self.detail.append(detail)

    def __len__(self) -> int:
        return len(self.t)


@dataclass
class Actor:
    """Who took part in a run.

    Attributes:
        group: the name in the scenario (`worker` for `worker-2`).
        role: `producer`, `consumer` or `program`.
        queue: what a consumer consumes from, else empty.
        ack: a consumer's acknowledgement: `manual`, `auto` or `early`.
        prefetch: a consumer's prefetch; 0 is unlimited.
        up: times from which to which it ran; the last may end with NaN: still running.
        idempotent: whether a second attempt at the same message does no harm.
        slots: how many messages a consumer works on at a time.
    """

    group: str
    role: str
    queue: str = ""
    ack: str = "manual"
    prefetch: int = 1
    up: list[tuple[float, float]] = field(default_factory=list)
    idempotent: bool = False
    slots: int = 1


@dataclass
class ProducerCounts:
    """What one producer counted: messages created, published (attempts), confirmed, nacked, returned; seconds
    blocked.
    """

    created: int = 0
    published: int = 0
    confirmed: int = 0
    nacked: int = 0
    returned: int = 0
    blocked_for: float = 0.0


@dataclass(frozen=True)
class FaultSpan:
    """A fault as it struck: `kind` on `target` from `start` to `end` (NaN: to the end of the run)."""

    kind: str
    target: str
    start: float
    end: float


class Trace:
    """Everything that a run left behind.

    Attributes:
        messages, deliveries, events: the tables and the log.
        actors: names of producers and consumers, by the codes in the tables.
        queues: names of queues likewise.
        cast: what each actor was.
        counts: what each producer counted.
        faults: when which fault struck.
        start, end: the run's first and last instant; nothing at `end` itself was run.
        profile: which RabbitMQ's rules applied.
        complete: whether the run reached its `until` (always so with `duration`).
        clients: what real client programs did at the broker, and what it answered.
        texts: how the bodies of messages begin, by the row of their first copy, where they are texts.
        expires: when the patience of a copy ends, by its row, for those that have one.
        auto_acks: whether an attempt of a real program's was sent with automatic acknowledgement, by its row
            in the delivery table, as a program may mix both; of a modelled consumer `Actor.ack` says it.
    """

    def __init__(self) -> None:
        self.messages = MessageTable()
        self.deliveries = DeliveryTable()
        self.events = EventLog()
        self.actors = Names()
        self.queues = Names()
        self.cast: dict[str, Actor] = {}
        self.counts: dict[str, ProducerCounts] = {}
        self.faults: list[FaultSpan] = []
        self.start = 0.0
        self.end = 0.0
        self.profile = ""
        self.complete = True
        self.texts: dict[int, str] = {}
        self.expires: dict[int, float] = {}
        self.auto_acks: dict[int, bool] = {}
        self.clients = ClientEvents()

    @classmethod
    def from_columns(
        cls,
        messages: Mapping[str, ArrayLike],
        deliveries: Mapping[str, ArrayLike],
        *,
        actors: Iterable[str],
        queues: Iterable[str],
        end: float,
        profile: str = "",
        complete: bool = True,
    ) -> Trace:
        """A trace of columns that were filled elsewhere; they are copied.

        The event log, the cast, the counts and the faults are left to whoever calls.

        Args:
            messages: columns of `MessageTable` by name; one that is left out is unset.
            deliveries: columns of `DeliveryTable` likewise.
            actors: the names behind the codes of producers and consumers.
            queues: the names behind the codes of queues.
            end: the run's last instant, in seconds.
            profile: which RabbitMQ's rules applied.
            complete: whether the run reached its `until`.

        Raises:
            TraceError: there is no such column, its cells do not fit, or lengths differ.
        """
        trace = cls()
        trace.messages = MessageTable.from_columns(messages)
        trace.deliveries = DeliveryTable.from_columns(deliveries)
        for name in actors:
            trace.actors.code(name)
        for name in queues:
            trace.queues.code(name)
        trace.end, trace.profile, trace.complete = end, profile, complete
        return trace
