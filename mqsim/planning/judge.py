"""One setting judged against targets: by theory where it is exact, else by simulation with confidence."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal

from mqsim.planning.closed_form import Known, known, overloaded, says_overloaded, work_alone
from mqsim.planning.length import length_of
from mqsim.planning.study import SHOWN, SURE, Budget, Study
from mqsim.planning.targets import Measure, Target
from mqsim.planning.units import estimated, interval, percent, seconds, shown, told_apart

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from mqsim.scenario import Scenario
    from mqsim.statistics.sections import Estimate

State = Literal["met", "not met", "unsure"]
QUICK = 0.15
_MARGIN = 1.3
_CERTAIN = 0.999
_PART = 0.5
"""The part of what is left of a budget that one setting may spend."""


@dataclass(frozen=True)
class Verdict:
    """What is known of one target.

    Attributes:
        target: what is asked.
        state: met, not met, or unsure.
        value: the measure; NaN where it was not needed to decide.
        low, high: its 95 % interval; both the value where theory is exact.
        because: why, where numbers alone don't say it: the work alone, an overload, misses.
        theory: what theory says of the measure, or None.
    """

    target: Target
    state: State
    value: float = math.nan
    low: float = math.nan
    high: float = math.nan
    because: str = ""
    theory: Known | None = None
    exact: bool = False

    @property
    def words(self) -> str:
        """The value in words, with its interval where there is one."""
        dimension = self.target.measure.dimension
        if math.isnan(self.value):
            return self.because or "unknown"
        if self.exact:
            return told_apart(self.value, self.target.limit, dimension)
        return estimated(self.value, self.low, self.high, dimension, beside=self.target.limit)

    def as_json(self) -> dict[str, Any]:
        """As `--json` prints it; a number that there is not is null."""
        return {
            "target": self.target.text,
            "value": _finite(self.value),
            "low": _finite(self.low),
            "high": _finite(self.high),
            "met": {"met": True, "not met": False, "unsure": None}[self.state],
            "because": self.because or None,
        }


@dataclass(frozen=True)
class Judged:
    """One setting and its verdicts.

    Attributes:
        setting: values by path.
        state: met if all targets are, not met if one is not, else unsure.
        verdicts: one a target.
        unstable: why the setting falls behind for ever; empty if it doesn't.
        impossible: why the work alone misses a target; empty if it doesn't.
        messages: how many were simulated for it.
        reached: the widest interval of a target, as half its width over its value; 0 by theory.
    """

    setting: Mapping[str, Any]
    state: State
    verdicts: tuple[Verdict, ...]
    unstable: str = ""
    impossible: str = ""
    messages: float = 0.0
    reached: float = 0.0
    study: Study | None = field(default=None, compare=False, repr=False)

    @property
    def by_theory(self) -> bool:
        """Whether nothing was simulated."""
        return self.messages == 0.0

    @property
    def worst(self) -> Verdict:
        """The verdict that decides: the first that isn't met, else the first."""
        return next((verdict for verdict in self.verdicts if verdict.state != "met"), self.verdicts[0])


@dataclass(frozen=True)
class Rules:
    """How settings are judged.

    Attributes:
        targets: all of them have to be met.
        seed: of all random numbers.
        simulate: simulate also where theory is exact.
        as_written: keep the scenario's own duration.
        relative: the half-width, over the value, down to which intervals are narrowed; 0: only until it is
            decided.
    """

    targets: tuple[Target, ...]
    seed: int = 0
    simulate: bool = False
    as_written: bool = False
    relative: float = 0.0


def foreseen(scenario: Scenario, setting: Mapping[str, Any], rules: Rules) -> Judged | None:
    """The verdict that needs no run: overload, work that is too long, exact theory. None if there is none.

    Args:
        scenario: with the setting made.
        setting: what was set.
        rules: how to judge.
    """
    if (load := overloaded(scenario)) is not None:
        says = says_overloaded(load)
        verdicts = tuple(Verdict(target, "not met", because=says) for target in rules.targets)
        return Judged(setting, "not met", verdicts, unstable=says)
    alone = [work_alone(scenario, target) for target in rules.targets]
    if any(alone):
        verdicts = tuple(
            Verdict(target, "not met" if says else "unsure", because=says)
            for target, says in zip(rules.targets, alone, strict=True)
        )
        return Judged(setting, "not met", verdicts, impossible=next(filter(None, alone)))
    # That nothing is lost can be known of a steady state too, though counts grow with a run.
    steadily = [target for target in rules.targets if not (target.op == "==" and target.limit == 0.0)]
    if rules.simulate or not length_of(scenario, steadily, rules.as_written).steady:
        return None
    told = known(scenario, [target.measure for target in rules.targets])
    verdicts = tuple(_by_theory(target, told) for target in rules.targets)
    if all(verdict.exact for verdict in verdicts) or any(v.state == "not met" for v in verdicts):
        return Judged(setting, _together(verdicts), verdicts)
    return None


def guessed(scenario: Scenario, rules: Rules) -> bool | None:
    """Whether theory, exact or not, would call the targets met; None where it says nothing."""
    told = known(scenario, [target.measure for target in rules.targets])
    known_ones = [
        target.met(told[target.measure].value) for target in rules.targets if target.measure in told
    ]
    return all(known_ones) if known_ones else None


def judge(
    scenario: Scenario, setting: Mapping[str, Any], rules: Rules, budget: Budget, quick: bool = True
) -> Judged:
    """Judge a setting, by simulation where nothing else decides.

    Args:
        scenario: with the setting made.
        setting: what was set.
        rules: how to judge.
        budget: messages that may be simulated.
        quick: look at a short run first, which settles clear cases.
    """
    if (done := foreseen(scenario, setting, rules)) is not None:
        return done
    spent = budget.spent
    if quick and (clear := _first_look(scenario, setting, rules, budget)) is not None:
        return clear
    study = Study.of(scenario, rules.targets, rules.seed, rules.as_written)
    if not study.afford(budget):
        return _unknown(setting, rules, budget, budget.spent - spent)
    told = known(scenario, study.measures) if study.length.steady else {}
    # A setting close to its limit may never be decided: it leaves something for the others.
    most = budget.spent + max(budget.left * _PART, study.length.messages)
    while True:
        study.add_round(budget)
        if not study.runs:
            return _unknown(setting, rules, budget, budget.spent - spent)
        verdicts = tuple(verdict(study, target, told.get(target.measure)) for target in rules.targets)
        reached = max(study.estimate(each.target.measure).relative for each in verdicts)
        decided = _together(verdicts) != "unsure" and (
            not rules.relative or reached <= rules.relative or _together(verdicts) == "not met"
        )
        if decided or min(most - budget.spent, budget.left) < study.length.messages:
            break
    return Judged(
        setting, _together(verdicts), verdicts, messages=budget.spent - spent, reached=reached, study=study
    )


def _unknown(setting: Mapping[str, Any], rules: Rules, budget: Budget, messages: float) -> Judged:
    because = "it was stopped" if budget.stopped else "no budget was left"
    verdicts = tuple(Verdict(target, "unsure", because=because) for target in rules.targets)
    return Judged(setting, "unsure", verdicts, messages=messages)


def _first_look(
    scenario: Scenario, setting: Mapping[str, Any], rules: Rules, budget: Budget
) -> Judged | None:
    """A clear no after a fraction of a round; None where more is to be run."""
    study = Study.of(scenario, rules.targets, rules.seed, rules.as_written)
    if not study.length.steady or study.length.messages < 60_000:
        return None
    study.length = study.length.scaled(QUICK)
    if study.length.messages > budget.left:
        return None
    spent = budget.spent
    study.add_round(budget)
    for target in rules.targets:
        found = study.estimate(target.measure, _CERTAIN)
        slack = _MARGIN if target.at_most else 1.0 / _MARGIN
        edge = found.low / slack if target.at_most else found.high / slack
        if target.op != "==" and math.isfinite(edge) and not target.met(edge) and not target.met(found.value):
            verdicts = tuple(verdict(study, each, None) for each in rules.targets)
            sure = tuple(
                Verdict(v.target, "not met", v.value, v.low, v.high) if v.target is target else v
                for v in verdicts
            )
            return Judged(setting, "not met", sure, messages=budget.spent - spent, study=study)
    return None


def verdict(study: Study, target: Target, theory: Known | None) -> Verdict:
    """What a study says of a target: decided at 99 % confidence, shown with a 95 % interval."""
    measure = target.measure
    seen, sure = study.estimate(measure, SHOWN), study.estimate(measure, SURE)
    state, because = _decide(study, target, sure)
    if state == "unsure" and not because and target.met(seen.low) == target.met(seen.high):
        wide = interval(sure.low, sure.high, measure.dimension)
        because = f"it is decided by the 99 % interval, {wide}, which goes beyond the target"
    return Verdict(target, state, seen.value, seen.low, seen.high, because, theory)


def _decide(study: Study, target: Target, sure: Estimate) -> tuple[State, str]:
    measure = target.measure
    if math.isnan(sure.value):
        return "unsure", "nothing was measured"
    if measure.kind in ("overflow", "alarm") and target.op in (">", ">="):
        return _never_sooner(study, target)
    if measure.kind == "time" and measure.statistic in ("mean", "max") and study.missed(measure) > 0.0:
        missed = percent(study.missed(measure))
        return (
            "not met",
            f"{missed} of the messages were never done, and a {measure.statistic} leaves them out",
        )
    if measure.kind == "share":
        sure = _as_percentile(study, measure, target)
        limit_met = sure.high <= measure.within if target.op in (">", ">=") else sure.low > measure.within
        limit_missed = sure.low > measure.within if target.op in (">", ">=") else sure.high <= measure.within
        state: State = "met" if limit_met else "not met" if limit_missed else "unsure"
    elif target.op == "==":
        state = "met" if target.met(sure.low) and target.met(sure.high) else "not met"
    elif target.met(sure.low) and target.met(sure.high):
        state = "met"
    elif not target.met(sure.low) and not target.met(sure.high):
        state = "not met"
    else:
        state = "unsure"
    if study.unsettled and state != "unsure" and not _clearly(target, sure):
        return "unsure", "the runs are short beside the time the queue takes to forget"
    return state, ""


def _never_sooner(study: Study, target: Target) -> tuple[State, str]:
    """What should come late, such as an alarm, must come late in every run."""
    times = [run.numbers[target.measure] for run in study.runs]
    sooner = [time for time in times if not target.met(time)]
    if not sooner:
        return "met", ""
    return (
        "not met",
        f"in {len(sooner)} of {len(times)} runs it came sooner, once after {seconds(min(sooner))}",
    )


def _as_percentile(study: Study, measure: Measure, target: Target) -> Estimate:
    """A share within a time is judged as the percentile of that share, whose interval holds better."""
    if not 0.0 < target.limit < 1.0:
        found = study.estimate(Measure("time", measure.queue, measure.time, "max"), SURE)
        return found
    statistic = f"p{100.0 * target.limit:.10g}"
    as_time = Measure("time", measure.queue, measure.time, statistic)
    for run in study.runs:
        run.times.setdefault(as_time, run.times[measure])
    return study.estimate(as_time, SURE)


def _clearly(target: Target, sure: Estimate) -> bool:
    """Whether a decision would stand if the interval were a good deal wider."""
    middle = sure.value
    low, high = middle - _MARGIN * (middle - sure.low), middle + _MARGIN * (sure.high - middle)
    low, high = low / _MARGIN, high * _MARGIN
    return target.met(low) == target.met(high)


def _by_theory(target: Target, told: Mapping[Measure, Known]) -> Verdict:
    found = told.get(target.measure)
    if found is None or not found.exact:
        return Verdict(target, "unsure", theory=found)
    state: State = "met" if target.met(found.value) else "not met"
    return Verdict(target, state, found.value, found.value, found.value, theory=found, exact=True)


def _together(verdicts: Sequence[Verdict]) -> State:
    states = {each.state for each in verdicts}
    return "not met" if "not met" in states else "unsure" if "unsure" in states else "met"


def _finite(value: float) -> float | None:
    return value if math.isfinite(value) else None


def missing(verdict_: Verdict) -> str:
    """By how much a target is missed, in words: `by 300 ms (30 %)`."""
    target, value = verdict_.target, verdict_.value
    if not math.isfinite(value):
        return "without end" if math.isinf(value) else ""
    off = abs(value - target.limit)
    dimension = target.measure.dimension
    words = f"{100.0 * off:.3g} percentage points" if dimension == "share" else shown(off, dimension)
    share = f" ({percent(off / abs(target.limit))})" if target.limit and dimension != "share" else ""
    return f"by {words}{share}"
