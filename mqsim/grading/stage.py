"""Plays one run of an exercise: the submitted programs in one setting, with the faults that are asked for."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

from mqsim.grading.catalogue import on_the_shelf
from mqsim.grading.run import Run
from mqsim.grading.sleeping import Sleepers
from mqsim.guest.carriers.watchdog import watching
from mqsim.guest.host.programs import Programs
from mqsim.scenario import Scenario
from mqsim.sim import World

if TYPE_CHECKING:
    from pathlib import Path

    from mqsim.grading.exercise import Exercise
    from mqsim.grading.scenes import Setting
    from mqsim.guest.carriers.carrier import CarrierFactory
    from mqsim.guest.host.actor import GuestActor
    from mqsim.guest.host.process import Watch
    from mqsim.guest.host.transcript import Line

Watched = Callable[["GuestActor"], "Watch | None"]


class Played(NamedTuple):
    """A run, and what its programs printed."""

    run: Run
    lines: list[Line]


class Stage:
    """Where an exercise's runs are played.

    Args:
        exercise: what is played.
        folder: the submitted files.
        carry: what carries the programs.
        cpu_limit: seconds of processor time that a program may use without waiting.
        before, after: called around each run.
    """

    def __init__(
        self,
        exercise: Exercise,
        folder: Path,
        carry: CarrierFactory,
        *,
        cpu_limit: float = 10.0,
        before: Callable[[], None] = lambda: None,
        after: Callable[[], None] = lambda: None,
    ) -> None:
        self.exercise = exercise
        self.folder = folder
        self.carry = carry
        self.cpu_limit = cpu_limit
        self._before = before
        self._after = after
        self.played = 0

    def play(
        self,
        setting: Setting,
        *,
        faults: Sequence[Mapping[str, Any]] = (),
        watched: Watched | None = None,
    ) -> Played:
        """Play one run to its end.

        Args:
            setting: how it differs from the usual one.
            faults: as in a scenario.
            watched: makes what looks at all that an actor does.
        """
        self.played += 1
        self._before()
        scenario = self._scenario(setting, faults)
        sleepers = Sleepers(watched)
        programs = Programs(scenario, self.carry, cpu_limit=self.cpu_limit, watched=sleepers)
        world = World(scenario, 0, 0, [programs], until_quiet=True)
        with watching():
            try:
                trace = world.run_to_end()
            finally:
                for actor in programs.actors.values():
                    if actor.process is not None:
                        actor.process.dismiss()
                self._after()
        run = Run(
            trace,
            list(programs.ledger.entries),
            self._tasks(setting),
            self._counts(setting),
            setting,
            limit=scenario.horizon,
            asleep=sleepers.spans,
        )
        lines = programs.transcript.lines
        run.overran = next((f"{line.who} {line.text}." for line in lines if _is_over_budget(line)), "")
        return Played(run, lines)

    def _partners(self) -> Path:
        """Where our own programs are: beside the exercise, or on the shelf for a copy that lacks them."""
        beside = self.exercise.folder / "partner"
        original = on_the_shelf(self.exercise.name)
        return beside if beside.is_dir() or original is None else original / "partner"

    def _tasks(self, setting: Setting) -> tuple[str, ...]:
        return self.exercise.tasks if setting.tasks is None else setting.tasks

    def _counts(self, setting: Setting) -> dict[str, int]:
        return {**self.exercise.programs, **dict(setting.counts)}

    def _scenario(self, setting: Setting, faults: Sequence[Mapping[str, Any]]) -> Scenario:
        exercise, counts, arguments = self.exercise, self._counts(setting), dict(setting.arguments)
        order = setting.order or exercise.order
        gap = exercise.gap if setting.gap is None else setting.gap
        programs: dict[str, Any] = {}
        for place, name in enumerate(order):
            if not counts[name]:
                continue
            folder = self._partners() if name == setting.partner else self.folder
            told = self._tasks(setting) if name == exercise.told else ()
            programs[name] = {
                "file": str(folder / f"{name}.py"),
                "count": counts[name],
                "start": place * gap,
                "args": [*told, *arguments.get(name, ())],
            }
        return Scenario(
            name=exercise.name,
            duration=exercise.limit if setting.limit is None else setting.limit,
            broker={"profile": setting.profile or exercise.profile},
            network={"latency": exercise.latency},
            programs=programs,
            faults=list(faults),
        )


def _is_over_budget(line: Line) -> bool:
    return line.stream == "event" and line.text.startswith(("is ended after", "is ended as it really waits"))
