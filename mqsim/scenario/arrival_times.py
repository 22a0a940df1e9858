"""When messages come: a scenario's arrivals as endless or finite sequences of times.

Message i of a producer uses sample i of its streams, whatever else happens. Sources: inversion of the
cumulated rate for profiles (Cinlar, Introduction to Stochastic Processes, 1975, ch. 4); Markov-modulated
Poisson streams by the same change of time within each state (Fischer and Meier-Hellstern, Performance
Evaluation 18, 1993).
"""

from __future__ import annotations

import math
from bisect import bisect_right
from itertools import accumulate, chain, count, islice, takewhile
from typing import TYPE_CHECKING

from mqsim.distributions import Exponential, Streams
from mqsim.scenario.arrivals import (
    At,
    Batches,
    Every,
    Mmpp,
    Poisson,
    ProfileArrivals,
    Renewal,
    TraceArrivals,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

    from mqsim.scenario.actors import ProducerSpec

_UNIT = Exponential(1.0)


def times(spec: ProducerSpec, streams: Streams, actor: str) -> Iterator[float] | None:
    """The times at which a producer's messages come into the world, in seconds, never decreasing.

    None for arrivals that answer to what the system does (closed loop, saturation).
    """
    arrivals, start = spec.arrivals, spec.start
    found: Iterator[float]
    match arrivals:
        case Poisson():
            gaps = streams.sampler(actor, "arrivals", Exponential(1.0 / arrivals.rate)).draws()
            found = _after(start, gaps)
        case Every():
            found = (start + i * arrivals.interval for i in count())
        case Renewal():
            found = _after(start, streams.sampler(actor, "arrivals", arrivals.law).draws())
        case At() | TraceArrivals():
            found = (start + time for time in arrivals.times)
        case Mmpp():
            found = _mmpp(arrivals, start, streams, actor)
        case Batches():
            found = _batches(arrivals, start, streams, actor)
        case ProfileArrivals():
            found = _profile(arrivals, start, streams, actor)
        case _:
            return None
    if spec.messages is not None:
        found = islice(found, spec.messages)
    if spec.stop is not None:
        stop = spec.stop
        found = takewhile(lambda time: time < stop, found)
    return found


def _after(start: float, gaps: Iterator[float]) -> Iterator[float]:
    return islice(accumulate(chain((start,), gaps)), 1, None)


def _batches(arrivals: Batches, start: float, streams: Streams, actor: str) -> Iterator[float]:
    epochs = _after(start, streams.sampler(actor, "arrivals", arrivals.every).draws())
    sizes = streams.sampler(actor, "batch sizes", arrivals.size).draws()
    for epoch, size in zip(epochs, sizes, strict=False):
        for _ in range(round(size)):
            yield epoch


def _mmpp(arrivals: Mmpp, start: float, streams: Streams, actor: str) -> Iterator[float]:
    stays = streams.sampler(actor, "stays", _UNIT).draws()
    turns = streams.stream(actor, "turns").draws()
    waits = streams.sampler(actor, "arrivals", _UNIT).draws()
    leaving = arrivals.leaving()
    state, now = arrivals.start, start
    wait = next(waits)
    while True:
        rate = arrivals.rates[state]
        until = now + next(stays) / leaving[state] if leaving[state] > 0 else float("inf")
        while rate > 0 and now + wait / rate <= until:
            now += wait / rate
            yield now
            wait = next(waits)
        if until == float("inf"):
            return
        wait -= rate * (until - now)
        now = until
        state = _pick(arrivals.switch[state], next(turns))


def _pick(rates: tuple[float, ...], uniform: float) -> int:
    edges = list(accumulate(rates))
    return min(bisect_right(edges, uniform * edges[-1]), len(rates) - 1)


def _profile(arrivals: ProfileArrivals, start: float, streams: Streams, actor: str) -> Iterator[float]:
    even = arrivals.law == "even"
    steps = iter(count(1)) if even else accumulate(streams.sampler(actor, "arrivals", _UNIT).draws())
    profile = _Profile(arrivals)
    for cumulated in steps:
        time = profile.when(float(cumulated))
        if time == float("inf"):
            return
        yield start + time


class _Profile:
    """The integral of a piecewise rate, and its inverse."""

    def __init__(self, arrivals: ProfileArrivals) -> None:
        points = list(arrivals.points)
        if points[0][0] > 0:
            points.insert(0, (0.0, points[0][1]))
        self.times = [time for time, _ in points]
        self.rates = [rate for _, rate in points]
        self.linear = arrivals.shape == "linear"
        self.totals = [0.0]
        for i in range(len(points) - 1):
            length = self.times[i + 1] - self.times[i]
            mean = (self.rates[i] + self.rates[i + 1]) / 2 if self.linear else self.rates[i]
            self.totals.append(self.totals[-1] + mean * length)

    def when(self, total: float) -> float:
        """The time at which the integral of the rate reaches `total`; infinite if it never does."""
        i = bisect_right(self.totals, total) - 1
        rest, rate = total - self.totals[i], self.rates[i]
        if i == len(self.times) - 1:
            return self.times[i] + (rest / rate if rate > 0 else float("inf") if rest > 0 else 0.0)
        slope = 0.0
        if self.linear:
            slope = (self.rates[i + 1] - rate) / (self.times[i + 1] - self.times[i])
        # Solve rate x + slope x^2 / 2 = rest, in the form that does not cancel when the slope is small.
        root = math.sqrt(max(rate * rate + 2 * slope * rest, 0.0))
        return self.times[i] + (2 * rest / (rate + root) if rest > 0 else 0.0)
