"""Work or interarrival times of a general law: M/G/1 and GI/M/c.

Source: L. Kleinrock, Queueing Systems I (1975), chapter 5 (M/G/1) and 6 (GI/M/c).
"""

from __future__ import annotations

import math
from functools import partial

import numpy as np

from mqsim.errors import TheoryError
from mqsim.theory import laws
from mqsim.theory.queue import Queue, lossless
from mqsim.theory.ranges import positive, second_moment, steady, whole
from mqsim.theory.transforms import Complexes, Transform, check_transform, invert


def mg1(arrival_rate: float, mean: float, second_moment: float, transform: Transform | None = None) -> Queue:
    """M/G/1: Poisson arrivals, one server, work of any law, first come first served.

    Also exact for last come first served and random order as far as the means go.

    Args:
        arrival_rate: messages a second, above 0.
        mean: mean work in seconds, above 0, below 1 / arrival_rate.
        second_moment: mean of the squared work, in seconds squared, at least mean².
        transform: the Laplace transform of the work, for the laws of wait and sojourn; see
            `mqsim.theory.transforms`.

    Returns:
        All means; with `transform` the laws, by numerical inversion: about 1e-9 for smooth laws up to
        utilisation 0.999, about 3e-4 near the corners that a law with atoms leaves (constant work: use `md1`,
        which is exact).

    Raises:
        TheoryError: outside these ranges, or when `transform` does not have this mean.

    Source: Kleinrock I, chapter 5 (Pollaczek and Khinchine: the mean, and the transform of the wait).

    Example:
        >>> from mqsim import theory
        >>> theory.mg1(arrival_rate=0.5, mean=1.0, second_moment=2.0).mean_wait
        1.0
    """
    arrivals = positive("arrival_rate", arrival_rate)
    work = positive("mean", mean)
    square = _second_moment(second_moment, work)
    load = steady("M/G/1", arrivals * work)
    wait = arrivals * square / (2.0 * (1.0 - load))
    wait_law = sojourn_law = None
    if transform is not None:
        check_transform("transform", transform, work)
        wait_law = laws.Law(partial(_wait_tail, transform, arrivals, load), wait + work)
        sojourn_law = laws.Law(partial(_sojourn_tail, transform, arrivals, load), wait + work)
    return lossless(
        "M/G/1", arrivals, work, 1, mean_wait=wait, p_wait=load, wait_law=wait_law, sojourn_law=sojourn_law
    )


def gimc(arrival_rate: float, transform: Transform, service_rate: float, servers: int = 1) -> Queue:
    """GI/M/c: independent interarrival times of any one law, exponential work, first come first served.

    `p_wait` and the means of wait and sojourn are those of messages; `mean_waiting` and `mean_in_system`
    those of an observer at any time. With arrivals that aren't Poisson the two see different things.

    Args:
        arrival_rate: 1 / mean interarrival time, per second, above 0.
        transform: the Laplace transform of the interarrival time; see `mqsim.theory.transforms`
            (`constant_transform` for arrivals like clockwork). From it the root is found to about
            1e-15 / (1 - utilisation)² of itself.
        service_rate: of each server while it works, per second, above 0.
        servers: 1 or more; servers * service_rate must exceed arrival_rate.

    Returns:
        All means, and the laws of wait and sojourn.

    Raises:
        TheoryError: outside these ranges, or when `transform` does not have the mean 1 / arrival_rate.

    Source: Kleinrock I, chapter 6 (the root σ, the geometric queue); L. Takács, Introduction to the
        Theory of Queues (1962) (the probability of waiting, by terms that are all positive).
    """
    arrivals = positive("arrival_rate", arrival_rate)
    rate = positive("service_rate", service_rate)
    count = whole("servers", servers)
    name = f"GI/M/{count}"
    steady(name, arrivals / (count * rate))
    check_transform("transform", transform, 1.0 / arrivals)
    sigma = _root(transform, count * rate, arrivals)
    decay = count * rate * (1.0 - sigma)
    delayed = _p_wait(transform, rate, count, sigma)
    return lossless(
        name,
        arrivals,
        1.0 / rate,
        count,
        mean_wait=delayed / decay,
        p_wait=delayed,
        wait_law=laws.delayed_exponential(delayed, decay),
        sojourn_law=laws.delayed_exponential_then_service(delayed, decay, rate),
    )


def _second_moment(value: float, mean: float) -> float:
    return second_moment("second_moment", value, mean)


def _wait_tail(transform: Transform, arrivals: float, load: float, t: float) -> float:
    if t == 0:
        return load
    return min(load, max(0.0, invert(partial(_wait_tail_transform, transform, arrivals, load), t)))


def _wait_tail_transform(transform: Transform, arrivals: float, load: float, s: Complexes) -> Complexes:
    busy = arrivals * (1.0 - transform(s))
    return (load * s - busy) / (s * (s - busy))


def _sojourn_tail(transform: Transform, arrivals: float, load: float, t: float) -> float:
    if t == 0:
        return 1.0
    return min(1.0, max(0.0, invert(partial(_sojourn_tail_transform, transform, arrivals, load), t)))


def _sojourn_tail_transform(transform: Transform, arrivals: float, load: float, s: Complexes) -> Complexes:
    work = transform(s)
    return (1.0 - (1.0 - load) * s * work / (s - arrivals * (1.0 - work))) / s


def _at(transform: Transform, s: float) -> float:
    return float(transform(np.array([s], dtype=complex))[0].real)


def _root(transform: Transform, capacity: float, arrivals: float) -> float:
    """The σ in (0, 1) with σ = E exp(-capacity (1 - σ) T), by bisection on capacity (1 - σ)."""
    low, high = 0.0, capacity
    # With d = capacity (1 - σ): 1 - d / capacity - transform(d) is positive below the root only.
    for _ in range(200):
        middle = 0.5 * (low + high)
        if 1.0 - middle / capacity > _at(transform, middle):
            low = middle
        else:
            high = middle
    sigma = 1.0 - 0.5 * (low + high) / capacity
    if not 0.0 <= sigma < 1.0 or low == 0.0:
        raise TheoryError(
            f"GI/M/c at utilisation {arrivals / capacity:.9g} is too close to 1 to find its root."
        )
    return sigma


def _p_wait(transform: Transform, rate: float, count: int, sigma: float) -> float:
    """Takács's probability of waiting; a term whose denominator vanishes is replaced by its limit."""
    free = count * (1.0 - sigma)
    total = 1.0
    log_product = 0.0
    for j in range(1, count + 1):
        phi = _at(transform, j * rate)
        if phi < 1e-300:
            return 0.0
        log_product += math.log1p(-phi) - math.log(phi)
        gap = free - j
        if abs(gap) > 1e-5:
            ratio = (count * (1.0 - phi) - j) / gap
        else:
            h = 1e-4
            slope = (_at(transform, (j + h) * rate) - _at(transform, (j - h) * rate)) / (2.0 * h)
            ratio = 1.0 + count * slope
        log_term = math.log(math.comb(count, j)) + log_product - math.log1p(-phi)
        if log_term > 700:
            return 0.0
        total += (1.0 - sigma) * math.exp(log_term) * ratio
    return 1.0 / total
