"""Which engine runs a scenario: the SimPy model, or its compiled twin, whose traces are the same bit for
bit.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Literal, get_args

from mqsim.errors import UsageError
from mqsim.metrics.measures import measures
from mqsim.run_size import (
    MOST_COUNTED,
    expected_messages,
    refuse_more_copies,
    refuse_more_time,
    refuse_what_is_too_large,
)
from mqsim.runs.result import RunResult
from mqsim.sim import World
from mqsim.twin import eligible
from mqsim.twin.readiness import Readiness, readiness

if TYPE_CHECKING:
    from mqsim.metrics.measures import Number
    from mqsim.scenario import Scenario
    from mqsim.trace import Trace

Engine = Literal["auto", "simpy", "compiled"]
Pulse = Callable[[float], None]

ENGINES: tuple[str, ...] = get_args(Engine)

PAYS_FROM = {Readiness.LOADED: 300, Readiness.KEPT: 100_000}
"""Messages from which the twin is faster on the whole: setting it up takes as long as the SimPy model takes
for so many, and so does reading the kernel from disk. Compiling is left to those who ask for it."""


def run(
    scenario: Scenario, seed: int, replication: int, engine: str = "auto", pulse: Pulse | None = None
) -> tuple[Trace, str]:
    """Run a scenario without programs; give its trace, and which engine it was.

    Raises:
        UsageError: there is no such engine, or the twin was asked for and can't play the scenario.
        ScenarioError: the scenario can't be run.
    """
    chosen = choose(scenario, engine)
    return run_by(chosen, scenario, seed, replication, pulse, strict=engine == "compiled")


def run_by(
    chosen: str,
    scenario: Scenario,
    seed: int,
    replication: int,
    pulse: Pulse | None = None,
    *,
    strict: bool = False,
) -> tuple[Trace, str]:
    """As `run`, by the chosen engine; unless `strict`, `sim` runs what the twin can't finish."""
    if chosen == "compiled":
        from mqsim.twin.supply import CannotGoOnError

        try:
            return compiled(scenario, seed, replication, pulse), "compiled"
        except CannotGoOnError as error:
            _cannot_go_on(error, strict=strict)
    return World(scenario, seed, replication).run_to_end(pulse), "simpy"


def measured_by(
    chosen: str, scenario: Scenario, seed: int, paths: Sequence[str], *, strict: bool = False
) -> dict[str, Number]:
    """As `run_by`, for a few numbers (`metrics.measures`): where the twin can count them as it goes, no
    tables are made.
    """
    if chosen == "compiled":
        from mqsim.twin.measuring import counts
        from mqsim.twin.play import measure
        from mqsim.twin.supply import CannotGoOnError

        if counts(scenario):
            refuse_what_is_too_large(scenario, MOST_COUNTED)
            try:
                return measure(scenario, paths, seed, watch=_watch())
            except CannotGoOnError as error:
                _cannot_go_on(error, strict=strict)
                chosen = "simpy"
    trace, _ = run_by(chosen, scenario, seed, 0, strict=strict)
    return measures(trace, paths, RunResult(scenario, seed, 0, trace).warmup)


def choose(scenario: Scenario, engine: str, runs: int = 1) -> str:
    """Which engine runs a scenario so many times: `simpy` or `compiled`.

    Raises:
        UsageError: as `run`.
    """
    if engine not in ENGINES:
        raise UsageError(f"engine {engine!r} is not allowed; it must be one of {', '.join(ENGINES)}.")
    if engine == "compiled":
        _refuse_what_cannot_be_compiled(scenario)
    return "compiled" if engine == "compiled" or (engine == "auto" and pays(scenario, runs)) else "simpy"


def pays(scenario: Scenario, runs: int = 1) -> bool:
    """Whether the twin can play a scenario, and so many runs are long enough to pay."""
    enough = PAYS_FROM.get(readiness())
    return enough is not None and runs * expected_messages(scenario) >= enough and not eligible(scenario)


def load_for(scenario: Scenario) -> bool:
    """Load the twin if it is kept on disk and would run a scenario from then on; say whether it was loaded.

    That takes about a second, so it is for those who will run the same scenario again and again.
    """
    enough = expected_messages(scenario) >= PAYS_FROM[Readiness.LOADED]
    if readiness() is not Readiness.KEPT or not enough or eligible(scenario):
        return False
    from mqsim.twin.ahead import compile_ahead

    compile_ahead()
    return True


def compiled(scenario: Scenario, seed: int, replication: int, pulse: Pulse | None = None) -> Trace:
    """Play a scenario in the twin."""
    from mqsim.twin.play import play

    refuse_what_is_too_large(scenario)
    return play(scenario, seed, replication, _watch(pulse))


def _watch(pulse: Pulse | None = None) -> Callable[[float, int], None]:
    def watch(now: float, copies: int) -> None:
        refuse_more_copies(copies)
        refuse_more_time(now)
        if pulse is not None:
            pulse(now)

    return watch


def _cannot_go_on(error: UsageError, *, strict: bool) -> None:
    if strict:
        raise UsageError(f"The compiled twin can't go on: {error} The engine simpy can.") from None


def _refuse_what_cannot_be_compiled(scenario: Scenario) -> None:
    if readiness() is Readiness.ABSENT:
        raise UsageError(
            "engine 'compiled' needs numba, which is not installed: run pip install 'mqsim[fast]', or use "
            "the engine simpy."
        )
    if why := eligible(scenario):
        raise UsageError(f"engine 'compiled' can't run this scenario: {why} Use the engine simpy.")
