"""A class in a few lines: how many submissions came out how, and which check failed how often."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from mqsim.grading.verdict import State, Verdict

if TYPE_CHECKING:
    from collections.abc import Sequence


@dataclass(frozen=True)
class Summary:
    """A class.

    Attributes:
        submissions: how many there are.
        states: how many came out how.
        mean: the mean score of those that have one; None: none has.
        max: what all checks are worth.
        scored: how many have a score.
        judged: how many had their checks judged. The others could not be run at all.
        failed: how many of those did not pass each check, by the check's name, in the exercise's order.
    """

    submissions: int
    states: dict[str, int]
    mean: float | None
    max: float
    scored: int
    judged: int
    failed: dict[str, int]

    @classmethod
    def of(cls, verdicts: Sequence[Verdict]) -> Summary:
        """The summary of verdicts on one exercise."""
        states = Counter(verdict.state for verdict in verdicts)
        scores = [verdict.score for verdict in verdicts if verdict.score is not None]
        failed = dict.fromkeys((check.name for verdict in verdicts for check in verdict.checks), 0)
        for verdict in verdicts:
            for check in verdict.checks:
                failed[check.name] += check.state is not State.PASSED
        return cls(
            len(verdicts),
            {state.value: states[state] for state in State if states[state]},
            round(sum(scores) / len(scores), 3) if scores else None,
            max((verdict.max for verdict in verdicts), default=0.0),
            len(scores),
            sum(bool(verdict.checks) for verdict in verdicts),
            failed,
        )

    def __str__(self) -> str:
        states = ", ".join(f"{count} {state}" for state, count in self.states.items())
        mean = "none has a score"
        if self.mean is not None:
            which = "" if self.scored == self.submissions else f", over the {self.scored} that have a score"
            mean = f"mean score {self.mean:g} of {self.max:g}{which}"
        counted = "1 submission" if self.submissions == 1 else f"{self.submissions} submissions"
        lines = [f"{counted}: {states}; {mean}."]
        which = "" if self.judged == self.submissions else " that could be judged"
        lines += [
            f"  {name:<28} not passed by {count} of {self.judged}{which}"
            for name, count in self.failed.items()
        ]
        return "\n".join(lines)

    def to_data(self) -> dict[str, Any]:
        """As JSON holds it."""
        return {
            "submissions": self.submissions,
            "states": self.states,
            "mean": self.mean,
            "max": self.max,
            "scored": self.scored,
            "judged": self.judged,
            "not_passed": self.failed,
        }
