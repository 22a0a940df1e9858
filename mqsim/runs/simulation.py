"""Runs scenarios."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from mqsim.errors import UsageError
from mqsim.runs.engines import Engine, run
from mqsim.runs.programs import play
from mqsim.runs.result import RunResult
from mqsim.scenario import Scenario, scenario_from

if TYPE_CHECKING:
    import os

Progress = Callable[[float, float | None], None]
_TELL_EVERY = 0.2


def simulate(
    scenario: Scenario | Mapping[str, Any] | str | os.PathLike[str],
    seed: int | None = None,
    replication: int = 0,
    progress: Progress | None = None,
    engine: Engine = "auto",
) -> RunResult:
    """Run a scenario.

    Args:
        scenario: a Scenario, the same as plain data, a file's path, or a preset's name.
        seed: instead of the scenario's own; a whole number, 0 or more.
        replication: which of the independent repetitions with this seed, from 0.
        progress: called a few times a second with the simulated seconds done, and how many there will be
            (None: unknown).
        engine: `simpy`; `compiled`, the twin with equal traces, which needs numba and plays most scenarios;
            or `auto`: the twin where it can play the scenario and the run is long enough to pay.

    Raises:
        ScenarioError: the scenario can't be understood or can't be run.
        UsageError: the seed or the replication is not a whole number, 0 or more; or the engine can't run it.
    """
    scenario = scenario_from(scenario)
    if seed is not None:
        checked_seed(seed)
    _whole("replication", replication)
    chosen = scenario.seed if seed is None else seed
    pulse = None if progress is None else _paced(progress, scenario.duration)
    if scenario.programs and engine != "compiled":
        return play(scenario, chosen, replication, pulse=pulse)
    trace, used = run(scenario, chosen, replication, engine, pulse)
    return RunResult(scenario, chosen, replication, trace, used)


def checked_seed(seed: int) -> int:
    """The seed, if it is one.

    Raises:
        UsageError: it is not a whole number, 0 or more.
    """
    _whole("seed", seed)
    return seed


def _whole(name: str, value: object) -> None:
    if isinstance(value, bool) or not isinstance(value, int) or value < 0:
        raise UsageError(f"{name} {value!r} is not allowed; it must be a whole number, 0 or more.")


def _paced(progress: Progress, total: float | None) -> Callable[[float], None]:
    told = time.monotonic()

    def pulse(now: float) -> None:
        nonlocal told
        if time.monotonic() - told >= _TELL_EVERY:
            told = time.monotonic()
            progress(now, total)

    return pulse
