"""The impact of a crash: a run with it is compared with the same run without it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from mqsim.trace.fates import Fate, fates, finished_attempts
from mqsim.trace.frames import columns
from mqsim.trace.story import label_of
from mqsim.trace.tables import Outcome

if TYPE_CHECKING:
    from mqsim.runs.programs import ProgramsRunResult


class Impact(NamedTuple):
    """What came of a crash; messages are named by their texts, or by producer and number.

    Attributes:
        lost: published, and never worked to their end, as they are without the crash.
        twice: worked to their end more often than without it.
        again: worked to their end, but not known to be: a queue keeps them to be worked on again.
        waiting: in a queue, or with a consumer, when the run ended, as they are not without it.
        unsent: never published, as they are without it.
        effects: keys of ledger entries that were recorded more often than without it.
    """

    lost: tuple[str, ...] = ()
    twice: tuple[str, ...] = ()
    again: tuple[str, ...] = ()
    waiting: tuple[str, ...] = ()
    unsent: tuple[str, ...] = ()
    effects: tuple[str, ...] = ()

    @property
    def none(self) -> bool:
        """Whether the crash changed nothing."""
        return not any(self)

    def __str__(self) -> str:
        words = (
            "lost",
            "done twice",
            "done, but to be done again",
            "left waiting",
            "never sent",
            "effects twice",
        )
        told = [f"{word}: {', '.join(names)}" for word, names in zip(words, self, strict=True) if names]
        return "; ".join(told) or "harmless"


class Tally:
    """What became of the messages of a run, counted by their names.

    Args:
        result: the run.
        worked: rows of messages that were worked to their end although the trace can't know.
    """

    def __init__(self, result: ProgramsRunResult, worked: Iterable[int] = ()) -> None:
        trace = result.trace
        fate = fates(trace)
        (copy,) = columns(trace.deliveries, "copy")
        labels = [label_of(trace, row) for row in range(trace.messages.n)]
        sent = {
            (trace.messages.producer[row], trace.messages.number[row]): labels[row]
            for row in range(trace.messages.n)
            if trace.messages.published[row] == trace.messages.published[row]
        }
        self.sent = Counter(sent.values())
        finished = copy[finished_attempts(trace)].tolist()
        self.done = Counter(labels[row] for row in finished)
        self.waiting = Counter(labels[row] for row in np.flatnonzero(fate == Fate.UNDER_WAY).tolist())
        self.failed = Counter(labels[row] for row in np.flatnonzero(fate == Fate.FAILED).tolist())
        for row in worked:
            label = labels[row]
            self.done[label] += 1
            if trace.messages.outcome[row] == Outcome.LOST:
                self.failed[label] -= 1
        self.effects = Counter(entry.key for entry in result.ledger)

    def __str__(self) -> str:
        sent, done = self.sent.total(), self.done.total()
        text = f"Without a crash {sent} {'message is' if sent == 1 else 'messages are'} sent and {done} done"
        for word, names in (("waiting", self.waiting), ("lost", self.failed)):
            if some := [label for label, times in names.items() if times > 0]:
                text += f"; {word}: {', '.join(some)}"
        return f"{text}."


def impact(without: Tally, crashed: Tally) -> Impact:
    """What the crash did."""
    labels = sorted({*without.sent, *crashed.sent}, key=_natural)
    kept = {label: crashed.done[label] + crashed.waiting[label] for label in labels}
    meant = {label: without.done[label] + without.waiting[label] for label in labels}
    left = [label for label in labels if crashed.waiting[label] > without.waiting[label]]
    done = {label for label in left if 0 < without.done[label] <= crashed.done[label]}
    return Impact(
        tuple(
            label
            for label in labels
            if crashed.failed[label] > without.failed[label] and kept[label] < meant[label]
        ),
        tuple(label for label in labels if crashed.done[label] > max(without.done[label], 1)),
        tuple(label for label in left if label in done),
        tuple(label for label in left if label not in done),
        tuple(label for label in labels if crashed.sent[label] < without.sent[label]),
        tuple(key for key, times in sorted(crashed.effects.items()) if times > max(without.effects[key], 1)),
    )


def _natural(label: str) -> list[tuple[int, str]]:
    """`task 2` comes before `task 10`."""
    parts: list[str] = [""]
    for letter in label:
        if parts[-1] and parts[-1][-1].isdecimal() == letter.isdecimal():
            parts[-1] += letter
        else:
            parts.append(letter)
    return [(int(part), "") if part.isdecimal() else (-1, part) for part in parts]
