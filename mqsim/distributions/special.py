"""Special functions on top of `elementary`: inverse normal, incomplete gamma and its inverse, mixtures.

scipy has all of these, and the tests compare with it. It isn't used at run time, because a scenario and a
seed promise the same tables byte for byte, and scipy's last digits change with its version and with the
processor. (Its import would also cost more than everything else together.)

Every function here works element by element: what comes out for one `u` never depends on its neighbours, so
that blocks of any size give the same samples. Iterations therefore stop for each element on its own.

Sources: Wichura, Algorithm AS 241, Applied Statistics 37 (1988); Best and Roberts, Algorithm AS 91, Applied
Statistics 24 (1975); DLMF 8.7.1 (series) and 8.9.2 (continued fraction, its even part); Wilson and Hilferty,
PNAS 17 (1931).
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from decimal import Context, Decimal, localcontext
from functools import lru_cache, partial
from typing import TypeAlias

import numpy as np

from mqsim.distributions.elementary import Floats, exp, expm1, log, log1p

# AS 241, PPND16: numerator and denominator, highest power first.
_CENTRE = (
    (2.5090809287301226727e3, 3.3430575583588128105e4, 6.7265770927008700853e4,
     4.5921953931549871457e4, 1.3731693765509461125e4, 1.9715909503065514427e3,
     1.3314166789178437745e2, 3.3871328727963666080),
    (5.2264952788528545610e3, 2.8729085735721942674e4, 3.9307895800092710610e4,
     2.1213794301586595867e4, 5.3941960214247511077e3, 6.8718700749205790830e2,
     4.2313330701600911252e1, 1.0),
)  # fmt: skip
_SHOULDER = (
    (7.74545014278341407640e-4, 2.27238449892691845833e-2, 2.41780725177450611770e-1,
     1.27045825245236838258, 3.64784832476320460504, 5.76949722146069140550,
     4.63033784615654529590, 1.42343711074968357734),
    (1.05075007164441684324e-9, 5.47593808499534494600e-4, 1.51986665636164571966e-2,
     1.48103976427480074590e-1, 6.89767334985100004550e-1, 1.67638483018380384940,
     2.05319162663775882187, 1.0),
)  # fmt: skip
_TAIL = (
    (2.01033439929228813265e-7, 2.71155556874348757815e-5, 1.24266094738807843860e-3,
     2.65321895265761230930e-2, 2.96560571828504891230e-1, 1.78482653991729133580,
     5.46378491116411436990, 6.65790464350110377720),
    (2.04426310338993978564e-15, 1.42151175831644588870e-7, 1.84631831751005468180e-5,
     7.86869131145613259100e-4, 1.48753612908506148525e-2, 1.36929880922735805310e-1,
     5.99832206555887937690e-1, 1.0),
)  # fmt: skip

_EPSILON = 2.0**-53
_SETTLED = 1e-6  # Halley triples the digits of a step, so a step this small was the last one needed
_STEPS = 60


def inverse_normal(u: Floats) -> Floats:
    """The standard normal quantile by AS 241 (PPND16), to about 1e-16 relative.

    Args:
        u: probabilities from 0 to 1; 0 gives minus infinity and 1 infinity.
    """
    u = np.asarray(u, dtype=np.float64)
    q = u - 0.5
    z = np.empty_like(q)
    centre = np.abs(q) <= 0.425
    inner = q[centre]
    z[centre] = inner * _ratio(_CENTRE, 0.180625 - inner * inner)
    outer = ~centre
    with np.errstate(divide="ignore", invalid="ignore"):
        r = np.sqrt(-log(np.minimum(u[outer], 1.0 - u[outer])))
        size = np.where(r <= 5.0, _ratio(_SHOULDER, r - 1.6), _ratio(_TAIL, r - 5.0))
    size[np.isinf(r)] = np.inf
    z[outer] = np.copysign(size, q[outer])
    return z


def normal_cdf(z: Floats) -> Floats:
    """The standard normal distribution function, by way of the incomplete gamma function of shape 1/2."""
    z = np.asarray(z, dtype=np.float64)
    half = 0.5 * gamma_upper(0.5, 0.5 * z * z)
    return np.where(z < 0.0, half, 1.0 - half)


def gamma_lower(shape: float, x: Floats) -> Floats:
    """The regularised lower incomplete gamma function P(shape, x).

    Args:
        shape: positive; the work grows with its square root.
        x: points; all up to 0 give 0.
    """
    return _gamma_tails(shape, x)[0]


def gamma_upper(shape: float, x: Floats) -> Floats:
    """The regularised upper incomplete gamma function Q = 1 - P, precise where Q is small."""
    return _gamma_tails(shape, x)[1]


def inverse_gamma(shape: float, u: Floats) -> Floats:
    """The x for which P(shape, x) = u: the quantile of a gamma law of scale 1.

    Solved for log x, on log P below x = shape + 1 and on log Q above. Both are concave in log x, which lets
    Newton's step converge from anywhere; Halley's is used, which needs fewer.

    Args:
        shape: positive; tested from 0.01 to 10 000, to 1e-12 relative.
        u: probabilities, 0 <= u < 1.
    """
    u = np.asarray(u, dtype=np.float64)
    answer = np.zeros_like(u)
    level = _gamma_level(shape)
    near, far = np.flatnonzero((u > 0.0) & (u < level)), np.flatnonzero(u >= level)
    edge = _log(shape + 1.0)
    if near.size:
        p = u[near]
        aim = log(p)
        start = np.minimum(_near_start(shape, p, aim), edge)
        answer[near] = _climb(partial(_log_lower, shape), start, aim, -np.inf, edge)
    if far.size:
        q = 1.0 - u[far]
        aim = log(q)
        start = np.maximum(_far_start(shape, q, aim), edge)
        answer[far] = _climb(partial(_log_upper, shape), start, aim, edge, np.inf)
    found = u > 0.0
    answer[found] = exp(answer[found])
    return answer


def mixture_tail(probabilities: Sequence[float], means: Sequence[float], x: Floats) -> Floats:
    """The probability that a mixture of exponentials exceeds x >= 0; branches are added in their order."""
    tail = np.zeros_like(x)
    for p, m in zip(probabilities, means, strict=True):
        tail += p * exp(-x / m)
    return tail


def inverse_mixture(probabilities: Sequence[float], means: Sequence[float], u: Floats) -> Floats:
    """The quantile of a mixture of exponentials: the x whose tail is 1 - u.

    The logarithm of the tail is convex and falling, so Newton's method from a lower bound climbs to the root
    and never passes it. Two lower bounds are at hand: the tangent at 0, and each branch taken alone.

    Args:
        probabilities: of the branches; non-negative, of sum 1.
        means: of the branches; positive.
        u: probabilities, 0 <= u < 1.
    """
    u = np.asarray(u, dtype=np.float64)
    aim = log1p(-u)
    branches = [(p, m) for p, m in zip(probabilities, means, strict=True) if p > 0.0]
    start = -aim / math.fsum(p / m for p, m in branches)
    for p, m in branches:
        start = np.maximum(start, m * (_log(p) - aim))
    answer = np.zeros_like(u)
    for level, found in ((_log_early, (u > 0.0) & (u < 0.5)), (_log_late, u >= 0.5)):
        at = np.flatnonzero(found)
        if at.size:
            answer[at] = _climb(partial(level, branches), start[at], aim[at], 0.0, np.inf, relative=True)
    return answer


_Curve: TypeAlias = Callable[[Floats], tuple[Floats, Floats, Floats]]


def _climb(
    curve: _Curve, x: Floats, aim: Floats, least: float, most: float, relative: bool = False
) -> Floats:
    """The x between two ends at which a curve is at its aim, by Halley's method from a first x.

    Args:
        curve: gives level, slope and bend (the second derivative) at each x.
        x: the first x of each element.
        aim: the level of each element.
        least: no x is smaller.
        most: no x is larger.
        relative: a step counts as small beside x, and not by itself.
    """
    answer = x.copy()
    todo = np.arange(x.size)
    for _ in range(_STEPS):
        level, slope, bend = curve(x)
        gap = (level - aim) / slope
        halley = np.minimum(np.maximum(1.0 - 0.5 * gap * bend / slope, 0.5), 2.0)
        step = gap / halley
        x = np.minimum(np.maximum(x - step, least), most)
        answer[todo] = x
        going = np.abs(step) > (_SETTLED * x if relative else _SETTLED)
        if not going.any():
            break
        todo, x, aim = todo[going], x[going], aim[going]
    return answer


def _log_early(branches: list[tuple[float, float]], x: Floats) -> tuple[Floats, Floats, Floats]:
    """The logarithm of a mixture's tail where that is near 1, with its first and second derivative."""
    less = expm1(np.concatenate([-x / m for _, m in branches])).reshape(len(branches), -1)
    return _mixed(branches, less + 1.0, log1p(_weighed(less, [p for p, _ in branches])))


def _log_late(branches: list[tuple[float, float]], x: Floats) -> tuple[Floats, Floats, Floats]:
    """The same where the tail is small."""
    parts = exp(np.concatenate([-x / m for _, m in branches])).reshape(len(branches), -1)
    return _mixed(branches, parts, log(_weighed(parts, [p for p, _ in branches])))


def _mixed(
    branches: list[tuple[float, float]], parts: Floats, level: Floats
) -> tuple[Floats, Floats, Floats]:
    tail = _weighed(parts, [p for p, _ in branches])
    slope = -_weighed(parts, [p / m for p, m in branches]) / tail
    return level, slope, _weighed(parts, [p / (m * m) for p, m in branches]) / tail - slope * slope


def _weighed(parts: Floats, weights: list[float]) -> Floats:
    """The sum of the rows, each times its weight, from the first to the last."""
    total: Floats = weights[0] * parts[0]
    for weight, part in zip(weights[1:], parts[1:], strict=True):
        total = total + weight * part
    return total


def _ratio(table: tuple[tuple[float, ...], tuple[float, ...]], r: Floats) -> Floats:
    above, below = np.zeros_like(r), np.zeros_like(r)
    for a, b in zip(*table, strict=True):
        above, below = above * r + a, below * r + b
    return above / below


@lru_cache(maxsize=256)
def _gamma_level(shape: float) -> float:
    """P(shape, shape + 1): up to here the series is used, from here on the fraction."""
    return float(gamma_lower(shape, np.array([shape + 1.0]))[0])


def _near_start(shape: float, p: Floats, aim: Floats) -> Floats:
    """A first log x for P = p: Wilson and Hilferty's, or two terms of the series; never under x^a >= p a!."""
    floor = (aim + log_gamma(shape + 1.0)) / shape
    if shape <= 1.0:
        return floor + exp(floor) / (shape + 1.0)
    return np.maximum(_wilson_hilferty(shape, inverse_normal(p)), floor)


def _far_start(shape: float, q: Floats, aim: Floats) -> Floats:
    """A first log x for Q = q: Wilson and Hilferty's, or an exponential tail from `shape + 1` on."""
    if shape <= 1.0:
        return log(shape + 1.0 + np.maximum(_log(1.0 - _gamma_level(shape)) - aim, 0.0))
    return _wilson_hilferty(shape, -inverse_normal(q))


def _wilson_hilferty(shape: float, z: Floats) -> Floats:
    cube = 1.0 - 1.0 / (9.0 * shape) + z / (3.0 * math.sqrt(shape))
    return _log(shape) + 3.0 * log(np.maximum(cube, 1e-3))


def _log_lower(shape: float, t: Floats) -> tuple[Floats, Floats, Floats]:
    """Log P at x = exp(t), with its first and second derivative by t."""
    x = exp(t)
    total = _series(shape, x)
    slope = shape / total
    return _log_weight(shape, t, x) + log(total), slope, slope * (shape - x - slope)


def _log_upper(shape: float, t: Floats) -> tuple[Floats, Floats, Floats]:
    """Log Q at x = exp(t), with its first and second derivative by t."""
    x = exp(t)
    fraction = _fraction(shape, x)
    slope = -1.0 / fraction
    level = _log(shape) + _log_weight(shape, t, x) + log(fraction)
    return level, slope, slope * (shape - x - slope)


def _gamma_tails(shape: float, x: Floats) -> tuple[Floats, Floats]:
    x = np.asarray(x, dtype=np.float64)
    lower, upper = np.zeros_like(x), np.ones_like(x)
    near = (x > 0.0) & (x < shape + 1.0)
    if near.any():
        v = x[near]
        lower[near] = exp(_log_weight(shape, log(v), v)) * _series(shape, v)
        upper[near] = 1.0 - lower[near]
    far = (x >= shape + 1.0) & (x < np.inf)
    if far.any():
        v = x[far]
        upper[far] = shape * exp(_log_weight(shape, log(v), v)) * _fraction(shape, v)
        lower[far] = 1.0 - upper[far]
    endless = x == np.inf
    lower[endless], upper[endless] = 1.0, 0.0
    return lower, upper


def _log_weight(shape: float, t: Floats, x: Floats) -> Floats:
    """log(x^a e^-x / Gamma(a + 1)) at x = exp(t); by Stirling for large a, where the sum would cancel."""
    if shape < 16.0:
        return shape * t - x - log_gamma(shape + 1.0)
    mu = (x - shape) / shape
    a2 = shape * shape
    rest = (1 / 12 - (1 / 360 - (1 / 1260 - (1 / 1680 - (1 / 1188) / a2) / a2) / a2) / a2) / shape
    with np.errstate(divide="ignore"):
        return shape * (log1p(mu) - mu) - (0.5 * _log(2.0 * math.pi * shape) + rest)


def _series(shape: float, x: Floats) -> Floats:
    """1 + x/(a+1) + x^2/((a+1)(a+2)) + ..., for x < a + 1, where the terms only fall.

    The loop ends once no element's term can change its sum, so extra rounds for slow neighbours do nothing.
    """
    total, term, n = np.ones_like(x), np.ones_like(x), shape
    while True:
        for _ in range(8):
            n += 1.0
            term = term * (x / n)
            total = total + term
        if not np.any(term > 0.5 * _EPSILON * total):
            return total


def _fraction(shape: float, x: Floats) -> Floats:
    """Q(a, x) / (x f(x)) for x >= a + 1, by the even part of DLMF 8.9.2 and Lentz's method."""
    answer = np.empty_like(x)
    todo = np.arange(x.size)
    b = x + (1.0 - shape)
    c = np.full_like(x, 1e300)
    d = 1.0 / b
    h = d
    i = 0.0
    while todo.size:
        i += 1.0
        a = i * (shape - i)
        b = b + 2.0
        d = 1.0 / (a * d + b)
        c = b + a / c
        change = c * d
        h = h * change
        going = np.abs(change - 1.0) > 4.0 * _EPSILON
        if not going.all():
            answer[todo] = h
            todo, b, c, d, h = todo[going], b[going], c[going], d[going], h[going]
    return answer


# The Bernoulli numbers B(2), B(4), ... as fractions, for Stirling's series.
_BERNOULLI = (
    (1, 6), (-1, 30), (1, 42), (-1, 30), (5, 66),
    (-691, 2730), (7, 6), (-3617, 510), (43867, 798), (-174611, 330),
)  # fmt: skip
_PI = "3.14159265358979323846264338327950288419716939937510582"


@lru_cache(maxsize=256)
def log_gamma(x: float) -> float:
    """The logarithm of the gamma function of one number above 0, such as a law's parameter.

    By Stirling's series from 40 on, in decimals of 50 digits: those are whole-number arithmetic, the same
    everywhere, while `math.lgamma` asks the C library for logarithms. The result is the nearest float.
    """
    with localcontext(Context(prec=50)):
        y, product = Decimal(x), Decimal(1)
        while y < 40:
            product *= y
            y += 1
        total = (y - Decimal("0.5")) * y.ln() - y + (2 * Decimal(_PI)).ln() / 2 - product.ln()
        power = y
        for n, (above, below) in enumerate(_BERNOULLI, 1):
            total += Decimal(above) / (below * 2 * n * (2 * n - 1) * power)
            power *= y * y
        return float(total)


@lru_cache(maxsize=256)
def _log(x: float) -> float:
    """The logarithm of one parameter."""
    return float(log(x))
