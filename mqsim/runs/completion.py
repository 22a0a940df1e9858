"""When a program is through with the work of a message, read from a run without a crash.

The end of a callback says little: a program may acknowledge first and work afterwards, print its log line
after all is done, hand the work to a pool of threads, or collect messages and work on many at once. So the
work of a message ends with the last thing that was done because of it: a publish, a record in the ledger, a
line that names the message, or the time that the callback took.

* What a thread does while it has the message in hand belongs to it. What other threads do, or the same one
  later, belongs to it if the text names the message, or if each message has a thread of its own.
* A line that is printed after the acknowledgement, in the same instant, is a log line, if there was any work
  before the acknowledgement.
* Waiting after the acknowledgement is a pause, not work, if there was work before it and nothing comes of it.
* Where nothing shows the work, nobody can know when it ends.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

from mqsim.guest.host.operation_words import StepKind

if TYPE_CHECKING:
    from collections.abc import Mapping

    from mqsim.guest.host.crash_points import Handling, Observer, Point, Step

PAUSE = 0.005
"""Seconds; what takes no longer is the broker's or the ledger's answer, not work."""

_EFFECTS = (StepKind.PUBLISH, StepKind.RECORD, StepKind.ONCE)
_SEEN = (StepKind.PRINT, *_EFFECTS)


class Completion(NamedTuple):
    """Where the work of one delivery ends.

    Attributes:
        t: when, in seconds.
        steps: how many steps its actor had done by then.
        known: whether that is known. If not, it is not before this.
        late: whether the work goes on after the callback has returned.
    """

    t: float
    steps: int
    known: bool = True
    late: bool = False

    def reached_by(self, point: Point, written: bool | None = None) -> bool:
        """Whether the actor was through with it when it was killed at a point.

        Args:
            point: when it was killed.
            written: whether what it writes of the message to files was written by then; None if it writes
                nothing. Then lines that it would print in the same instant make no difference.
        """
        if written is not None:
            return written and (point.t > self.t or (point.t == self.t and point.cut >= 0))
        return point.t > self.t or (point.t == self.t and point.steps >= self.steps)


class Work(NamedTuple):
    """What was done for one delivery, by which to tell whether it was done again.

    Attributes:
        handling: the delivery.
        seconds: from when it was taken in hand until its work was over.
        effects: how many messages it published, and how often it asked the ledger.
        prints: the lines that it printed, without numbers and names.
        once: whether all that it asked of the ledger can be asked again without a further effect.
        completion: where its work ends; None if it came to no end.
    """

    handling: Handling
    seconds: float
    effects: int
    prints: tuple[str, ...]
    once: bool
    completion: Completion | None

    @property
    def shows(self) -> bool:
        """Whether anything shows that it was worked on."""
        return self.seconds > PAUSE or self.effects > 0 or bool(self.prints)

    def repeats(self, other: Work) -> bool | None:
        """Whether it did the same work as another one; None if nobody can know."""
        if other.seconds > PAUSE:
            return 2 * self.seconds >= other.seconds and self.effects >= other.effects
        if other.effects:
            return self.effects >= other.effects
        if other.prints:
            return True if self.prints == other.prints else None
        return True


def works_of(observer: Observer, labels: Mapping[int, str]) -> list[Work]:
    """The work of every delivery of one actor, in the order in which they were taken in hand.

    Args:
        observer: of the actor.
        labels: what messages are called, by row.
    """
    reader = _Reader(observer, labels)
    return [reader.work(handling) for handling in observer.handlings]


class _Reader:
    """Finds out which steps of an actor belong to which delivery."""

    def __init__(self, observer: Observer, labels: Mapping[int, str]) -> None:
        self._observer = observer
        self._steps = observer.steps
        self._labels = labels
        self._later = self._work_done_later()
        self._given_away = {place for places in self._later.values() for place in places}

    def _work_done_later(self) -> dict[int, list[int]]:
        """By a handling's number: the steps that belong to it and were done outside its callback."""
        handlings = self._observer.handlings
        found: dict[int, list[int]] = {}
        own_threads = self._each_has_a_thread()
        for place, step in enumerate(self._steps):
            in_hand = self._in_hand(place, step)
            if step.kind not in _SEEN or (in_hand is not None and names(step.text, self._label(in_hand))):
                continue
            before = [
                number
                for number, each in enumerate(handlings)
                if each.life == step.life and each.begun_at <= place
            ]
            named = [number for number in before if names(step.text, self._label(handlings[number]))]
            if not named and in_hand is None and step.life in own_threads:
                named = [number for number in before if step.thread in handlings[number].threads]
            if len(named) == 1 or (named and len({self._label(handlings[one]) for one in named}) == 1):
                found.setdefault(named[-1], []).append(place)
        return found

    def _each_has_a_thread(self) -> set[int]:
        """The lives in which every delivery was given to a thread of its own."""
        found = set()
        for life in self._observer.spawning:
            mine = [each for each in self._observer.handlings if each.life == life]
            if all(len(each.threads) == 1 for each in mine):
                found.add(life)
        return found

    def _label(self, handling: Handling) -> str:
        return self._labels.get(handling.row, "")

    def _in_hand(self, place: int, step: Step) -> Handling | None:
        """The delivery that the thread had in hand as it did this."""
        for handling in reversed(self._observer.handlings):
            if handling.life != step.life or handling.begun_at > place or handling.thread != step.thread:
                continue
            if handling.returned is None or place < handling.returned_at:
                return handling
            return None
        return None

    # -- one delivery ----------------------------------------------------------------------------------------

    def work(self, handling: Handling) -> Work:
        """What was done for it, and where that ends."""
        number = self._observer.handlings.index(handling)
        own = [
            place
            for place in range(handling.begun_at, self._end_of(handling))
            if self._steps[place].kind in _SEEN
            and place not in self._given_away
            and self._in_hand(place, self._steps[place]) is handling
        ]
        later = self._later.get(number, [])
        completion = self._completion(handling, own, later)
        places = own + [place for place in later if completion is not None and place < completion.steps]
        kinds = [self._steps[place].kind for place in places]
        asked = [kind for kind in kinds if kind in (StepKind.RECORD, StepKind.ONCE)]
        end = completion.t if completion is not None else self._last_seen(handling)
        return Work(
            handling,
            end - handling.begun,
            sum(kind in _EFFECTS for kind in kinds),
            tuple(
                self._plain(self._steps[place].text, handling)
                for place in places
                if self._steps[place].kind is StepKind.PRINT
            ),
            bool(asked) and all(kind is StepKind.ONCE for kind in asked),
            completion,
        )

    def _end_of(self, handling: Handling) -> int:
        return len(self._steps) if handling.returned is None else handling.returned_at

    def _last_seen(self, handling: Handling) -> float:
        last = [step.t for step in self._steps[handling.begun_at :] if step.life == handling.life]
        return max([handling.begun, handling.returned or 0.0, *last])

    def _plain(self, text: str, handling: Handling) -> str:
        """A line without what differs from one worker to the next."""
        return masked(text, self._label(handling) or "\0").strip()

    def _completion(self, handling: Handling, own: list[int], later: list[int]) -> Completion | None:
        if handling.failed or (handling.returned is None and handling.called):
            return None
        inside = self._in_callback(handling, own)
        busy = inside is not None and inside.t - handling.begun > PAUSE
        effects = any(self._steps[place].kind in _EFFECTS for place in own)
        elsewhere = [place for place in later if self._steps[place].thread != handling.thread]
        if elsewhere or (later and not busy and not effects):
            last = max(elsewhere or later)
            return Completion(self._steps[last].t, last + 1, late=True)
        if inside is not None and (busy or effects):
            return inside
        if handling.settled is not None and self._is_after_return(handling):
            return Completion(handling.settled, handling.settled_at - 1, late=True)
        if handling.life in self._observer.spawning:
            return self._unknown(handling)
        if inside is not None:
            return inside
        return self._without_a_sign(handling)

    def _is_after_return(self, handling: Handling) -> bool:
        return (
            handling.called
            and handling.returned is not None
            and handling.settled is not None
            and handling.settled > handling.returned + PAUSE
        )

    def _unknown(self, handling: Handling) -> Completion:
        t = handling.begun if handling.returned is None else handling.returned
        return Completion(t, self._end_of(handling), known=False, late=True)

    def _without_a_sign(self, handling: Handling) -> Completion:
        """Nothing shows the work: it is over before the acknowledgement that ends the callback."""
        if handling.settled is not None and handling.settled_at - 1 > handling.begun_at:
            return Completion(handling.settled, handling.settled_at - 1)
        if handling.settled is not None and not self._acknowledged_first(handling):
            return Completion(handling.settled, handling.settled_at - 1)
        return self._unknown(handling)

    def _acknowledged_first(self, handling: Handling) -> bool:
        """Whether the acknowledgement is the first and only thing that is seen of it."""
        return handling.settled is not None and handling.called and handling.settled == handling.begun

    def _in_callback(self, handling: Handling, own: list[int]) -> Completion | None:
        """Where the work ends, as far as the thread did it that had the message in hand."""
        returned = self._last_seen(handling) if handling.returned is None else handling.returned
        end = self._end_of(handling)
        ack = handling.settled
        if ack is None or ack > returned or handling.settled_at > end:
            return self._up_to(handling, own, returned, end)
        cut = handling.settled_at - 1
        before = [place for place in own if place < cut]
        after = [place for place in own if place >= cut]
        worked = ack - handling.begun > PAUSE or any(self._steps[one].kind in _EFFECTS for one in before)
        if effects := [place for place in after if self._steps[place].kind in _EFFECTS]:
            return self._at(effects[-1])
        late = [place for place in after if self._steps[place].t > ack + PAUSE]
        if handling.called and returned > ack + PAUSE and (late or not worked):
            return self._at(late[-1]) if late else Completion(returned, end)
        if not handling.called:
            mine = [one for one in late if not worked or names(self._steps[one].text, self._label(handling))]
            if mine:
                return self._at(mine[-1])
        if after and not before and not worked:
            return self._at(after[-1])
        return self._up_to(handling, before, ack, cut)

    def _up_to(self, handling: Handling, own: list[int], t: float, steps: int) -> Completion | None:
        """The end of the work that was done up to an instant."""
        last = self._steps[own[-1]] if own else None
        answered = last is not None and t - last.t <= (PAUSE if last.kind in _EFFECTS else 0.0)
        if answered or (own and not handling.called and handling.settled is None):
            return self._at(own[-1])
        if t - handling.begun > PAUSE:
            return Completion(t, steps)
        return self._at(own[-1]) if own else None

    def _at(self, place: int) -> Completion:
        return Completion(self._steps[place].t, place + 1)


def names(text: str, label: str) -> bool:
    """Whether a text names a message: its label stands there as a word of its own."""
    if not label:
        return False
    return re.search(rf"(?<!\w){re.escape(label)}(?!\w)", text) is not None


def masked(text: str, label: str) -> str:
    """A text without its numbers, but for the message that it names."""
    return re.sub(r"\d+", "0", text.replace(label, "\0"))
