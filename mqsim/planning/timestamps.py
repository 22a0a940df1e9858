"""Times as logs write them, as seconds: ISO 8601, epochs, zones, web servers' and loggers' formats."""

from __future__ import annotations

import math
import re
from datetime import UTC, date, datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

import numpy as np
from numpy.typing import NDArray

from mqsim.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from mqsim.planning.columns import Columns

Floats = NDArray[np.float64]

EPOCHS = {"s": 1.0, "ms": 1e-3, "us": 1e-6, "ns": 1e-9}
_NUMBER = re.compile(r"[+-]?\d+(?:[.,]\d+)?(?:[eE][+-]?\d+)?")
_EARLY = 1e8  # 1973: larger numbers are epochs, smaller ones seconds from a start of their own
_CLOCK = r"\d\d:\d\d:\d\d(?:[.,]\d{1,6})?"
_ANY = "2024"  # a year for times that name none: one that has a 29th of February
_FORMATS: tuple[tuple[str, str, str], ...] = (
    ("ISO 8601", r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d.*", ""),
    ("2024/01/31 13:00:00", rf"\d{{4}}/\d\d/\d\d {_CLOCK}", "%Y/%m/%d %H:%M:%S"),
    ("01/31/2024 01:00:00 PM", rf"\d\d?/\d\d?/\d{{4}} {_CLOCK} [AaPp][Mm]", "%m/%d/%Y %I:%M:%S %p"),
    ("Jan 31 13:00:00", rf"\w{{3}} [ \d]?\d {_CLOCK}", "%Y %b %d %H:%M:%S"),
    ("Wed, 31 Jan 2024 13:00:00 +0000", r"\w{3}, \d\d? \w{3} \d{4} \d\d:\d\d:\d\d .+", "mail"),
    ("13:00:00", _CLOCK, "%H:%M:%S"),
    ("31/Jan/2024:13:00:00 +0000", r"\d\d/\w{3}/\d{4}:\d\d:\d\d:\d\d [+-]\d{4}", "%d/%b/%Y:%H:%M:%S %z"),
    ("31/Jan/2024:13:00:00", r"\d\d/\w{3}/\d{4}:\d\d:\d\d:\d\d", "%d/%b/%Y:%H:%M:%S"),
    ("31.01.2024 13:00:00", rf"\d\d?\.\d\d?\.\d{{4}} {_CLOCK}", "%d.%m.%Y %H:%M:%S"),
)


def as_seconds(
    columns: Columns, name: str, unit: str = "auto", zone: str | None = None, form: str | None = None
) -> Floats:
    """A column of times as seconds; the first is not moved to 0.

    Args:
        columns: the file.
        name: the column.
        unit: of numbers: s, ms, us, ns, or auto: found by their size (an epoch), or else seconds.
        zone: of times that name none, such as `Europe/Berlin`; UTC if it isn't given.
        form: a format as `strptime` has it, in place of those that are known.

    Raises:
        UsageError: a cell is no time, formats are mixed, or a zone or unit is unknown; the line is named.
    """
    cells = _cells(columns, name)
    kinds = [_kind(cell, form) for cell in cells]
    if "" in kinds:
        where = columns.lines[kinds.index("")]
        raise UsageError(
            f"{columns.file}: line {where}: {_shown(cells[kinds.index('')])} is no time that is understood; "
            "give --format, as strptime has it, or --time DATE+CLOCK if two columns make one."
        )
    if len(set(kinds)) > 1:
        other = next(i for i, kind in enumerate(kinds) if kind != kinds[0])
        raise UsageError(
            f"{columns.file}: column {name} mixes formats: line {columns.lines[0]} has {kinds[0]}, "
            f"line {columns.lines[other]} has {kinds[other]}. Write all times in one."
        )
    if kinds[0] == "a number":
        return _numbers(columns, cells, unit)
    if unit != "auto":
        raise UsageError(f"--unit {unit}: column {name} has no numbers, but {kinds[0]}.")
    read = _reader(kinds[0], form)
    found = [_instant(columns, i, cell, read) for i, cell in enumerate(cells)]
    aware = [one.tzinfo is not None for one in found]
    if any(aware) and not all(aware):
        other = aware.index(not aware[0])
        raise UsageError(
            f"{columns.file}: column {name} mixes times with and without a time zone (lines "
            f"{columns.lines[0]} and {columns.lines[other]}). Write all with one."
        )
    place = _zone(zone)
    times = np.array([(one if one.tzinfo else one.replace(tzinfo=place)).timestamp() for one in found])
    return _unwrapped(times, kinds[0])


def _cells(columns: Columns, name: str) -> list[Any]:
    """The cells of a column, or of two that make one time: `date+clock`."""
    if "+" not in name or name in columns.cells:
        return columns.column(name, "--time")
    parts = [columns.column(part.strip(), "--time") for part in name.split("+")]
    return [" ".join(str(cell) for cell in row) for row in zip(*parts, strict=True)]


def _unwrapped(times: Floats, kind: str) -> Floats:
    """Times that name no year, or no day, go on where these begin anew."""
    period = {"Jan 31 13:00:00": 366 * 86400.0, "13:00:00": 86400.0}.get(kind)
    if period is None:
        return times
    turns = np.concatenate([[0], np.cumsum(np.diff(times) < -0.5 * period)])
    return np.asarray(times + period * turns, dtype=np.float64)


def looks_like_time(cell: Any) -> bool:
    """Whether a cell is a time by itself, not a number that may be one."""
    return _kind(cell, None) not in ("", "a number")


def _kind(cell: Any, form: str | None) -> str:
    """What a cell is, in words; empty if it is no time."""
    if isinstance(cell, datetime | date):
        return "a date and time"
    if isinstance(cell, bool) or cell is None:
        return ""
    if isinstance(cell, int | float):
        return "a number" if math.isfinite(cell) else ""
    text = str(cell).strip()
    if form is not None:
        return f"the format {form}" if text else ""
    if _NUMBER.fullmatch(text):
        return "a number"
    return next((says for says, pattern, _ in _FORMATS if re.fullmatch(pattern, text)), "")


def _numbers(columns: Columns, cells: Sequence[Any], unit: str) -> Floats:
    values = np.array([number(cell) for cell in cells])
    if (values < 0).any():
        i = int(np.argmax(values < 0))
        raise UsageError(
            f"{columns.file}: line {columns.lines[i]}: {cells[i]} is negative; a time is 0 or more."
        )
    if unit == "auto":
        size = float(np.median(values))
        unit = "s" if size < 1e11 else "ms" if size < 1e14 else "us" if size < 1e17 else "ns"
        if size < _EARLY:
            unit = "s"
    if unit not in EPOCHS:
        raise UsageError(f"--unit {unit}: write one of s, ms, us, ns or auto.")
    # Epochs in nanoseconds have more digits than a double: take the start off first.
    exact = [int(cell) if isinstance(cell, int) or str(cell).isdigit() else None for cell in cells]
    if unit in ("us", "ns") and None not in exact:
        first = exact[0] or 0
        return np.array([float((value or 0) - first) for value in exact]) * EPOCHS[unit]
    return values * EPOCHS[unit]


def number(cell: Any) -> float:
    """A cell as a number, with a decimal point or comma; NaN if it is none."""
    if isinstance(cell, int | float) and not isinstance(cell, bool):
        return float(cell)
    text = str(cell).strip()
    return float(text.replace(",", ".")) if _NUMBER.fullmatch(text) else math.nan


def _reader(kind: str, form: str | None) -> Callable[[Any], datetime]:
    if form is not None:
        return lambda cell: datetime.strptime(str(cell), form)
    pattern = next((each for says, _, each in _FORMATS if says == kind), "")
    if pattern == "mail":
        return lambda cell: parsedate_to_datetime(str(cell).strip())
    return (lambda cell: _known(str(cell).strip(), pattern)) if pattern else _iso


def _known(text: str, pattern: str) -> datetime:
    """By one of the formats that are known; seconds may have a fraction."""
    text = " ".join(text.split())
    whole, fraction = re.sub(r"(:\d\d)[.,]\d+", r"\1", text), re.search(r":\d\d[.,](\d+)", text)
    if pattern == "%H:%M:%S":
        whole, pattern = f"{_ANY}-01-01 {whole}", f"%Y-%m-%d {pattern}"
    elif pattern.startswith("%Y %b"):
        whole = f"{_ANY} {whole}"
    moment = datetime.strptime(whole, pattern)
    return moment if fraction is None else moment + timedelta(seconds=float(f"0.{fraction[1]}"))


def _iso(cell: Any) -> datetime:
    if isinstance(cell, datetime):
        return cell
    if isinstance(cell, date):
        return datetime(cell.year, cell.month, cell.day)
    text = re.sub(r"\s+(?=[+-]\d\d:?\d\d$|Z$)", "", str(cell).strip().removesuffix(" UTC"))
    return datetime.fromisoformat(text)


def _instant(columns: Columns, i: int, cell: Any, read: Callable[[Any], datetime]) -> datetime:
    try:
        return read(cell)
    except ValueError:
        raise UsageError(
            f"{columns.file}: line {columns.lines[i]}: {_shown(cell)} is no time that is understood; "
            "give --format, as strptime has it."
        ) from None


def _zone(name: str | None) -> Any:
    if name is None:
        return UTC
    try:
        return ZoneInfo(name)
    except (ValueError, KeyError, OSError):
        raise UsageError(
            f"--zone {name}: there is no such time zone; write one such as Europe/Berlin."
        ) from None


def _shown(cell: Any) -> str:
    return "an empty cell" if cell in ("", None) else repr(cell)
