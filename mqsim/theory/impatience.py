"""Messages that leave the queue unserved when their patience ends: M/M/c+M and M/M/c+D.

Both follow from the law of the *offered* wait, the time a message with endless patience would wait. Its
density at v > 0 is proportional to exp(arrival_rate G(v) - c service_rate v), where G(v) is the mean patience
cut at v.

Source: F. Baccelli and G. Hebuterne, On queues with impatient customers, Performance '81, 159-179; for
M/M/c+M ("Erlang A") also C. Palm (1946) and A. Mandelbaum and S. Zeltyn, Service engineering in action
(2007).
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from mqsim.errors import TheoryError
from mqsim.theory.laws import Floats, Law
from mqsim.theory.markovian import erlang_b
from mqsim.theory.queue import Queue
from mqsim.theory.ranges import positive, whole

NODES, WEIGHTS = np.polynomial.legendre.leggauss(16)
PANELS = 64
DROP = 45.0
"""The density is integrated to where it is exp(-45) = 3e-20 of its peak."""


def mmc_patience(arrival_rate: float, service_rate: float, servers: int, patience_rate: float) -> Queue:
    """M/M/c+M: M/M/c whose messages leave the queue after an exponential patience, unless served; any load.

    Work that has begun is finished. As a message that ran out of patience is never served, it makes no
    difference to the served whether it leaves at once or when it comes to the head (RabbitMQ's classic
    queues); `mean_waiting` and `mean_queued` assume that it leaves at once.

    Args:
        arrival_rate: messages a second, above 0.
        service_rate: of each server while it works, per second, above 0.
        servers: 1 or more.
        patience_rate: 1 / mean patience, per second, above 0.

    Returns:
        All means, `p_abandon`, and the laws of wait and sojourn of the served (to about 1e-12). `mean_queued`
        is the mean time in the queue of all, served or not.

    Raises:
        TheoryError: outside these ranges.

    Source: Baccelli and Hebuterne (1981); Mandelbaum and Zeltyn (2007).
    """
    rate = positive("patience_rate", patience_rate)
    return _queue("M", arrival_rate, service_rate, servers, patience_rate=rate, deadline=math.inf)


def mmc_deadline(arrival_rate: float, service_rate: float, servers: int, patience: float) -> Queue:
    """M/M/c+D: M/M/c whose messages leave the queue after the same `patience`, unless served; any load.

    This is a queue with a `message_ttl`. Work that has begun is finished.

    Args:
        arrival_rate: messages a second, above 0.
        service_rate: of each server while it works, per second, above 0.
        servers: 1 or more.
        patience: in seconds, above 0.

    Returns:
        As for `mmc_patience`.

    Raises:
        TheoryError: outside these ranges.

    Source: Baccelli and Hebuterne (1981); with one server D. Barrer, Queuing with impatient customers and
        ordered service, Operations Research 5 (1957) 650-656.
    """
    limit = positive("patience", patience)
    return _queue("D", arrival_rate, service_rate, servers, patience_rate=0.0, deadline=limit)


@dataclass(frozen=True)
class _Offered:
    """The density of the offered wait, up to a constant factor, and how patient a message is."""

    arrivals: float
    capacity: float
    patience_rate: float
    deadline: float

    def patience(self, v: Floats) -> Floats:
        """P(patience > v)."""
        return np.asarray(np.where(v < self.deadline, np.exp(-self.patience_rate * v), 0.0))

    def cut(self, v: Floats) -> Floats:
        """Mean of min(patience, v)."""
        if self.patience_rate == 0.0:
            return np.asarray(np.minimum(v, self.deadline))
        return np.asarray(-np.expm1(-self.patience_rate * v) / self.patience_rate)

    def exponent(self, v: Floats) -> Floats:
        """The logarithm of the density, with its value at 0 taken as 0."""
        return np.asarray(self.arrivals * self.cut(v) - self.capacity * v)

    def peak(self) -> float:
        """Where the density is largest."""
        if self.arrivals <= self.capacity:
            return 0.0
        if self.patience_rate == 0.0:
            return self.deadline
        return math.log(self.arrivals / self.capacity) / self.patience_rate

    def edge(self, towards: float) -> float:
        """Where, from the peak to `towards` (0 or infinity), the density has fallen by exp(-DROP)."""
        peak = self.peak()
        floor = self._at(peak) - DROP
        if towards == 0.0:
            if self._at(0.0) >= floor:
                return 0.0
            low, high = 0.0, peak
        else:
            low, high = peak, peak + 1.0 / self.capacity
            while self._at(high) > floor:
                high = peak + 2.0 * (high - peak)
        for _ in range(60):
            middle = 0.5 * (low + high)
            if (self._at(middle) > floor) == (towards == 0.0):
                high = middle
            else:
                low = middle
        return low if towards == 0.0 else high

    def _at(self, v: float) -> float:
        return float(self.exponent(np.array([v]))[0])


@dataclass(frozen=True)
class _Served:
    """The wait of the served: the weight of not waiting at all, and a density on [low, high]."""

    offered: _Offered
    level: float
    none: float
    low: float
    high: float
    service_rate: float

    def nodes(self, start: float, end: float) -> tuple[Floats, Floats]:
        """Points between start and end and their weights times the density of the offered wait.

        The deadline is always an edge between panels, for the density has a corner there.
        """
        a, b = max(start, self.low), min(end, self.high)
        if b <= a:
            return np.zeros(1), np.zeros(1)
        edges = np.linspace(a, b, PANELS + 1)
        if a < self.offered.deadline < b:
            half = PANELS // 2
            left, right = (
                np.linspace(a, self.offered.deadline, half + 1),
                np.linspace(self.offered.deadline, b, half + 1),
            )
            edges = np.concatenate((left, right[1:]))
        halves = 0.5 * np.diff(edges)
        v = (edges[:-1, None] + halves[:, None] * (1.0 + NODES)).ravel()
        weights = (halves[:, None] * WEIGHTS).ravel()
        return v, weights * np.exp(self.offered.exponent(v) - self.level)

    def waiting_weight(self, start: float) -> float:
        """Weight of being served after a wait above `start`."""
        v, weights = self.nodes(start, self.high)
        return float(weights @ self.offered.patience(v))

    def wait_tail(self, t: float) -> float:
        """P(wait > t), of the served."""
        return self.waiting_weight(t) / (self.none + self.waiting_weight(0.0))

    def sojourn_tail(self, t: float) -> float:
        """P(wait + work > t), of the served."""
        v, weights = self.nodes(0.0, t)
        working = weights @ (self.offered.patience(v) * np.exp(-self.service_rate * np.maximum(t - v, 0.0)))
        late = float(working) + self.waiting_weight(t) + self.none * math.exp(-self.service_rate * t)
        return late / (self.none + self.waiting_weight(0.0))


def _queue(
    law: str, arrival_rate: float, service_rate: float, servers: int, *, patience_rate: float, deadline: float
) -> Queue:
    arrivals = positive("arrival_rate", arrival_rate)
    rate = positive("service_rate", service_rate)
    count = whole("servers", servers)
    load = arrivals / rate
    offered = _Offered(arrivals, count * rate, patience_rate, deadline)
    level = float(offered.exponent(np.array([offered.peak()]))[0])
    # With the density at 0 as the unit, the states with a free server weigh 1 / (arrivals * Erlang B(c - 1)).
    blocked = erlang_b(count - 1, load) if count > 1 else 1.0
    none = math.exp(-level - math.log(arrivals * blocked)) if blocked > 0 else math.inf
    if not math.isfinite(none):
        raise TheoryError(
            f"M/M/{count}+{law}: at {load:.3g} erlangs so few messages wait that nothing can be told."
        )
    served = _Served(offered, level, none, offered.edge(0.0), offered.edge(math.inf), rate)
    v, weights = served.nodes(0.0, served.high)
    patience = offered.patience(v)
    total = none + float(weights.sum())
    waited = float(weights @ patience)
    kept = (none + waited) / total
    mean_queued = float(weights @ offered.cut(v)) / total
    mean_wait = float(weights @ (patience * v)) / (none + waited)
    return Queue(
        name=f"M/M/{count}+{law}",
        arrival_rate=arrivals,
        utilisation=arrivals * kept / (count * rate),
        p_wait=waited / (none + waited),
        mean_wait=mean_wait,
        mean_sojourn=mean_wait + 1.0 / rate,
        mean_waiting=arrivals * mean_queued,
        mean_in_system=arrivals * (mean_queued + kept / rate),
        throughput=arrivals * kept,
        p_abandon=float(weights @ (1.0 - patience)) / total,
        mean_queued=mean_queued,
        wait_law=Law(served.wait_tail, mean_wait + 1.0 / rate),
        sojourn_law=Law(served.sojourn_tail, mean_wait + 1.0 / rate),
    )
