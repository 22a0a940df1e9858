"""What changes if: one future beside another, with the same messages and the same luck in both.

Replication k of both has the same arrivals and the same work (common random numbers), so their difference is
far better known than either.
"""

from __future__ import annotations

import math
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from mqsim.errors import ScenarioError, UsageError
from mqsim.planning.answer import Answer, costs_nothing, plain
from mqsim.planning.closed_form import overloaded, says_overloaded
from mqsim.planning.events import burst as read_burst
from mqsim.planning.events import killed, last_instant, slowed
from mqsim.planning.figures import Drawing
from mqsim.planning.processors import Processors
from mqsim.planning.study import FEWEST, SHOWN, Budget, Progress, Study, over_runs
from mqsim.planning.subject import Source, Subject, Texts, changed, many, subject
from mqsim.planning.targets import Measure, without_units, worked
from mqsim.planning.targets import measure as read_measure
from mqsim.planning.targets import targets as read_targets
from mqsim.planning.units import estimated, percent, quantity, seconds, shown
from mqsim.planning.values import open_targets
from mqsim.statistics import Interval, mean_interval

if TYPE_CHECKING:
    import os
    from collections.abc import Sequence

    from mqsim.planning.judge import State
    from mqsim.scenario import Scenario
    from mqsim.statistics.sections import Estimate

MOST_RUNS = 20
FATES = ("lost", "dropped", "refused", "expired", "rejected", "dead-lettered", "redelivered")
"""What may become of messages beside being worked on; told where it happens."""


def what_if(
    *,
    scenario: Source | None = None,
    kill: Texts = (),
    slow: Texts = (),
    burst: Texts = (),
    change: Texts = (),
    measure: Texts = (),
    target: Texts = (),
    seed: int | None = None,
    budget: float = 4e6,
    jobs: int | None = None,
    dask: str | None = None,
    resume: str | os.PathLike[str] | None = None,
    engine: str = "auto",
    progress: Progress | None = None,
    **flags: Any,
) -> Answer:
    """Compare a scenario with the same one in which something happens, or is otherwise.

    Args:
        scenario: a file, a preset, a Scenario or plain data; or else flags, as of `size`.
        kill: `"packer-2@600:300"`: dies at 600 s and is back after 300 s.
        slow: `"packer*3@600:300"`: work takes three times as long.
        burst: `"x2@600:120"`: twice as many messages come for 120 s.
        change: `"consumers.packer.count=3"`: a field has another value.
        measure: what to compare, such as `"orders.sojourn.p99"`; by default times, misses and depth of each
            queue, and how long it takes to recover.
        target: what must hold in the changed future; decides the state of the answer.
        seed: of all random numbers.
        budget: messages that may be simulated in all.
        jobs: processes.
        dask: the address of a Dask scheduler on which to run, such as `"tcp://10.0.0.5:8786"`.
        resume: a file (JSON lines) that keeps finished runs; what it holds already isn't run again.
        engine: `simpy`, `compiled` or `auto`, as of `mqsim.simulate`; the answer is the same.
        progress: called with the messages simulated so far and those of the budget.
        flags: without a scenario: `rate`, `work`, `workers` and so on.

    Raises:
        UsageError: a text can't be read, or nothing is changed.
        ScenarioError: either scenario can't be run.

    Example:
        >>> answer = what_if(scenario="task-queue", kill="worker-1@3s")
        >>> answer.state
        'met'
    """
    asked = subject(scenario, seed, flags)
    before = asked.scenario
    events = {"kill": many(kill), "slow": many(slow), "burst": many(burst), "change": many(change)}
    if not any(events.values()):
        raise UsageError("what-if: say what happens: --kill, --slow, --burst or --change.")
    after = _changed(before, events)
    timed = events["kill"] or events["slow"] or events["burst"]
    if timed and asked.flags and "duration" not in asked.flags:
        before, after = _long_enough(before, after)
    if after.duration is not None and last_instant(after.faults) > after.duration:
        raise UsageError(
            f"what-if: it is over at {seconds(last_instant(after.faults))}, but the run ends at "
            f"{seconds(after.duration)}; give a longer duration."
        )
    measures = _measures(many(measure), after)
    targets = read_targets(many(target), after)
    everything = tuple(dict.fromkeys((*measures, *(each.measure for each in targets))))
    purse = Budget(budget, on=Processors.of(jobs, dask, resume, engine), tell=progress)
    pair = _both(before, after, everything, before.seed, purse)
    rows = [_row(each, *pair) for each in measures]
    state: State = "met"
    for each in targets:
        found = _over_runs(pair[1], each.measure)
        state = _worse(state, each.met(found.low), each.met(found.high))
    happens = _happens(events)
    overload = _overload(before, "Before the change") + _overload(_lasting(after), "With the change")
    says = f"{_sentence(happens, rows, measures, pair[1])}{_verdicts(targets, pair[1])}{overload}"
    switches: dict[str, bool] = {}
    options = {**events, "measure": many(measure), "target": many(target)}
    numbers = {"budget": budget}
    command, code = (
        asked.command("what-if", options, switches, numbers),
        asked.code("what_if", options, switches, numbers),
    )
    data = {"sentence": says, "state": state, "differences": plain(rows), "runs": len(pair[0].runs)}
    return Answer(
        f"What if {happens}?",
        says,
        "unsure" if purse.stopped else state,
        (
            *_notes(asked, *pair, everything),
            *without_units(targets),
            *([purse.stop_note] if purse.stopped else []),
            *([purse.over_note] if purse.over_note else []),
        ),
        code,
        command,
        data | {"repeat": {"command": command, "code": code}},
        rows,
        before,
        Drawing("measure", ("difference",), f"What changes if {happens}", "Bars are 95 % intervals."),
    )


def _changed(scenario: Scenario, events: dict[str, tuple[str, ...]]) -> Scenario:
    made = changed(scenario, events["change"])
    faults = [("--kill", text, killed(text)) for text in events["kill"]]
    faults += [("--slow", text, slowed(text)) for text in events["slow"]]
    for option, text, fault in faults:
        try:
            made = made.with_({f"faults.{len(made.faults)}": fault})
        except ScenarioError as error:
            error.args = (f"{option} {text}: {str(error).partition(': ')[2]}",)
            raise
    for text in events["burst"]:
        made = made.with_(read_burst(text, scenario))
    return made


def _long_enough(before: Scenario, after: Scenario) -> tuple[Scenario, Scenario]:
    """A load described by flags is watched for three times as long as what happens takes."""
    ends = [last_instant(after.faults), *(spec.stop or 0.0 for spec in after.producers.values())]
    duration = max(3.0 * max(ends), 60.0)
    return before.with_({"duration": duration}), after.with_({"duration": duration})


def _measures(texts: Sequence[str], scenario: Scenario) -> tuple[Measure, ...]:
    if texts:
        return tuple(read_measure(text, scenario) for text in texts)
    names = ("mean", "p95", "p99")
    found: list[Measure] = []
    for queue in worked(scenario):
        found += [Measure("time", queue, "sojourn", name) for name in names]
        found.append(Measure("number", path=("queues", queue, "depth", "max"), dimension="count"))
        found += [Measure("number", path=("queues", queue, fate), dimension="count") for fate in FATES]
        if scenario.faults:
            found.append(Measure("recover", queue))
    return tuple(found)


def _both(
    before: Scenario, after: Scenario, measures: Sequence[Measure], seed: int, budget: Budget
) -> tuple[Study, Study]:
    """Both futures, run by run with the same random numbers."""
    asked = open_targets(measures)
    studies = [Study.of(scenario, asked, seed) for scenario in (before, after)]
    if all(study.length.steady for study in studies):
        length = max((study.length for study in studies), key=lambda each: each.kept)
        share = budget.messages / 2.0 / max(length.messages, 1.0)
        length = length.scaled(share) if share < 1.0 else length
    else:
        studies = [Study.of(scenario, asked, seed, as_written=True) for scenario in (before, after)]
        length = studies[1].length
        affordable = budget.messages / 2.0 / max(length.messages / length.runs, 1.0)
        runs = int(min(max(affordable, FEWEST), MOST_RUNS))
        length = replace(length, runs=runs, messages=length.messages / length.runs * runs)
    unfinished = tuple(_unfinished(name) for name in worked(after))
    for study in studies:
        study.length = length
        study.measures = tuple(dict.fromkeys((*study.measures, *unfinished)))
    pairs = zip(*(study.jobs(budget.on.engine) for study in studies), strict=True)
    jobs = [job for pair in pairs for job in pair]
    try:
        for part in budget.portions(jobs, 2.0 * length.messages, together=2):
            for k, observation in enumerate(budget.on.carry_out(part, 2.0 * length.messages)):
                studies[k % 2].runs.append(observation)
                budget.spend(observation.messages)
    except KeyboardInterrupt:
        budget.stopped = True
        if len(studies[1].runs) < FEWEST:
            raise
        del studies[0].runs[len(studies[1].runs) :]
    return studies[0], studies[1]


def _unfinished(queue: str) -> Measure:
    """How many messages of a queue are still under way when a run ends."""
    return Measure("number", path=("queues", queue, "unfinished"), dimension="count")


def _lasting(scenario: Scenario) -> Scenario:
    """What remains for good: without those consumers that die and don't come back."""
    dead = [
        fault.target
        for fault in scenario.faults
        if fault.kind in ("crash", "stop") and fault.at is not None and not fault.restart_after
    ]
    left = {}
    for name, spec in scenario.consumers.items():
        gone = {who for who in dead if who in (name, *(f"{name}-{k}" for k in range(1, spec.count + 1)))}
        if gone:
            left[f"consumers.{name}.count"] = 0 if name in gone else spec.count - len(gone)
    if not left:
        return scenario
    try:
        return scenario.with_({"faults": [], **left})
    except ScenarioError:  # nobody is left: the runs themselves say that their messages are never done
        return scenario


def _overload(scenario: Scenario, when: str) -> str:
    """A sentence where more comes than can be done; empty otherwise."""
    load = overloaded(scenario)
    if load is None:
        return ""
    what = f"queue {load.name}" if load.part == "queue" else load.name or "the broker"
    return f" {when} {what} is unstable: {says_overloaded(load)}, so the longer the run, the worse it gets."


def _over_runs(study: Study, measure: Measure) -> Estimate:
    """The mean over runs of the measure of each run, with its 95 % interval: as the table has it."""
    return over_runs(each_run(study, measure).tolist(), SHOWN)


def each_run(study: Study, measure: Measure) -> np.ndarray[Any, np.dtype[np.float64]]:
    """The measure of each run by itself."""
    return np.array([_of_run(study, measure, k) for k in range(len(study.runs))])


def _of_run(study: Study, measure: Measure, k: int) -> float:
    run = study.runs[k]
    if measure.kind not in ("time", "share"):
        return run.numbers[measure]
    times = run.times[measure]
    if not times.size:
        return math.nan
    if measure.kind == "share":
        return float((times <= measure.within).mean())
    if measure.percentile is not None:
        return float(np.quantile(times, measure.percentile / 100.0, method="inverted_cdf"))
    done = times[np.isfinite(times)]
    if not done.size:
        return math.nan
    return float(done.mean() if measure.statistic == "mean" else done.max())


def _row(measure: Measure, before: Study, after: Study) -> dict[str, Any]:
    a, b = each_run(before, measure), each_run(after, measure)
    if measure.kind == "recover" and not before.scenario.faults:
        a = np.full_like(a, math.nan)  # Nothing happens there from which it could recover.
    known = ~np.isnan(a) & ~np.isnan(b)
    bounded = np.isfinite(a) & np.isfinite(b)
    off: Interval | None = mean_interval((b - a)[bounded]) if bounded.any() and bounded[known].all() else None
    row: dict[str, Any] = {"measure": measure.name, "before": _mean(a), "after": _mean(b)}
    row |= {"difference": None, "difference low": None, "difference high": None}
    if off is not None:
        half = off.half_width if math.isfinite(off.half_width) else 0.0
        row |= {"difference": off.mean, "difference low": off.mean - half, "difference high": off.mean + half}
    return row


def _mean(values: np.ndarray[Any, np.dtype[np.float64]]) -> float:
    """Infinite where that of a run is; NaN where no run has one."""
    return over_runs(values.tolist(), SHOWN).value


def _happens(events: dict[str, tuple[str, ...]]) -> str:
    verbs = {"kill": "{} is killed", "slow": "{} is slow", "burst": "{} comes", "change": "{}"}
    parts = []
    for kind, texts in events.items():
        for text in texts:
            what, _, when = text.partition("@")
            at, _, lasts = when.partition(":")
            named = verbs[kind].format("a burst " + what if kind == "burst" else what)
            parts.append(
                named + (f" at {_time(at)}" if at else "") + (f" for {_time(lasts)}" if lasts else "")
            )
    return " and ".join(parts)


def _time(text: str) -> str:
    return seconds(quantity(text, "time", "a time"))


def _sentence(happens: str, rows: Sequence[dict[str, Any]], measures: Sequence[Measure], after: Study) -> str:
    parts = []
    for row, measure in zip(rows, measures, strict=True):
        if (said := _said(row, measure, after)) is not None:
            parts.append(said)
    return f"If {happens}: {'; '.join(parts) or 'nothing was measured'}."


def _said(row: dict[str, Any], measure: Measure, study: Study) -> str | None:
    before, after, off = row["before"], row["after"], row["difference"]
    dimension = measure.dimension
    if math.isnan(after):
        return None
    if measure.kind == "recover":
        return _recovered(after, measure.queue, study)
    if math.isinf(after):
        was = f" ({shown(before, dimension)} before)" if math.isfinite(before) else ""
        return f"{measure.words} has no value{was}, because {_unending(study)}"
    if measure.path[-1:] and measure.path[-1] in FATES and not before and not after:
        return f"no message of queue {measure.path[1]} is lost" if measure.path[-1] == "lost" else None
    if off is None:
        was = " (before, it has no value: some messages are never done)" if math.isinf(before) else ""
        return f"{_without_misses(measure, study)} is {shown(after, dimension)}{was}"
    name = _without_misses(measure, study)
    low, high = row["difference low"], row["difference high"]
    if low <= 0.0 <= high:
        return f"{name} shows no difference ({shown(before, dimension)} before)"
    verb = "rises" if off > 0 else "falls"
    size, least, most = (shown(abs(x), dimension) for x in (off, low, high))
    between = f"{least} to {most}" if off > 0 else f"{most} to {least}"
    return (
        f"{name} {verb} from {shown(before, dimension)} to {shown(after, dimension)} (by {size}, {between})"
    )


def _without_misses(measure: Measure, study: Study) -> str:
    """A mean or largest time leaves out what was never done, which must not flatter it."""
    missed = study.missed(measure) if measure.kind == "time" and measure.percentile is None else 0.0
    if not missed:
        return measure.words
    return f"{measure.words}, without the {percent(missed)} of messages that were never done,"


def _recovered(after: float, queue: str, study: Study) -> str:
    if math.isfinite(after):
        ends = all(fault.restart_after or fault.for_ or fault.down for fault in study.scenario.faults)
        back = f"{'the fault is over and ' if ends else ''}no more messages wait than on average before it"
        return f"queue {queue} has recovered {seconds(after)} after the fault began, which means that {back}"
    return (
        f"queue {queue} has not recovered in some runs when they end at {seconds(study.played.horizon)}; "
        "a longer duration would tell when it does"
    )


def _unending(study: Study) -> str:
    """Why a time has no value: the run was over too soon, or messages were lost for good."""
    cut = [
        run.numbers[each] for run in study.runs for each in run.numbers if each.path[2:] == ("unfinished",)
    ]
    if study.scenario.duration is not None and any(number > 0.0 for number in cut):
        return (
            f"some runs end at {seconds(study.played.horizon)} while messages are still under way; "
            "give a longer duration"
        )
    return "in some runs too many messages are never done: they are lost, dropped, refused or expire"


def _verdicts(targets: Sequence[Any], study: Study) -> str:
    says = ""
    for each in targets:
        found = _over_runs(study, each.measure)
        state = _worse("met", each.met(found.low), each.met(found.high))
        value = (
            "no value in some runs"
            if math.isinf(found.value)
            else (estimated(found.value, found.low, found.high, each.measure.dimension))
        )
        says += f" The target {each.text} is {state}: {value}."
    return says


def _worse(state: State, low: bool, high: bool) -> State:
    own: State = "met" if low and high else "not met" if not low and not high else "unsure"
    order: tuple[State, ...] = ("met", "unsure", "not met")
    return max(state, own, key=order.index)


def _notes(asked: Subject, before: Study, after: Study, measures: Sequence[Measure]) -> tuple[str, ...]:
    length, scenario = before.length, before.scenario
    lasts = seconds(scenario.horizon)
    how = "in the steady state" if length.steady else f"of {lasts}"
    notes = [
        f"{len(before.runs)} pairs of runs {how} with the same messages and the same luck; values are means "
        'of runs, ranges are 95 % intervals (after "by", of the difference).'
    ]
    if not length.steady and any(measure.kind in ("time", "share") for measure in measures):
        what = " and not over the time of the fault alone" if after.scenario.faults else ""
        notes.append(f"A mean, percentile or share of times is over all messages of a run of {lasts}{what}.")
    if asked.assumed:
        notes.append(f"Assumed: {'; '.join(asked.assumed)}.")
    if free := costs_nothing(scenario):
        notes.append(free)
    return tuple(notes)
