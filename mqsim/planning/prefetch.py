"""Which prefetch: large enough to keep workers busy, small enough to leave others their share."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from mqsim.distributions import Constant
from mqsim.errors import UsageError
from mqsim.matching.staff import latency_of
from mqsim.planning.answer import Answer, costs_nothing
from mqsim.planning.closed_form import overloaded
from mqsim.planning.figures import Drawing
from mqsim.planning.knobs import values as read_values
from mqsim.planning.processors import Processors
from mqsim.planning.study import Budget, Progress, Study
from mqsim.planning.subject import Source, subject
from mqsim.planning.targets import Measure
from mqsim.planning.units import amount, estimated, seconds
from mqsim.planning.values import Value, Valued, open_targets, row, valued
from mqsim.planning.what_if import each_run
from mqsim.statistics import mean_interval
from mqsim.theory import prefetch_needed, prefetch_throughput, prefetch_throughput_exponential

if TYPE_CHECKING:
    import os
    from collections.abc import Sequence

    from mqsim.scenario import ConsumerSpec, Scenario

TRIED = (1, 2, 3, 5, 10, 20, 50, 100, 250)
_NEARLY = 1.02


def prefetch(
    *,
    scenario: Source | None = None,
    group: str | None = None,
    values: str | None = None,
    seed: int | None = None,
    budget: float = 4e6,
    jobs: int | None = None,
    dask: str | None = None,
    resume: str | os.PathLike[str] | None = None,
    engine: str = "auto",
    progress: Progress | None = None,
    **flags: Any,
) -> Answer:
    """The smallest prefetch with which messages are done as fast as with any that was tried.

    Too small a prefetch lets a worker wait for the network after each message; too large a one lets messages
    wait with a busy worker while another is free.

    Args:
        scenario: a file, a preset, a Scenario or plain data; or else flags, as of `size`.
        group: whose prefetch; by default that of the only group of consumers.
        values: what is tried, such as `"1..20"` or `"1,10,100"`; by default from 1 to 250 in growing steps.
        seed: of all random numbers; all values share their luck.
        budget: messages that may be simulated in all.
        jobs: processes.
        dask: the address of a Dask scheduler on which to run, such as `"tcp://10.0.0.5:8786"`.
        resume: a file (JSON lines) that keeps finished runs; what it holds already isn't run again.
        engine: `simpy`, `compiled` or `auto`, as of `mqsim.simulate`; the answer is the same.
        progress: called with the messages simulated so far and those of the budget.
        flags: without a scenario: `rate`, `work`, `workers`, `latency` and so on.

    Raises:
        UsageError: a text can't be read, or it isn't clear whose prefetch is asked about.
        ScenarioError: the scenario can't be run.

    Example:
        >>> answer = prefetch(rate="10/s", work="0.05s", workers=1)
        >>> answer.state
        'met'
    """
    asked = subject(scenario, seed, flags)
    if asked.knobs:
        raise UsageError(
            "prefetch: it varies by itself; give --values for what is tried, and no other range."
        )
    name = _group(asked.scenario, group)
    spec = asked.scenario.consumers[name]
    needed = _needed(asked.scenario, name, spec)
    tried = TRIED if values is None else read_values(values, f"--values {values}")
    if any(not isinstance(value, int) or isinstance(value, bool) or value < 0 for value in tried):
        raise UsageError(f"--values {values}: a prefetch is a whole number, 0 (unlimited) or more.")
    if values is None and needed is not None:
        tried = tuple(sorted({*TRIED, needed}))
    measure = Measure("time", spec.queue, "sojourn", "mean")
    tail = Measure("time", spec.queue, "sojourn", "p99")
    purse = Budget(budget, on=Processors.of(jobs, dask, resume, engine), tell=progress)
    found = _all(asked.scenario, name, tried, (measure, tail), purse)
    best = _best(found, measure)
    rows = [_row(asked.scenario, name, value, each, (measure, tail)) for value, each in found.items()]
    says = _sentence(best, found, tail, needed, name)
    options = {
        "group": () if group is None else (group,),
        "values": () if values is None else (values,),
    }
    numbers = {"budget": budget}
    command, code = (
        asked.command("prefetch", options, {}, numbers),
        asked.code("prefetch", options, {}, numbers),
    )
    notes = [f"Simulated {amount(purse.spent)} messages; all values share the same messages and luck."]
    notes += [purse.stop_note] if purse.stopped else []
    notes += [f"Assumed: {'; '.join(asked.assumed)}."] if asked.assumed else []
    notes += [free] if (free := costs_nothing(asked.scenario)) else []
    return Answer(
        "Which prefetch?",
        says,
        "unsure" if purse.stopped else "not met" if best is None else "met",
        tuple(notes),
        code,
        command,
        {"value": best, "needed": needed, "sentence": says, "repeat": {"command": command, "code": code}},
        rows,
        asked.scenario,
        Drawing(
            "prefetch", (tail.name, measure.name), "Sojourn against prefetch", "Bars are 95 % intervals.", "s"
        ),
    )


def _group(scenario: Scenario, named: str | None) -> str:
    names = [name for name, spec in scenario.consumers.items() if spec.ack == "manual"]
    if named in names:
        return str(named)
    if named is not None or len(names) != 1:
        listed = ", ".join(names) or "none acknowledges by hand"
        raise UsageError(f"--group: say whose prefetch: {listed}.")
    return names[0]


def _speeds(spec: ConsumerSpec) -> list[float]:
    """The speed of each worker, or of all of them."""
    return [spec.speed] if isinstance(spec.speed, float) else list(spec.speed)


def _work(scenario: Scenario, spec: ConsumerSpec, speed: float) -> float:
    """The mean work of a message at a speed, in seconds."""
    laws = [spec.service] if spec.service is not None else [each.work for each in scenario.producers.values()]
    return sum(law.mean for law in laws) / max(len(laws), 1) / speed


def _needed(scenario: Scenario, name: str, spec: ConsumerSpec) -> int | None:
    """The least prefetch that keeps the fastest worker busy with a backlog; None where work takes no time."""
    work, trip = _work(scenario, spec, max(_speeds(spec))), 2.0 * latency_of(scenario, f"{name}-1", name)
    return None if work <= 0.0 else prefetch_needed(trip, 1.0 / work)


def _most(scenario: Scenario, name: str, value: int) -> float:
    """Messages a second of a worker with a backlog, by theory; the mean of workers that differ in speed."""
    speeds = _speeds(scenario.consumers[name])
    return sum(_most_at(scenario, name, value, speed) for speed in speeds) / len(speeds)


def _most_at(scenario: Scenario, name: str, value: int, speed: float) -> float:
    spec = scenario.consumers[name]
    work, trip = _work(scenario, spec, speed), 2.0 * latency_of(scenario, f"{name}-1", name)
    if work <= 0.0 or value == 0:
        return math.nan if work <= 0.0 else 1.0 / work
    laws = [spec.service] if spec.service is not None else [each.work for each in scenario.producers.values()]
    if all(isinstance(law, Constant) for law in laws):
        return prefetch_throughput(value, trip, 1.0 / work)
    return prefetch_throughput_exponential(value, trip, 1.0 / work)


def _all(
    scenario: Scenario, name: str, tried: Sequence[int], measures: tuple[Measure, ...], budget: Budget
) -> dict[int, Valued]:
    """Every value under the same random numbers and, where there is a steady state, runs of one length."""
    made = {value: scenario.with_({f"consumers.{name}.prefetch": value}) for value in tried}
    stable = [each for each in made.values() if overloaded(each) is None]
    studies = [Study.of(each, open_targets(measures), scenario.seed) for each in stable]
    length = max((study.length for study in studies), key=lambda each: each.messages, default=None)
    if length is not None:
        share = min(1.0, budget.messages / max(length.messages * len(stable), 1.0))
        length = length.scaled(share) if share < 1.0 else length
    return {
        value: valued(each, measures, scenario.seed, budget, simulate=True, length=length)
        for value, each in made.items()
    }


def _best(found: dict[int, Valued], measure: Measure) -> int | None:
    """The smallest value that is not worse than the best, run by run: by 2 %, or by what can be seen."""
    studies = {value: each.study for value, each in found.items() if each.study is not None}
    if not studies:
        return None
    lowest = min(studies, key=lambda value: found[value].values[measure].value)
    least = each_run(studies[lowest], measure)
    for value, study in sorted(studies.items(), key=lambda pair: pair[0] or math.inf):
        mine = each_run(study, measure)
        known = least.size == mine.size
        if known and (mean_interval(mine - least).low <= 0.0 or mine.mean() <= _NEARLY * least.mean()):
            return value
    return lowest


def _row(
    scenario: Scenario, name: str, value: int, found: Valued, measures: tuple[Measure, ...]
) -> dict[str, Any]:
    line = row({"prefetch": value}, found, measures)
    return line | {"a worker's throughput with a backlog, by theory": _most(scenario, name, value)}


def _sentence(
    best: int | None, found: dict[int, Valued], tail: Measure, needed: int | None, name: str
) -> str:
    if best is None:
        why = next(iter(found.values())).unstable
        return f"The consumers of {name} do not keep up with any prefetch that was tried: {why}."
    enough = f"Prefetch {best} is enough for {name}: {_tail(found, best, tail)}"
    says = f"{enough}, and no other that was tried is faster."
    smaller = [value for value in found if 0 < value < best or (best == 0 and value)]
    if smaller:
        less = max(smaller)
        why = found[less].unstable
        does = f"the queue is unstable: {why}" if why else f"it is {_value(found, less, tail)}"
        says += f" With {less} {does}."
    larger = [value for value in found if value > best > 0]
    if larger and (slowed := _slowed(found, best, max(larger), tail)):
        says += slowed
    if needed is not None:
        says += f" {needed} would keep a worker busy all the time while there is a backlog."
    return says


def _slowed(found: dict[int, Valued], best: int, larger: int, tail: Measure) -> str:
    own, other = found[best].values.get(tail), found[larger].values.get(tail)
    if own is None or other is None or not other.low > own.high:
        return ""
    slow = _value(found, larger, tail)
    return f" With {larger} it is {slow}, as messages wait with busy workers while others are free."


def _tail(found: dict[int, Valued], value: int, tail: Measure) -> str:
    return f"{tail.words} is {_value(found, value, tail)}"


def _value(found: dict[int, Valued], value: int, tail: Measure) -> str:
    number = found[value].values.get(tail, Value(math.nan, math.nan, math.nan))
    if math.isnan(number.value):
        return "unknown, as no more was simulated"
    if math.isinf(number.value) and math.isfinite(number.low):
        return f"at least {seconds(number.low)} (its slowest messages are not done when the runs end)"
    return estimated(number.value, number.low, number.high, "time")
