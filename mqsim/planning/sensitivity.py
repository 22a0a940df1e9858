"""Which input matters: each is made a little larger and a little smaller, and what that does is ranked."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from mqsim.errors import ScenarioError, UsageError
from mqsim.planning.answer import Answer, costs_nothing, plain
from mqsim.planning.figures import Drawing
from mqsim.planning.processors import Processors
from mqsim.planning.study import Budget, Progress
from mqsim.planning.subject import Source, Texts, many, subject
from mqsim.planning.targets import Measure, worked
from mqsim.planning.targets import measure as read_measure
from mqsim.planning.units import amount, percent, positive, shown
from mqsim.planning.values import Valued, valued
from mqsim.scenario import Every, Poisson, Scenario

if TYPE_CHECKING:
    import os
    from collections.abc import Iterator, Sequence


def sensitivity(
    *,
    scenario: Source | None = None,
    measure: str | None = None,
    by: str | float = "10%",
    inputs: Texts = (),
    simulate: bool = False,
    seed: int | None = None,
    budget: float = 4e6,
    jobs: int | None = None,
    dask: str | None = None,
    resume: str | os.PathLike[str] | None = None,
    engine: str = "auto",
    progress: Progress | None = None,
    **flags: Any,
) -> Answer:
    """Rank the inputs of a scenario by what a small change of each does to a measure.

    Args:
        scenario: a file, a preset, a Scenario or plain data; or else flags, as of `size`.
        measure: such as `"orders.sojourn.p99"`, the default where one queue has consumers.
        by: how much each input is changed, up and down, such as `"10%"`; counts by at least 1.
        inputs: paths of numbers in the scenario, such as `"network.latency"`; by default rates, mean work,
            counts, speeds and latency.
        simulate: simulate also where theory is exact.
        seed: of all random numbers; all changes share their luck.
        budget: messages that may be simulated in all.
        jobs: processes.
        dask: the address of a Dask scheduler on which to run, such as `"tcp://10.0.0.5:8786"`.
        resume: a file (JSON lines) that keeps finished runs; what it holds already isn't run again.
        engine: `simpy`, `compiled` or `auto`, as of `mqsim.simulate`; the answer is the same.
        progress: called with the messages simulated so far and those of the budget.
        flags: without a scenario: `rate`, `work`, `workers` and so on.

    Raises:
        UsageError: a text can't be read, or an input is no number.
        ScenarioError: the scenario can't be run.

    Example:
        >>> answer = sensitivity(rate="0.5/s", work="1s", workers=1, measure="wait.mean")
        >>> answer.state
        'met'
    """
    asked = subject(scenario, seed, flags)
    base = asked.scenario
    if asked.knobs:
        raise UsageError("sensitivity: inputs vary by themselves; give one value, not a range.")
    judged = _measure(measure, base)
    share = positive(str(by), "share", "--by")
    if share >= 1.0:
        raise UsageError(f"--by {by}: an input is changed by less than all of it, such as 10%.")
    ways = list(_ways(base, share, many(inputs)))
    purse = Budget(budget, on=Processors.of(jobs, dask, resume, engine), tell=progress)
    rows, usual = _rows(base, judged, ways, purse, simulate)
    says = _sentence(rows, usual, judged, share)
    options = {
        "measure": () if measure is None else (measure,),
        "by": (str(by),) if str(by) != "10%" else (),
        "inputs": many(inputs),
    }
    command = asked.command("sensitivity", options, {"simulate": simulate}, {"budget": budget})
    code = asked.code("sensitivity", options, {"simulate": simulate}, {"budget": budget})
    notes = [f"Simulated {amount(purse.spent)} messages."] if purse.spent else ["By theory, exactly."]
    notes += [purse.stop_note] if purse.stopped else []
    notes += [f"Assumed: {'; '.join(asked.assumed)}."] if asked.assumed else []
    notes += [free] if (free := costs_nothing(base)) else []
    data = {"sentence": says, "value": usual, "inputs": plain(rows)}
    return Answer(
        f"What does {judged.name} depend on?",
        says,
        "unsure" if purse.stopped else "met",
        tuple(notes),
        code,
        command,
        data | {"repeat": {"command": command, "code": code}},
        rows,
        base,
        Drawing("input", ("smaller", "larger"), f"{judged.title}", "", "s", usual),
    )


def _measure(text: str | None, scenario: Scenario) -> Measure:
    if text is not None:
        return read_measure(text, scenario)
    queues = worked(scenario)
    if len(queues) != 1:
        raise UsageError(
            f"--measure: say what is looked at, such as {queues[0] if queues else 'q'}.sojourn.p99."
        )
    return Measure("time", queues[0], "sojourn", "p99")


Way = tuple[str, dict[str, Any] | None, dict[str, Any] | None]


def _ways(scenario: Scenario, share: float, inputs: Sequence[str]) -> Iterator[Way]:
    """Each input with the changes that make it smaller and larger; None where it can't be."""
    if inputs:
        for path in inputs:
            yield _of_path(scenario, path, share)
        return
    for name, spec in scenario.producers.items():
        path = f"producers.{name}.arrivals"
        if isinstance(spec.arrivals, Poisson):
            rate = spec.arrivals.rate
            less, more = ({"poisson": {"rate": rate * k}} for k in (1.0 - share, 1.0 + share))
            yield f"rate of {name}", {path: less}, {path: more}
        elif isinstance(spec.arrivals, Every):
            gap = spec.arrivals.interval
            yield (
                f"rate of {name}",
                {path: {"every": gap / (1.0 - share)}},
                {path: {"every": gap / (1.0 + share)}},
            )
    for name, group in scenario.consumers.items():
        path = f"consumers.{name}.speed"
        speeds = group.speed if isinstance(group.speed, list) else [group.speed]
        single = not isinstance(group.speed, list)
        slower, faster = ([speed / k for speed in speeds] for k in (1.0 + share, 1.0 - share))
        yield (
            f"work at {name}",
            {path: faster[0] if single else faster},
            {path: slower[0] if single else slower},
        )
        if single and group.autoscale is None:
            path, step = f"consumers.{name}.count", max(1, round(share * group.count))
            fewer = {path: group.count - step} if group.count > step else None
            yield f"count of {name} (± {step})", fewer, {path: group.count + step}
    if scenario.network.latency > 0.0:
        yield _of_path(scenario, "network.latency", share)


def _of_path(scenario: Scenario, path: str, share: float) -> Way:
    here: Any = scenario.to_data()
    for step in path.split("."):
        here = here.get(step) if isinstance(here, dict) else None
    if here is None:
        defaults: Any = scenario
        for step in path.split("."):
            defaults = defaults.get(step) if isinstance(defaults, dict) else getattr(defaults, step, None)
        here = defaults
    if isinstance(here, bool) or not isinstance(here, int | float):
        raise UsageError(
            f"--input {path}: it is no number of this scenario; write a path such as network.latency."
        )
    if isinstance(here, int):
        step_ = max(1, round(share * here))
        return f"{path} (± {step_})", {path: here - step_} if here > step_ else None, {path: here + step_}
    return path, {path: here * (1.0 - share)}, {path: here * (1.0 + share)}


def _rows(
    base: Scenario, judged: Measure, ways: Sequence[Way], budget: Budget, simulate: bool
) -> tuple[list[dict[str, Any]], float]:
    """The value after each change, the inputs that do most first, and the value without any."""
    share = budget.messages / (2 * len(ways) + 1)

    def tell(done: float, _: float) -> None:
        if budget.tell is not None:
            budget.tell(budget.spent + done, budget.messages)

    def value(changes: dict[str, Any] | None) -> Valued:
        try:
            made = base.with_(changes) if changes else base
        except ScenarioError:  # such as one worker fewer than a fault names
            return Valued({})
        own = Budget(share, on=budget.on, tell=tell, stopped=budget.stopped)
        try:
            found = valued(made, (judged,), base.seed, own, simulate=simulate)
        except KeyboardInterrupt:
            if not budget.spent:
                raise
            budget.stopped = True
            return Valued({})
        budget.spent += own.spent
        budget.stopped = own.stopped
        return found

    usual = _number(value(None), judged)
    rows: list[dict[str, Any]] = []
    for name, down, up in ways:
        low = math.nan if down is None else _number(value(down), judged)
        high = _number(value(up), judged)
        swing = max((abs(x - usual) for x in (low, high) if not math.isnan(x)), default=math.nan)
        rows.append({"input": name, "smaller": low, "larger": high, "swing": swing})
    rows.sort(key=lambda line: -line["swing"] if not math.isnan(line["swing"]) else math.inf)
    return rows, usual


def _number(found: Valued, measure: Measure) -> float:
    """Infinite where the setting is unstable."""
    return (
        math.inf if found.unstable else found.values[measure].value if measure in found.values else math.nan
    )


def _sentence(rows: Sequence[dict[str, Any]], usual: float, judged: Measure, share: float) -> str:
    if not math.isfinite(usual):
        return f"{judged.title} has no value: the scenario is unstable as it is."
    first = rows[0]
    said = [shown(first[side], judged.dimension) for side in ("smaller", "larger")]
    said = [
        "unknown" if text == "endless" or math.isnan(first[side]) else text
        for text, side in zip(said, ("smaller", "larger"), strict=True)
    ]
    value = shown(usual, judged.dimension)
    return (
        f"{judged.title} is {value} and depends most on the {first['input']}: "
        f"made {percent(share)} smaller it gives {said[0]}, made larger {said[1]}.{_rest(rows[1:], judged)}"
    )


def _shown(value: float, judged: Measure) -> str:
    if math.isnan(value):
        return "nothing, as it can't be smaller"
    return "an unstable queue" if math.isinf(value) else shown(value, judged.dimension)


def _rest(rows: Sequence[dict[str, Any]], judged: Measure) -> str:
    """The inputs that do less, in order."""
    known = [line for line in rows if not math.isnan(line["swing"])]
    if not known:
        return ""
    told = (f"{line['input']} (± {shown(line['swing'], judged.dimension)})" for line in known)
    return f" Then: {', '.join(told)}."
