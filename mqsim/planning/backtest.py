"""A log's second half predicted from its first, and by how much that was wrong: before any advice.

The prediction is what one would have said at the time: the rate follows the first half's course, messages
come at random at that rate, and work is drawn from what was recorded. The truth is the second half itself,
message by message. Where the error is large, no plan made from this log can be trusted further.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from mqsim.errors import UsageError
from mqsim.planning.answer import Answer, plain
from mqsim.planning.figures import Drawing
from mqsim.planning.from_log import again
from mqsim.planning.knobs import is_range
from mqsim.planning.knobs import values as read_values
from mqsim.planning.logfile import read
from mqsim.planning.logged import Logged, Named, logged, scenario_of, times_of
from mqsim.planning.processors import Processors
from mqsim.planning.size import size
from mqsim.planning.study import Budget
from mqsim.planning.subject import Texts, many
from mqsim.planning.targets import Measure
from mqsim.planning.targets import target as read_target
from mqsim.planning.traffic import durations
from mqsim.planning.units import amount, percent, positive, shown
from mqsim.planning.values import valued
from mqsim.planning.workload import QUEUE

if TYPE_CHECKING:
    import os
    from collections.abc import Iterator, Sequence

    from mqsim.planning.columns import Columns
    from mqsim.planning.judge import State
    from mqsim.planning.study import Progress
    from mqsim.scenario import Scenario

GOOD = 0.20
"""The largest error at which the first part is said to foretell the second."""
LEAST = 20
"""Rows that each part must have."""
SOJOURNS = tuple(Measure("time", QUEUE, "sojourn", each) for each in ("p50", "p95", "p99"))


@dataclass(frozen=True)
class Foretold:
    """One number: what the first half says it will be, and what it was."""

    what: str
    unit: str
    predicted: float
    actual: float

    @property
    def error(self) -> float:
        """Predicted over actual, less 1."""
        if self.actual == self.predicted:
            return 0.0
        return self.predicted / self.actual - 1.0 if self.actual else math.inf


def backtest(
    file: str | os.PathLike[str],
    *,
    share: str = "50%",
    workers: str | int = 1,
    prefetch: str | int = 1,
    target: Texts = (),
    seed: int = 0,
    budget: float = 4e6,
    jobs: int | None = None,
    dask: str | None = None,
    resume: str | os.PathLike[str] | None = None,
    engine: str = "auto",
    progress: Progress | None = None,
    **columns: Any,
) -> Answer:
    """Predict the second half of a log from its first, and show the error before any advice.

    Args:
        file: CSV, Parquet, JSON lines, or a log whose lines hold a time.
        share: how much of the log's time the prediction is made from, such as `"50%"`.
        workers: who serves both halves; with a target a range, such as `"1..40"`.
        prefetch: of each.
        target: what must hold, as of `size`; the number of workers is then found from the first part, and
            tried on the second.
        seed: of all random numbers.
        budget: messages that may be simulated in all.
        jobs: processes.
        dask: the address of a Dask scheduler on which to run.
        resume: a file (JSON lines) that keeps finished runs.
        engine: `simpy`, `compiled` or `auto`, as of `mqsim.simulate`; the answer is the same.
        progress: called with the messages simulated so far and those of the budget.
        columns: what the columns are, as of `from_log`: `time`, `work`, `count`, `every` and so on.

    Raises:
        UsageError: the file can't be understood, or is too short to be cut.
    """
    path = Path(file)
    named = Named(**columns)
    part = positive(share, "share", "--share")
    if part >= 1.0:
        raise UsageError(f"--share {share}: something must be left to predict; write a share such as 50%.")
    first, second = _parts(read(path), named, part)
    before, after = logged(first, named, "fit", 1.0, seed), logged(second, named, "auto", 1.0, seed)
    purse = Budget(budget, on=Processors.of(jobs, dask, resume, engine), tell=progress)
    texts = many(target)
    if is_range(str(workers)) and not texts:
        raise UsageError("--workers: give one number, or a --target that a range is sized for.")
    sized = _sized(path, before, workers, prefetch, texts, seed, purse) if texts else None
    count = workers if sized is None else sized.data["value"] or read_values(str(workers), "--workers")[-1]
    predicted, truth = (
        scenario_of(path.stem, half.arrivals, half.work, count, prefetch, half.span, seed)[0]
        for half in (before, after)
    )
    told = list(_load(first, second, before, after, named))
    if before.work and after.work:
        told += _sojourns(predicted, truth, purse)
    says, state = _sentence(path, told, part, int(count))
    if sized is not None:
        advice, kept = _advice(sized, truth, texts, purse)
        says, state = f"{says} {advice}", state if kept else "not met"
    others = {"share": share, "workers": str(workers), "prefetch": str(prefetch), "seed": seed}
    others["budget"] = budget
    command, code = again("backtest", path, named, others, texts)
    rows = [
        {"number": each.what, "predicted": each.predicted, "actual": each.actual, "error": each.error}
        for each in told
    ]
    data = {"sentence": says, "numbers": plain(rows), "repeat": {"command": command, "code": code}}
    return Answer(
        f"Does the first part of {path.name} foretell the second?",
        says,
        "unsure" if purse.stopped else state,
        tuple(_notes(before, after, purse, sized)),
        code,
        command,
        data,
        rows,
        truth,
        Drawing(
            "number",
            ("error",),
            "Predicted over actual, less 1",
            "Above 0: more was predicted than came.",
            "share",
        ),
    )


def _parts(columns: Columns, named: Named, part: float) -> tuple[Columns, Columns]:
    """The rows of the first part of the log's time, and the rest."""
    times = times_of(columns, named)
    order = [int(i) for i in np.argsort(times, kind="stable")] if named.sort else list(range(times.size))
    cut = times.min() + part * (times.max() - times.min())
    first = [i for i in order if times[i] < cut]
    second = [i for i in order if times[i] >= cut]
    if min(len(first), len(second)) < LEAST:
        raise UsageError(
            f"{columns.file}: {amount(len(first))} rows come before the cut and {amount(len(second))} after "
            f"it; each part needs at least {LEAST}, so give a longer log or another --share."
        )
    return columns.rows(first), columns.rows(second)


def _load(first: Columns, second: Columns, before: Logged, after: Logged, named: Named) -> Iterator[Foretold]:
    """What comes, and the work in it."""
    yield Foretold("messages a second", "rate", _rate(before), _rate(after))
    yield Foretold("busiest messages a second", "rate", _busiest(before, after), _busiest(after, after))
    if named.work is None:
        return
    works = [durations(half, named.work, named.work_unit) for half in (first, second)]
    yield Foretold("work mean", "time", *(float(work.mean()) for work in works))
    yield Foretold("work p99", "time", *(float(np.quantile(work, 0.99)) for work in works))


def _rate(half: Logged) -> float:
    return half.messages / half.span


def _busiest(half: Logged, other: Logged) -> float:
    """The largest rate over a sixtieth of the other part's time."""
    width = max(other.span / 60.0, half.span / len(half.rows))
    totals: dict[int, list[float]] = {}
    for row in half.rows:
        totals.setdefault(int(row["seconds"] // width), []).append(row["messages a second"])
    return max(sum(rates) / len(rates) for rates in totals.values())


def _sojourns(predicted: Scenario, truth: Scenario, purse: Budget) -> Iterator[Foretold]:
    """How long messages take: foretold, and with what really came."""
    found = [valued(each, SOJOURNS, each.seed, purse, as_written=True) for each in (predicted, truth)]
    for measure in SOJOURNS:
        values = [each.values[measure].value if measure in each.values else math.nan for each in found]
        yield Foretold(f"sojourn {measure.statistic}", "time", *values)


def _sized(
    path: Path,
    before: Logged,
    workers: str | int,
    prefetch: str | int,
    texts: Sequence[str],
    seed: int,
    purse: Budget,
) -> Answer:
    scenario, knobs = scenario_of(
        path.stem, before.arrivals, before.work, workers, prefetch, before.span, seed
    )
    if not knobs:
        raise UsageError("--workers: with a target give a range, such as 1..40.")
    vary = [f"{knob.path}={','.join(map(str, knob.values))}" for knob in knobs]
    return size(
        scenario=scenario,
        vary=vary,
        target=texts,
        seed=seed,
        budget=purse.messages / 2.0,
        engine=purse.on.engine,
    )


def _advice(sized: Answer, truth: Scenario, texts: Sequence[str], purse: Budget) -> tuple[str, bool]:
    """What was found on the first part, and whether it would have held in the second."""
    if sized.data["value"] is None:
        return f"On the first part: {sized.sentence}", False
    targets = [read_target(text, truth) for text in texts]
    found = valued(truth, [each.measure for each in targets], truth.seed, purse, as_written=True)
    parts, kept = [], True
    for each in targets:
        value = found.values[each.measure].value if each.measure in found.values else math.nan
        met = each.met(value)
        kept = kept and met
        verdict = "keeps" if met else "misses"
        parts.append(
            f"{each.measure.words} would have been {shown(value, each.measure.dimension)}, which {verdict} "
            f"{each.text}"
        )
    return f"On the first part: {sized.sentence} In the second part {', and '.join(parts)}.", kept


def _sentence(path: Path, told: Sequence[Foretold], part: float, count: int) -> tuple[str, State]:
    worst = max(told, key=lambda each: abs(each.error) if not math.isnan(each.error) else 0.0)
    good = abs(worst.error) <= GOOD
    verdict = "foretells the rest" if good else "does not foretell the rest"
    who = f" with {count} worker{'s' if count != 1 else ''}" if worst.what.startswith("sojourn") else ""
    both = [
        shown(value, "time" if worst.unit == "time" else "rate") for value in (worst.predicted, worst.actual)
    ]
    off = f"{percent(abs(worst.error))} too {'much' if worst.error > 0 else 'little'}"
    says = (
        f"The first {percent(part)} of {path.name} {verdict}: the largest error is that of the {worst.what}"
        f"{who}, predicted {both[0]} and in truth {both[1]} ({off})."
    )
    if not good:
        says = f"{says} A plan made from this log may be as far off."
    return says, "met" if good else "not met"


def _notes(before: Logged, after: Logged, purse: Budget, sized: Answer | None) -> Iterator[str]:
    yield f"First part: {before.says}."
    yield f"Second part: {after.says}."
    yield (
        "Predicted: messages come at random at the first part's own rate over time, and work is drawn from "
        "what it recorded. In truth: the second part, message by message."
    )
    yield f"Errors of at most {percent(GOOD)} count as foretold."
    if purse.stopped:
        yield purse.stop_note
    if sized is not None:
        yield from sized.notes
