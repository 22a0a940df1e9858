"""Special functions in numpy alone: inverse normal, incomplete gamma and its inverse, mixtures.

scipy has all of these, and the tests compare with it. It isn't used at run time, because a scenario and a
seed promise the same tables byte for byte, and scipy's last digits change from one version to the next. (Its
import would also cost more than everything else together.)

Every function here works element by element: what comes out for one `u` never depends on its neighbours, so
that blocks of any size give the same samples. Iterations therefore stop for each element on its own.

Sources: Wichura, Algorithm AS 241, Applied Statistics 37 (1988); Best and Roberts, Algorithm AS 91, Applied
Statistics 24 (1975); DLMF 8.7.1 (series) and 8.9.2 (continued fraction, its even part); Wilson and Hilferty,
PNAS 17 (1931).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

Floats: TypeAlias = NDArray[np.float64]

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
_SETTLED = 1e-7  # Halley triples the digits of a step, so a step this small was the last one needed
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
        r = np.sqrt(-np.log(np.minimum(u[outer], 1.0 - u[outer])))
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

    Solved for log x on the logarithm of the smaller tail. Both tails are log-concave in log x, which lets
    Newton's step converge from anywhere; Halley's is used, from Best and Roberts' start.

    Args:
        shape: positive; tested from 0.01 to 10 000, to 1e-12 relative.
        u: probabilities, 0 <= u < 1.
    """
    u = np.asarray(u, dtype=np.float64)
    answer = np.zeros_like(u)
    todo = np.flatnonzero(u > 0.0)
    p = u[todo]
    upper = p > 0.5
    aim = np.log(np.where(upper, 1.0 - p, p))
    t = _gamma_start(shape, p, aim, upper)
    for _ in range(_STEPS):
        if not todo.size:
            break
        level, slope, bend = _log_tail(shape, t, upper)
        gap = level - aim
        halley = np.clip(1.0 - 0.5 * gap * bend / (slope * slope), 0.5, 2.0)
        step = -gap / (slope * halley)
        t = t + step
        answer[todo] = t
        going = np.abs(step) > _SETTLED
        todo, t, aim, upper = todo[going], t[going], aim[going], upper[going]
    found = u > 0.0
    answer[found] = np.exp(answer[found])
    return answer


def mixture_tail(probabilities: Sequence[float], means: Sequence[float], x: Floats) -> Floats:
    """The probability that a mixture of exponentials exceeds x >= 0; branches are added in their order."""
    tail = np.zeros_like(x)
    for p, m in zip(probabilities, means, strict=True):
        tail += p * np.exp(-x / m)
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
    aim = np.log1p(-u)
    branches = [(p, m) for p, m in zip(probabilities, means, strict=True) if p > 0.0]
    x = -aim / sum(p / m for p, m in branches)
    for p, m in branches:
        x = np.maximum(x, m * (math.log(p) - aim))
    answer = x.copy()
    todo = np.flatnonzero(u > 0.0)
    x, aim, early = x[todo], aim[todo], u[todo] < 0.5
    for _ in range(_STEPS):
        if not todo.size:
            break
        below, rate = np.zeros_like(x), np.zeros_like(x)
        for p, m in branches:
            below -= p * np.expm1(-x / m)
            rate += p / m * np.exp(-x / m)
        tail = mixture_tail(probabilities, means, x)
        level = np.where(early, np.log1p(-np.minimum(below, 0.9)), np.log(tail))
        step = (level - aim) * tail / rate
        x = x + step
        answer[todo] = x
        going = step > 1e-9 * x
        todo, x, aim, early = todo[going], x[going], aim[going], early[going]
    return answer


def _ratio(table: tuple[tuple[float, ...], tuple[float, ...]], r: Floats) -> Floats:
    above, below = np.zeros_like(r), np.zeros_like(r)
    for a, b in zip(*table, strict=True):
        above, below = above * r + a, below * r + b
    return above / below


def _gamma_start(shape: float, p: Floats, aim: Floats, upper: NDArray[np.bool_]) -> Floats:
    """A first log x: AS 91's up to shape 1, else Wilson and Hilferty's; never under the bound x^a >= p a!."""
    floor = (np.log(p) + math.lgamma(shape + 1.0)) / shape
    if shape <= 1.0:
        knee = 1.0 - shape * (0.253 + 0.12 * shape)
        with np.errstate(divide="ignore", invalid="ignore"):
            beyond = np.log(1.0 - np.log((1.0 - p) / (1.0 - knee)))
        start = np.where(p < knee, (np.log(p) - math.log(knee)) / shape, beyond)
    else:
        z = np.where(upper, -1.0, 1.0) * inverse_normal(np.exp(aim))
        cube = 1.0 - 1.0 / (9.0 * shape) + z / (3.0 * math.sqrt(shape))
        start = math.log(shape) + 3.0 * np.log(np.maximum(cube, 1e-3))
    return np.maximum(start, floor)


def _log_tail(shape: float, t: Floats, upper: NDArray[np.bool_]) -> tuple[Floats, Floats, Floats]:
    """The logarithm of the asked tail at x = exp(t), with its first and second derivative by t."""
    x = np.exp(t)
    level, slope = np.empty_like(t), np.empty_like(t)
    near = x < shape + 1.0
    density = np.log(shape) + _log_weight(shape, t, x)  # log of x f(x), f the density
    if near.any():
        total = _series(shape, x[near])
        log_p = density[near] - math.log(shape) + np.log(total)
        other = -np.expm1(np.minimum(log_p, -_EPSILON))
        high = upper[near]
        level[near] = np.where(high, np.log(other), log_p)
        slope[near] = np.where(high, -np.exp(density[near]) / other, shape / total)
    far = ~near
    if far.any():
        fraction = _fraction(shape, x[far])
        log_q = density[far] + np.log(fraction)
        other = -np.expm1(np.minimum(log_q, -_EPSILON))
        high = upper[far]
        level[far] = np.where(high, log_q, np.log(other))
        slope[far] = np.where(high, -1.0 / fraction, np.exp(density[far]) / other)
    return level, slope, slope * (shape - x - slope)


def _gamma_tails(shape: float, x: Floats) -> tuple[Floats, Floats]:
    x = np.asarray(x, dtype=np.float64)
    lower, upper = np.zeros_like(x), np.ones_like(x)
    near = (x > 0.0) & (x < shape + 1.0)
    if near.any():
        v = x[near]
        lower[near] = np.exp(_log_weight(shape, np.log(v), v)) * _series(shape, v)
        upper[near] = 1.0 - lower[near]
    far = (x >= shape + 1.0) & (x < np.inf)
    if far.any():
        v = x[far]
        upper[far] = shape * np.exp(_log_weight(shape, np.log(v), v)) * _fraction(shape, v)
        lower[far] = 1.0 - upper[far]
    endless = x == np.inf
    lower[endless], upper[endless] = 1.0, 0.0
    return lower, upper


def _log_weight(shape: float, t: Floats, x: Floats) -> Floats:
    """log(x^a e^-x / Gamma(a + 1)) at x = exp(t); by Stirling for large a, where the sum would cancel."""
    if shape < 16.0:
        return shape * t - x - math.lgamma(shape + 1.0)
    mu = (x - shape) / shape
    a2 = shape * shape
    rest = (1 / 12 - (1 / 360 - (1 / 1260 - (1 / 1680 - (1 / 1188) / a2) / a2) / a2) / a2) / shape
    with np.errstate(divide="ignore"):
        return shape * (np.log1p(mu) - mu) - (0.5 * math.log(2.0 * math.pi * shape) + rest)


def _series(shape: float, x: Floats) -> Floats:
    """1 + x/(a+1) + x^2/((a+1)(a+2)) + ..., for x < a + 1, where the terms only fall.

    The loop ends once no element's term can change its sum, so extra rounds for slow neighbours do nothing.
    """
    total, term, n = np.ones_like(x), np.ones_like(x), shape
    while True:
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
