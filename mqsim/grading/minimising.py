"""Makes a failure smaller: the same fault with fewer tasks, for as long as the check fails in the same words.

First the tasks alone that the sentence names, then those that the fault names too, then all but one, again
and again. In a smaller run the fault strikes where the programs do the same thing as in the first one. A run
with two crashes is left as it is: where the second one falls depends on all tasks.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

from mqsim.grading.expectations import Unmet
from mqsim.grading.scenes import changed
from mqsim.grading.search import Numbered, Restless, Search

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from mqsim.grading.exercise import CheckFunction
    from mqsim.grading.scenes import Scene
    from mqsim.grading.stage import Stage

MOST_RUNS = 24
"""Runs that are made for it, those without a fault not counted."""

_NUMBER = re.compile(r"\d+(\.\d+)?")


class Smaller(NamedTuple):
    """A failure with fewer tasks.

    Attributes:
        numbered: the run, and its number among those with these tasks.
        wrong: what the check says of it.
    """

    numbered: Numbered
    wrong: str


class Minimiser:
    """Looks for the smallest failure like one that was found.

    Args:
        scene: in which it was found.
        stage: where runs are played.
        function: the check that failed.
        may_go_on: asked before each run.
    """

    def __init__(
        self, scene: Scene, stage: Stage, function: CheckFunction, may_go_on: Callable[[], bool]
    ) -> None:
        self._scene = scene
        self._stage = stage
        self._function = function
        self._may_go_on = may_go_on
        self._runs = 0

    def smallest(self, found: Numbered, wrong: str) -> Smaller | None:
        """The smallest failure that says the same; None where there is none with fewer tasks."""
        tasks = list(found.played.run.tasks)
        if self._stage.exercise.told is None or not found.at or len(set(tasks)) < 2:
            return None
        named = [task for task in tasks if f'"{task}"' in wrong]
        struck = [task for task in tasks if task in named or any(task in words for words in found.at)]
        for fewer in (named, struck):
            if fewer and len(fewer) < len(tasks) and (smaller := self._fails(fewer, found, wrong)):
                return smaller
        return self._without_one_by_one(tasks, named, found, wrong)

    def _without_one_by_one(
        self, tasks: list[str], named: list[str], found: Numbered, wrong: str
    ) -> Smaller | None:
        best = None
        for task in dict.fromkeys(tasks):
            fewer = [each for each in tasks if each != task]
            if task not in named and fewer and (smaller := self._fails(fewer, found, wrong)):
                best, tasks = smaller, fewer
        return best

    def _fails(self, tasks: list[str], found: Numbered, wrong: str) -> Smaller | None:
        for numbered in self._alike(tasks, found):
            try:
                self._function(numbered.played.run)
            except Unmet as unmet:
                if _words(str(unmet)) == _words(wrong):
                    return Smaller(numbered, str(unmet))
            except Exception:
                return None  # A check that fails itself in a smaller run has its verdict from the larger one.
        return None

    def _alike(self, tasks: list[str], found: Numbered) -> Iterator[Numbered]:
        """The runs with these tasks in which the fault strikes at the same thing."""
        if self._runs >= MOST_RUNS or not self._may_go_on():
            return
        search = Search(changed(self._scene, tasks=tasks), self._stage)
        try:
            for numbered in search.runs(at=found.at):
                self._runs += 1
                yield numbered
                if self._runs >= MOST_RUNS or not self._may_go_on():
                    return
        except Restless:
            return


def _words(sentence: str) -> str:
    """A sentence without its numbers: times differ from run to run."""
    return _NUMBER.sub("…", sentence)
