"""Formulas that are no theorem for the queue they are used on; every result says `exact=False`."""

from __future__ import annotations

from mqsim.theory.markovian import erlang_c
from mqsim.theory.networks import fork_join_two
from mqsim.theory.queue import NAN, Queue, lossless
from mqsim.theory.ranges import not_negative, positive, steady, whole


def kingman(arrival_rate: float, mean: float, cv_arrival: float, cv_service: float) -> Queue:
    """Kingman's approximation of GI/G/1, good near utilisation 1; exact for M/M/1 and M/G/1.

    Args:
        arrival_rate: messages a second, above 0.
        mean: mean work, in seconds, above 0, below 1 / arrival_rate.
        cv_arrival: coefficient of variation (standard deviation / mean) of the interarrival times, 0 or
            above.
        cv_service: that of the work, 0 or above.

    Returns:
        The means; `p_wait` is NaN. The wait is approximate.

    Raises:
        TheoryError: outside these ranges.

    Source: J. Kingman, The single server queue in heavy traffic, Proc. Cambridge Philosophical Society 57
        (1961) 902-904; in this form ("VUT") W. Hopp and M. Spearman, Factory Physics (2011).

    Example:
        >>> from mqsim import theory
        >>> theory.kingman(arrival_rate=0.5, mean=1.0, cv_arrival=1.0, cv_service=1.0).mean_wait
        1.0
    """
    return _allen_cunneen("Kingman's GI/G/1", arrival_rate, mean, 1, cv_arrival, cv_service)


def allen_cunneen(
    arrival_rate: float, mean: float, servers: int, cv_arrival: float, cv_service: float
) -> Queue:
    """Allen and Cunneen's approximation of GI/G/c: the wait of M/M/c times half the squared variations' sum.

    Exact for M/M/c and M/G/1; usually within 10 % for utilisations above 0.5 and variations up to about 1.

    Args:
        arrival_rate: messages a second, above 0.
        mean: mean work, in seconds, above 0.
        servers: 1 or more; arrival_rate * mean must be below it.
        cv_arrival: coefficient of variation of the interarrival times, 0 or above.
        cv_service: that of the work, 0 or above.

    Returns:
        The means; `p_wait` is NaN. The wait is approximate.

    Raises:
        TheoryError: outside these ranges.

    Source: A. Allen, Probability, Statistics and Queueing Theory, 2nd edition (1990).

    Example:
        >>> from mqsim import theory
        >>> queue = theory.allen_cunneen(1.0, 1.0, servers=2, cv_arrival=1.0, cv_service=1.0)
        >>> queue.mean_wait
        0.333
    """
    return _allen_cunneen("Allen and Cunneen's GI/G/c", arrival_rate, mean, servers, cv_arrival, cv_service)


def fork_join(arrival_rate: float, service_rate: float, branches: int) -> float:
    """Mean sojourn of a job forked to `branches` queues and joined, in seconds; approximate above 2.

    Within about 5 % for up to 32 branches, by the authors' own simulations.

    Args:
        arrival_rate: jobs a second, above 0.
        service_rate: of each branch's server, per second, above arrival_rate; the work is exponential.
        branches: 2 or more.

    Raises:
        TheoryError: outside these ranges.

    Source: R. Nelson and A. Tantawi, Approximate analysis of fork/join synchronization in parallel queues,
        IEEE Transactions on Computers 37 (1988) 739-743.
    """
    count = whole("branches", branches, 2)
    two = fork_join_two(arrival_rate, service_rate)
    harmonic = sum(1.0 / k for k in range(1, count + 1)) / 1.5
    return two.mean_sojourn * (harmonic + (4.0 / 11.0) * (1.0 - harmonic) * two.branch.utilisation)


def _allen_cunneen(
    name: str, arrival_rate: float, mean: float, servers: int, cv_arrival: float, cv_service: float
) -> Queue:
    arrivals, work = positive("arrival_rate", arrival_rate), positive("mean", mean)
    count = whole("servers", servers)
    variation = not_negative("cv_arrival", cv_arrival) ** 2 + not_negative("cv_service", cv_service) ** 2
    load = steady(name, arrivals * work / count)
    wait = erlang_c(count, arrivals * work) * work / (count * (1.0 - load)) * variation / 2.0
    return lossless(name, arrivals, work, count, mean_wait=wait, p_wait=NAN, exact=False)
