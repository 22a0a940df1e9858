"""The stops of a slider: round numbers, with the scenario's own value among them."""

from __future__ import annotations

import math

MOST = 200
"""The most stops that a slider has."""

_ROUND = (1.0, 2.0, 2.5, 5.0, 10.0)


def rounded_step(width: float, count: int = 40) -> float:
    """The smallest round step (1, 2, 2.5 or 5 times a power of ten) of at most `count` in `width`."""
    rough = width / count
    power = 10.0 ** math.floor(math.log10(rough))
    return next(power * factor for factor in _ROUND if power * factor >= rough * (1 - 1e-9))


def stops(low: float, high: float, step: float | None, own: float | None) -> tuple[float, ...]:
    """From `low` to `high` in steps, both included, with `own` put in where it lies between them.

    Args:
        low: one end.
        high: the other, above it.
        step: above 0; by default a round one, or 1 between whole numbers where there is room for it.
        own: the scenario's own value.
    """
    whole = all(isinstance(end, int) for end in (low, high)) and (own is None or isinstance(own, int))
    if step is None:
        step = 1 if whole and high - low < MOST else rounded_step(high - low)
        if whole:
            step = max(1, math.ceil(step))
    count = min(math.floor((high - low) / step * (1 + 1e-12)), MOST)
    found = {_tidy(low + place * step, whole) for place in range(count + 1)} | {_tidy(high, whole)}
    if own is not None and low <= own <= high:
        found = {each for each in found if not math.isclose(each, own, rel_tol=1e-9)} | {own}
    return tuple(sorted(found))


def _tidy(value: float, whole: bool) -> float:
    """Without the last digits that adding steps leaves behind."""
    return int(value) if whole else float(f"{value:.12g}")
