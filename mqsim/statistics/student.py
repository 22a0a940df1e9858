"""Student's t distribution in the standard library alone, so that a mean's interval needs no scipy.

The tail is an incomplete beta function, summed by its continued fraction (DLMF 8.17.22) with Lentz's method.
The quantile is found for log t on the logarithm of the smaller of P(|T| > t) and P(|T| < t): both are concave
there, as the density of log |T| is log-concave, and so Newton's method converges from anywhere.
"""

from __future__ import annotations

import math
from functools import lru_cache
from statistics import NormalDist

from mqsim.errors import UsageError

_STEPS = 100


def normal_quantile(p: float) -> float:
    """The standard normal quantile.

    Args:
        p: a probability, 0 < p < 1.

    Raises:
        UsageError: p lies outside.

    Example:
        >>> from mqsim import statistics
        >>> statistics.normal_quantile(0.975)
        1.96
    """
    _check(p, 1.0)
    return NormalDist().inv_cdf(p)


@lru_cache(maxsize=1024)
def student_t_quantile(p: float, df: float) -> float:
    """The quantile of Student's t distribution, to 1e-11 relative up to a million degrees of freedom.

    Args:
        p: a probability, 0 < p < 1.
        df: degrees of freedom, above 0; with very many it is the normal quantile.

    Raises:
        UsageError: p or df lies outside.
    """
    _check(p, df)
    if p == 0.5:
        return 0.0
    inner = abs(2.0 * p - 1.0)
    outer = 2.0 * min(p, 1.0 - p)
    s = math.log(abs(NormalDist().inv_cdf(p)))
    for _ in range(_STEPS):
        t = math.exp(s)
        inside, outside = _both_tails(t, df)
        weight = 2.0 * t * _density(t, df)  # of log |T| at s
        if inner < outer:
            step = math.log(inner / inside) * inside / weight
        else:
            step = math.log(outside / outer) * outside / weight
        s += step
        if abs(step) < 1e-9:
            break
    return math.copysign(math.exp(s), p - 0.5)


def student_t_tail(t: float, df: float) -> float:
    """The two-sided tail P(|T| > |t|) of Student's t distribution.

    Args:
        t: any number; infinity has tail 0.
        df: degrees of freedom, above 0.

    Raises:
        UsageError: df lies outside, or t is NaN.
    """
    _check(0.5, df)
    if math.isnan(t):
        raise UsageError("Student's t has no tail at NaN.")
    if math.isinf(t):
        return 0.0
    return _both_tails(abs(t), df)[1] if t else 1.0


def _check(p: float, df: float) -> None:
    if not 0.0 < p < 1.0:
        raise UsageError(f"A quantile needs a probability between 0 and 1, not {p!r}.")
    if not 0.0 < df < math.inf:
        raise UsageError(f"Student's t needs degrees of freedom above 0, not {df!r}.")


def _log_scale(df: float) -> float:
    """log(Gamma((df + 1)/2) / (Gamma(df/2) sqrt(pi df))): the logarithm of the density at 0."""
    a = 0.5 * df
    if a < 20.0:
        return math.lgamma(a + 0.5) - math.lgamma(a) - 0.5 * math.log(math.pi * df)
    # The ratio by its expansion in 1/a (DLMF 5.11.13): the difference of two large logarithms would cancel.
    b = 1.0 / (a * a)
    return -0.5 * math.log(2.0 * math.pi) - (1 / 8 - (1 / 192 - (1 / 640 - 17 / 14336 * b) * b) * b) / a


def _density(t: float, df: float) -> float:
    return math.exp(_log_scale(df) - 0.5 * (df + 1.0) * math.log1p(t * t / df))


def _both_tails(t: float, df: float) -> tuple[float, float]:
    """P(|T| < t) and P(|T| > t) for t > 0, the smaller one computed and the other its complement."""
    front = t * _density(t, df)  # x^a (1 - x)^b / B(a, b), the same for I_x(a, b) and I_(1-x)(b, a)
    far = t * t / df
    if far < 3.0 / df:
        inside = 2.0 * front * _fraction(0.5, 0.5 * df, far / (1.0 + far))
        return inside, 1.0 - inside
    outside = 2.0 * front / df * _fraction(0.5 * df, 0.5, 1.0 / (1.0 + far))
    return 1.0 - outside, outside


def _fraction(a: float, b: float, x: float) -> float:
    """The continued fraction C of the incomplete beta function: I_x(a, b) = x^a (1-x)^b C / (a B(a, b))."""
    c, d = 1.0, 1.0 / (1.0 - (a + b) * x / (a + 1.0))
    h = d
    for m in range(1, 100_000):
        even = m * (b - m) * x / ((a + 2 * m - 1.0) * (a + 2 * m))
        d = 1.0 / (1.0 + even * d)
        c = 1.0 + even / c
        h *= c * d
        odd = -(a + m) * (a + b + m) * x / ((a + 2 * m) * (a + 2 * m + 1.0))
        d = 1.0 / (1.0 + odd * d)
        c = 1.0 + odd / c
        h *= c * d
        if abs(c * d - 1.0) < 4e-16:
            break
    return h
