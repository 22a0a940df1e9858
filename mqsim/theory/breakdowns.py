"""Servers that fail and are repaired: M/M/c with breakdowns, as a Markov chain of levels and phases.

Source: I. Mitrani and B. Avi-Itzhak, A many-server queue with service interruptions, Operations Research 16
(1968) 628-638; solved here by the matrix-geometric method of `mqsim.theory.chain`.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from mqsim.errors import TheoryError
from mqsim.theory.chain import level_chain
from mqsim.theory.queue import Queue, lossless
from mqsim.theory.ranges import not_negative, positive, whole


def mmc_breakdowns(
    arrival_rate: float, service_rate: float, servers: int, failure_rate: float, repair_rate: float
) -> Queue:
    """M/M/c whose servers fail, idle or not, and are repaired independently of each other.

    A message whose server fails goes back to the head of the queue and is taken up by the next free server.
    Whether its work is resumed or drawn anew makes no difference, for it has no memory; work *repeated* with
    the same length is another, longer queue.

    `mean_wait` is all the time a message is not being served, also between two attempts. Where work is drawn
    anew, the last attempt of a message lasts 1 / (service_rate + failure_rate) on average, so that the mean
    time from its arrival to the start of that attempt is `mean_sojourn` less this.

    Args:
        arrival_rate: messages a second, above 0.
        service_rate: of each server while it is up and works, per second, above 0.
        servers: 1 or more.
        failure_rate: of each server while it is up, per second, above 0.
        repair_rate: of each server while it is down, per second, above 0.
            servers * service_rate * repair_rate / (failure_rate + repair_rate) must exceed arrival_rate.

    Returns:
        All means; `utilisation` is the share of all its time, up or down, that a server works; `p_wait` is
        the probability that no server is free and up at the arrival.

    Raises:
        TheoryError: outside these ranges.

    Source: Mitrani and Avi-Itzhak (1968); solved as in M. Neuts (1981), see `mqsim.theory.chain`.
    """
    arrivals = positive("arrival_rate", arrival_rate)
    rate = positive("service_rate", service_rate)
    count = whole("servers", servers)
    failing = positive("failure_rate", failure_rate)
    repairing = positive("repair_rate", repair_rate)
    running = np.arange(count + 1)
    phases = np.diag(running[1:] * failing, -1) + np.diag((count - running[:-1]) * repairing, 1)
    downs = [np.diag(np.minimum(n, running) * rate) for n in range(1, count + 1)]
    name = f"M/M/{count} with breakdowns"
    levels = level_chain(np.eye(count + 1) * arrivals, phases, downs, name)
    at_once = sum(float(vector[n + 1 :].sum()) for n, vector in enumerate(levels.boundary))
    waiting = levels.mean_above(0) - arrivals / rate
    return lossless(name, arrivals, 1.0 / rate, count, mean_wait=waiting / arrivals, p_wait=1.0 - at_once)


@dataclass(frozen=True)
class RepeatedWork:
    """What a message costs when every failure makes its work begin again (preempt-repeat).

    Attributes:
        attempts: mean number of attempts.
        work: mean time that servers work on it, all attempts together, in seconds.
        completion: mean time from its first start to its end on one server, the repairs between included.
    """

    attempts: float
    work: float
    completion: float


def repeated_work(attempts: float, failure_rate: float, repair: float = 0.0) -> RepeatedWork:
    """Work that begins again from the beginning whenever its server fails: a crash before the ack.

    A queue whose servers fail is stable only while arrival_rate * work is below the servers' time up.

    Args:
        attempts: mean number of attempts, 1 or more. With S the work of a message and f the failure rate it
            is E exp(f S) where every attempt needs the same (exponential work of mean m: 1 / (1 - f m), below
            f m = 1), and 1 / E exp(-f S) where each attempt draws its own (exponential: 1 + f m).
        failure_rate: f, of a server while it works, per second, above 0; lives are exponential.
        repair: mean time that a failed server is away, in seconds, 0 or above.

    Raises:
        TheoryError: outside these ranges.

    Source: D. Gaver, A waiting line with interrupted service, including priorities, Journal of the Royal
        Statistical Society B 24 (1962) 73-90 (preemptive-repeat, identical and different).
    """
    tries = positive("attempts", attempts)
    if tries < 1.0:
        raise TheoryError(f"attempts: {attempts!r} is not allowed; a message has at least 1.")
    rate = positive("failure_rate", failure_rate)
    work = (tries - 1.0) / rate
    return RepeatedWork(tries, work, work + (tries - 1.0) * not_negative("repair", repair))
