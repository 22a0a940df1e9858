"""Logarithms and exponentials that give the same bits on every processor.

numpy's own `log` and `exp` are compiled once for each kind of processor, and their last bit differs from
one to the next; so does that of the C libraries. A scenario and a seed promise the same tables byte for
byte on every machine, so what turns a random number into a time comes from here. Only `+ - * /`,
comparisons and operations on the bits are used, because IEEE 754 fixes their results exactly. All results
are within 1 ulp of the true value, which the tests check against mpmath.

Three rules keep it so. Each product and each sum is an operation of its own, because a processor that
contracts the two (FMA) rounds once where we round twice. Each element is computed alone, so blocks of any
size give the same samples. A power is a product that is written out, or `exp(y * log(x))`, never `**`.

How: log x = k log 2 + log m with m in [sqrt(1/2), sqrt(2)), and log m = 2 atanh(s) with s = (m - 1) / (m +
1), by a polynomial in s^2; exp x = 2^k exp(r) with |r| <= log(2) / 2, by a polynomial in r^2 for r coth(r /
2). Both are the classical reductions (Cody and Waite, Software Manual for the Elementary Functions, 1980).
Sums in two parts are Knuth's (The Art of Computer Programming 2, section 4.2.2). The tables are Chebyshev
fits; a test computes them again in 60 digits.
"""

from __future__ import annotations

from typing import TypeAlias

import numpy as np
from numpy.typing import ArrayLike, NDArray

Floats: TypeAlias = NDArray[np.float64]
Bits: TypeAlias = NDArray[np.int64]

# log 2 in three parts. The first two end in zeros, so that their products with an exponent are exact.
LOG2_HIGH = float.fromhex("0x1.62e42fef00000p-1")
LOG2_MIDDLE = float.fromhex("0x1.473de6af27800p-34")
LOG2_LOW = float.fromhex("0x1.d9cc01f97b57ap-79")
LOG2_REST = LOG2_MIDDLE + LOG2_LOW
PER_LOG2 = float.fromhex("0x1.71547652b82fep+0")

# (2 atanh(s) / s - 2) / s^2 as a polynomial in z = s^2, the constant first; z goes up to (3 - 2 sqrt(2))^2.
ATANH = (
    0.666666666666667,
    0.39999999999899505,
    0.28571428625975487,
    0.2222221113479508,
    0.18182889125261723,
    0.15331721600556042,
    0.14616449685043406,
)
# (r coth(r / 2) - 2) / r^2 as a polynomial in r^2, the constant first; r^2 goes up to (log(2) / 2)^2.
COTH = (
    0.1666666666666666,
    -0.0027777777777564573,
    6.613756471707873e-05,
    -1.6534060165972636e-06,
    4.1437725653582016e-08,
)

_SMALLEST = 2.0**-1022  # the smallest normal number; those below have fewer digits
_LARGEST = float.fromhex("0x1.fffffffffffffp+1023")
_LIFT = 2.0**54
_ABOVE_MINUS_ONE = -1.0 + 2.0**-53
_ROOT_HALF = 0x3FE6A09E667F3BCD  # the bits of sqrt(1/2)
_FRACTION = (1 << 52) - 1
_ROUND = 1.5 * 2.0**52  # a small number plus this is rounded to a whole one, which the last bits hold
_ROUND_BITS = 0x4338000000000000


def log(x: ArrayLike) -> Floats:
    """The natural logarithm, within 1 ulp; minus infinity at 0, NaN below."""
    x, shape = _flat(x)
    if _within(x, _SMALLEST, _LARGEST):
        return _log(x, 0.0).reshape(shape)
    tiny = (x > 0.0) & (x < _SMALLEST)
    ordinary = (x > 0.0) & (x < np.inf)
    lifted = np.where(ordinary, x, 1.0) * np.where(tiny, _LIFT, 1.0)
    found = _log(lifted, 0.0, np.where(tiny, -54.0, 0.0))
    return _at_the_ends(found, x, ordinary).reshape(shape)


def log1p(x: ArrayLike) -> Floats:
    """log(1 + x) within 1 ulp, also where x is small; minus infinity at -1, NaN below."""
    x, shape = _flat(x)
    u = 1.0 + x
    if _within(x, _ABOVE_MINUS_ONE, 1.0):
        missing = x - (u - 1.0)
        found = _log(u, missing / u if missing.any() else 0.0)
    else:
        ordinary = (u > 0.0) & (u < np.inf)
        near, missing = _sum(1.0, np.where(ordinary, x, 0.0))
        found = _at_the_ends(_log(near, missing / near), u, ordinary)
    found = found if x.all() else np.where(x == 0.0, x, found)  # keeps the sign of 0
    return found.reshape(shape)


def exp(x: ArrayLike) -> Floats:
    """The exponential within 1 ulp; infinite above 709.78, 0 below -745.13."""
    x, shape = _flat(x)
    if _within(x, -708.0, 709.0):
        k, y = _exp(x)
        return (y.view(np.int64) + (k << 52)).view(np.float64).reshape(shape)
    k, y = _exp(np.minimum(np.maximum(x, -746.0), 710.0))
    return _scale(y, k).reshape(shape)


def expm1(x: ArrayLike) -> Floats:
    """exp(x) - 1 within 1 ulp, also where x is small."""
    x, shape = _flat(x)
    k, high, low = _reduced(np.minimum(np.maximum(x, -50.0), 50.0))
    r = high - low
    t = r * r
    bent = t * _polynomial(COTH, t)
    c = r - bent
    # `_exp` adds r c / (2 - c), about t / 2. That part is taken out: it is nearly exact, the rest small.
    rest = (0.5 * t + (t * c - 2.0 * r * bent) / (4.0 - 2.0 * c)) - low
    two = ((k + 1023) << 52).view(np.float64)
    base = two - 1.0
    most, missing = _sum(base, two * high)
    found = most + (missing + ((two - base) - 1.0) + two * rest)
    if not _within(x, -1e300, 50.0):
        found = np.where(x > 50.0, exp(x), found)
    return np.where(np.abs(x) < 2.0**-54, x, found).reshape(shape)  # keeps the sign of 0


def _flat(x: ArrayLike) -> tuple[Floats, tuple[int, ...]]:
    """The numbers in one row, as operations on single numpy numbers warn where those on rows do not."""
    given = np.asarray(x, dtype=np.float64)
    return given.reshape(-1), given.shape


def _polynomial(terms: tuple[float, ...], z: Floats) -> Floats:
    total = terms[-1] * z + terms[-2]
    for term in terms[-3::-1]:
        total = total * z + term
    return total


def _exponent(x: Floats) -> tuple[Floats, Floats]:
    """K and m with x = 2^k m, sqrt(1/2) <= m < sqrt(2), for normal x above 0."""
    bits = x.view(np.int64) - _ROOT_HALF
    k = bits >> 52
    m = ((bits & _FRACTION) + _ROOT_HALF).view(np.float64)
    return k.astype(np.float64), m


def _log(x: Floats, more: Floats | float, lifted: Floats | float = 0.0) -> Floats:
    """log(x) + more for normal x above 0, times 2^lifted."""
    k, m = _exponent(x)
    k = k + lifted
    f = m - 1.0
    s = f / (2.0 + f)
    z = s * s
    half = 0.5 * f * f
    curve = s * (half + z * _polynomial(ATANH, z))  # log(1 + f) = f - half + curve
    first = k * LOG2_HIGH
    most = first + f
    missing = (first - most) + f
    return most + (missing - (half - (curve + (k * LOG2_REST + more))))


def _at_the_ends(found: Floats, x: Floats, ordinary: NDArray[np.bool_]) -> Floats:
    """The logarithm of 0, infinity and of what has none, where x is not ordinary."""
    edge = np.where(x == 0.0, -np.inf, np.where(x == np.inf, np.inf, np.nan))
    return np.where(ordinary, found, edge)


def _reduced(x: Floats) -> tuple[Bits, Floats, Floats]:
    """k, high and low with x = k log 2 + high - low, |high - low| <= log(2) / 2 and low tiny."""
    rounded = x * PER_LOG2 + _ROUND
    k = rounded - _ROUND
    return rounded.view(np.int64) - _ROUND_BITS, x - k * LOG2_HIGH, k * LOG2_REST


def _exp(x: Floats) -> tuple[Bits, Floats]:
    """K and y with exp(x) = 2^k y, y from 0.7 to 1.42, for x from -746 to 710."""
    k, high, low = _reduced(x)
    r = high - low
    t = r * r
    c = r - t * _polynomial(COTH, t)
    return k, 1.0 + (high + (r * c / (2.0 - c) - low))


def _scale(x: Floats, k: Bits) -> Floats:
    """2^k x for x near 1 and k from -1100 to 1100: in two steps, of which only the last can round."""
    half = k >> 1
    other = k - half
    with np.errstate(over="ignore"):
        return x * ((half + 1023) << 52).view(np.float64) * ((other + 1023) << 52).view(np.float64)


def _sum(a: Floats | float, b: Floats) -> tuple[Floats, Floats]:
    """A + b, and what rounding left out of it."""
    total = a + b
    part = total - a
    return total, (a - (total - part)) + (b - part)


def _within(x: Floats, least: float, most: float) -> bool:
    """Whether all numbers lie between two; NaN does not, and no number at all does."""
    return not x.size or bool(x.min() >= least and x.max() <= most)
