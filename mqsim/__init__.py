"""Teach, try and plan message queues.

    import mqsim as mq

    result = mq.simulate("task-queue")
    print(result.timeline())

What stands in `__all__` is loaded when it is first asked for, so that `import mqsim` is quick.
"""

from __future__ import annotations

import sys
from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from mqsim import matching, planning, statistics, theory
    from mqsim.api import (
        Result,
        Scenario,
        World,
        every_crash,
        exercise,
        explore,
        load,
        plot_latencies,
        predict,
        presets,
        program,
        run_programs,
        simulate,
        simulate_many,
    )

__version__ = "0.1.0"

__all__ = [
    "Result",
    "Scenario",
    "World",
    "every_crash",
    "exercise",
    "explore",
    "load",
    "matching",
    "planning",
    "plot_latencies",
    "predict",
    "presets",
    "program",
    "run_programs",
    "simulate",
    "simulate_many",
    "statistics",
    "theory",
]

_MODULES = {"matching", "planning", "statistics", "theory"}


def __getattr__(name: str) -> object:
    if name in _MODULES:
        return import_module(f"mqsim.{name}")
    if name in __all__:
        return getattr(import_module("mqsim.api"), name)
    raise AttributeError(f"module 'mqsim' has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted([*globals(), *__all__])


def _teach_notebook() -> None:
    """In a notebook, let a cell that begins with `%%program NAME` be a program; see `mqsim.api.magic`."""
    shell = sys.modules["IPython"].get_ipython()
    if shell is not None:
        shell.register_magic_function(
            lambda line, cell: import_module("mqsim.api.magic").define(line, cell), "cell", "program"
        )


if "IPython" in sys.modules:
    _teach_notebook()
