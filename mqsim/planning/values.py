"""The numbers of one setting: by theory where it is exact, else from a study."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from mqsim.planning.closed_form import Known, known, overloaded, says_overloaded
from mqsim.planning.length import Length, length_of
from mqsim.planning.study import SHOWN, Budget, Study
from mqsim.planning.targets import Measure, Target

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from mqsim.scenario import Scenario


@dataclass(frozen=True)
class Value:
    """A measure of one setting: its value and 95 % interval, and what theory says."""

    value: float
    low: float
    high: float
    theory: Known | None = None
    exact: bool = False


@dataclass(frozen=True)
class Valued:
    """All measures of one setting.

    Attributes:
        values: by measure; empty where the setting falls behind for ever.
        unstable: why it does; empty if it doesn't.
        study: the runs, if it was simulated.
    """

    values: Mapping[Measure, Value]
    unstable: str = ""
    study: Study | None = None


def valued(
    scenario: Scenario,
    measures: Sequence[Measure],
    seed: int,
    budget: Budget,
    *,
    as_written: bool = False,
    simulate: bool = False,
    length: Length | None = None,
    rounds: int = 1,
) -> Valued:
    """Find the measures of a setting.

    Args:
        scenario: with the setting made.
        measures: what is asked.
        seed: of all random numbers; the same for settings that are to be compared.
        budget: messages that may be simulated.
        as_written: keep the scenario's own duration.
        simulate: simulate also where theory is exact.
        length: how to run it; by default as its load asks.
        rounds: how many rounds of runs.
    """
    if (load := overloaded(scenario)) is not None:
        return Valued({}, says_overloaded(load))
    asked = open_targets(measures)
    steady = length_of(scenario, asked, as_written).steady
    told = known(scenario, measures) if steady else {}
    if not simulate and all(measure in told and told[measure].exact for measure in measures):
        return Valued(
            {m: Value(told[m].value, told[m].value, told[m].value, told[m], True) for m in measures}
        )
    study = Study.of(scenario, asked, seed, as_written)
    if length is not None:
        study.length = length
    if not study.afford(budget):
        return Valued({})
    for _ in range(rounds):
        study.add_round(budget)
    if not study.runs:
        return Valued({})
    return Valued({m: _estimated(study, m, told.get(m)) for m in measures}, study=study)


def _estimated(study: Study, measure: Measure, theory: Known | None) -> Value:
    found = study.estimate(measure, SHOWN)
    return Value(found.value, found.low, found.high, theory)


def open_targets(measures: Sequence[Measure]) -> tuple[Target, ...]:
    """Targets without a limit, for questions that judge nothing."""
    return tuple(Target("", measure, "<", math.inf) for measure in measures)


def row(prefix: Mapping[str, Any], found: Valued, measures: Sequence[Measure]) -> dict[str, Any]:
    """A setting and its values as a row of a table."""
    line: dict[str, Any] = dict(prefix)
    for measure in measures:
        value = found.values.get(measure, Value(math.nan, math.nan, math.nan))
        name = measure.name
        line |= {name: value.value, f"{name} low": value.low, f"{name} high": value.high}
        if value.theory is not None:
            line[f"{name} theory"] = value.theory.value
    line["because"] = found.unstable
    return line
