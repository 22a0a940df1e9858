"""An exercise: which programs a student writes, and the checks that judge their runs."""

from __future__ import annotations

import importlib.util
import inspect
import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mqsim.errors import UsageError
from mqsim.grading.scenes import Scene, calm

if TYPE_CHECKING:
    import random

NAME_FILE = ".mqsim-exercise"
"""Holds the exercise's name in a student's own copy, whose folder may be called anything."""

CheckFunction = Callable[[Any], None]


@dataclass(frozen=True)
class Check:
    """One question about a submission.

    Attributes:
        name: the function's name; reports and other exercises' files use it.
        says: the docstring's first paragraph: what the student reads.
        points: what it is worth.
        needs: names of checks that must be passed first.
        scenes: the runs that it looks at. It must hold in each of them.
        function: called with each run (or with the files); it fails by `expect`.
        hidden: what a report calls it in place of its sentence; empty for a public check.
    """

    name: str
    says: str
    points: float
    needs: tuple[str, ...]
    scenes: tuple[Scene, ...]
    function: CheckFunction
    hidden: str = ""


class Exercise:
    """One exercise. Its file `exercise.py` makes one and names it `exercise`.

    Args:
        programs: the programs by name, and how many actors each has; program `consumer` is `consumer.py`.
        tasks: the usual tasks, in order.
        told: the program that finds the tasks on its command line; None: the tasks are fixed by the README.
        order: the programs in the order in which they start; by default as in `programs`.
        gap: seconds between their starts.
        limit: seconds after which a run ends at the latest.
        given: files of the exercise's folder that are laid beside the programs, whatever was submitted.
        files: files other than programs that a submission must have, such as `plan.yaml`.
        latency: seconds one way between a program and the broker.
        profile: which RabbitMQ's rules.
    """

    def __init__(
        self,
        programs: Mapping[str, int] | None = None,
        *,
        tasks: Sequence[str] = (),
        told: str | None = None,
        order: Sequence[str] | None = None,
        gap: float = 3.0,
        limit: float = 300.0,
        given: Sequence[str] = (),
        files: Sequence[str] = (),
        latency: float = 0.0005,
        profile: str = "4.3",
    ) -> None:
        self.programs = dict(programs or {})
        self.tasks = tuple(tasks)
        self.told = told
        self.order = tuple(order if order is not None else self.programs)
        self.gap = gap
        self.limit = limit
        self.given = tuple(given)
        self.files = tuple(files)
        self.latency = latency
        self.profile = profile
        self.checks: list[Check] = []
        self.varies: Callable[[random.Random], Iterable[Mapping[str, Any]]] | None = None
        self.folder = Path()
        if not self.programs and not self.files:
            raise UsageError("an exercise needs programs or files: Exercise({'consumer': 1}).")
        if told is not None and told not in self.programs:
            raise UsageError(f"told is {told!r}, but the programs are {', '.join(self.programs)}.")
        if sorted(self.order) != sorted(self.programs):
            raise UsageError(f"order must name each program once: {', '.join(self.programs)}.")

    @property
    def name(self) -> str:
        """The folder's name, such as `04_survive_worker_crash`; of a student's own copy the original's."""
        note = self.folder / NAME_FILE
        return note.read_text(encoding="utf-8").strip() if note.is_file() else self.folder.name

    @property
    def points(self) -> float:
        """What all checks are worth together."""
        return sum(check.points for check in self.checks)

    def check(
        self,
        points: float,
        *,
        needs: Sequence[str] = (),
        scene: Scene | Sequence[Scene] | None = None,
        hidden: str = "",
    ) -> Callable[[CheckFunction], CheckFunction]:
        """Make the decorated function a check.

            @exercise.check(points=6, needs=["effects"], scene=every_crash("consumer"))
            def nothing_lost(run):
                '''Whenever a worker is killed, every task is recorded in the end.'''
                for task in run.tasks:
                    expect(run.effects[task], f'"{task}" is lost.')

        Args:
            points: what it is worth, 0 or more.
            needs: checks that must be passed first; they are declared above.
            scene: the runs that it looks at: one scene, or several; by default a calm run.
            hidden: what reports call a hidden check.

        Raises:
            UsageError: the name is taken, a needed check is not known, or there is no docstring.
        """
        scenes = (calm(),) if scene is None else (scene,) if isinstance(scene, Scene) else tuple(scene)

        def keep(function: CheckFunction) -> CheckFunction:
            name = function.__name__
            says = (inspect.getdoc(function) or "").strip().partition("\n\n")[0]
            known = [check.name for check in self.checks]
            if not says:
                raise UsageError(f"check {name} has no docstring: the student reads it.")
            if name in known:
                raise UsageError(f"there are two checks named {name}.")
            for need in needs:
                if need not in known:
                    raise UsageError(f"check {name} needs {need}, which is not declared above it.")
            for scene in scenes:
                self._refuse_strangers(name, scene)
            self.checks.append(
                Check(name, " ".join(says.split()), points, tuple(needs), scenes, function, hidden)
            )
            return function

        return keep

    def _refuse_strangers(self, check: str, scene: Scene) -> None:
        setting = scene.setting
        named = [scene.program, setting.partner, *dict(setting.counts), *dict(setting.arguments)]
        for program in [*named, *(setting.order or ())]:
            if program and program not in self.programs:
                raise UsageError(
                    f"check {check} names the program {program!r}; there are {', '.join(self.programs)}."
                )

    def vary(
        self, function: Callable[[random.Random], Iterable[Mapping[str, Any]]]
    ) -> Callable[[random.Random], Iterable[Mapping[str, Any]]]:
        """Make the decorated function say what hidden runs vary.

            @exercise.vary
            def others(draw):
                yield {"category": "other tasks", "tasks": [f"job{draw.randrange(100)}" + "." * 3, ...]}

        It is called with random numbers that depend on the course key and the exercise alone, and yields
        settings (see `Setting`), each with a `category`. Every check then looks at its scenes in these
        settings as well. Without a course key it is not called.
        """
        self.varies = function
        return function


def load(folder: Path) -> Exercise:
    """The exercise of a folder: it runs the folder's `exercise.py`, which is trusted.

    Raises:
        UsageError: there is no such file, it fails, or it makes no exercise.
    """
    file = folder / "exercise.py"
    if not file.is_file():
        raise UsageError(f"{folder}: there is no exercise.py in it.")
    spec = importlib.util.spec_from_file_location(f"mqsim_exercise_{folder.name}", file)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    before = sys.dont_write_bytecode
    sys.dont_write_bytecode = True
    try:
        spec.loader.exec_module(module)
    except UsageError as error:
        raise UsageError(f"{file}: {error}") from error
    except Exception as error:
        raise UsageError(f"{file} fails: {type(error).__name__}: {error}.") from error
    finally:
        sys.dont_write_bytecode = before
    exercise = getattr(module, "exercise", None)
    if not isinstance(exercise, Exercise):
        raise UsageError(f"{file}: it must make an Exercise and name it `exercise`.")
    exercise.folder = folder.absolute()
    return exercise
