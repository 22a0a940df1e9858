"""What grading comes to: a state and points for each check, and for the whole submission."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import Enum
from typing import Any

COMES_FIRST = "comes first."
"""How the message of a check ends that was not judged, because one that it needs was not passed."""


class State(Enum):
    """How a check, or a whole submission, came out.

    PASSED: the check holds in every run that it looked at.
    FAILED: it does not hold in one, or a check that it needs was not passed.
    TIMEOUT: the program used up its time or another budget before there was a verdict.
    NOT_EXERCISED: no fault hit anything, so the runs prove nothing. It is no pass and no fail.
    UNGRADABLE: what was submitted can't be run at all: no such file, no Python, a harmful archive.
    GRADER_ERROR: the grader failed. That is never the student's fault; grade again.
    """

    PASSED = "passed"
    FAILED = "failed"
    TIMEOUT = "timeout"
    NOT_EXERCISED = "not exercised"
    UNGRADABLE = "ungradable"
    GRADER_ERROR = "grader error"


@dataclass(frozen=True)
class Searched:
    """How many instants a scene has, and what became of them.

    Attributes:
        scene: the scene in words.
        found: instants that the fault-free run showed.
        run: runs that were made.
        hit: runs in which the fault hit something; only these are evidence.
        skipped: instants that were left out: the same as a neighbour, or beyond the budget, or because a run
            before had failed.
        again: of the runs, those with a second crash after the recovery from the first.
    """

    scene: str
    found: int
    run: int
    hit: int
    skipped: int
    again: int = 0

    def words(self) -> str:
        """In a sentence's end."""
        points = "point" if self.found == 1 else "points"
        text = f"{self.scene}: {self.found} {points} found, {self.run - self.again} run"
        if self.skipped:
            text = f"{text}, {self.skipped} skipped"
        if self.again:
            text = f"{text}, {self.again} more run with a second crash"
        return f"{text}; {self.hit} of {self.run} runs hit something"

    def to_data(self) -> dict[str, Any]:
        """As JSON holds it."""
        return {
            "scene": self.scene,
            "found": self.found,
            "run": self.run,
            "hit": self.hit,
            "skipped": self.skipped,
            "again": self.again,
        }


@dataclass(frozen=True)
class Example:
    """The run that shows a failure.

    Attributes:
        lines: at most 15 lines of its trace, about what went wrong.
        picture: a space-time diagram as SVG, or empty.
        replay: the command that shows the run again, or empty.
    """

    lines: tuple[str, ...] = ()
    picture: str = ""
    replay: str = ""


@dataclass(frozen=True)
class CheckVerdict:
    """How one check came out.

    Attributes:
        name: the check's name, or its category where it is hidden.
        says: what the check asks for.
        state: how it came out.
        points: what it earned.
        max: what it is worth.
        message: why, in a sentence; empty where it was passed.
        searched: the instants that were tried.
        example: the run that shows the failure.
        hint: where the exercise's page helps on; empty: nowhere.
    """

    name: str
    says: str
    state: State
    points: float
    max: float
    message: str = ""
    searched: tuple[Searched, ...] = ()
    example: Example = field(default_factory=Example)
    hint: str = ""

    @property
    def fails_by_itself(self) -> bool:
        """Whether it was judged and failed, rather than given up because a check that it needs failed."""
        return self.state is State.FAILED and not self.message.endswith(COMES_FIRST)

    def to_data(self) -> dict[str, Any]:
        """As JSON holds it."""
        return {
            "name": self.name,
            "says": self.says,
            "state": self.state.value,
            "points": self.points,
            "max": self.max,
            "message": self.message,
            "replay": self.example.replay,
            "lines": list(self.example.lines),
            "searched": [each.to_data() for each in self.searched],
        }


_WORST = (
    State.GRADER_ERROR,
    State.UNGRADABLE,
    State.TIMEOUT,
    State.FAILED,
    State.NOT_EXERCISED,
    State.PASSED,
)


@dataclass(frozen=True)
class Verdict:
    """How a submission came out.

    Attributes:
        exercise: the exercise's name.
        submission: the submission's name.
        checks: each check's verdict; none where the submission could not be run.
        max: what all checks are worth.
        sandbox: the level of the sandbox that was used: 3 (the strongest) to 0; None: nothing was run.
        state: see `State`.
        message: what is to be said of the whole, in a sentence.
    """

    exercise: str
    submission: str
    checks: tuple[CheckVerdict, ...]
    max: float
    sandbox: int | None
    state: State
    message: str = ""

    @property
    def score(self) -> float | None:
        """The points. None where there is no verdict: then nobody may take it for zero or for full marks."""
        if self.state in (State.UNGRADABLE, State.GRADER_ERROR, State.NOT_EXERCISED):
            return None
        return sum(check.points for check in self.checks)

    @classmethod
    def of(cls, exercise: str, submission: str, checks: list[CheckVerdict], sandbox: int | None) -> Verdict:
        """The verdict on a submission whose checks came out so."""
        states = {check.state for check in checks}
        state = next((state for state in _WORST if state in states), State.PASSED)
        return cls(exercise, submission, tuple(checks), sum(check.max for check in checks), sandbox, state)

    def to_data(self) -> dict[str, Any]:
        """As JSON holds it."""
        return {
            "exercise": self.exercise,
            "submission": self.submission,
            "score": self.score,
            "max": self.max,
            "state": self.state.value,
            "message": self.message,
            "sandbox": self.sandbox,
            "checks": [check.to_data() for check in self.checks],
        }
