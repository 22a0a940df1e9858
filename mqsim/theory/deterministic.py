"""Poisson arrivals and work that always takes the same time: M/D/1 and M/D/c.

The classical series for the wait (Erlang 1909, Crommelin 1932) alternates and loses all its digits when the
system is busy. Franx's form has positive terms only; it needs the law of the number that waits, which is
found here from the roots of z^c = exp(load (z - 1)) inside the unit circle and one Fourier transform.

Source: G. J. Franx, A simple solution for the M/D/c waiting time distribution, Operations Research Letters 29
(2001) 221-229; H. C. Tijms, A First Course in Stochastic Models (2003).
"""

from __future__ import annotations

import math
from functools import partial

import numpy as np
from numpy.typing import NDArray

from mqsim.errors import TheoryError
from mqsim.theory.laws import Floats, Law, log_factorials, shifted
from mqsim.theory.queue import Queue, lossless
from mqsim.theory.ranges import positive, steady, whole

Complexes = NDArray[np.complex128]

LARGEST = 1 << 21
"""Length of the longest Fourier transform tried; enough for utilisation 0.9999 of one server."""


def md1(arrival_rate: float, service_rate: float) -> Queue:
    """M/D/1: Poisson arrivals, one server, every message takes the same time.

    Args:
        arrival_rate: messages a second, above 0.
        service_rate: messages a second that the server completes while it works (1 / the work of each), above
            `arrival_rate`.

    Returns:
        All means, and the laws of wait and sojourn.

    Raises:
        TheoryError: outside these ranges.

    Source: Franx (2001) with one server; the mean is Pollaczek and Khinchine's.

    Example:
        >>> from mqsim import theory
        >>> theory.md1(arrival_rate=0.5, service_rate=1.0).mean_wait
        0.5
    """
    return mdc(arrival_rate, service_rate, 1)


def mdc(arrival_rate: float, service_rate: float, servers: int) -> Queue:
    """M/D/c: Poisson arrivals, `servers` equal servers, constant work, first come first served.

    Exact but for rounding: the law to about 1e-13 up to utilisation 0.98 and 1e-11 up to 0.999, the mean wait
    to about 1e-12 of the work (which matters only with many servers that are hardly used).

    Args:
        arrival_rate: messages a second, above 0.
        service_rate: of each server while it works (1 / the work of each message), per second, above 0.
        servers: 1 or more; servers * service_rate must exceed arrival_rate.

    Returns:
        All means, and the laws of wait and sojourn.

    Raises:
        TheoryError: outside these ranges, or so close to utilisation 1 that the law would need a transform of
        more
            than two million points (about 0.9999).

    Source: Franx (2001); Tijms (2003).

    Example:
        >>> from mqsim import theory
        >>> theory.mdc(arrival_rate=0.5, service_rate=1.0, servers=1).mean_wait
        0.5
    """
    arrivals = positive("arrival_rate", arrival_rate)
    work = 1.0 / positive("service_rate", service_rate)
    count = whole("servers", servers)
    name = f"M/D/{count}"
    load = arrivals * work
    steady(name, load / count)
    roots = _roots(load, count)
    # Mean number in the system, from the derivative of its generating function at 1 (Tijms).
    mean_waiting = float(
        np.sum(1.0 / (1.0 - roots)).real + (count - (count - load) ** 2) / (2.0 * (count - load)) - load
    )
    mean_waiting = max(mean_waiting, 0.0)
    waiting = _waiting_cdf(load, count, roots)
    wait = Law(partial(_wait_tail, waiting, arrivals, work, count), mean_waiting / arrivals + work)
    return lossless(
        name,
        arrivals,
        work,
        count,
        mean_wait=mean_waiting / arrivals,
        p_wait=wait.tail(0.0),
        wait_law=wait,
        sojourn_law=shifted(wait, work),
    )


def _roots(load: float, count: int) -> Complexes:
    """The count - 1 roots of z^count = exp(load (z - 1)) inside the unit circle, without z = 1.

    Each is the fixed point of z = w exp(load (z - 1) / count), w a root of unity; the map contracts there.
    """
    unity = np.exp(2j * np.pi * np.arange(1, count) / count)
    z = unity * math.exp(-load / count)
    for _ in range(200):
        image = unity * np.exp(load * (z - 1.0) / count)
        step = (image - z) / (1.0 - image * load / count)
        z = z + step
        if step.size == 0 or np.max(np.abs(step)) < 1e-16:
            break
    return np.asarray(z, dtype=np.complex128)


def _decay(load: float, count: int) -> float:
    """The root above 1 of z^count = exp(load (z - 1)): the tail of the number that waits decays by it."""
    low, high = count / load, 2.0 * count / load
    while count * math.log(high) > load * (high - 1.0):
        low, high = high, 2.0 * high
    for _ in range(200):
        middle = 0.5 * (low + high)
        if count * math.log(middle) > load * (middle - 1.0):
            low = middle
        else:
            high = middle
    return high


def _waiting_cdf(load: float, count: int, roots: Complexes) -> Floats:
    """P(number waiting <= n), n = 0, 1, ..., up to where the rest is below 1e-17."""
    needed = 60.0 + 40.0 / math.log(_decay(load, count)) + 2.0 * count
    if needed > LARGEST:
        raise TheoryError(
            f"M/D/{count} at utilisation {load / count:.8g} is too close to 1 for the law of the wait."
        )
    size = 1 << math.ceil(math.log2(needed))
    z = np.exp(-2j * np.pi * np.arange(size) / size)
    transform = np.ones(size, dtype=complex)
    inner = z[1:]
    ratio = np.ones(size - 1, dtype=complex)
    for root in roots:
        ratio *= (inner - root) / (1.0 - root)
    transform[1:] = (count - load) * (inner - 1.0) * ratio / (inner**count - np.exp(load * (inner - 1.0)))
    pmf = np.maximum(np.fft.ifft(transform).real, 0.0)
    return np.asarray(np.minimum(np.cumsum(pmf), 1.0))


def _wait_tail(waiting: Floats, arrivals: float, work: float, count: int, t: float) -> float:
    """P(W > t): sum over j of Poisson(j; arrivals (k work - t)) P(waiting > k count - j - 1), by Franx."""
    k = math.floor(t / work) + 1
    mean = arrivals * max(k * work - t, 0.0)
    most = min(k * count - 1, math.ceil(mean + 12.0 * math.sqrt(mean) + 60.0))
    j = np.arange(most + 1)
    at = k * count - 1 - j
    beyond = np.where(at < len(waiting), 1.0 - waiting[np.minimum(at, len(waiting) - 1)], 0.0)
    poisson = (
        np.exp(j * math.log(mean) - mean - log_factorials(most + 1)) if mean > 0 else (j == 0).astype(float)
    )
    if most < k * count - 1:
        return float(poisson @ beyond)
    # The j from k count on make the wait exceed t whatever the number that waits.
    return float(poisson @ beyond) + max(0.0, 1.0 - float(poisson.sum()))
