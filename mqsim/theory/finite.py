"""Poisson arrivals and exponential work where room or the number of sources is finite.

Source: D. Gross, J. Shortle, J. Thompson and C. Harris, Fundamentals of Queueing Theory, 4th edition (2008),
sections 2.5 (M/M/c/K) and 2.8 (finite sources).
"""

from __future__ import annotations

from typing import Literal

import numpy as np

from mqsim.errors import TheoryError
from mqsim.theory import laws
from mqsim.theory.chain import birth_death
from mqsim.theory.laws import NEGLIGIBLE, Floats
from mqsim.theory.queue import NAN, Queue
from mqsim.theory.ranges import positive, whole

Overflow = Literal["reject", "drop-head"]

LONGEST = 20_000
"""The longest queue whose every place is followed under `drop-head`; it takes seconds."""


def mmck(
    arrival_rate: float, service_rate: float, servers: int, room: int, overflow: Overflow = "reject"
) -> Queue:
    """M/M/c/K: M/M/c in which at most `room` messages fit, those in service included; any load.

    A queue with `max_length: m` that counts ready messages, before c consumers with prefetch 1, has room m +
    c.

    Args:
        arrival_rate: messages a second, above 0.
        service_rate: of each server while it works, per second, above 0.
        servers: 1 or more.
        room: Kendall's K, at least `servers`.
        overflow: who is lost when a message finds no room: it itself (`reject`), or the message that waits
            longest (`drop-head`, RabbitMQ's default). The numbers in the system are the same, the waits are
            not.

    Returns:
        All means, `p_loss`; the laws of wait and sojourn under `reject`. Wait and sojourn are those of the
        served; `mean_queued` is that of all that entered.

    Raises:
        TheoryError: outside these ranges.

    Source: Gross et al., section 2.5; under `drop-head` the place of one message is followed, step by step.

    Example:
        >>> from mqsim import theory
        >>> theory.mmck(arrival_rate=1.0, service_rate=1.0, servers=2, room=2).p_loss
        0.2
    """
    arrivals = positive("arrival_rate", arrival_rate)
    rate = positive("service_rate", service_rate)
    count = whole("servers", servers)
    places = whole("room", room, count)
    if overflow not in ("reject", "drop-head"):
        raise TheoryError(f"overflow: {overflow!r} is not allowed; it must be 'reject' or 'drop-head'.")
    if overflow == "drop-head" and places - count > LONGEST:
        most = f"at most servers + {LONGEST} with drop-head"
        raise TheoryError(f"room: {room!r} is not allowed; it must be {most}.")
    p = birth_death([arrivals] * places, [min(n, count) * rate for n in range(1, places + 1)])
    waiting = float(p[count:] @ np.arange(places - count + 1))
    throughput = float(p @ np.minimum(np.arange(places + 1), count)) * rate
    entered = arrivals
    wait_law = sojourn_law = None
    # Where next to nothing is lost it makes no difference who is.
    if overflow == "reject" or places == count or p[places] < NEGLIGIBLE:
        entered = throughput
        survival = _found_at_least(p[:places], count)
        p_wait, mean_wait = float(survival[0]), waiting / throughput
        wait_law = laws.exponential_steps(survival, count * rate)
        sojourn_law = laws.exponential_steps(laws.then_service(survival, count), count * rate)
    else:
        p_wait, mean_wait = _served_from_queue(p, arrivals, count * rate, count)
    return Queue(
        name=f"M/M/{count}/{places}",
        arrival_rate=arrivals,
        utilisation=min(1.0, throughput / (count * rate)),
        p_wait=p_wait,
        mean_wait=mean_wait,
        mean_sojourn=mean_wait + 1.0 / rate,
        mean_waiting=waiting,
        mean_in_system=waiting + throughput / rate,
        throughput=throughput,
        p_loss=float(p[places]),
        mean_queued=waiting / entered,
        wait_law=wait_law,
        sojourn_law=sojourn_law,
    )


def finite_source(users: int, think_mean: float, service_rate: float, servers: int = 1) -> Queue:
    """M/M/c//N: `users` who each think, send one message, await its completion, and think again.

    Exact for any law of the thinking time (Sevastyanov's insensitivity of a pure delay), exponential work.

    Args:
        users: 1 or more.
        think_mean: mean time between an answer and the user's next message, in seconds, above 0.
        service_rate: of each server while it works, per second, above 0.
        servers: 1 or more.

    Returns:
        All means and the laws of wait and sojourn, as a message sees them: one among the other users - 1.

    Raises:
        TheoryError: outside these ranges.

    Source: Gross et al., section 2.8; S. Lavenberg and M. Reiser, Stationary state probabilities at arrival
        instants for closed queueing networks, Journal of Applied Probability 17 (1980) 1048-1061.

    Example:
        >>> from mqsim import theory
        >>> theory.finite_source(users=1, think_mean=3.0, service_rate=1.0).utilisation
        0.25
    """
    population = whole("users", users)
    think = positive("think_mean", think_mean)
    rate = positive("service_rate", service_rate)
    count = whole("servers", servers)
    p = _sources(population, think, rate, count)
    busy = np.minimum(np.arange(population + 1), count)
    throughput = float(p @ busy) * rate
    waiting = float(p @ (np.arange(population + 1) - busy))
    found = _sources(population - 1, think, rate, count) if population > 1 else np.ones(1)
    survival = _found_at_least(found, count)
    return Queue(
        name=f"M/M/{count}//{population}",
        arrival_rate=throughput,
        utilisation=throughput / (count * rate),
        p_wait=float(survival[0]),
        mean_wait=waiting / throughput,
        mean_sojourn=waiting / throughput + 1.0 / rate,
        mean_waiting=waiting,
        mean_in_system=waiting + throughput / rate,
        throughput=throughput,
        mean_queued=NAN,
        wait_law=laws.exponential_steps(survival, count * rate),
        sojourn_law=laws.exponential_steps(laws.then_service(survival, count), count * rate),
    )


def _sources(population: int, think: float, rate: float, count: int) -> Floats:
    births = [(population - n) / think for n in range(population)]
    return birth_death(births, [min(n, count) * rate for n in range(1, population + 1)])


def _found_at_least(found: Floats, count: int) -> Floats:
    """P(an entering message finds count + k or more), k = 0, 1, ...; 0 alone where it never waits."""
    weights = found / found.sum()
    survival = np.cumsum(weights[::-1])[::-1][count:]
    return np.asarray(survival) if len(survival) else np.zeros(1)


def _served_from_queue(p: Floats, arrivals: float, capacity: float, count: int) -> tuple[float, float]:
    """P(waited) and mean wait of the served when the head is dropped on overflow.

    A message with i ahead of it and b behind it moves to (i - 1, b) when a server becomes free and to (i, b +
    1) when another comes; when that finds the queue full, to (i - 1, b + 1). From i = 0 it is served, or
    dropped. All three have a smaller i - b, so whole diagonals are filled at once, from the last place with
    all others behind it on.
    """
    limit = len(p) - 1 - count
    up, down = arrivals / (arrivals + capacity), capacity / (arrivals + capacity)
    entering = p[count:-1].copy()
    entering[-1] += p[-1]
    # Rows: P(served), and the mean of the time left if served, 0 otherwise; by i, for one value of i - b.
    last = before = np.zeros((2, limit))
    waited = np.zeros(2)
    for diagonal in range(1 - limit, limit):
        first, end = max(0, diagonal), (limit - 1 + diagonal) // 2 + 1
        i = np.arange(first, end)
        on_service = last[:, i - 1] if first else np.column_stack(([1.0, 0.0], last[:, i[1:] - 1]))
        on_arrival = last[:, i]
        if (limit - 1 + diagonal) % 2 == 0:
            on_arrival[:, -1] = before[:, end - 2] if end > 1 else 0.0
        now = np.zeros((2, limit))
        now[:, first:end] = down * on_service + up * on_arrival
        now[1] += now[0] / (arrivals + capacity)
        if diagonal >= 0:
            waited += entering[diagonal] * now[:, diagonal]
        last, before = now, last
    all_served = float(p[:count].sum() + waited[0])
    return float(waited[0]) / all_served, float(waited[1]) / all_served
