"""Judges a submission: plays the scenes of an exercise, and asks each check about each run."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace
from traceback import walk_tb
from typing import TYPE_CHECKING

from mqsim.errors import MqsimError
from mqsim.grading.expectations import Unmet
from mqsim.grading.failure_message import lines, sentence
from mqsim.grading.minimising import Minimiser
from mqsim.grading.plain import plain
from mqsim.grading.scenes import Fault, Scene
from mqsim.grading.search import Restless, Search
from mqsim.grading.verdict import COMES_FIRST, CheckVerdict, Example, Searched, State

if TYPE_CHECKING:
    from mqsim.grading.exercise import Check, Exercise
    from mqsim.grading.files import Files
    from mqsim.grading.run import Run
    from mqsim.grading.search import Numbered
    from mqsim.grading.stage import Stage

Progress = Callable[[str, int], None]
"""Told of the scene that is played, in words, and how many runs there were so far."""


@dataclass
class _Case:
    """What is known of one check so far."""

    check: Check
    state: State = State.PASSED
    message: str = ""
    example: Example = field(default_factory=Example)
    own_fault: str = ""
    searched: list[Searched] = field(default_factory=list)

    @property
    def open(self) -> bool:
        return self.state is State.PASSED

    def close(self, state: State, message: str, example: Example | None = None) -> None:
        self.state, self.message = state, message
        if example is not None:
            self.example = example


class Judge:
    """Judges one submission.

    Args:
        exercise: by whose checks.
        stage: where its runs are played.
        files: what was submitted, for checks that read it.
        replay: the command that plays a run again, given its number and the tasks of a smaller run (None: the
            scene's own); empty: none is told.
        progress: told how far it is.
        draw: draws a failing run as SVG.
        may_go_on: asked after each run; False: the submission's time is used up.
    """

    def __init__(
        self,
        exercise: Exercise,
        stage: Stage,
        files: Files,
        *,
        replay: Callable[[str, Sequence[str] | None], str] = lambda _, __: "",
        progress: Progress | None = None,
        draw: Callable[[Run], str] | None = None,
        may_go_on: Callable[[], bool] = lambda: True,
    ) -> None:
        self._exercise = exercise
        self._stage = stage
        self._files = files
        self._replay = replay
        self._progress = progress
        self._draw = draw
        self._may_go_on = may_go_on
        self._overran: dict[str, str] = {}  # what is said of each program that used up its budget
        self._cases = {check.name: _Case(check) for check in exercise.checks}

    def verdicts(self) -> list[CheckVerdict]:
        """How each check came out, in the exercise's order."""
        for number, scene in enumerate(scenes_of(self._exercise), 1):
            if scene.reads_files:
                self._read(scene)
            else:
                self._play(number, scene)
        return [self._verdict(case) for case in self._cases.values()]

    def _interested(self, scene: Scene) -> list[_Case]:
        """Whose scene it is, who has not failed yet, and whose needs have not."""
        return [
            case
            for case in self._cases.values()
            if case.open and scene in case.check.scenes and self._first_unmet(case.check) is None
        ]

    def _first_unmet(self, check: Check) -> _Case | None:
        """The first check that this one needs, or that one of those needs, and that is not passed."""
        for name in check.needs:
            need = self._cases[name]
            if not need.open:
                return need
            if (deeper := self._first_unmet(need.check)) is not None:
                return deeper
        return None

    def _read(self, scene: Scene) -> None:
        for case in self._interested(scene):
            try:
                case.check.function(self._files)
            except Unmet as unmet:
                case.close(State.FAILED, str(unmet))
            except Exception as error:
                _broke(case, error)

    def _play(self, number: int, scene: Scene) -> None:
        cases = self._interested(scene)
        if not cases:
            return
        if why := self._would_overrun(scene):
            message = f"Not all runs of this check were made, because a program used up its budget. {why}"
            self._close_all(cases, State.TIMEOUT, message)
            return
        search = Search(scene, self._stage)
        run = hit = again = 0
        try:
            for numbered in search.runs():
                run += 1
                again += numbered.number.endswith("+")
                hit += numbered.played.run.hit
                self._ask(cases, scene, number, numbered)
                if self._progress is not None:
                    self._progress(scene.words(), self._stage.played)
                cases = [case for case in cases if case.open]
                if not cases or self._ends_early(cases, scene):
                    break
        except Restless as restless:
            self._close_all(cases, State.FAILED, str(restless))
        except MqsimError as error:
            self._close_all(cases, State.GRADER_ERROR, f"The grader failed: {error}")
        beyond = max(0, search.found - search.skipped - run + again) if not cases else 0
        searched = Searched(scene.words(), search.found, run, hit, search.skipped + beyond, again)
        for case in self._cases.values():
            if scene in case.check.scenes and scene.fault is not Fault.NONE:
                case.searched.append(searched)
        if not hit:
            self._close_all(
                [case for case in cases if case.open],
                State.NOT_EXERCISED,
                f"No fault hit anything ({scene.words()}), so these runs prove nothing.",
            )

    def _would_overrun(self, scene: Scene) -> str:
        """What is said of a program that takes part in a scene and has used up its budget before; empty: none
        has. Where our own program stands in for it, the others are still judged.
        """
        return next((why for name, why in self._overran.items() if name != scene.setting.partner), "")

    def _ends_early(self, cases: list[_Case], scene: Scene) -> bool:
        """Whether a budget is used up, so that the scene's other runs can't be made."""
        if scene.fault is not Fault.NONE and (why := self._would_overrun(scene)):
            self._close_all(cases, State.TIMEOUT, why)
        elif not self._may_go_on():
            self._close_all(cases, State.TIMEOUT, "The time for this submission is used up.")
        else:
            return False
        return True

    def _ask(self, cases: Iterable[_Case], scene: Scene, number: int, numbered: Numbered) -> None:
        run = numbered.played.run
        if run.overran:
            program = run.overran.partition(" ")[0].rpartition("-")[0]
            self._overran.setdefault(program, sentence(run, run.overran))
        for case in cases:
            try:
                case.check.function(run)
            except Unmet as unmet:
                self._fail(case, scene, number, numbered, str(unmet))
            except Exception as error:
                _broke(case, error)

    def _fail(self, case: _Case, scene: Scene, number: int, numbered: Numbered, wrong: str) -> None:
        run = numbered.played.run
        if run.setting.category:
            category = run.setting.category
            state = State.TIMEOUT if run.overran else State.FAILED
            case.close(state, f'A hidden run does not go as it should. Its kind is "{category}".')
            return
        tasks = None
        if not run.overran:
            minimiser = Minimiser(scene, self._stage, case.check.function, self._may_go_on)
            if (smaller := minimiser.smallest(numbered, wrong)) is not None:
                numbered, wrong = smaller
                run, tasks = numbered.played.run, numbered.played.run.tasks
        picture = self._draw(run) if self._draw is not None else ""
        command = self._replay(f"{number}.{numbered.number}", tasks)
        example = Example(lines(numbered.played, wrong), picture, command)
        if run.overran:
            case.close(State.TIMEOUT, sentence(run, run.overran), example)
        else:
            case.close(State.FAILED, sentence(run, wrong), example)

    @staticmethod
    def _close_all(cases: Iterable[_Case], state: State, message: str) -> None:
        for case in cases:
            case.close(state, message)

    def _verdict(self, case: _Case) -> CheckVerdict:
        check = case.check
        first = self._first_unmet(check)
        if first is not None and case.state in (State.PASSED, State.FAILED, State.NOT_EXERCISED):
            case = replace(case, example=Example())
            case.close(*_because_of(first))
        hidden = check.hidden
        return CheckVerdict(
            check.name if not hidden else f"hidden: {hidden}",
            check.says if not hidden else f"A hidden check: {hidden}.",
            case.state,
            check.points if case.state is State.PASSED else 0.0,
            check.points,
            case.message if not hidden or not case.message else _of_hidden(case),
            tuple(case.searched),
            case.example if not hidden else Example(),
        )


def scenes_of(exercise: Exercise) -> list[Scene]:
    """Every scene of an exercise once, in the order in which they are played and numbered: public ones before
    hidden ones, those without faults first, else in the order of the checks.
    """
    scenes = dict.fromkeys(scene for check in exercise.checks for scene in check.scenes)
    return sorted(scenes, key=lambda scene: (bool(scene.setting.category), scene.fault is not Fault.NONE))


def _broke(case: _Case, error: Exception) -> None:
    """A check raised something else than `Unmet`: whoever wrote it has to fix it."""
    place = ""
    for frame, line in walk_tb(error.__traceback__):
        if frame.f_code is case.check.function.__code__:
            place = f" (line {line})"
    case.own_fault = type(error).__name__
    case.close(
        State.GRADER_ERROR,
        f"The check {case.check.name} failed itself: {type(error).__name__}: {plain(str(error))}{place}. "
        "It has to be fixed; what was handed in is not at fault.",
    )


def _because_of(first: _Case) -> tuple[State, str]:
    """What comes of a check that needs one that was not passed."""
    name = first.check.hidden or first.check.name
    if first.state is State.GRADER_ERROR:
        return State.GRADER_ERROR, f"It needs {name}, and that could not be judged."
    if first.state is State.NOT_EXERCISED:
        return State.NOT_EXERCISED, f"It needs {name}, and that was not exercised."
    return State.FAILED, f"{name} {COMES_FIRST}"


def _of_hidden(case: _Case) -> str:
    """What a report says of a hidden check that was not passed: nothing of its input."""
    if case.own_fault:
        return f"This hidden check failed itself: {case.own_fault}. What was handed in is not at fault."
    if case.message.endswith(COMES_FIRST):
        return case.message  # It has names and categories alone.
    return {
        State.TIMEOUT: "A program used up its budget in one of its runs.",
        State.NOT_EXERCISED: "No fault hit anything in its runs, so they prove nothing.",
        State.GRADER_ERROR: "The grader failed in one of its runs.",
    }.get(case.state, f'A hidden run does not go as it should. Its kind is "{case.check.hidden}".')
