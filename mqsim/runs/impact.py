"""The impact of a crash: a run with it is compared with the same run without it.

Messages are counted by what they are called and by their queue. A message is worked to its end where its
program's work on it ends (see `mqsim.runs.completion`), whatever the broker was told by then.
"""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from mqsim.runs.completion import Work, masked, names, works_of
from mqsim.trace.completion import finished_attempts
from mqsim.trace.frames import columns
from mqsim.trace.tables import How, Outcome
from mqsim.trace.timeline import label_of

if TYPE_CHECKING:
    from collections.abc import Mapping

    from mqsim.guest.host.crash_points import Observer, Point
    from mqsim.runs.folders import Lines
    from mqsim.runs.programs import ProgramsRunResult

Key = tuple[str, str]
"""What a message is called, and its queue."""

_KEPT = (Outcome.READY, Outcome.UNACKED)
_PASSED_ON = (Outcome.DEAD_LETTERED,)


class Impact(NamedTuple):
    """What came of a crash; messages are named by their texts, or by producer and number.

    Attributes:
        lost: published, and never worked to their end, as they are without the crash.
        twice: worked to their end more often than without it.
        again: worked to their end, but not known to be: a queue keeps them to be worked on again.
        waiting: in a queue, or with a consumer, when the run ended, as they are not without it.
        unsent: never published, as they are without it.
        effects: keys of ledger entries, and messages that lines in files name, that were recorded more often
            than without it.
        unknown: gone from the broker, and nothing shows whether their work was over.
    """

    lost: tuple[str, ...] = ()
    twice: tuple[str, ...] = ()
    again: tuple[str, ...] = ()
    waiting: tuple[str, ...] = ()
    unsent: tuple[str, ...] = ()
    effects: tuple[str, ...] = ()
    unknown: tuple[str, ...] = ()

    @property
    def none(self) -> bool:
        """Whether the crash changed nothing."""
        return not any(self)

    def words(self, nothing: str = "harmless") -> str:
        """In a few words; `nothing` where the crash changed nothing."""
        words = (
            "lost",
            "done twice",
            "done, but to be done again",
            "left waiting",
            "never sent",
            "effects twice",
            "unknown whether done",
        )
        told = [f"{word}: {', '.join(names)}" for word, names in zip(words, self, strict=True) if names]
        return "; ".join(told) or nothing

    def __str__(self) -> str:
        return self.words()


class Tally:
    """What became of the messages of a run, counted by what they are called.

    Args:
        result: the run.
        observers: of its programs, by actor.
        files: the lines that the programs' files hold at its end, beyond those that they held before.
        without: the same run without the crash; None if this is it.
        point: where the crash was.
        written: what files held when it came.

    Attributes:
        sent: how often a message was published, by its label.
        done: how often it was worked to its end, by its label and its queue.
        repeated: the same, without work whose repetition has no effect.
        kept: how many copies a queue or a consumer has at the end.
        unknown: of how many nobody can know whether they were worked to their end.
        gone: how many copies left the broker and were not worked to their end.
        works: by label and queue, the work on a copy that came to its end; the last of several.
    """

    def __init__(
        self,
        result: ProgramsRunResult,
        observers: Mapping[str, Observer],
        files: Lines,
        *,
        without: Tally | None = None,
        point: Point | None = None,
        written: Lines = (),
    ) -> None:
        trace = result.trace
        self.files = files
        self._written = written
        self.effects = Counter(entry.key for entry in result.ledger)
        labels = [label_of(trace, row) for row in range(trace.messages.n)]
        self._labels = dict(enumerate(labels))
        queues = [*trace.queues.names, ""]
        (queue,) = columns(trace.messages, "queue")
        self._keys: list[Key] = [(labels[row], queues[queue[row]]) for row in range(trace.messages.n)]
        published = {
            (trace.messages.producer[row], trace.messages.number[row]): labels[row]
            for row in range(trace.messages.n)
            if trace.messages.published[row] == trace.messages.published[row]
        }
        self.sent = Counter(published.values())
        self.done: Counter[Key] = Counter()
        self.repeated: Counter[Key] = Counter()
        self.kept: Counter[Key] = Counter()
        self.unknown: Counter[Key] = Counter()
        self.gone: Counter[Key] = Counter()
        self.works: dict[Key, Work] = {}
        self.by_actor = {name: works_of(each, self._labels) for name, each in observers.items()}
        self._complete: set[int] = set()
        self._unsure: set[int] = set()
        self._count_programs(result, without, point)
        self._count_others(result)
        self._count_copies(result)

    # -- who was through with what ---------------------------------------------------------------------------

    def _count_programs(self, result: ProgramsRunResult, without: Tally | None, point: Point | None) -> None:
        how = result.trace.deliveries.how
        for name, works in self.by_actor.items():
            for number, work in enumerate(works):
                key = self._keys[work.handling.row]
                refused = How(how[work.handling.attempt]) in (How.REQUEUED, How.REJECTED)
                if without is not None and point is not None and self._is_before(name, work, point):
                    before = without.by_actor[name][number]
                    written = self._is_written(key[0], without)
                    ended = before.completion is not None and before.completion.reached_by(point, written)
                    known = before.completion is None or before.completion.known
                    self._take(key, before, ended and not refused, known)
                else:
                    reference = None if without is None else without.works.get(key)
                    again = True if reference is None else work.repeats(reference)
                    # What a process that lives on has in hand ends as it does without the crash.
                    ended = work.completion is not None and not refused
                    self._take(key, work, ended and again is not False, again is not None)

    def _is_written(self, label: str, without: Tally) -> bool | None:
        """Whether files held at the crash all that they hold of a message without it; None if that is
        nothing.
        """
        lines = without.last_lines(label).values()
        if not lines:
            return None
        return all(_counted(self._written, label, line) > 0 for line in lines)

    def _is_before(self, name: str, work: Work, point: Point) -> bool:
        """Whether the actor that was killed had it in hand when it was."""
        return name == point.who and work.handling.life <= point.life

    def _take(self, key: Key, work: Work, ended: bool, known: bool) -> None:
        row = work.handling.row
        if not ended:
            return
        if not known:
            self.unknown[key] += 1
            self._unsure.add(row)
            return
        self.done[key] += 1
        self._complete.add(row)
        self.works[key] = work
        if work.shows and not work.once:
            self.repeated[key] += 1

    def _count_others(self, result: ProgramsRunResult) -> None:
        """Modelled consumers, and programs whose client library says nothing of what it does."""
        trace = result.trace
        copy, consumer, how = columns(trace.deliveries, "copy", "consumer", "how")
        seen = {work.handling.attempt for works in self.by_actor.values() for work in works}
        finished = finished_attempts(trace)
        for attempt in range(len(copy)):
            actor = trace.actors.names[consumer[attempt]]
            row = int(copy[attempt])
            if actor not in self.by_actor:
                if finished[attempt]:
                    self._done_elsewhere(row)
            elif attempt not in seen and not self.by_actor[actor] and how[attempt] == How.ACKED:
                if trace.cast[actor].ack == "auto":
                    self.unknown[self._keys[row]] += 1
                    self._unsure.add(row)
                else:
                    self._done_elsewhere(row)

    def _done_elsewhere(self, row: int) -> None:
        self.done[self._keys[row]] += 1
        self.repeated[self._keys[row]] += 1
        self._complete.add(row)

    def _count_copies(self, result: ProgramsRunResult) -> None:
        outcome, enqueued = columns(result.trace.messages, "outcome", "enqueued")
        for row in range(len(outcome)):
            kind = Outcome(outcome[row])
            if kind in _KEPT:
                self.kept[self._keys[row]] += 1
            elif kind in _PASSED_ON or np.isnan(enqueued[row]):
                continue
            elif row not in self._complete and row not in self._unsure:
                self.gone[self._keys[row]] += 1

    # -- what files say --------------------------------------------------------------------------------------

    def last_lines(self, label: str) -> dict[str, str]:
        """By file, the last line that names a message, without its numbers."""
        return {line.partition(": ")[0]: masked(line, label) for line in self.files if names(line, label)}

    def counted(self, label: str, line: str) -> int:
        """How many lines are such a line."""
        return _counted(self.files, label, line)

    def sentence(self, crash: str = "a crash") -> str:
        """What became of them, as of a run without `crash`."""
        sent, done = self.sent.total(), self.done.total() + self.unknown.total()
        text = f"Without {crash} {sent} {'message is' if sent == 1 else 'messages are'} sent and {done} done"
        for word, counted in (("waiting", self.kept), ("lost", self.gone)):
            if some := list(dict.fromkeys(label for (label, _), times in counted.items() if times > 0)):
                text += f"; {word}: {', '.join(some)}"
        return f"{text}."

    @property
    def is_flawed(self) -> bool:
        """Whether messages are lost, or wait, although nobody crashed."""
        return any(times > 0 for counted in (self.gone, self.kept) for times in counted.values())


def _counted(lines: Lines, label: str, line: str) -> int:
    return sum(masked(one, label) == line for one in lines if names(one, label))


def impact(without: Tally, crashed: Tally) -> Impact:
    """What the crash did."""
    found: dict[str, list[str]] = {field: [] for field in Impact._fields}
    keys = {**dict.fromkeys(without.done), **dict.fromkeys(without.kept), **dict.fromkeys(without.unknown)}
    keys |= {**dict.fromkeys(crashed.done), **dict.fromkeys(crashed.kept), **dict.fromkeys(crashed.gone)}
    for key in keys:
        for field in _of_one(key, without, crashed):
            found[field].append(key[0])
    found["unsent"] = [label for label, times in without.sent.items() if crashed.sent[label] < times]
    found["effects"] += [
        key for key, times in crashed.effects.items() if times > max(without.effects[key], 1)
    ]
    return Impact(*(tuple(sorted(set(found[field]), key=_natural)) for field in Impact._fields))


def _of_one(key: Key, without: Tally, crashed: Tally) -> list[str]:
    """In which fields of the `Impact` one message stands."""
    label, found = key[0], []
    lines = without.last_lines(label).values()
    written = [(crashed.counted(label, line), without.counted(label, line)) for line in lines]
    doubled = any(now > max(before, 1) for now, before in written)
    in_files = bool(written) and all(now >= before for now, before in written)
    if doubled:
        found.append("effects")
    meant = without.done[key] + without.kept[key] + without.unknown[key]
    known = crashed.done[key] + crashed.kept[key]
    if crashed.gone[key] > without.gone[key] and known + crashed.unknown[key] < meant:
        found.append("lost")
    elif crashed.unknown[key] > 0 and known < meant:
        if written and not in_files:
            found.append("lost")
        elif not in_files and not _in_ledger(label, without, crashed):
            found.append("unknown")
    if crashed.repeated[key] > max(without.repeated[key], 1) and (doubled or not written):
        found.append("twice")
    if crashed.kept[key] > without.kept[key]:
        worked = 0 < without.done[key] <= crashed.done[key]
        found.append("again" if worked else "waiting")
    return found


def _in_ledger(label: str, without: Tally, crashed: Tally) -> bool:
    """Whether the ledger tells that the work was done."""
    return 0 < without.effects[label] <= crashed.effects[label]


def _natural(label: str) -> list[tuple[int, str]]:
    """`task 2` comes before `task 10`."""
    parts: list[str] = [""]
    for letter in label:
        if parts[-1] and parts[-1][-1].isdecimal() == letter.isdecimal():
            parts[-1] += letter
        else:
            parts.append(letter)
    return [(int(part), "") if part.isdecimal() else (-1, part) for part in parts]
