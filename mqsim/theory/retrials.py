"""Messages that find no room and come back later: M/M/c/K with retrials, as a Markov chain.

Source: G. Falin and J. Templeton, Retrial Queues (1997); solved here level by level, from a number of absent
messages that can be neglected down to none.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from mqsim.errors import TheoryError
from mqsim.theory.chain import steady_state
from mqsim.theory.queue import Queue
from mqsim.theory.ranges import positive, steady, whole

if TYPE_CHECKING:
    from mqsim.theory.laws import Floats

LEFT_OUT = 1e-14
DEEPEST = 1 << 16


def mmc_retrial(
    arrival_rate: float, service_rate: float, servers: int, room: int, retry_rate: float
) -> Queue:
    """M/M/c/K whose refused messages try again, each after an exponential delay, as often as it takes.

    This is a producer that retries what a full queue with `overflow: reject-publish` refuses, without a limit
    and with a delay that doesn't grow.

    Args:
        arrival_rate: new messages a second, above 0, below servers * service_rate.
        service_rate: of each server while it works, per second, above 0.
        servers: 1 or more.
        room: messages that fit in the system, in service included; at least `servers`.
        retry_rate: 1 / mean delay before each further attempt, per second, above 0.

    Returns:
        All means. `mean_wait` runs from the first attempt to the start of work, `mean_waiting` counts the
        absent and the queued, `mean_queued` is the time in the queue alone; `p_wait` is the probability that
        a new message finds no free server.

    Raises:
        TheoryError: outside these ranges, or when more than 65536 absent messages have to be reckoned with.

    Source: Falin and Templeton (1997); what is cut off has a probability of at most 1e-14.
    """
    arrivals, rate = positive("arrival_rate", arrival_rate), positive("service_rate", service_rate)
    count = whole("servers", servers)
    places = whole("room", room, count)
    retry = positive("retry_rate", retry_rate)
    name = f"M/M/{count}/{places} with retrials"
    steady(name, arrivals / (count * rate))
    deepest = 64
    while deepest <= DEEPEST:
        table = _levels(arrivals, rate, count, places, retry, deepest)
        if float(table[-1].sum()) < LEFT_OUT:
            break
        deepest *= 2
    else:
        raise TheoryError(f"{name}: more than {DEEPEST} absent messages matter; raise the retry rate.")
    inside = table.sum(axis=0)
    absent = float(np.arange(len(table)) @ table.sum(axis=1))
    queued = float(inside[count:] @ np.arange(places - count + 1))
    wait = (absent + queued) / arrivals
    return Queue(
        name=name,
        arrival_rate=arrivals,
        utilisation=arrivals / (count * rate),
        p_wait=float(inside[count:].sum()),
        mean_wait=wait,
        mean_sojourn=wait + 1.0 / rate,
        mean_waiting=absent + queued,
        mean_in_system=absent + queued + arrivals / rate,
        throughput=arrivals,
        mean_queued=queued / arrivals,
    )


def _levels(arrivals: float, rate: float, count: int, places: int, retry: float, deepest: int) -> Floats:
    """P(absent, in the system), with at most `deepest` absent."""
    size = places + 1
    local = np.diag([arrivals] * places, 1) + np.diag([min(n, count) * rate for n in range(1, size)], -1)
    up = np.zeros((size, size))
    up[-1, -1] = arrivals
    back = np.diag([retry] * places, 1)
    leaving = local.sum(axis=1)
    steps: list[Floats] = []
    above = np.zeros((size, size))
    for n in range(deepest, 0, -1):
        rise = up.sum(axis=1) if n < deepest else 0.0
        inside = local - np.diag(leaving + n * back.sum(axis=1) + rise)
        step = np.asarray(np.linalg.solve(-(inside + above).T, up.T).T, dtype=np.float64)
        steps.append(step)
        above = step @ (n * back)
    vectors = [steady_state(local + above)]
    for step in reversed(steps):
        vectors.append(vectors[-1] @ step)
    table = np.array(vectors)
    return np.asarray(table / table.sum())
