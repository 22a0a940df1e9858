"""The law of a wait or of a sojourn: its tail, and percentiles by bisection.

A law is held as its tail P(T > t) and not as its distribution function, because the tail keeps its
relative accuracy where 1 - F(t) has lost it. The tails below are plain functions with `functools.partial`
around them, so that a result can be pickled and sent to another process.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from mqsim.errors import TheoryError
from mqsim.theory.ranges import not_negative, share

if TYPE_CHECKING:
    from collections.abc import Callable

Floats = NDArray[np.float64]

NEGLIGIBLE = 1e-17
"""A survival probability that is cut off: an eighth of what 1.0 can resolve."""
BLOCK = 256
LONGEST = 2_000_000


@dataclass(frozen=True)
class Law:
    """The law of a time that is never negative.

    Attributes:
        tail: P(T > t) for t >= 0, not increasing.
        scale: a time of the law's order of magnitude, in seconds, where the search for a percentile starts.
    """

    tail: Callable[[float], float]
    scale: float

    def cdf(self, t: float) -> float:
        """P(T <= t), t in seconds and not negative.

        Raises:
            TheoryError: when `t` is negative or no number.
        """
        return min(1.0, max(0.0, 1.0 - self.tail(not_negative("t", t))))

    def percentile(self, p: float) -> float:
        """The least t, in seconds, with P(T <= t) >= p, to a relative 1e-12 of t where the tail allows it.

        Args:
            p: from 0 up to, but not including, 1; 0.95 is the 95th percentile.

        Raises:
            TheoryError: when `p` is outside its range.
        """
        beyond = 1.0 - share("p", p)
        if self.tail(0.0) <= beyond:
            return 0.0
        low, high = 0.0, self.scale
        while self.tail(high) > beyond:
            low, high = high, 2.0 * high
            if not math.isfinite(high):
                raise TheoryError(f"p: {p!r} is further out in the tail than this formula is accurate.")
        while high - low > 1e-13 * high:
            middle = 0.5 * (low + high)
            if not low < middle < high:
                break
            if self.tail(middle) > beyond:
                low = middle
            else:
                high = middle
        return high


def delayed_exponential(weight: float, rate: float) -> Law:
    """Zero with probability 1 - weight, otherwise exponential: the wait of M/M/c and GI/M/c."""
    return Law(partial(_exponential_tail, weight, rate), 1.0 / rate)


def delayed_exponential_then_service(weight: float, rate: float, service_rate: float) -> Law:
    """The sum of a `delayed_exponential` and an independent exponential service: the sojourn of M/M/c."""
    return Law(partial(_sojourn_tail, weight, rate, service_rate), 1.0 / rate + 1.0 / service_rate)


def shifted(law: Law, shift: float) -> Law:
    """A law moved to the right by a constant, in seconds."""
    return Law(partial(_shifted_tail, law, shift), law.scale + shift)


def exponential_steps(survival: Floats, rate: float) -> Law:
    """The time that N steps take, each exponential with the same rate.

    By conditioning on the number of steps that fit into t (uniformisation, Jensen 1953):
    P(T > t) = sum over n of Poisson(n; rate t) P(N > n). All terms are positive, so nothing cancels.

    Args:
        survival: P(N > n) for n = 0, 1, ..., up to where it can be neglected.
        rate: of each step, per second.
    """
    mean_steps = max(float(survival.sum()), 1.0)
    return Law(partial(_steps_tail, survival, log_factorials(len(survival)), rate), mean_steps / rate)


def then_service(survival: Floats, servers: int) -> Floats:
    """P(N + G > n) where N steps of waiting are followed by service, seen by a clock of all servers' rate.

    A server works at 1 / `servers` of that clock's rate, so its service takes a geometric number G of steps.

    Args:
        survival: P(N > n), n = 0, 1, ...
        servers: how many serve.
    """
    if servers == 1:
        return np.concatenate(([1.0], survival))
    stay = 1.0 - 1.0 / servers
    waiting = survival.tolist()
    serving = 1.0 - waiting[0]
    result = [1.0]
    n = 0
    while result[-1] > NEGLIGIBLE:
        n += 1
        before = waiting[n - 1] if n - 1 < len(waiting) else 0.0
        after = waiting[n] if n < len(waiting) else 0.0
        serving = serving * stay + (before - after)
        result.append(after + serving)
    return np.array(result)


def powers_survival(start: Floats, transitions: Floats, weights: Floats) -> Floats:
    """The numbers start transitions^n weights, n = 0, 1, ..., up to where they can be neglected.

    With the transitions among the transient states of a chain and weights of 1 this is P(N > n) for the
    number N of steps until it is absorbed.

    Args:
        start: a row vector, 0 or above.
        transitions: square, 0 or above, with powers that tend to 0.
        weights: a column vector, 0 or above.

    Raises:
        TheoryError: when more than two million of them would have to be summed.
    """
    block = [start]
    for _ in range(BLOCK - 1):
        block.append(block[-1] @ transitions)
    rows = np.array(block)
    leap = np.linalg.matrix_power(transitions, BLOCK)
    parts: list[Floats] = []
    while len(parts) * BLOCK < LONGEST:
        part = rows @ weights
        few = np.flatnonzero(part < NEGLIGIBLE)
        parts.append(part[: few[0]] if len(few) else part)
        if len(few):
            survival = np.concatenate(parts)
            return survival if len(survival) else np.zeros(1)
        rows = rows @ leap
    raise TheoryError(f"more than {LONGEST} steps would have to be summed; the load is too close to 1.")


def _exponential_tail(weight: float, rate: float, t: float) -> float:
    return weight * math.exp(-rate * t)


def _sojourn_tail(weight: float, rate: float, service_rate: float, t: float) -> float:
    slow, fast = sorted((rate, service_rate))
    gap = (slow - fast) * t
    growth = math.expm1(gap) / gap if gap != 0 else 1.0
    # P(X + Y > t) = exp(-fast t) + fast (exp(-slow t) - exp(-fast t)) / (fast - slow) for exponentials of two
    # rates, written so that equal and nearly equal rates neither divide by zero nor cancel.
    both = math.exp(-slow * t) * (math.exp(gap) + fast * t * growth)
    return (1.0 - weight) * math.exp(-service_rate * t) + weight * both


def _shifted_tail(law: Law, shift: float, t: float) -> float:
    return 1.0 if t < shift else law.tail(t - shift)


def log_factorials(n: int) -> Floats:
    """The logarithms of 0!, 1!, ..., (n - 1)!."""
    logs = np.zeros(n)
    if n > 1:
        logs[1:] = np.cumsum(np.log(np.arange(1, n)))
    return logs


def _steps_tail(survival: Floats, logs: Floats, rate: float, t: float) -> float:
    mean = rate * t
    if mean == 0:
        return float(survival[0])
    spread = 12.0 * math.sqrt(mean) + 60.0
    first = min(max(int(mean - spread), 0), len(survival))
    last = min(int(mean + spread) + 1, len(survival))
    n = np.arange(first, last)
    poisson = np.exp(n * math.log(mean) - mean - logs[first:last])
    return float(poisson @ survival[first:last])
