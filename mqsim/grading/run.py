"""A run as a check sees it: only what the broker, the ledger and the world themselves know.

Nothing here depends on what a program prints, or on its exit status (which `exits` shows, for exercises that
ask for one).
"""

from __future__ import annotations

from collections import Counter
from functools import cached_property
from typing import TYPE_CHECKING, Any

from mqsim.grading import work
from mqsim.grading.records import (
    NEVER,
    Connection,
    Declaration,
    Delivery,
    Exit,
    Message,
    Publish,
    Strike,
)
from mqsim.trace.acknowledgements import callback_returns
from mqsim.trace.clients import ClientEvent, ClientEventKind
from mqsim.trace.tables import NONE, How, Outcome, Trace
from mqsim.trace.timeline import text_of

if TYPE_CHECKING:
    from collections.abc import Mapping

    from mqsim.grading.scenes import Setting
    from mqsim.grading.sleeping import Spans
    from mqsim.guest.host.ledger_service import LedgerEntry


class Run:
    """One run.

    Args:
        trace: what the run left behind.
        ledger: the ledger's entries: (t, who, key, value).
        tasks: the tasks that the producer was told.
        counts: how many actors each program has.
        setting: how the run differs from the usual one.
        strikes: the faults, as they struck.
        limit: seconds after which the run would have been ended.
        asleep: when a thread of each actor slept.

    Attributes:
        trace, ledger, tasks, counts, setting, limit: as above.
        strikes: the faults that struck, in order.
        hit: whether a fault hit something; a calm run counts as hit.
        overran: what a program's budget ended, as a sentence; empty: nothing.
    """

    def __init__(
        self,
        trace: Trace,
        ledger: list[Any],
        tasks: tuple[str, ...],
        counts: Mapping[str, int],
        setting: Setting,
        strikes: tuple[Strike, ...] = (),
        limit: float = NEVER,
        asleep: Mapping[str, Spans] | None = None,
    ) -> None:
        self.trace = trace
        self.ledger = ledger
        self.tasks = list(tasks)
        self.counts = dict(counts)
        self.setting = setting
        self.strikes = strikes
        self.limit = limit
        self._asleep = dict(asleep or {})
        self.hit = True
        self.overran = ""

    # -- what befell it --------------------------------------------------------------------------------------

    @property
    def crash(self) -> Strike | None:
        """The first fault; None in a calm run."""
        return self.strikes[0] if self.strikes else None

    @property
    def end(self) -> float:
        """When the run ended, in seconds."""
        return self.trace.end

    def actors(self, program: str) -> list[str]:
        """The names of a program's actors: `consumer-1`, `consumer-2`."""
        return [f"{program}-{k}" for k in range(1, self.counts.get(program, 0) + 1)]

    # -- effects ---------------------------------------------------------------------------------------------

    @cached_property
    def effects(self) -> Counter[str]:
        """How often each key was recorded in the ledger; 0 for a key that never was."""
        return Counter(entry.key for entry in self.ledger)

    def recorded(self, key: str) -> list[float]:
        """When a key was recorded."""
        return [entry.t for entry in self.ledger if entry.key == key]

    # -- messages --------------------------------------------------------------------------------------------

    @cached_property
    def messages(self) -> list[Message]:
        """One for each copy of a message in a queue, in the order in which they came into the world."""
        table, names, queues = self.trace.messages, self.trace.actors.names, self.trace.queues.names
        return [
            Message(
                text_of(self.trace, row),
                names[table.producer[row]] if table.producer[row] != NONE else "",
                queues[table.queue[row]] if table.queue[row] != NONE else "",
                _time(table.published[row]),
                _time(table.enqueued[row]),
                Outcome(table.outcome[row]).label,
                table.deliveries[row],
                self._is_dead_lettered(row),
                self._key(row),
            )
            for row in range(table.n)
        ]

    def left(self, queue: str | None = None) -> list[str]:
        """The texts of the messages that are still in a queue, or unacknowledged, at the end.

        Args:
            queue: only of this one; by default of all queues.
        """
        return [
            each.text
            for each in self.messages
            if each.outcome in ("ready", "unacked") and each.queue and queue in (None, each.queue)
        ]

    def _is_dead_lettered(self, row: int) -> bool:
        return self.trace.messages.parent[row] != NONE and row not in self._keys

    @cached_property
    def _keys(self) -> dict[int, str]:
        return {event.row: event.key for event in self.events(ClientEventKind.PUBLISHED)}

    def _key(self, row: int) -> str:
        """The key with which a program published a copy, or what the copy was made of."""
        table = self.trace.messages
        while row not in self._keys and table.parent[row] != NONE:
            row = table.parent[row]
        return self._keys.get(row, self._keys.get(table.origin[row], ""))

    @cached_property
    def deliveries(self) -> list[Delivery]:
        """Every attempt to deliver a message, in the order in which the broker sent them."""
        table, messages, names = self.trace.deliveries, self.trace.messages, self.trace.actors.names
        queues = self.trace.queues.names
        returned = callback_returns(self.trace)
        found = []
        for row in range(table.n):
            copy, who = table.copy[row], names[table.consumer[row]]
            found.append(
                Delivery(
                    text_of(self.trace, copy),
                    queues[messages.queue[copy]] if messages.queue[copy] != NONE else "",
                    who,
                    _program(who),
                    table.attempt[row],
                    table.sent[row],
                    _time(table.received[row]),
                    _time(table.started[row]),
                    returned.get(row, NEVER),
                    _time(table.finished[row]),
                    _time(table.ended[row]),
                    How(table.how[row]).label,
                    self._key(copy),
                )
            )
        return found

    def done(self, program: str | None = None) -> Counter[str]:
        """How often each message was worked to its end (and acknowledged), by its text."""
        return Counter(
            each.text
            for each in self.deliveries
            if each.finished < NEVER
            and each.how not in ("requeued", "rejected", "lost")
            and program in (None, each.program)
        )

    def why_not_done(self, text: str, program: str) -> str:
        """What is missing of a message that a program has not done (see `done`), as a sentence."""
        mine = [each for each in self.deliveries if each.text == text and each.program == program]
        begun = [each for each in mine if each.started < NEVER]
        worked = [each for each in begun if each.returned < NEVER]
        if not mine:
            return f'"{text}" was never sent to a {program}.'
        if not begun:
            return f'"{text}" was sent to {mine[-1].who}, which never began to work on it.'
        last = (worked or begun)[-1]
        if last.how == "lost":
            return f'"{text}" is lost: the broker counted it as done, and {last.who} never finished it.'
        if last.how in ("requeued", "rejected"):
            back = "gave it back" if last.how == "requeued" else "rejected it"
            return f'{last.who} worked on "{text}" and then {back}, so it is not done.'
        if worked:
            return (
                f'{last.who} worked on "{text}", but never acknowledged it, so for the broker it is not done.'
            )
        return f'{last.who} began to work on "{text}", but never came to an end with it.'

    # -- work ------------------------------------------------------------------------------------------------

    def took(self, delivery: Delivery, seconds: float) -> bool:
        """Whether a program may have worked on a delivery for these seconds (and up to half a second more).

        The work begins when the program has the task, or when it is through with another one. It ends when
        the callback returns; or, with a generator or a thread, when the program acknowledges or records.
        What was acknowledged automatically and handed to a thread has neither: then it counts how long a
        thread slept.
        """
        if work.took(delivery, self.deliveries, self.ledger, seconds):
            return True
        handed = self._handed_over(delivery.who)
        return delivery in handed and work.slept(delivery, handed, self._spans(delivery.who), seconds)

    def seconds_of(self, delivery: Delivery) -> float:
        """How long a program worked on a delivery, as a number to show; infinite: it did not end."""
        return work.seconds_of(delivery)

    def worked_for(self, delivery: Delivery, seconds: float) -> bool:
        """Whether a program had a delivery for so long before it acknowledged it, or was through with it.

        One that was killed just after its acknowledgement has worked on it as well.
        """
        return work.worked_for(delivery, seconds)

    def worked_first(self, entry: LedgerEntry, seconds: float) -> bool:
        """Whether who recorded a ledger entry had its task for these seconds before, in the same process."""
        return work.worked_first(entry, self.deliveries, self._lives(entry.who), seconds)

    def most_held(self, who: str) -> list[Delivery]:
        """The deliveries that an actor's machine held when it held most of them.

        A delivery is held from its arrival, also while it waits in the program's memory, until the program
        is through with it and has acknowledged it.
        """
        mine = [each for each in self.deliveries if each.who == who]
        ends = work.ends_of_sleep(self._handed_over(who), self._spans(who))
        return work.most_held(mine, self._lives(who), ends)

    def _spans(self, who: str) -> Spans:
        return self._asleep.get(who, [])

    def _handed_over(self, who: str) -> list[Delivery]:
        """What an actor was done with as soon as it had it: acknowledged automatically, and its callback came
        back at once. A thread may work on it.
        """
        kind = ClientEventKind
        queues = {event.queue for event in self.events(kind.CONSUMED, kind.GOT, who=who) if event.auto_ack}
        return [
            each
            for each in self.deliveries
            if each.who == who and each.queue in queues and work.is_over_at_once(each)
        ]

    def _lives(self, who: str) -> work.Lives:
        return self.trace.cast[who].up if who in self.trace.cast else []

    # -- clients ---------------------------------------------------------------------------------------------

    def events(self, *kinds: ClientEventKind, who: str | None = None) -> list[ClientEvent]:
        """Rows of the table of what programs did at the broker, for checks that need more than is here."""
        return list(self.trace.clients.of(*kinds, who=who))

    @cached_property
    def publishes(self) -> list[Publish]:
        """Everything that programs published, in order."""
        kind = ClientEventKind
        answers: dict[int, str] = {}
        for event in self.events(kind.CONFIRMED, kind.NACKED_BY_SERVER, kind.RETURNED):
            word = {kind.CONFIRMED: "confirmed", kind.NACKED_BY_SERVER: "nacked"}.get(event.kind, "returned")
            if answers.get(event.row) != "returned":
                answers[event.row] = word
        return [
            Publish(
                event.body_text,
                event.who,
                _program(event.who),
                event.t,
                event.exchange,
                event.key,
                event.persistent,
                event.confirms,
                answers.get(event.row, ""),
                event.outcome == "ok",
            )
            for event in self.events(kind.PUBLISHED)
        ]

    @cached_property
    def connections(self) -> list[Connection]:
        """Every connection that the broker opened, in order."""
        kind = ClientEventKind
        ends = {
            kind.CONNECTION_CLOSED: "closed",
            kind.CONNECTION_CLOSED_BY_SERVER: "closed by server",
            kind.CONNECTION_DROPPED: "dropped",
            kind.CONNECTION_LEFT_OPEN: "left open",
        }
        opened: dict[tuple[str, int, int], ClientEvent] = {}
        ended: dict[tuple[str, int, int], ClientEvent] = {}
        threads: dict[tuple[str, int, int], dict[int, set[str]]] = {}
        for event in self.trace.clients:
            key = (event.who, event.life, event.connection)
            if event.kind is kind.CONNECTION_OPENED:
                opened[key] = event
            elif event.kind in ends:
                ended.setdefault(key, event)
            elif event.channel and event.thread:
                threads.setdefault(key, {}).setdefault(event.channel, set()).add(event.thread)
        found = []
        for key, event in opened.items():
            end = ended.get(key)
            how = "left open" if end is None else ends[end.kind]
            found.append(
                Connection(
                    event.who,
                    _program(event.who),
                    event.t,
                    NEVER if end is None or how == "left open" else end.t,
                    how,
                    "" if end is None else end.text,
                    event.heartbeat,
                    {number: frozenset(names) for number, names in threads.get(key, {}).items()},
                )
            )
        return found

    def consumes_after(self, program: str, t: float) -> bool:
        """Whether a program subscribed to a queue, or asked for a message, at `t` or later."""
        return any(event.t >= t for event in self._consuming(program))

    def consumes_before(self, program: str, t: float) -> bool:
        """Whether a program subscribed to a queue, or asked for a message, before `t`."""
        return any(event.t < t for event in self._consuming(program))

    def _consuming(self, program: str) -> list[ClientEvent]:
        kind = ClientEventKind
        return [event for event in self.events(kind.CONSUMED, kind.GOT, who=program) if event.outcome == "ok"]

    def connections_of(self, program: str) -> list[Connection]:
        """A program's connections, of all its actors."""
        return [each for each in self.connections if each.program == program]

    @cached_property
    def declarations(self) -> list[Declaration]:
        """Every queue, exchange and binding that a program asked for and the broker took, in order."""
        kind = ClientEventKind
        words = {
            kind.QUEUE_DECLARED: "queue",
            kind.EXCHANGE_DECLARED: "exchange",
            kind.QUEUE_BOUND: "binding",
        }
        return [
            Declaration(
                event.who,
                _program(event.who),
                event.t,
                words[event.kind],
                event.exchange if event.kind is kind.EXCHANGE_DECLARED else event.queue,
                event.exchange if event.kind is kind.QUEUE_BOUND else "",
                event.key,
                event.type,
                event.durable,
                event.exclusive,
                event.auto_delete,
                event.passive,
                event.arguments,
            )
            for event in self.events(*words)
            if event.outcome == "ok"
        ]

    def declared_by(self, program: str, kind: str, name: str) -> list[Declaration]:
        """What a program declared of that kind and name; passive declarations, which only ask, are left
        out.
        """
        return [
            each
            for each in self.declarations
            if each.program == program and each.kind == kind and each.name == name and not each.passive
        ]

    @cached_property
    def errors(self) -> list[ClientEvent]:
        """Every channel and connection error with which the broker answered: `t`, `who`, `code`, `text`."""
        kind = ClientEventKind
        return self.events(kind.CHANNEL_CLOSED_BY_SERVER, kind.CONNECTION_CLOSED_BY_SERVER)

    @cached_property
    def exits(self) -> list[Exit]:
        """Every end of a process, in order; one that was killed by a fault has signal 9."""
        return [
            Exit(event.who, _program(event.who), event.t, event.status or 0, event.signal)
            for event in self.events(ClientEventKind.PROCESS_EXITED)
        ]

    def exits_of(self, program: str) -> list[Exit]:
        """The ends of a program's processes."""
        return [each for each in self.exits if each.program == program]


def _time(value: float | None) -> float:
    return NEVER if value is None or value != value else value


def _program(who: str) -> str:
    return who.rpartition("-")[0] or who
