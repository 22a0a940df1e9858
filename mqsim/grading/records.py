"""The records that a run is made of, as a check sees them.

Times are seconds from the start of the run; a time that never came is infinite.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

NEVER = float("inf")


@dataclass(frozen=True)
class Strike:
    """A fault as it struck.

    Attributes:
        kind: `crash`, `broker restart`, `broker kill`, `ledger away` or `Ctrl-C`.
        who: the actor, `broker` or `ledger`.
        t: when, in seconds.
        did: for a crash: what the actor had just done, as in `after sending basic.ack of "tag."`.
        seconds: how long it lasted.
    """

    kind: str
    who: str
    t: float
    did: str = ""
    seconds: float = 0.0

    def words(self) -> str:
        """As the beginning of a sentence."""
        what = {
            "crash": f"{self.who} killed at {self.t:.3f}",
            "broker restart": f"the broker restarted at {self.t:.3f} (down {self.seconds:g} s)",
            "broker kill": f"the broker killed at {self.t:.3f} (down {self.seconds:g} s)",
            "ledger away": f"the ledger away from {self.t:.3f} for {self.seconds:g} s",
            "Ctrl-C": f"Ctrl-C in {self.who} at {self.t:.3f}",
        }[self.kind]
        return f"{what}, {self.did}" if self.did else what


@dataclass(frozen=True)
class Delivery:
    """One attempt to deliver a message.

    Attributes:
        text: the message's body.
        queue: which queue it came from.
        who: the actor that it went to; `program` is that actor's program.
        attempt: 1, 2 and so on for this copy.
        sent: when the broker sent it; `received`: when it reached the program's machine.
        started: when the program had it in hand; infinite: never.
        returned: when its callback came back, or the generator asked for the next one; infinite: never.
        finished: when both had happened: `returned`, and it was acknowledged; infinite: never.
        ended: when the broker heard how it ended; infinite: never.
        how: `acked`, `requeued`, `rejected`, `returned`, `lost` or `open`.
        key: the routing key with which the message was published.
    """

    text: str
    queue: str
    who: str
    program: str
    attempt: int
    sent: float
    received: float
    started: float
    returned: float
    finished: float
    ended: float
    how: str
    key: str

    @property
    def time(self) -> float:
        """Seconds from taking it in hand to finishing it; infinite where it was not finished."""
        return self.finished - self.started if self.finished < NEVER else NEVER


@dataclass(frozen=True)
class Message:
    """One copy of a message in a queue.

    Attributes:
        text: its body.
        producer: the actor that published it first.
        queue: the queue's name; empty: it reached none.
        published, enqueued: times; infinite: never.
        outcome: `acked`, `ready`, `unacked`, `expired`, `dropped`, `rejected`, `dead-lettered`,
            `unroutable`, `refused` or `lost`.
        deliveries: how often it was delivered.
        dead_lettered: whether it came into its queue by dead-lettering, and was not published there.
        key: the routing key with which a program published it.
    """

    text: str
    producer: str
    queue: str
    published: float
    enqueued: float
    outcome: str
    deliveries: int
    dead_lettered: bool
    key: str


@dataclass(frozen=True)
class Publish:
    """One publish by a program: `text`, `who`, `program`, `t`, `exchange`, `key`, `persistent`, `confirms`
    (whether the channel was in confirm mode), `answer` (`confirmed`, `nacked`, `returned` or empty), `ok`
    (whether the broker took it in).
    """

    text: str
    who: str
    program: str
    t: float
    exchange: str
    key: str
    persistent: bool
    confirms: bool
    answer: str
    ok: bool


@dataclass(frozen=True)
class Connection:
    """One connection to the broker.

    Attributes:
        who, program: whose.
        opened, ended: times; infinite: it was open when the run ended.
        how: `closed` (in order, by the program), `closed by server`, `dropped` or `left open`.
        why: of a dropped one: `program ended`, `program killed`, `socket closed`, `heartbeat missed`,
            `connection reset`, `broker gone`, and so on; of one closed by the server its words.
        heartbeat: seconds that were agreed; 0 is none.
        channels: for each channel the names of the threads that used it.
    """

    who: str
    program: str
    opened: float
    ended: float
    how: str
    why: str
    heartbeat: float
    channels: Mapping[int, frozenset[str]]


@dataclass(frozen=True)
class Declaration:
    """One declaration, or binding, that the broker took: `who`, `program`, `kind` (`queue`, `exchange` or
    `binding`), `name` (of the queue or exchange; of a binding its queue), `exchange` and `key` of a binding,
    `type` of an exchange, `durable`, `exclusive`, `auto_delete`, `passive`, `arguments`.
    """

    who: str
    program: str
    t: float
    kind: str
    name: str
    exchange: str = ""
    key: str = ""
    type: str = ""
    durable: bool = False
    exclusive: bool = False
    auto_delete: bool = False
    passive: bool = False
    arguments: Mapping[str, Any] | None = None


@dataclass(frozen=True)
class Exit:
    """The end of one process: `who`, `program`, `t`, `status` (as a shell sees it), `signal` (0: none)."""

    who: str
    program: str
    t: float
    status: int
    signal: int
