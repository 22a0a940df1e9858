"""When more comes than can be worked off for a while: how much piles up, and when it is gone.

Told by mean rates alone, as a fluid: what comes too much piles up, and is worked off when less comes. Chance
adds to it.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from mqsim.matching.load import MOST_QUEUES, capacity_of, steady_rate
from mqsim.matching.network import Traffic
from mqsim.matching.routes import shares
from mqsim.scenario import ProducerSpec, ProfileArrivals, Scenario

if TYPE_CHECKING:
    from collections.abc import Iterator

_POINTS = 20_001
_LEAST = 1.0
Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Surge:
    """The largest backlog that a changing rate leaves in a queue.

    Attributes:
        queue: its name.
        begins: seconds from which on more comes than can be worked off.
        peak: the highest rate of that stretch, per second.
        capacity: what the consumers can work off, per second.
        backlog: messages that pile up.
        at: seconds at which most have piled up.
        recovers: seconds at which the backlog is gone; infinite if it isn't before the run ends.
    """

    queue: str
    begins: float
    peak: float
    capacity: float
    backlog: float
    at: float
    recovers: float


def surges(scenario: Scenario) -> list[Surge]:
    """The queues in which messages pile up for a while because a profile's rate exceeds what can be done.

    Args:
        scenario: what would be run.
    """
    if len(scenario.broker.queues) > MOST_QUEUES:
        return []
    traffic = Traffic(scenario)
    return [
        surge
        for queue in scenario.broker.queues
        if not traffic.fed(queue) and (surge := _surge(scenario, queue)) is not None
    ]


def _surge(scenario: Scenario, queue: str) -> Surge | None:
    able = capacity_of(scenario, queue)
    horizon = scenario.horizon
    coming = list(_coming(scenario, queue))
    changing = any(isinstance(spec.arrivals, ProfileArrivals) for spec, _ in coming)
    if able is None or not changing or not math.isfinite(able):
        return None
    changes = np.array([time for spec, _ in coming for time in _changes(spec)])
    end = min(horizon, 20.0 * max(float(changes.max()), 1.0))
    sides = np.concatenate([changes, np.nextafter(changes, -math.inf)])  # both sides of a jump
    times = np.unique(np.concatenate([np.linspace(0.0, end, _POINTS), sides[(sides > 0.0) & (sides < end)]]))
    rate = np.zeros(times.size)
    for spec, part in coming:
        one = _rate_over(spec, times)
        if one is None:
            return None
        rate += part * one
    excess = np.concatenate(([0.0], np.cumsum((0.5 * (rate[1:] + rate[:-1]) - able) * np.diff(times))))
    backlog = excess - np.minimum.accumulate(np.minimum(excess, 0.0))
    most = int(np.argmax(backlog))
    if backlog[most] < _LEAST:
        return None
    before = np.flatnonzero(backlog[: most + 1] <= 0.0)
    begins = int(before[-1]) if before.size else 0
    after = np.flatnonzero(backlog[most:] <= 1e-9)
    recovers = float(times[most + after[0]]) if after.size else math.inf
    peak = float(rate[begins : most + 1].max())
    return Surge(queue, float(times[begins]), peak, able, float(backlog[most]), float(times[most]), recovers)


def _coming(scenario: Scenario, queue: str) -> Iterator[tuple[ProducerSpec, float]]:
    for spec in scenario.producers.values():
        share = shares(scenario, spec.to).get(queue)
        if spec.count and share is not None:
            yield spec, share.part


def _changes(spec: ProducerSpec) -> list[float]:
    """When the rate of a group of producers changes, in seconds."""
    points = spec.arrivals.points if isinstance(spec.arrivals, ProfileArrivals) else ()
    return [spec.start, *([] if spec.stop is None else [spec.stop]), *(time for time, _ in points)]


def _rate_over(spec: ProducerSpec, times: Floats) -> Floats | None:
    """Messages a second of a group of producers, over time; None where that can't be told."""
    if spec.messages is not None:
        return None
    if isinstance(spec.arrivals, ProfileArrivals):
        at = np.array([time for time, _ in spec.arrivals.points])
        rates = np.array([rate for _, rate in spec.arrivals.points])
        if spec.arrivals.shape == "linear":
            rate = np.interp(times, at, rates)
        else:
            rate = rates[np.maximum(np.searchsorted(at, times, side="right") - 1, 0)]
        rate = spec.count * rate
    else:
        constant = steady_rate(spec)
        if constant is None:
            return None
        rate = np.full(times.size, constant)
    on = (times >= spec.start) & (times < (math.inf if spec.stop is None else spec.stop))
    return np.where(on, rate, 0.0)
