"""Lets pytest collect exercises: each check of an `exercise.py` is a test of the files beside it.

    pytest exercises/04_survive_worker_crash

A folder's `conftest.py` imports the two hooks.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from mqsim.grading.exercise import Exercise, load
from mqsim.grading.practice import check, missing
from mqsim.grading.reports.text import told_check
from mqsim.grading.verdict import CheckVerdict, State, Verdict

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


def pytest_ignore_collect(collection_path: Path) -> bool | None:
    """Nothing in an exercise's folder but the exercise itself is a test: programs must not be imported."""
    beside = [collection_path.parent, collection_path.parent.parent]
    if collection_path.suffix == ".py" and collection_path.name not in ("exercise.py", "conftest.py"):
        return any((folder / "exercise.py").is_file() for folder in beside) or None
    return None


def pytest_collect_file(file_path: Path, parent: pytest.Collector) -> pytest.Collector | None:
    """An `exercise.py` holds checks."""
    if file_path.name == "exercise.py":
        collector: pytest.Collector = ExerciseFile.from_parent(parent, path=file_path)
        return collector
    return None


class ExerciseFile(pytest.File):
    """One exercise; its programs are played once for all its checks."""

    _verdict: Verdict | None = None

    def collect(self) -> Iterator[pytest.Item]:
        """A test for each check."""
        self.exercise: Exercise = load(self.path.parent)
        for each in self.exercise.checks:
            yield CheckItem.from_parent(self, name=each.name)

    def verdict(self) -> Verdict:
        """How the files beside the exercise come out; where there are none, the starter's."""
        if self._verdict is None:
            folder = self.path.parent
            if missing(self.exercise, folder) and not missing(self.exercise, folder / "starter"):
                folder = folder / "starter"
            self._verdict = check(self.exercise, folder)
        return self._verdict


class NotPassed(Exception):  # noqa: N818 - what pytest shows is the sentence
    """A check that was not passed."""


class CheckItem(pytest.Item):
    """One check."""

    def runtest(self) -> None:
        """Fail unless the check is passed."""
        assert isinstance(self.parent, ExerciseFile)
        verdict = self.parent.verdict()
        if not verdict.checks:
            raise NotPassed(verdict.message)
        mine: CheckVerdict = next(each for each in verdict.checks if each.name == self.name)
        if mine.state is not State.PASSED:
            raise NotPassed(told_check(mine, counts=False))

    def repr_failure(self, excinfo: pytest.ExceptionInfo[BaseException], style: str | None = None) -> str:
        """The sentence, not the grader's own lines."""
        if isinstance(excinfo.value, NotPassed):
            return str(excinfo.value)
        return str(super().repr_failure(excinfo))

    def reportinfo(self) -> tuple[Path, None, str]:
        """What pytest calls it."""
        return self.path, None, self.name
