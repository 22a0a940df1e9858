"""The mean wait that every program must come near, from queueing theory alone.

This is worked out apart from `mqsim.theory`, and in plain Python, for two reasons: the judge must not be
one of the judged, and Linux counts the runner's own memory into its children's peak.

Without crashes it is Erlang's C formula. With crashes it is the stationary law of a Markov chain, (messages
in the system, workers that are up), solved block by block: see `crashing_mean_number`.
"""

from __future__ import annotations

import math
from functools import cache

from benchmarks.workload import ARRIVAL_RATE, REPAIR_MEAN, UP_MEAN, WORK_MEAN, WORKERS, Workload

Matrix = list[list[float]]

LEVELS = 2000
"""Where the chain is cut off. Half as many give the same mean to twelve digits."""


def mean_wait(workload: Workload) -> float:
    """The mean time from a message's arrival to the start of the work that finishes it, in seconds.

    The hops hold a worker for twice the latency beside the work. That sum is treated as exponential, as the
    work is; at half a millisecond beside a second that moves the wait by less than one part in ten thousand.
    """
    hold = WORK_MEAN + 2 * workload.latency
    to_the_worker = 2 * workload.latency
    if not workload.crashes:
        return to_the_worker + erlang_c_wait(ARRIVAL_RATE, hold, WORKERS)
    # Work that starts again is as long as before, so a message of length x takes (exp(x/up) - 1) * up of a
    # worker's up time: hold / (1 - hold/up) on average over exponential lengths.
    taken = hold / (1 - hold / UP_MEAN)
    number = crashing_mean_number(ARRIVAL_RATE, taken, WORKERS, UP_MEAN, REPAIR_MEAN)
    return to_the_worker + number / ARRIVAL_RATE - hold


def erlang_c_wait(rate: float, service: float, servers: int) -> float:
    """The mean wait in an M/M/c queue: Erlang (1917), in Kleinrock, Queueing Systems I (1975), section 3.5.

    Args:
        rate: arrivals a second.
        service: mean service time in seconds; `rate * service` is below `servers`.
        servers: how many serve at once.
    """
    offered = rate * service
    blocked = 1.0
    for busy in range(1, servers + 1):
        blocked = offered * blocked / (busy + offered * blocked)
    load = offered / servers
    waits = blocked / (1 - load * (1 - blocked))
    return waits * service / (servers - offered)


@cache
def crashing_mean_number(rate: float, service: float, servers: int, up: float, repair: float) -> float:
    """The mean number in an M/M/c queue whose servers crash and are repaired, each on its own.

    The state is (n messages, k servers up); min(n, k) of them work, and a message whose server crashes
    stays in the system. Level n of the chain follows from the level below by a matrix R(n), and R(n) from
    R(n+1) by the balance of level n: Neuts, Matrix-Geometric Solutions (1981), for levels that differ.

    Args:
        rate: arrivals a second.
        service: mean service time in seconds, exponential.
        servers: how many servers there are.
        up: mean time up, exponential, counted busy and idle alike.
        repair: mean time down, exponential.
    """
    phases = range(servers + 1)

    def inside(level: int) -> Matrix:
        block = [[0.0] * (servers + 1) for _ in phases]
        for k in phases:
            crash, mend = k / up, (servers - k) / repair
            block[k][k] = -(rate + min(level, k) / service + crash + mend)
            if k > 0:
                block[k][k - 1] = crash
            if k < servers:
                block[k][k + 1] = mend
        return block

    def served(level: int, above: Matrix) -> Matrix:
        """R times the diagonal matrix of the rates at which `level` loses a message."""
        return [[above[i][k] * min(level, k) / service for k in phases] for i in phases]

    ratios: list[Matrix] = []
    above = [[0.0] * (servers + 1) for _ in phases]
    for level in range(LEVELS, 0, -1):
        balance = _plus(inside(level), served(level + 1, above))
        above = [[-rate * x for x in row] for row in _inverse(balance)]
        ratios.append(above)
    # Level 0 follows from the balance of its own states up to a factor, which the sum over all levels sets.
    row = _stationary(_plus(inside(0), served(1, above)))
    total = mass = 0.0
    for level in range(LEVELS + 1):
        total += level * sum(row)
        mass += sum(row)
        if ratios:
            ratio = ratios.pop()
            row = [sum(row[i] * ratio[i][k] for i in phases) for k in phases]
    return total / mass


def spread_of_mean(workload: Workload) -> float:
    """Roughly the relative standard deviation of one run's mean wait: how near is near enough.

    It is the asymptotic one of the mean wait in M/M/1 at the same load (Daley, 1968). Crashes bring slow
    swings: eight runs of an independent simulation, a million messages each, spread 2.3 times as wide.
    """
    load = ARRIVAL_RATE * WORK_MEAN / WORKERS
    variance = load * (2 + 5 * load - 4 * load**2 + load**3) / (1 - load) ** 4
    mean = load / (1 - load)
    wider = 2.3 if workload.crashes else 1.0
    return wider * math.sqrt(variance / workload.messages) / mean


def _plus(a: Matrix, b: Matrix) -> Matrix:
    return [[x + y for x, y in zip(row, other, strict=True)] for row, other in zip(a, b, strict=True)]


def _inverse(matrix: Matrix) -> Matrix:
    """Gauss and Jordan; the matrices here are diagonally dominant, so no row is ever exchanged."""
    size = len(matrix)
    rows = [[*row, *(float(i == j) for j in range(size))] for i, row in enumerate(matrix)]
    for i in range(size):
        pivot = rows[i][i]
        rows[i] = [x / pivot for x in rows[i]]
        for j in range(size):
            if j != i and rows[j][i] != 0.0:
                factor = rows[j][i]
                rows[j] = [x - factor * y for x, y in zip(rows[j], rows[i], strict=True)]
    return [row[size:] for row in rows]


def _stationary(balance: Matrix) -> list[float]:
    """A row x with x * balance = 0 and first element 1."""
    size = len(balance)
    # x[1:] solves x[1:] * balance[1:, 1:] = -balance[0, 1:].
    inverse = _inverse([row[1:] for row in balance[1:]])
    rest = [-sum(balance[0][i + 1] * inverse[i][j] for i in range(size - 1)) for j in range(size - 1)]
    return [1.0, *rest]
