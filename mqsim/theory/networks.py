"""Several queues one after another: Jackson networks, tandems, fork-join of two, closed networks.

Source: L. Kleinrock, Queueing Systems I (1975), chapter 4 (networks); R. Nelson, Probability, Stochastic
Processes, and Queueing Theory (1995).
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from mqsim.errors import TheoryError
from mqsim.theory import laws
from mqsim.theory.markovian import mg_infinity, mm1, mmc
from mqsim.theory.ranges import not_negative, positive, positives, steady, whole

if TYPE_CHECKING:
    from collections.abc import Sequence

    from mqsim.theory.laws import Law
    from mqsim.theory.queue import Queue


@dataclass(frozen=True)
class Network:
    """An open network in its steady state.

    Attributes:
        nodes: each queue as one visit to it sees it.
        throughput: jobs that come and leave, per second.
        mean_in_system: mean number of jobs in the whole network.
        mean_sojourn: mean time from a job's arrival to its leaving, in seconds.
        visits: mean number of visits of a job to each node.
        sojourn_law: the law of a job's sojourn, or None where it isn't known exactly.
    """

    nodes: tuple[Queue, ...]
    throughput: float
    mean_in_system: float
    mean_sojourn: float
    visits: tuple[float, ...]
    sojourn_law: Law | None = field(default=None, repr=False, compare=False)

    def sojourn_cdf(self, t: float) -> float:
        """P(sojourn of a job <= t), t in seconds and not negative.

        Raises:
            TheoryError: when the law isn't known or `t` is negative.
        """
        return self._law().cdf(t)

    def sojourn_percentile(self, p: float) -> float:
        """The sojourn, in seconds, that a share `p` of the jobs does not exceed; 0 <= p < 1.

        Raises:
            TheoryError: when the law isn't known or `p` is outside its range.
        """
        return self._law().percentile(p)

    def _law(self) -> Law:
        if self.sojourn_law is None:
            raise TheoryError(
                "the law of the whole sojourn is known exactly only for a tandem of single servers; "
                "read mean_sojourn instead."
            )
        return self.sojourn_law


@dataclass(frozen=True)
class ForkJoin:
    """A job that is forked to parallel queues and done when its last part is done.

    Attributes:
        mean_sojourn: from the job's arrival to the end of its last part, in seconds.
        mean_in_system: jobs with an unfinished part.
        branch: one of the parallel queues.
        mean_synchronisation: mean time that a part waits, finished, for the other, in seconds.
    """

    mean_sojourn: float
    mean_in_system: float
    branch: Queue
    mean_synchronisation: float


@dataclass(frozen=True)
class ClosedNetwork:
    """A network with a fixed population, in its steady state.

    Attributes:
        throughput: round trips a second, all jobs together.
        mean_sojourn: mean time of a round trip at the stations, thinking left out, in seconds.
        mean_numbers: mean number of jobs at each station.
        mean_sojourns: mean time at each station in a round trip, in seconds.
        utilisations: of each station.
        mean_thinking: mean number of jobs that think.
    """

    throughput: float
    mean_sojourn: float
    mean_numbers: tuple[float, ...]
    mean_sojourns: tuple[float, ...]
    utilisations: tuple[float, ...]
    mean_thinking: float


def jackson(
    external_rates: Sequence[float],
    service_rates: Sequence[float],
    routing: Sequence[Sequence[float]],
    servers: Sequence[float] | None = None,
) -> Network:
    """Jackson's network: Poisson arrivals from outside, exponential work, random routing.

    Each node behaves, for one visit, as M/M/c with the arrivals that the traffic equations give, though with
    feedback these are not Poisson.

    Args:
        external_rates: jobs a second that come to each node from outside, 0 or above, not all 0.
        service_rates: of each server of each node, per second, above 0.
        routing: routing[i][j] is the probability that a job that leaves node i goes to node j; what a row
            lacks to 1 leaves the network.
        servers: of each node, 1 or more, `math.inf` for a pure delay (of any law); 1 each when left out.

    Raises:
        TheoryError: outside these ranges, when jobs can't leave, or when a node's utilisation is 1 or more.

    Source: J. Jackson, Networks of waiting lines, Operations Research 5 (1957) 518-521; Kleinrock I, chapter
        4.

    Example:
        >>> from mqsim import theory
        >>> theory.jackson(external_rates=[0.5], service_rates=[1.0], routing=[[0.0]]).mean_sojourn
        2.0
    """
    rates = positives("service_rates", service_rates)
    outside = np.array([not_negative(f"external_rates[{i}]", rate) for i, rate in enumerate(external_rates)])
    size = len(rates)
    counts = [1.0] * size if servers is None else list(servers)
    paths = np.array(routing, dtype=float)
    if len(outside) != size or len(counts) != size or paths.shape != (size, size):
        raise TheoryError(f"service_rates names {size} nodes; rates, servers and routing must have as many.")
    if not outside.any():
        raise TheoryError("external_rates: at least one must be above 0.")
    if not np.all(np.isfinite(paths)) or paths.min() < 0 or paths.sum(axis=1).max() > 1 + 1e-12:
        raise TheoryError("routing: each row holds probabilities that sum to 1 at most.")
    if np.abs(np.linalg.eigvals(paths)).max() > 1 - 1e-12:
        raise TheoryError(
            "routing: some jobs can never leave the network; a closed network needs another formula."
        )
    flow = np.linalg.solve(np.eye(size) - paths.T, outside)
    if flow.min() <= 0:
        raise TheoryError(f"node {int(flow.argmin())} is never visited; leave it out.")
    nodes = tuple(
        mg_infinity(float(arrivals), 1.0 / rate)
        if count == math.inf
        else _node(i, float(arrivals), rate, whole(f"servers[{i}]", count))
        for i, (arrivals, rate, count) in enumerate(zip(flow, rates, counts, strict=True))
    )
    total = float(outside.sum())
    number = sum(node.mean_in_system for node in nodes)
    return Network(nodes, total, number, number / total, tuple(float(x) / total for x in flow))


def tandem(
    arrival_rate: float, service_rates: Sequence[float], servers: Sequence[float] | None = None
) -> Network:
    """Queues in a row: Poisson arrivals to the first, exponential work at each, drawn anew at each.

    Args:
        arrival_rate: jobs a second, above 0.
        service_rates: of each server of each node, per second, above 0.
        servers: of each node, 1 or more; 1 each when left out.

    Returns:
        Means; with one server each the law of the whole sojourn too, for sojourns at single servers in a row
        are independent.

    Raises:
        TheoryError: outside these ranges, or when a node's utilisation is 1 or more.

    Source: P. Burke, The output of a queuing system, Operations Research 4 (1956) 699-704; E. Reich, Note on
        queues in tandem, Annals of Mathematical Statistics 34 (1963) 338-341.

    Example:
        >>> from mqsim import theory
        >>> theory.tandem(arrival_rate=0.5, service_rates=[1.0, 1.0]).mean_sojourn
        4.0
    """
    rates = positives("service_rates", service_rates)
    size = len(rates)
    outside = [positive("arrival_rate", arrival_rate)] + [0.0] * (size - 1)
    routing = [[1.0 if j == i + 1 else 0.0 for j in range(size)] for i in range(size)]
    network = jackson(outside, rates, routing, servers)
    if servers is not None and any(count != 1 for count in servers):
        return network
    law = _sum_of_exponentials([rate - outside[0] for rate in rates])
    return Network(
        network.nodes, network.throughput, network.mean_in_system, network.mean_sojourn, network.visits, law
    )


def fork_join_two(arrival_rate: float, service_rate: float) -> ForkJoin:
    """A job forked to two equal single-server queues with exponential work, and joined: exact.

    Args:
        arrival_rate: jobs a second (Poisson), above 0; each sends one part to each queue.
        service_rate: of each of the two servers, per second, above arrival_rate.

    Raises:
        TheoryError: outside these ranges.

    Source: L. Flatto and S. Hahn, Two parallel queues created by arrivals with two demands I, SIAM Journal on
        Applied Mathematics 44 (1984) 1041-1053; as a mean sojourn R. Nelson and A. Tantawi (1988):
        (12 - utilisation) / 8 times that of M/M/1.

    Example:
        >>> from mqsim import theory
        >>> theory.fork_join_two(arrival_rate=0.5, service_rate=1.0).mean_sojourn
        2.875
    """
    branch = mm1(arrival_rate, service_rate)
    sojourn = (12.0 - branch.utilisation) / 8.0 * branch.mean_sojourn
    return ForkJoin(sojourn, branch.arrival_rate * sojourn, branch, sojourn - branch.mean_sojourn)


def mva(population: int, demands: Sequence[float], think: float = 0.0) -> ClosedNetwork:
    """Mean value analysis of a closed network of single servers and one delay.

    Args:
        population: jobs in the network, 1 or more.
        demands: mean work of a round trip at each station (visits times mean work), in seconds, above 0. Work
            is exponential with the same mean at every visit (or the server is shared equally).
        think: mean time between two round trips, of any law, in seconds, 0 or above.

    Raises:
        TheoryError: outside these ranges.

    Source: M. Reiser and S. Lavenberg, Mean-value analysis of closed multichain queuing networks, Journal of
        the ACM 27 (1980) 313-322.

    Example:
        >>> from mqsim import theory
        >>> theory.mva(population=1, demands=[1.0, 1.0]).throughput
        0.5
    """
    works = np.array(positives("demands", demands))
    delay = not_negative("think", think)
    numbers = np.zeros(len(works))
    throughput, sojourns = 0.0, works
    for jobs in range(1, whole("population", population) + 1):
        sojourns = works * (1.0 + numbers)
        throughput = jobs / (delay + float(sojourns.sum()))
        numbers = throughput * sojourns
    return ClosedNetwork(
        throughput=throughput,
        mean_sojourn=float(sojourns.sum()),
        mean_numbers=tuple(map(float, numbers)),
        mean_sojourns=tuple(map(float, sojourns)),
        utilisations=tuple(float(x) for x in throughput * works),
        mean_thinking=throughput * delay,
    )


def _node(index: int, arrivals: float, rate: float, count: int) -> Queue:
    steady(f"node {index} (M/M/{count})", arrivals / (count * rate))
    return mmc(arrivals, rate, count)


def _sum_of_exponentials(rates: Sequence[float]) -> Law:
    fastest = max(rates)
    size = len(rates)
    transitions = np.zeros((size, size))
    for i, rate in enumerate(rates):
        transitions[i, i] = 1.0 - rate / fastest
        if i + 1 < size:
            transitions[i, i + 1] = rate / fastest
    start = np.zeros(size)
    start[0] = 1.0
    return laws.exponential_steps(laws.powers_survival(start, transitions, np.ones(size)), fastest)
