"""Exercises, the checks that judge them, and the autograder.

An exercise is a folder with a file `exercise.py`:

    from mqsim.grading import Exercise, every_crash, expect

    exercise = Exercise({"consumer": 2, "producer": 1}, tasks=["resize...", "tag."], told="producer")

    @exercise.check(points=4)
    def effects(run):
        '''Every task is recorded in the ledger.'''
        for task in run.tasks:
            expect(run.effects[task], f'"{task}" was never recorded.')

    @exercise.check(points=6, needs=["effects"], scene=every_crash("consumer"))
    def nothing_lost(run):
        '''Whenever a worker is killed, every task is recorded in the end.'''
        for task in run.tasks:
            expect(run.effects[task], f'"{task}" is lost.')

A check is a function of a run: it is called with every run of its scenes, and must hold in all of them. What
a run offers stands in `run.py` and `records.py`, and the scenes stand in `scenes.py`. The page for
instructors, with every rule, is `docs/grading.md`.

Names are loaded when they are first asked for: the sandbox's own process imports a part of this package, and
must not hold the rest.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from mqsim.grading.exercise import Check, Exercise, load
    from mqsim.grading.expectations import Unmet, expect
    from mqsim.grading.files import Files
    from mqsim.grading.run import Run
    from mqsim.grading.scenes import (
        Scene,
        both_orders,
        calm,
        every_broker_kill,
        every_broker_restart,
        every_crash,
        every_ctrl_c,
        ledger_away,
        reading,
    )
    from mqsim.grading.verdict import CheckVerdict, State, Verdict

__all__ = [
    "Check",
    "CheckVerdict",
    "Exercise",
    "Files",
    "Run",
    "Scene",
    "State",
    "Unmet",
    "Verdict",
    "both_orders",
    "calm",
    "every_broker_kill",
    "every_broker_restart",
    "every_crash",
    "every_ctrl_c",
    "expect",
    "ledger_away",
    "load",
    "reading",
]

_MODULES = {
    "exercise": ("Check", "Exercise", "load"),
    "expectations": ("Unmet", "expect"),
    "files": ("Files",),
    "run": ("Run",),
    "verdict": ("CheckVerdict", "State", "Verdict"),
}
_WHERE = {name: module for module, names in _MODULES.items() for name in names}


def __getattr__(name: str) -> object:
    if name in __all__:
        return getattr(import_module(f"mqsim.grading.{_WHERE.get(name, 'scenes')}"), name)
    raise AttributeError(f"module 'mqsim.grading' has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted([*globals(), *__all__])
