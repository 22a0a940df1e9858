"""A scenario from a log: its arrivals and its work, replayed, spread, scaled or fitted; and a plan on it."""

from __future__ import annotations

import math
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from mqsim.errors import UsageError
from mqsim.planning.answer import Answer, command_line, costs_nothing
from mqsim.planning.figures import Drawing
from mqsim.planning.knobs import Knob, is_range
from mqsim.planning.knobs import values as read_values
from mqsim.planning.logfile import Columns, read
from mqsim.planning.quantities import amount, positive, seconds
from mqsim.planning.size import size
from mqsim.planning.subject import Texts, many
from mqsim.planning.timestamps import EPOCHS, as_seconds
from mqsim.planning.traffic import (
    Fitted,
    Traffic,
    as_profile,
    durations,
    fit,
    numbers,
    recorded,
    replayed,
    spread,
    traffic,
)
from mqsim.planning.workload import CONSUMER, QUEUE
from mqsim.scenario import Scenario

if TYPE_CHECKING:
    import os

_NAMES = (
    "time",
    "timestamp",
    "ts",
    "at",
    "date",
    "datetime",
    "created",
    "created_at",
    "start",
    "arrival",
    "@timestamp",
)
_BINS = 60


def from_log(
    file: str | os.PathLike[str],
    *,
    time: str | None = None,
    work: str | None = None,
    count: str | None = None,
    rate_column: str | None = None,
    every: str | None = None,
    unit: str = "auto",
    work_unit: str = "s",
    zone: str | None = None,
    form: str | None = None,
    how: str = "auto",
    scale: float = 1.0,
    sort: bool = False,
    work_mean: str | None = None,
    workers: str | int = 1,
    prefetch: str | int = 1,
    target: Texts = (),
    out: str | os.PathLike[str] | None = None,
    seed: int = 0,
    **options: Any,
) -> Answer:
    """Read a log, say what it holds, make a scenario of it and, with a target, size that.

    Args:
        file: CSV, Parquet, JSON lines, or a log whose lines hold a time.
        time: the column of times; by default the one that has such a name.
        work: a column of durations, in `work_unit`.
        count: a column of counts: each row is an interval that begins at its time (or see `every`).
        rate_column: likewise of rates, per second.
        every: the length of an interval, such as `"1min"`, where there is no column of times.
        unit: of times that are numbers: s, ms, us, ns; by default found by their size.
        work_unit: of the durations: s, ms, us or ns.
        zone: of times that name none.
        form: of times, as `strptime` has it.
        how: `replay` each message at its time; `spread` those that share a step of the clock within it; `fit`
            a Poisson process of changing rate; `auto` spreads where the clock is coarse.
        scale: 2 is twice the rate.
        sort: put times in order instead of refusing.
        work_mean: the mean work of a message where no column has it, such as `"40ms"` (exponential).
        workers: how many, or a range.
        prefetch: of each.
        target: what must hold, as of `size`; then the answer is that of `size`.
        out: a file for the scenario, in YAML.
        seed: of all random numbers.
        options: further arguments of `size`.

    Raises:
        UsageError: the file can't be understood; the line is named.
    """
    path = Path(file)
    columns = read(path)
    if unit not in ("auto", *EPOCHS) or work_unit not in EPOCHS:
        wrong = unit if unit not in ("auto", *EPOCHS) else work_unit
        raise UsageError(f"--unit, --work-unit: write one of s, ms, us, ns, not {wrong}.")
    if not scale > 0 or not math.isfinite(scale):
        raise UsageError(f"--scale {scale}: a factor is above 0.")
    if how not in ("auto", "replay", "spread", "fit"):
        raise UsageError(f"--how {how}: write replay, spread, fit or auto.")
    notes: list[str] = []
    if count is not None or rate_column is not None:
        arrivals, says, rows, span = _intervals(
            columns, time, count, rate_column, every, unit, zone, form, scale
        )
    else:
        named = _time_column(columns, time)
        found = traffic(columns, as_seconds(columns, named, unit, zone, form), sort)
        arrivals, said = _arrivals(found, how, scale, seed)
        says, rows, span = f"{path.name}: {found.words()}", _binned(found), found.span / scale
        notes.append(said)
    law, fitted = _work(columns, work, work_unit, work_mean, notes)
    scenario, knobs = _scenario(path.stem, arrivals, law, workers, prefetch, span, seed)
    if out is not None:
        Path(out).write_text(scenario.to_yaml(), encoding="utf-8")
        notes.append(f"The scenario is in {out}.")
    given = {
        "time": time, "work": work, "count": count, "rate-column": rate_column, "every": every, "zone": zone,
        "format": form, "work-mean": work_mean,
    }  # fmt: skip
    command, code = _again(path, given, how, scale, sort, workers, target, unit, work_unit)
    notes += [f"Warning: {each}" for each in _surges(scenario)]
    if many(target):
        return _sized(scenario, knobs, many(target), says, notes, command, code, seed, options)
    if free := costs_nothing(scenario):
        notes.append(free)
    data = {
        "sentence": f"{says}.",
        "messages": len(columns.lines),
        "fit": None if fitted is None else fitted.words(),
    }
    return Answer(
        f"What does {path.name} hold?",
        f"{says}.",
        "met",
        tuple(notes),
        code,
        command,
        data | {"repeat": {"command": command, "code": code}},
        rows,
        scenario,
        Drawing(
            "seconds", ("messages a second",), f"Messages a second in {path.name}", unit="1/s", steps=True
        ),
    )


def _time_column(columns: Columns, named: str | None) -> str:
    if named is not None:
        return named
    lower = {name.lower(): name for name in columns.cells}
    found = next((lower[name] for name in _NAMES if name in lower), None)
    if found is None and len(columns.cells) == 1:
        found = next(iter(columns.cells))
    if found is None:
        raise UsageError(f"--time: say which column holds the times: {', '.join(columns.cells)}.")
    return found


def _arrivals(found: Traffic, how: str, scale: float, seed: int) -> tuple[dict[str, Any], str]:
    chosen = how if how != "auto" else "spread" if found.coarse else "replay"
    scaled = "" if scale == 1.0 else f", {scale:g} times as fast"
    if chosen == "replay":
        warn = " The clock is coarse, so messages come in bursts that never were." if found.coarse else ""
        return replayed(found.times, scale), f"Each message comes at its time{scaled}.{warn}"
    if chosen == "spread":
        step = (
            f"within the {seconds(found.resolution)} that the clock leaves open"
            if found.resolution
            else "as it is"
        )
        return replayed(spread(found, seed), scale), f"Each message is spread at random {step}{scaled}."
    rows = _binned(found)
    width = found.span / len(rows)
    starts = np.array([row["seconds"] for row in rows]) / scale
    rates = np.array([row["messages a second"] for row in rows]) * scale
    return as_profile(starts, rates), f"{_judged(found, width)}{scaled}"


def _judged(found: Traffic, width: float) -> str:
    """Whether a Poisson process of changing rate is like the log: its counts vary as much as their mean."""
    fine = max(width / 20.0, found.resolution, 2.0 / found.rate)
    counts = np.bincount(np.floor(found.times / fine).astype(np.int64))[:-1].astype(np.float64)
    if counts.size < 20:
        return "Messages come at random at the log's own rate (Poisson)"
    steps = np.diff(counts)
    dispersion = float((steps @ steps) / (2.0 * steps.size) / max(counts.mean(), 1e-12))
    judged = "like the log" if 0.7 <= dispersion <= 1.4 else "unlike the log, which replay would keep"
    return (
        f"Messages come at random at the rate of each {seconds(width)} (Poisson): counts in the log vary "
        f"{dispersion:.2g} times as much as that, so this is {judged}."
    )


def _binned(found: Traffic) -> list[dict[str, Any]]:
    size = int(min(_BINS, max(1, found.times.size // 20)))
    counts, edges = np.histogram(found.times, bins=size, range=(0.0, found.span))
    width = edges[1] - edges[0]
    return [
        {"seconds": float(start), "messages a second": float(number / width)}
        for start, number in zip(edges[:-1], counts, strict=True)
    ]


def _intervals(
    columns: Columns,
    time: str | None,
    count: str | None,
    rate: str | None,
    every: str | None,
    unit: str,
    zone: str | None,
    form: str | None,
    scale: float,
) -> tuple[dict[str, Any], str, list[dict[str, Any]], float]:
    """Arrivals of counts or rates an interval."""
    values = numbers(columns, count or rate or "", "--count" if count else "--rate-column")
    if every is not None:
        width = positive(every, "time", "--every")
        starts = width * np.arange(values.size)
    else:
        starts = as_seconds(columns, _time_column(columns, time), unit, zone, form)
        starts = starts - starts[0]
        gaps = np.diff(starts)
        if not gaps.size or (gaps <= 0).any():
            raise UsageError(
                f"{columns.file}: intervals need rising times, at least two; or give --every 1min."
            )
        width = float(np.median(gaps))
    lengths = np.append(np.diff(starts), width)
    rates = scale * (values / lengths if count else values)
    if not rates.any():
        raise UsageError(f"{columns.file}: all {'counts' if count else 'rates'} are 0, so nothing comes.")
    span = float(starts[-1] + width)
    total = float((rates * lengths).sum())
    says = (
        f"{columns.file}: {amount(values.size)} intervals of {seconds(width)}, {amount(total)} messages in "
        f"{seconds(span)}, at most {amount(float(rates.max()))} a second; within an interval they come at "
        "random"
    )
    rows = [
        {"seconds": float(start), "messages a second": float(one)}
        for start, one in zip(starts, rates, strict=True)
    ]
    starts_, rates_ = np.append(starts, span), np.append(rates, 0.0)
    return as_profile(starts_, rates_), says, rows, span


def _work(
    columns: Columns, work: str | None, unit: str, mean: str | None, notes: list[str]
) -> tuple[Any, Fitted | None]:
    if work is None:
        if mean is None:
            notes.append("No work was given (--work COLUMN or --work-mean 40ms), so it takes no time.")
            return 0.0, None
        return {"exponential": {"mean": positive(mean, "time", "--work-mean")}}, None
    values = durations(columns, work, unit)
    if not values.any():
        raise UsageError(f"{columns.file}: column {work}: all work is 0.")
    fitted = fit(values)
    p50, p99 = (seconds(float(np.quantile(values, p))) for p in (0.5, 0.99))
    notes.append(
        f"Work: mean {seconds(float(values.mean()))}, p50 {p50}, p99 {p99}; messages draw from the recorded "
        f"values. The nearest law is {fitted.words()}."
    )
    return recorded(values), fitted


def _scenario(
    name: str,
    arrivals: dict[str, Any],
    law: Any,
    workers: str | int,
    prefetch: str | int,
    span: float,
    seed: int,
) -> tuple[Scenario, tuple[Knob, ...]]:
    counts = read_values(str(workers), f"--workers {workers}")
    knobs = (Knob(f"consumers.{CONSUMER}.count", counts),) if is_range(str(workers)) else ()
    scenario = Scenario.from_data(
        {
            "name": name,
            "seed": seed,
            "until": "drained",
            "max_duration": max(2.0 * span, span + 3600.0),
            "broker": {"queues": {QUEUE: {}}},
            "producers": {"log": {"to": QUEUE, "arrivals": arrivals, "work": law}},
            "consumers": {CONSUMER: {"queue": QUEUE, "count": counts[0], "prefetch": int(prefetch)}},
        }
    )
    return scenario, knobs


def _surges(scenario: Scenario) -> list[str]:
    from mqsim.runs import surge_warnings

    return [warning.message for warning in surge_warnings(scenario)]


def _sized(
    scenario: Scenario,
    knobs: tuple[Knob, ...],
    targets: tuple[str, ...],
    says: str,
    notes: list[str],
    command: str,
    code: str,
    seed: int,
    options: dict[str, Any],
) -> Answer:
    from dataclasses import replace

    if not knobs:
        raise UsageError("--workers: with a target give a range, such as 1..40.")
    vary = [f"{knob.path}={','.join(map(str, knob.values))}" for knob in knobs]
    answer = size(scenario=scenario, vary=vary, target=targets, seed=seed, **options)
    data = dict(answer.data) | {"log": f"{says}.", "repeat": {"command": command, "code": code}}
    return replace(answer, notes=(f"{says}.", *notes, *answer.notes), command=command, code=code, data=data)


def _again(
    path: Path,
    given: dict[str, str | None],
    how: str,
    scale: float,
    sort: bool,
    workers: str | int,
    target: Texts,
    unit: str,
    work_unit: str,
) -> tuple[str, str]:
    """The command and the code that ask the same."""
    words: dict[str, Any] = {name: value for name, value in given.items() if value is not None}
    words |= {"how": how} if how != "auto" else {}
    words |= {"scale": f"{scale:g}"} if scale != 1.0 else {}
    words |= {"unit": unit} if unit != "auto" else {}
    words |= {"work-unit": work_unit} if work_unit != "s" else {}
    words |= {"workers": workers} if str(workers) != "1" else {}
    line = ["from-log", str(path)]
    for name, value in words.items():
        line += [f"--{name}", str(value)]
    for text in many(target):
        line += ["--target", text]
    line += ["--sort"] if sort else []
    python = {"format": "form"}
    said = [f"{python.get(name, name).replace('-', '_')}={value!r}" for name, value in words.items()]
    said += [f"target={list(many(target))!r}"] if many(target) else []
    said += ["sort=True"] if sort else []
    inside = ", ".join([repr(str(path)), *said]).replace(f"scale='{scale:g}'", f"scale={scale:g}")
    return command_line(line), f"mq.planning.from_log({inside})"
