"""The state of every copy of a message: whether it is still open, and what the actors need to know of it.

A copy is known by its row in the table of messages. Who it is (its producer, number and origin) stands there
from its first moment and never changes; that alone is read there. What happened to it is written by the
`Recorder` and read by nobody in the world: what an actor decides, it decides by what is kept here.

A copy is *open* until it is both acknowledged and worked to its end, or has ended otherwise. A run
`until: drained` ends when nothing is open and nothing more is to come.
"""

from __future__ import annotations

from array import array
from typing import TYPE_CHECKING

from mqsim.broker import DeliveryEnd, Message, Observer, Queue, Reason
from mqsim.sim.recorder import OUTCOME_OF, Recorder
from mqsim.trace import Outcome

if TYPE_CHECKING:
    from collections.abc import Callable

_OPEN, _ACKED, _ENDED = range(3)
"""_ACKED: acknowledged while its work is not done, and so open still."""

_FAILED_ON_ITS_WAY = (Outcome.LOST, Outcome.UNROUTABLE)


class Copies(Observer):
    """All copies of one run. The broker tells it after the recorder.

    Args:
        recorder: is told what becomes of copies that the broker does not know of.

    Attributes:
        work: seconds of work in each copy, by row.
        tried: attempts at a dead-lettered copy before it came to its queue, by row.
        open: how many copies are open.
    """

    def __init__(self, recorder: Recorder) -> None:
        self._recorder = recorder
        self._messages = recorder.messages
        self._new_row = recorder.messages.add
        self.work = array("d")
        self.tried: dict[int, int] = {}
        self.open = 0
        self._status = bytearray()
        self._lineages: dict[int, int] = {}
        # Rows that ended before any queue took them: refused, lost or unroutable.
        self._ended_on_its_way: set[int] = set()
        # Attempts that may be acknowledged before their work is done, until it is.
        self._work_to_come: set[int] = set()
        # Attempts that their consumer gave up; an acknowledgement may still be on its way.
        self._abandoned: set[int] = set()
        # Open copies of each origin that somebody waits for, and what is to be called then.
        self._open_of: dict[int, int] = {}
        self._when_ended: dict[int, Callable[[], None]] = {}

    # -- who they are ----------------------------------------------------------------------------------------

    def __len__(self) -> int:
        """How many there are; the next one gets this row."""
        return len(self.work)

    def new(self, producer: int, number: int, queue: int, created: float, work: float) -> int:
        """A message comes into the world; give its row."""
        self.work.append(work)
        self._status.append(_OPEN)
        self.open += 1
        return self._new_row(producer, number, queue, created)

    def new_forward(self, parent: int, producer: int, number: int, created: float, lineage: int) -> int:
        """A consumer publishes a message because of another one, whose work it carries on."""
        row = self.new(producer, number, -1, created, self.work[parent])
        self._lineages[row] = lineage
        self._recorder.forwarded(row, parent)
        self._join(row)
        return row

    def new_again(self, row: int) -> int:
        """A producer publishes a message again while the earlier copy may be alive: a further row of the same
        origin.
        """
        again = self._recorder.published_again(row)
        self._add_copy(again, row)
        return again

    def _add_copy(self, row: int, of: int) -> None:
        self.work.append(self.work[of])
        self._status.append(_OPEN)
        self.open += 1
        if of in self._lineages:
            self._lineages[row] = self._lineages[of]
        self._join(row)

    def lineage(self, row: int) -> int:
        """Through which forwards a copy came; 0 is a producer's own message."""
        return self._lineages.get(row, 0)

    def origin(self, row: int) -> tuple[int, int]:
        """Producer and number of the message that a copy came from, through all hops."""
        messages = self._messages
        origin = messages.origin[row]
        return messages.producer[origin], messages.number[origin]

    def origin_row(self, row: int) -> int:
        """The row of the first copy, through all hops."""
        return self._messages.origin[row]

    # -- what somebody waits for -----------------------------------------------------------------------------

    def when_all_ended(self, row: int, act: Callable[[], None]) -> None:
        """Have `act` called once nothing is open any more of all that comes of the message in `row`."""
        self._open_of[row] = 1
        self._when_ended[row] = act

    def _join(self, row: int) -> None:
        origin = self._messages.origin[row]
        if origin in self._open_of:
            self._open_of[origin] += 1

    def _close(self, row: int) -> None:
        self.open -= 1
        self._status[row] = _ENDED
        if self._open_of:
            origin = self._messages.origin[row]
            left = self._open_of.get(origin)
            if left == 1:
                del self._open_of[origin]
                self._when_ended.pop(origin)()
            elif left is not None:
                self._open_of[origin] = left - 1

    # -- on their way to a queue -----------------------------------------------------------------------------

    def is_open(self, row: int) -> bool:
        """Whether it is open."""
        return self._status[row] != _ENDED

    def end(self, row: int, outcome: Outcome, now: float, detail: str = "") -> None:
        """A copy that is in no queue meets its end: refused, lost on the way, unroutable."""
        self._recorder.end(row, outcome, now, detail)
        self._ended_on_its_way.add(row)
        self._close(row)

    def ended_on_its_way(self, row: int) -> bool:
        """Whether it was refused, lost or unroutable before any queue took it, so that it is nowhere."""
        return row in self._ended_on_its_way

    def reopen(self, row: int) -> None:
        """A copy that ended on its way is published again under the same row."""
        self._recorder.reopen(row)
        self._ended_on_its_way.discard(row)
        self._open_again(row)

    def _open_again(self, row: int) -> None:
        self._status[row] = _OPEN
        self.open += 1
        self._join(row)

    # -- with consumers --------------------------------------------------------------------------------------

    def is_given_away(self, message: Message, attempt: int) -> bool:
        """Whether the broker counts this attempt as done, while its work is not."""
        return message.attempt == attempt and self._status[message.row] == _ACKED

    def expect_work(self, attempt: int) -> None:
        """An attempt may be acknowledged before its work is done; `finished` or `give_up` will tell."""
        self._work_to_come.add(attempt)

    def finished(self, message: Message, attempt: int) -> None:
        """The work of which `expect_work` told is done."""
        self._work_to_come.discard(attempt)
        if self.is_given_away(message, attempt):
            self._close(message.row)

    def give_up(self, message: Message, attempt: int, now: float, why: str) -> None:
        """A consumer gives an attempt up: what is acknowledged is lost, and so is what will be, once its
        acknowledgement arrives.
        """
        self._work_to_come.discard(attempt)
        if not self.lose_acked(message, attempt, now, why):
            self.abandon(attempt)

    def abandon(self, attempt: int) -> None:
        """A consumer gives an attempt up; if its acknowledgement still arrives, the message is lost."""
        self._abandoned.add(attempt)

    def lose_acked(self, message: Message, attempt: int, now: float, why: str) -> bool:
        """An attempt will never be worked to its end: the message is lost if that is acknowledged already.

        Returns:
            Whether it was.
        """
        given_away = self.is_given_away(message, attempt)
        if given_away:
            self._recorder.lost(message, now, why)
            self._close(message.row)
        return given_away

    # -- the broker tells ------------------------------------------------------------------------------------

    def copied(self, original: Message, copy: Message, queue: Queue, reason: Reason) -> None:
        """As `Observer` says."""
        self._add_copy(copy.row, original.row)
        if reason is not Reason.FANOUT:
            self.tried[copy.row] = self.tried.get(original.row, 0) + original.deliveries

    def acked(self, message: Message, queue: Queue) -> None:
        """As `Observer` says. What is acknowledged before it is finished stays open until it is."""
        if self._abandoned and message.attempt in self._abandoned:
            self._status[message.row] = _ACKED
            why = "given up by its consumer, which acknowledged it all the same"
            self.lose_acked(message, message.attempt, self._recorder.clock.now, why)
        elif self._work_to_come and message.attempt in self._work_to_come:
            self._status[message.row] = _ACKED
        elif self._open_of:
            self._close(message.row)
        else:
            self.open -= 1
            self._status[message.row] = _ENDED

    def requeued(self, message: Message, queue: Queue, how: DeliveryEnd) -> None:
        """As `Observer` says: it is as if it had never been sent."""
        self._status[message.row] = _OPEN

    def revived(self, message: Message, queue: Queue) -> None:
        """As `Observer` says: what was acknowledged is back. With its work not done, it was open."""
        if self._status[message.row] == _ACKED:
            self._status[message.row] = _OPEN
        else:
            self._open_again(message.row)

    def left(self, message: Message, queue: Queue, reason: Reason) -> None:
        """As `Observer` says."""
        if not message.sequence and OUTCOME_OF[reason] in _FAILED_ON_ITS_WAY:
            self._ended_on_its_way.add(message.row)
        self._close(message.row)

    def unroutable(self, message: Message, returned: bool) -> None:
        """As `Observer` says."""
        envelope = message.envelope
        exchange, key = envelope.exchange, envelope.key
        bound = f"no binding of exchange {exchange} takes key {key}" if exchange else ""
        why = bound or f"there is no queue {key}"
        self.end(message.row, Outcome.UNROUTABLE, self._recorder.clock.now, why)

    def refused(self, message: Message, queue: Queue) -> None:
        """As `Observer` says; a copy that was dead-lettered instead (reject-publish-dlx) stays so."""
        if self._status[message.row] != _ENDED:
            self._recorder.meant_for(message.row, queue.name)
            self.end(message.row, Outcome.REFUSED, self._recorder.clock.now, f"{queue.name} is full")
