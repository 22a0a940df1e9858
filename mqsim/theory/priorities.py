"""Several classes of messages at one queue, served in order of importance and, within a class, of arrival.

Classes are numbered from 0, the most important one, whose messages are served first.

Source: L. Kleinrock, Queueing Systems II (1976), chapter 3 (Cobham's formula); O. Kella and U.
Yechiali, Waiting times in the non-preemptive priority M/M/c queue, Stochastic Models 1 (1985) 257-262.
"""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from itertools import accumulate
from typing import TYPE_CHECKING

import numpy as np

from mqsim.errors import TheoryError
from mqsim.theory.laws import Law, delayed_exponential, delayed_exponential_then_service
from mqsim.theory.markovian import erlang_c
from mqsim.theory.queue import Queue, lossless
from mqsim.theory.ranges import positive, positives, second_moment, steady, whole
from mqsim.theory.transforms import Complexes, invert

if TYPE_CHECKING:
    from collections.abc import Sequence


def mg1_priorities(
    arrival_rates: Sequence[float],
    means: Sequence[float],
    second_moments: Sequence[float],
    *,
    preemptive: bool = False,
) -> tuple[Queue, ...]:
    """M/G/1 with priorities: one result a class, the most important first.

    Args:
        arrival_rates: of each class, per second, above 0.
        means: mean work of each class, in seconds, above 0.
        second_moments: mean squared work of each class, at least mean².
        preemptive: False: work that has begun is finished first (RabbitMQ). True: a more important message
            interrupts the work, which is resumed later where it stopped; a wait is then all the time not
            being served.

    Returns:
        For each class its share of the server as `utilisation`, `p_wait` (whether work starts at once) and
        all means.

    Raises:
        TheoryError: outside these ranges, when the sequences differ in length, or at a total utilisation of 1
        or more.

    Source: Kleinrock II, chapter 3; A. Cobham, Priority assignment in waiting line problems, Operations
        Research 2 (1954) 70-76.
    """
    rates, works = positives("arrival_rates", arrival_rates), positives("means", means)
    _same_length("means", works, rates)
    _same_length("second_moments", second_moments, rates)
    squares = [second_moment(f"second_moments[{i}]", m2, works[i]) for i, m2 in enumerate(second_moments)]
    loads = [0.0, *accumulate(rate * work for rate, work in zip(rates, works, strict=True))]
    residuals = [0.0, *accumulate(rate * m2 / 2.0 for rate, m2 in zip(rates, squares, strict=True))]
    total = steady("M/G/1 with priorities", loads[-1])
    queues = []
    for i, (rate, work) in enumerate(zip(rates, works, strict=True)):
        above, upto = 1.0 - loads[i], 1.0 - loads[i + 1]
        residual = residuals[i + 1] if preemptive else residuals[-1]
        wait = residual / (above * upto)
        if preemptive:
            wait += work / above - work
        name = f"M/G/1 {'preemptive' if preemptive else 'non-preemptive'} class {i}"
        p_wait = loads[i + 1] if preemptive else total
        queues.append(lossless(name, rate, work, 1, mean_wait=wait, p_wait=p_wait))
    return tuple(queues)


def mmc_priorities(arrival_rates: Sequence[float], service_rate: float, servers: int) -> tuple[Queue, ...]:
    """M/M/c with non-preemptive priorities and the same exponential work in all classes.

    Args:
        arrival_rates: of each class, per second, above 0; the most important class first.
        service_rate: of each server while it works, per second, above 0.
        servers: 1 or more; servers * service_rate must exceed the sum of the arrival rates.

    Returns:
        One result a class with all means and the law of the wait (about 1e-9, by numerical inversion; for
        class 0 also that of the sojourn, exactly).

    Raises:
        TheoryError: outside these ranges.

    Source: Kella and Yechiali (1985): a wait that happens is that of M/M/1 with priorities, a server of all
        servers' speed and the same probability of being positive; its transform is in Kleinrock II,
        chapter 3.

    Example:
        >>> from mqsim import theory
        >>> [each.mean_wait for each in theory.mmc_priorities([0.25, 0.25], 1.0, 1)]
        [0.667, 1.333]
    """
    rates = positives("arrival_rates", arrival_rates)
    rate = positive("service_rate", service_rate)
    count = whole("servers", servers)
    capacity = count * rate
    steady(f"M/M/{count} with priorities", sum(rates) / capacity)
    delayed = erlang_c(count, sum(rates) / rate)
    loads = [0.0, *accumulate(r / capacity for r in rates)]
    queues = []
    for i, arrivals in enumerate(rates):
        wait = delayed / (capacity * (1.0 - loads[i]) * (1.0 - loads[i + 1]))
        higher, lower = sum(rates[:i]), sum(rates[i + 1 :])
        law = (
            Law(partial(_wait_tail, delayed, higher, arrivals, lower, capacity), wait / delayed)
            if i
            else delayed_exponential(delayed, capacity - arrivals)
        )
        name = f"M/M/{count} non-preemptive class {i}"
        queue = lossless(name, arrivals, 1.0 / rate, count, mean_wait=wait, p_wait=delayed, wait_law=law)
        if i == 0:
            sojourn = delayed_exponential_then_service(delayed, capacity - arrivals, rate)
            queue = replace(queue, sojourn_law=sojourn)
        queues.append(queue)
    return tuple(queues)


def _wait_tail(delayed: float, higher: float, own: float, lower: float, capacity: float, t: float) -> float:
    if t == 0:
        return delayed
    tail = invert(partial(_delay_tail_transform, higher, own, lower, capacity), t)
    return delayed * min(1.0, max(0.0, tail))


def _delay_tail_transform(
    higher: float, own: float, lower: float, capacity: float, s: Complexes
) -> Complexes:
    """Of P(W > t | W > 0) in M/M/1 with a server of rate `capacity`."""
    load = (higher + own + lower) / capacity
    root = np.sqrt(s + (capacity**0.5 - higher**0.5) ** 2) * np.sqrt(s + (capacity**0.5 + higher**0.5) ** 2)
    # Laplace transform of a busy period made by the more important classes, in the form that does not cancel.
    busy = 2.0 * capacity / (higher + capacity + s + root)
    z = s + higher * (1.0 - busy)
    working = z / (capacity + z)
    wait = ((1.0 - load) * z + lower * working) / (s - own * working)
    return np.asarray((1.0 - (wait - (1.0 - load)) / load) / s)


def _same_length(name: str, values: Sequence[float], rates: Sequence[float]) -> None:
    if len(values) != len(rates):
        raise TheoryError(
            f"{name} has {len(values)} numbers for {len(rates)} classes; there must be one for each."
        )
