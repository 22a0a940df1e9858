"""Numbers with units, as an engineer writes them: 40ms, 5min, 250/s, 15k/min, 2M, 99%.

| dimension | units | without a unit |
| --- | --- | --- |
| time | us, ms, s, min, h, d | seconds |
| rate | /s, /min, /h, /d | per second |
| count | k, M, G (thousand, million, a thousand million) | as it stands |
| share | % | from 0 to 1 |
"""

from __future__ import annotations

import math
import re
from typing import Literal

from mqsim.errors import UsageError

Dimension = Literal["time", "rate", "count", "share"]

_NUMBER = re.compile(r"\s*([+-]?(?:\d[\d_]*)?\.?\d+(?:[eE][+-]?\d+)?)\s*(.*?)\s*")
_TIMES = {"us": 1e-6, "µs": 1e-6, "ms": 1e-3, "s": 1.0, "min": 60.0, "h": 3600.0, "d": 86400.0}
_WORDS = {"sec": "s", "second": "s", "seconds": "s", "minute": "min", "minutes": "min", "hour": "h"}
_WORDS |= {"hours": "h", "day": "d", "days": "d", "millisecond": "ms", "milliseconds": "ms", "μs": "us"}
_SIZES = {"": 1.0, "k": 1e3, "K": 1e3, "M": 1e6, "G": 1e9}
_EXAMPLES = {
    "time": "a time such as 40ms, 2s, 5min or 1h",
    "rate": "a rate such as 250/s, 15k/min or 2M/h",
    "count": "a number such as 500, 20k or 1.5M",
    "share": "a share such as 99% or 0.99",
}


def quantity(text: str, dimension: Dimension, what: str) -> float:
    """A number with its unit, in seconds, per second, or plain.

    Args:
        text: such as `40ms`.
        dimension: what it must be.
        what: whose it is, for the sentence of an error.

    Raises:
        UsageError: it is no such quantity; the sentence says what may stand there.
    """
    found = _NUMBER.fullmatch(text)
    scale = None if found is None else _scale(found[2], dimension)
    value = math.inf if found is None or scale is None else float(found[1]) * scale
    if not math.isfinite(value):
        hint = " (m could be minutes or milliseconds: write min or ms)" if _bare_m(found, dimension) else ""
        raise UsageError(f"{what}: {text.strip()!r} is not allowed; write {_EXAMPLES[dimension]}{hint}.")
    return value


def positive(text: str, dimension: Dimension, what: str) -> float:
    """Like `quantity`, above 0."""
    value = quantity(text, dimension, what)
    if value <= 0.0:
        raise UsageError(f"{what}: {text.strip()!r} is not allowed; it must be above 0.")
    return value


def _scale(unit: str, dimension: Dimension) -> float | None:
    if dimension == "time":
        return _TIMES.get(_WORDS.get(unit, unit)) if unit else 1.0
    if dimension == "share":
        return {"": 1.0, "%": 0.01}.get(unit)
    if dimension == "count":
        return _SIZES.get(unit.removesuffix("messages").strip())
    size, slash, per = unit.replace(" per ", "/").replace("per ", "/").partition("/")
    size = size.strip().removesuffix("messages").removesuffix("msg").strip()
    per = _WORDS.get(per.strip(), per.strip())
    if size not in _SIZES or (slash and per not in _TIMES):
        return None
    return _SIZES[size] / (_TIMES[per] if slash else 1.0)


def _bare_m(found: re.Match[str] | None, dimension: Dimension) -> bool:
    return found is not None and dimension == "time" and found[2] == "m"


def seconds(value: float) -> str:
    """A time in words of three digits: `1.25 s`, `40 ms`, `3 min`, `2.5 h`."""
    if not math.isfinite(value):
        return "forever"
    size = abs(value)
    if size == 0.0:
        return "0 s"
    for unit, scale in (("d", 86400.0), ("h", 3600.0), ("min", 60.0), ("s", 1.0), ("ms", 1e-3)):
        if size >= scale * (2.0 if scale >= 60.0 else 0.9995):
            return f"{_digits(value / scale)} {unit}"
    return f"{_digits(value / 1e-6)} us"


def percent(value: float) -> str:
    """A share in words: `99 %`, `0.04 %`; close to all, with the digits that tell it from all."""
    if not math.isfinite(value):
        return "unknown"
    gap = 1.0 - value
    if 0.0 < gap < 0.01:
        places = min(max(1, -math.floor(math.log10(gap) + 1e-9) - 2), 9)
        return f"{f'{100.0 * value:.{places}f}'.rstrip('0').rstrip('.')} %"
    return f"{_digits(100.0 * value)} %"


def amount(value: float) -> str:
    """A plain number of four digits at most, with commas where it is large."""
    if not math.isfinite(value):
        return "endless"
    return f"{value:,.0f}" if abs(value) >= 1000.0 else f"{value:.4g}"


def shown(value: float, dimension: Dimension) -> str:
    """A value in the words of its dimension."""
    if dimension == "time":
        return seconds(value)
    if dimension == "share":
        return percent(value)
    return f"{amount(value)}/s" if dimension == "rate" else amount(value)


def interval(low: float, high: float, dimension: Dimension) -> str:
    """An interval of what is never below 0: `120 ms to 150 ms`, or `120 ms or more` without an upper end."""
    least = shown(max(low, 0.0), dimension)
    return f"{least} to {shown(high, dimension)}" if math.isfinite(high) else f"{least} or more"


def told_apart(value: float, limit: float, dimension: Dimension) -> str:
    """A value in words, with as many digits of a share as tell it from a limit that it is not."""
    words = shown(value, dimension)
    if dimension != "share" or value == limit or words != shown(limit, dimension):
        return words
    off = 100.0 * abs(value - limit)
    finer = (f"{100.0 * value:.{places}f}" for places in range(1, 15))
    return next((f"{text} %" for text in finer if abs(float(text) - 100.0 * value) < 0.1 * off), words)


def estimated(
    value: float, low: float, high: float, dimension: Dimension, *, beside: float = math.nan
) -> str:
    """A value with its interval, where it has one: `135 ms (120 ms to 150 ms)`; told apart from `beside`."""
    words = told_apart(value, beside, dimension)
    return words if low == high else f"{words} ({interval(low, high, dimension)})"


def _digits(value: float) -> str:
    text = f"{value:.3g}"
    return f"{value:,.0f}" if "e" in text else text
