"""What a formula accepts: one function for each kind of argument.

Every formula asks here first, so that a rate of zero, a NaN or 2.5 servers is refused with the same
kind of sentence everywhere: what was given, its value, what is allowed.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from mqsim.errors import TheoryError

if TYPE_CHECKING:
    from collections.abc import Sequence

Number = float | int


def number(name: str, value: object) -> float:
    """A finite number.

    Raises:
        TheoryError: when `value` is no number, a bool, NaN or infinite.
    """
    if isinstance(value, bool) or not isinstance(value, int | float | np.integer | np.floating):
        raise _refused(name, value, "a number")
    result = float(value)
    if not math.isfinite(result):
        raise _refused(name, value, "a finite number")
    return result


def positive(name: str, value: object) -> float:
    """A finite number above zero.

    Raises:
        TheoryError: otherwise.
    """
    result = number(name, value)
    if result <= 0:
        raise _refused(name, value, "a number above 0")
    return result


def not_negative(name: str, value: object) -> float:
    """A finite number, zero or above.

    Raises:
        TheoryError: otherwise.
    """
    result = number(name, value)
    if result < 0:
        raise _refused(name, value, "0 or a number above it")
    return result


def probability(name: str, value: object) -> float:
    """A number from 0 to 1, both included.

    Raises:
        TheoryError: otherwise.
    """
    result = number(name, value)
    if not 0 <= result <= 1:
        raise _refused(name, value, "a probability from 0 to 1")
    return result


def share(name: str, value: object) -> float:
    """A number from 0 up to, but not including, 1: the `p` of a percentile.

    Raises:
        TheoryError: otherwise; 95 meant as 0.95 is named in the sentence.
    """
    result = number(name, value)
    if not 0 <= result < 1:
        raise _refused(name, value, "from 0 up to, but not including, 1 (0.95 for the 95th percentile)")
    return result


def whole(name: str, value: object, least: int = 1) -> int:
    """A whole number of at least `least`; 3.0 passes as 3.

    Raises:
        TheoryError: otherwise.
    """
    result = number(name, value)
    if result != int(result) or result < least:
        raise _refused(name, value, f"a whole number of at least {least}")
    return int(result)


def second_moment(name: str, value: object, mean: float) -> float:
    """A second moment that a law with this mean can have: at least the mean's square.

    Raises:
        TheoryError: otherwise. A relative 1e-9 below is forgiven as rounding.
    """
    result = positive(name, value)
    least = mean * mean
    if result < least * (1 - 1e-9):
        raise _refused(name, value, f"at least the square of the mean, {least:.6g}")
    return max(result, least)


def positives(name: str, values: Sequence[float], least: int = 1) -> tuple[float, ...]:
    """A sequence of at least `least` finite numbers above zero.

    Raises:
        TheoryError: otherwise.
    """
    result = tuple(positive(f"{name}[{i}]", value) for i, value in enumerate(values))
    if len(result) < least:
        raise TheoryError(f"{name} has {len(result)} numbers; it must have at least {least}.")
    return result


def steady(model: str, load: float) -> float:
    """The load of a server (arriving work a second), which must be below 1.

    Raises:
        TheoryError: when it is 1 or more, because the queue then grows without end.
    """
    if load >= 1:
        raise TheoryError(
            f"{model} has no steady state at utilisation {load:.6g}: it must be below 1, "
            "so lower the arrival rate, or add servers or speed."
        )
    return load


def _refused(name: str, value: object, allowed: str) -> TheoryError:
    return TheoryError(f"{name}: {value!r} is not allowed; it must be {allowed}.")
