"""Grids of settings, and what each comes to: a table with intervals, and a figure with bands.

What is finished is kept: in a file when one is named, so that the same sweep goes on from there.
"""

from __future__ import annotations

import itertools
import math
from typing import TYPE_CHECKING, Any

from mqsim.errors import UsageError
from mqsim.planning.answer import Answer, costs_nothing, plain
from mqsim.planning.figures import Drawing
from mqsim.planning.knobs import Knob, knob
from mqsim.planning.processors import Processors
from mqsim.planning.size_search import words
from mqsim.planning.study import Budget, Progress
from mqsim.planning.subject import Source, Texts, many, subject
from mqsim.planning.targets import Measure, worked
from mqsim.planning.targets import measure as read_measure
from mqsim.planning.units import amount, shown
from mqsim.planning.values import row, valued

if TYPE_CHECKING:
    import os
    from collections.abc import Iterator, Sequence

    from mqsim.scenario import Scenario

MOST = 100_000


def sweep(
    *,
    scenario: Source | None = None,
    vary: Texts = (),
    measure: Texts = (),
    one_at_a_time: bool = False,
    as_written: bool = False,
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
    """Try every setting of a grid, or each knob by itself.

    Args:
        scenario: a file, a preset, a Scenario or plain data; or else flags, as of `size`.
        vary: what is turned, such as `"consumers.packer.count=1..8"`; one text or several.
        measure: what is measured, such as `"orders.sojourn.p99"`; by default the p50, p95 and p99 of the
            sojourn of each queue with consumers.
        one_at_a_time: turn each knob while the others stay as the scenario has them, in place of all pairs.
        as_written: keep the scenario's own duration.
        simulate: simulate also where theory is exact.
        seed: of all random numbers, the same for every setting, so that settings share their luck.
        budget: messages that may be simulated for each setting.
        jobs: processes.
        dask: the address of a Dask scheduler on which to run, such as `"tcp://10.0.0.5:8786"`.
        resume: a file (JSON lines) that keeps finished settings; what it holds already isn't run again.
        engine: `simpy`, `compiled` or `auto`, as of `mqsim.simulate`; the answer is the same.
        progress: called with the settings done, and how many there are.
        flags: without a scenario: `rate`, `work`, `workers` and so on; a range is a knob.

    Raises:
        UsageError: a text can't be read, there is nothing to vary, or a setting too many.
        ScenarioError: a setting can't be run.

    Example:
        >>> answer = sweep(rate="0.5/s", work="1s", workers="1..2")
        >>> len(answer.table)
        2
    """
    asked = subject(scenario, seed, flags)
    knobs = (*asked.knobs, *(knob(text) for text in many(vary)))
    if not knobs:
        raise UsageError("sweep: say what may change, such as --vary consumers.worker.count=1..8.")
    settings = list(_settings(knobs, one_at_a_time))
    measures = _measures(many(measure), asked.scenario)
    for each in knobs:
        for value in each.values:
            asked.scenario.with_({each.path: value})  # a value that can't be had is told before any run
    ask = {
        "seed": asked.scenario.seed,
        "as_written": as_written,
        "simulate": simulate,
        "budget": budget,
        "engine": engine,
    }
    on = Processors.of(jobs, dask, resume, engine)
    rows = _run(asked.scenario, settings, measures, ask, on, progress)
    whole = len(rows) == len(settings)
    switches = {"one-at-a-time": one_at_a_time, "as-written": as_written, "simulate": simulate}
    options = {"vary": many(vary), "measure": many(measure)}
    numbers = {"budget": budget}
    command, code = (
        asked.command("sweep", options, switches, numbers),
        asked.code("sweep", options, switches, numbers),
    )
    says = _sentence(rows, settings, measures[-1], knobs, whole)
    notes = [f"Assumed: {'; '.join(asked.assumed)}."] if asked.assumed else []
    notes += [free] if (free := costs_nothing(asked.scenario)) else []
    return Answer(
        f"What do {amount(len(settings))} settings come to?",
        says,
        "met" if whole else "unsure",
        tuple(notes),
        code,
        command,
        {"sentence": says, "settings": plain(rows), "repeat": {"command": command, "code": code}},
        rows,
        asked.scenario,
        _drawing(knobs, measures, one_at_a_time),
    )


def _settings(knobs: Sequence[Knob], one_at_a_time: bool) -> Iterator[dict[str, Any]]:
    if one_at_a_time:
        for each in knobs:
            yield from ({each.path: value} for value in each.values)
        return
    if math.prod(len(each.values) for each in knobs) > MOST:
        raise UsageError(f"sweep: at most {MOST:,} settings will do; give shorter ranges.")
    for values in itertools.product(*(each.values for each in knobs)):
        yield dict(zip((each.path for each in knobs), values, strict=True))


def _measures(texts: Sequence[str], scenario: Scenario) -> tuple[Measure, ...]:
    if texts:
        return tuple(read_measure(text, scenario) for text in texts)
    return tuple(
        Measure("time", queue, "sojourn", name)
        for queue in worked(scenario)
        for name in ("p50", "p95", "p99")
    )


def _run(
    scenario: Scenario,
    settings: Sequence[dict[str, Any]],
    measures: Sequence[Measure],
    ask: dict[str, Any],
    on: Processors,
    progress: Progress | None,
) -> list[dict[str, Any]]:
    """The rows of the settings; after Ctrl-C those that are finished."""
    # Scenarios are made one by one, as processors ask for them: ten thousand would fill the memory.
    jobs = ((one, (scenario.with_(setting), setting, measures, ask)) for setting in settings)
    rows: list[dict[str, Any]] = []
    try:
        for found in on.carry_out(jobs, 1e6 * len(settings), len(settings)):
            rows.append(found)
            if progress is not None:
                progress(float(len(rows)), float(len(settings)))
    except KeyboardInterrupt:
        if not rows:
            raise
    return rows


def one(
    scenario: Scenario, setting: dict[str, Any], measures: Sequence[Measure], ask: dict[str, Any]
) -> dict[str, Any]:
    """One row: a setting and what it comes to. Nothing of its runs stays in memory."""
    found = valued(
        scenario,
        measures,
        ask["seed"],
        Budget(ask["budget"], on=Processors(workers=1, engine=ask["engine"])),
        as_written=ask["as_written"],
        simulate=ask["simulate"],
    )
    return row(setting, found, measures)


def _sentence(
    rows: Sequence[dict[str, Any]],
    settings: Sequence[dict[str, Any]],
    measure: Measure,
    knobs: Sequence[Knob],
    whole: bool,
) -> str:
    stopped = "" if whole else f" Stopped after {amount(len(rows))} of {amount(len(settings))} settings."
    known = [line for line in rows if math.isfinite(line[measure.name])]
    unstable = len(rows) - len(known)
    if not known:
        return f"All of {amount(len(rows))} settings are unstable or could not be measured.{stopped}"
    best = min(known, key=lambda line: line[measure.name])
    setting = {each.path: best[each.path] for each in knobs if each.path in best}
    value = shown(best[measure.name], measure.dimension)
    says = f"Of {amount(len(rows))} settings {measure.words} is smallest, {value}, with {words(setting)}"
    return f"{says}{f'; {amount(unstable)} are unstable' if unstable else ''}.{stopped}"


def _drawing(knobs: Sequence[Knob], measures: Sequence[Measure], one_at_a_time: bool) -> Drawing | None:
    if one_at_a_time and len(knobs) > 1:
        return None
    unit = {"time": "s", "rate": "1/s", "share": "", "count": ""}[measures[0].dimension]
    several = len(knobs) > 1
    names = tuple(each.name for each in measures if each.dimension == measures[0].dimension)
    return Drawing(
        knobs[0].path,
        names[-1:] if several else names,
        measures[-1].title if several else "Measures against the setting",
        "Bars and bands are 95 % intervals. Unstable settings have no mark.",
        unit,
        by=knobs[1].path if several else None,
    )
