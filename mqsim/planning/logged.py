"""A log as the load of a scenario: when messages come, and what work is in them."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from mqsim.errors import UsageError
from mqsim.planning.knobs import Knob, is_range
from mqsim.planning.knobs import values as read_values
from mqsim.planning.timestamps import EPOCHS, Floats, as_seconds, looks_like_time
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
from mqsim.planning.units import amount, positive, seconds
from mqsim.planning.workload import CONSUMER, QUEUE
from mqsim.scenario import Scenario

if TYPE_CHECKING:
    from mqsim.planning.columns import Columns

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


@dataclass(frozen=True)
class Named:
    """What the columns of a log are; see `mqsim.planning.from_log` for each."""

    time: str | None = None
    work: str | None = None
    count: str | None = None
    rate_column: str | None = None
    every: str | None = None
    unit: str = "auto"
    work_unit: str = "s"
    zone: str | None = None
    form: str | None = None
    sort: bool = False
    work_mean: str | None = None

    def __post_init__(self) -> None:
        """Check the units.

        Raises:
            UsageError: there is no such unit.
        """
        if self.unit not in ("auto", *EPOCHS) or self.work_unit not in EPOCHS:
            wrong = self.unit if self.unit not in ("auto", *EPOCHS) else self.work_unit
            raise UsageError(f"--unit, --work-unit: write one of s, ms, us, ns, not {wrong}.")

    def options(self) -> dict[str, Any]:
        """What differs from its default, by name."""
        return {name: value for name, value in vars(self).items() if value != getattr(Named, name)}


@dataclass(frozen=True)
class Logged:
    """A log as a load.

    Attributes:
        arrivals, work: as a scenario has them.
        says: what the log holds, in a sentence without its full stop.
        rows: messages a second over time, for a table and a figure.
        span: how long it lasts, in seconds.
        messages: how many there are.
        notes: how it was read, in sentences.
        fitted: the nearest law of the work, if there is a column of it.
    """

    arrivals: dict[str, Any]
    work: Any
    says: str
    rows: list[dict[str, Any]]
    span: float
    messages: float
    notes: tuple[str, ...]
    fitted: Fitted | None


def logged(columns: Columns, named: Named, how: str, scale: float, seed: int) -> Logged:
    """Read a log's columns as a load.

    Args:
        columns: of the log.
        named: what they are.
        how: `replay`, `spread`, `fit` or `auto`; see `mqsim.planning.from_log`.
        scale: 2 is twice the rate.
        seed: of the spreading within a step of the log's clock.

    Raises:
        UsageError: a cell can't be understood; its line is named.
    """
    if not scale > 0 or not math.isfinite(scale):
        raise UsageError(f"--scale {scale}: a factor is above 0.")
    if how not in ("auto", "replay", "spread", "fit"):
        raise UsageError(f"--how {how}: write replay, spread, fit or auto.")
    notes: list[str] = []
    if named.count is not None or named.rate_column is not None:
        arrivals, says, rows, span, total = _intervals(columns, named, scale)
    else:
        column = _time_column(columns, named.time)
        found = traffic(columns, as_seconds(columns, column, named.unit, named.zone, named.form), named.sort)
        arrivals, said = _arrivals(found, how, scale, seed)
        says, rows, span = f"{columns.name}: {found.words()}", _binned(found), found.span / scale
        total = float(found.times.size)
        notes.append(said)
    if len(columns.cells) > 1 and all(name.isdigit() for name in columns.cells):
        notes.append("The file has no header, so its columns are called 1, 2 and so on.")
    work, fitted = _work(columns, named, notes)
    return Logged(arrivals, work, says, rows, span, total, tuple(notes), fitted)


def times_of(columns: Columns, named: Named) -> Floats:
    """The time of each row, in seconds.

    Raises:
        UsageError: a cell is no time.
    """
    if named.every is not None:
        return positive(named.every, "time", "--every") * np.arange(float(len(columns.lines)))
    column = _time_column(columns, named.time)
    return as_seconds(columns, column, named.unit, named.zone, named.form)


def _time_column(columns: Columns, named: str | None) -> str:
    if named is not None:
        return named
    lower = {name.lower(): name for name in columns.cells}
    found = next((lower[name] for name in _NAMES if name in lower), None)
    if found is None:
        found = _by_content(columns)
    if found is None:
        raise UsageError(f"--time: say which column holds the times: {', '.join(columns.cells)}.")
    return found


def _by_content(columns: Columns) -> str | None:
    """The only column, or the only one whose cells are times by themselves."""
    if len(columns.cells) == 1:
        return next(iter(columns.cells))
    seen = [name for name, cells in columns.cells.items() if looks_like_time(cells[0])]
    return seen[0] if len(seen) == 1 else None


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
    starts = np.array([*(row["seconds"] for row in rows), found.span]) / scale
    rates = np.array([*(row["messages a second"] for row in rows), 0.0]) * scale
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
    columns: Columns, named: Named, scale: float
) -> tuple[dict[str, Any], str, list[dict[str, Any]], float, float]:
    """Arrivals of counts or rates an interval."""
    count = named.count is not None
    column, option = (named.count, "--count") if count else (named.rate_column, "--rate-column")
    values = numbers(columns, column or "", option)
    if named.every is not None:
        width = positive(named.every, "time", "--every")
        starts = width * np.arange(values.size)
    else:
        starts = as_seconds(columns, _time_column(columns, named.time), named.unit, named.zone, named.form)
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
        f"{columns.name}: {amount(values.size)} intervals of {seconds(width)}, {amount(total)} messages in "
        f"{seconds(span)}, at most {amount(float(rates.max()))} a second; within an interval they come at "
        "random"
    )
    rows = [
        {"seconds": float(start), "messages a second": float(one)}
        for start, one in zip(starts, rates, strict=True)
    ]
    starts_, rates_ = np.append(starts, span), np.append(rates, 0.0)
    return as_profile(starts_, rates_), says, rows, span, total


def _work(columns: Columns, named: Named, notes: list[str]) -> tuple[Any, Fitted | None]:
    work, mean = named.work, named.work_mean
    if work is None:
        if mean is None:
            notes.append("No work was given (--work COLUMN or --work-mean 40ms), so it takes no time.")
            return 0.0, None
        return {"exponential": {"mean": positive(mean, "time", "--work-mean")}}, None
    values = durations(columns, work, named.work_unit)
    if not values.any():
        raise UsageError(f"{columns.file}: column {work}: all work is 0.")
    fitted = fit(values)
    p50, p99 = (seconds(float(np.quantile(values, p))) for p in (0.5, 0.99))
    notes.append(
        f"Work: mean {seconds(float(values.mean()))}, p50 {p50}, p99 {p99}; messages draw from the recorded "
        f"values. The nearest law is {fitted.words()}."
    )
    return recorded(values), fitted


def scenario_of(
    name: str,
    arrivals: dict[str, Any],
    law: Any,
    workers: str | int,
    prefetch: str | int,
    span: float,
    seed: int,
) -> tuple[Scenario, tuple[Knob, ...]]:
    """One producer with these arrivals and this work, one queue, one group of workers, until all is done."""
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
