"""What is particular to message queues: prefetch over a slow network, drains, requeued work, scalability."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from mqsim.errors import TheoryError
from mqsim.theory.finite import finite_source
from mqsim.theory.ranges import (
    not_negative,
    number,
    positive,
    positives,
    probability,
    second_moment,
    steady,
    whole,
)

if TYPE_CHECKING:
    from collections.abc import Sequence


def prefetch_throughput(prefetch: int, round_trip: float, service_rate: float) -> float:
    """Messages a second that one consumer finishes when there is always a backlog and the work is constant.

    At most `prefetch` messages are on their way, waiting or being worked on; an acknowledgement and the
    delivery that it sets free take one round trip: prefetch / (round_trip + 1 / service_rate), and never
    above service_rate.

    Args:
        prefetch: messages that the broker sends ahead of acknowledgements, 1 or more.
        round_trip: from an acknowledgement's sending to the next delivery's arrival, in seconds, 0 or above.
        service_rate: messages a second that the consumer finishes while it works (1 / the work of each,
            always the same), above 0.

    Raises:
        TheoryError: outside these ranges.

    Source: Little's law on the window; D. Bertsekas and R. Gallager, Data Networks, 2nd edition (1992)
        (window flow control).

    Example:
        >>> from mqsim import theory
        >>> theory.prefetch_throughput(prefetch=1, round_trip=0.09, service_rate=100.0)
        10.0
    """
    window = whole("prefetch", prefetch)
    rate = positive("service_rate", service_rate)
    return min(rate, window / (not_negative("round_trip", round_trip) + 1.0 / rate))


def prefetch_throughput_exponential(prefetch: int, round_trip: float, service_rate: float) -> float:
    """Messages a second that one consumer finishes with a backlog always there and exponential work.

    A closed network of `prefetch` messages, a delay of any law (the network) and one exponential server.

    Args:
        prefetch: 1 or more.
        round_trip: mean, constant or not, in seconds, 0 or above.
        service_rate: messages a second that the consumer finishes while it works, above 0.

    Raises:
        TheoryError: outside these ranges.

    Source: as `finite_source`; F. Baskett, K. Chandy, R. Muntz and F. Palacios, Open, closed, and mixed
        networks of queues, Journal of the ACM 22 (1975) 248-260 (a delay counts by its mean alone).
    """
    window = whole("prefetch", prefetch)
    rate = positive("service_rate", service_rate)
    delay = not_negative("round_trip", round_trip)
    return rate if delay == 0 else finite_source(window, delay, rate).throughput


def prefetch_needed(round_trip: float, service_rate: float) -> int:
    """The least prefetch that keeps a consumer with constant work busy all the time.

    Args:
        round_trip: in seconds, 0 or above.
        service_rate: messages a second that it finishes while it works, above 0.

    Raises:
        TheoryError: outside these ranges.

    Source: `prefetch_throughput`, solved for service_rate.

    Example:
        >>> from mqsim import theory
        >>> theory.prefetch_needed(round_trip=0.1, service_rate=100.0)
        11
    """
    exact = not_negative("round_trip", round_trip) * positive("service_rate", service_rate) + 1.0
    return math.ceil(exact * (1.0 - 1e-12))


def drain_time(
    backlog: int, service_rate: float, servers: int = 1, arrival_rate: float = 0.0, left: int = 0
) -> float:
    """Mean time, in seconds, until a backlog is worked off while more messages may come.

    From `backlog` messages in the system (being served included) until first `left` remain. Arrivals are
    Poisson and the work exponential; with one server and left = 0 the mean holds for any law of the work, if
    none is in service at the start.

    Args:
        backlog: messages at the start, 0 or more.
        service_rate: of each server while it works, per second, above 0.
        servers: 1 or more.
        arrival_rate: messages a second, 0 or above, below servers * service_rate.
        left: how many may remain, from 0 to `backlog`; `servers` for the time until nothing waits.

    Raises:
        TheoryError: outside these ranges, as the backlog otherwise never goes.

    Source: first passage times of a birth-death chain; Kleinrock I, chapter 5 (busy period), for one server.

    Example:
        >>> from mqsim import theory
        >>> theory.drain_time(backlog=10, service_rate=2.0)
        5.0
    """
    start, goal = whole("backlog", backlog, 0), whole("left", left, 0)
    if goal > start:
        raise TheoryError(f"left: {left!r} is not allowed; it must be at most the backlog, {start}.")
    rate, count = positive("service_rate", service_rate), whole("servers", servers)
    arrivals = not_negative("arrival_rate", arrival_rate)
    steady(f"M/M/{count}", arrivals / (count * rate))
    # steps[n - 1] is the mean time from n to n - 1; from c on it is 1 / (c service_rate - arrival_rate).
    full = 1.0 / (count * rate - arrivals)
    time = max(0, start - max(goal, count - 1)) * full
    step = full
    for n in range(count - 1, goal, -1):
        step = (1.0 + arrivals * step) / (n * rate)
        if n <= start:
            time += step
    return time


def drain_time_constant(backlog: int, service_rate: float, servers: int = 1) -> float:
    """Time, in seconds, until `servers` consumers have worked off a backlog of constant work; no arrivals.

    Args:
        backlog: messages at the start, none in service, 0 or more.
        service_rate: of each server while it works (1 / the work of each message), per second, above 0.
        servers: 1 or more.

    Raises:
        TheoryError: outside these ranges.

    Source: rounds of `servers` messages each.

    Example:
        >>> from mqsim import theory
        >>> theory.drain_time_constant(backlog=10, service_rate=2.0, servers=3)
        2.0
    """
    rounds = math.ceil(whole("backlog", backlog, 0) / whole("servers", servers))
    return rounds / positive("service_rate", service_rate)


def drain_time_deviation(
    backlog: int, service_rate: float, servers: int = 1, arrival_rate: float = 0.0, left: int = 0
) -> float:
    """Standard deviation, in seconds, of the time whose mean is `drain_time`; the work is exponential.

    Args:
        backlog: messages at the start, 0 or more.
        service_rate: of each server while it works, per second, above 0.
        servers: 1 or more.
        arrival_rate: messages a second, 0 or above, below servers * service_rate.
        left: how many may remain, from 0 to `backlog`.

    Raises:
        TheoryError: outside these ranges.

    Source: second moments of the first passage times of a birth-death chain, which are independent from one
        level to the next; Kleinrock I, chapter 5 (variance of the busy period), for one server.
    """
    drain_time(backlog, service_rate, servers, arrival_rate, left)
    full = servers * service_rate - arrival_rate
    mean, variance = 1.0 / full, (arrival_rate + servers * service_rate) / full**3
    total = max(0, backlog - max(left, servers - 1)) * variance
    for n in range(servers - 1, left, -1):
        # From n to n - 1: an exponential stay, and with the chance `up` first a step up and both ways back.
        leave = arrival_rate + n * service_rate
        up = arrival_rate / leave
        above, above_square = mean, variance + mean * mean
        mean = (1.0 + arrival_rate * above) / (n * service_rate)
        square = 2.0 / leave**2 + 2.0 / leave * up * (above + mean) + up * (above_square + 2.0 * above * mean)
        variance = square / (1.0 - up) - mean * mean
        if n <= backlog:
            total += variance
    return math.sqrt(total)


def prefetch_waits(arrival_rate: float, service_rate: float, prefetch: int) -> tuple[float, float]:
    """The two parts of the wait of M/M/1 whose consumer takes ahead: in the queue, and at the consumer.

    The broker sends a message when fewer than `prefetch` are unacknowledged; one of those is in work, and the
    others wait in the client's buffer. The sum is the wait of M/M/1: with one consumer and no latency the
    prefetch decides where a message waits, and not how long.

    Args:
        arrival_rate: messages a second, above 0, below service_rate.
        service_rate: of the consumer while it works, per second, above 0.
        prefetch: 1 or more.

    Returns:
        The mean wait in the queue and the mean wait in the client's buffer, in seconds.

    Raises:
        TheoryError: outside these ranges.

    Source: Little's law on the geometric number in M/M/1 (Kleinrock I, chapter 3): of n messages
        max(n - prefetch, 0) are in the queue.
    """
    arrivals, rate = positive("arrival_rate", arrival_rate), positive("service_rate", service_rate)
    window = whole("prefetch", prefetch)
    load = steady("M/M/1", arrivals / rate)
    ready = load ** (window + 1) / (1.0 - load) / arrivals
    buffered = load**2 * (1.0 - load ** (window - 1)) / (1.0 - load) / arrivals
    return ready, buffered


@dataclass(frozen=True)
class RequeuedWork:
    """All the work that a message costs when attempts can fail.

    Attributes:
        mean: of the sum over its attempts, in seconds.
        second_moment: mean of that sum's square, in seconds squared.
        attempts: mean number of attempts.
        p_given_up: probability that the last attempt allowed fails too.
    """

    mean: float
    second_moment: float
    attempts: float
    p_given_up: float


def requeued_work(
    mean: float,
    second_moment: float,
    probability: float,
    *,
    attempts: int | None = None,
    after: float = 1.0,
    redraw: bool = True,
) -> RequeuedWork:
    """The work of a message that fails with a fixed probability at each attempt and is requeued to the head.

    With one consumer of prefetch 1 the queue is M/G/1 with this work: `mg1(rate, work.mean,
    work.second_moment)`.

    Args:
        mean: mean work of an attempt that succeeds, in seconds, above 0.
        second_moment: mean of its square, at least mean².
        probability: of failing, at each attempt, 0 to 1; 1 only with `attempts`.
        attempts: the most attempts that are made, 1 or more; None for no limit.
        after: the share of the work that a failing attempt costs, 0 to 1.
        redraw: whether each attempt draws its own work; False: all attempts of a message need the same.

    Raises:
        TheoryError: outside these ranges.

    Source: moments of a random sum; W. Feller, An Introduction to Probability Theory I (1968).
    """
    work = positive("mean", mean)
    square = _second_moment("second_moment", second_moment, work)
    failing = _probability("probability", probability)
    share = _probability("after", after)
    most = None if attempts is None else whole("attempts", attempts)
    if failing == 1.0 and most is None:
        raise TheoryError("probability: 1 is not allowed without a limit of attempts; it must be below 1.")
    first = second = tries = 0.0
    failures, reached = 0, 1.0
    while (most is None or failures < most) and reached > 1e-18:
        one, two = _spent(failures, 1.0, share, work, square, redraw)
        success = reached * (1.0 - failing)
        first, second, tries = first + success * one, second + success * two, tries + success * (failures + 1)
        failures += 1
        reached *= failing
    if most is not None and failures == most:
        one, two = _spent(failures, 0.0, share, work, square, redraw)
        first, second, tries = first + reached * one, second + reached * two, tries + reached * failures
    return RequeuedWork(first, second, tries, 0.0 if most is None else failing**most)


def usl(servers: float, rate: float, contention: float, coherency: float) -> float:
    """The universal scalability law: throughput of `servers` workers that share, and agree on, something.

    Args:
        servers: 1 or more, not necessarily whole.
        rate: throughput of one, per second, above 0.
        contention: share of the work that can't be done side by side, 0 to 1.
        coherency: cost of keeping each pair in agreement, as a share of the work, 0 or above.

    Returns:
        servers * rate / (1 + contention (servers - 1) + coherency servers (servers - 1)), per second.

    Raises:
        TheoryError: outside these ranges.

    Source: N. Gunther, Guerrilla Capacity Planning (2007). An empirical law, no theorem of this
        model.

    Example:
        >>> from mqsim import theory
        >>> theory.usl(servers=1, rate=100.0, contention=0.1, coherency=0.01)
        100.0
    """
    count = number("servers", servers)
    if count < 1:
        raise TheoryError(f"servers: {servers!r} is not allowed; it must be 1 or more.")
    serial, agree = _probability("contention", contention), not_negative("coherency", coherency)
    return count * positive("rate", rate) / (1.0 + serial * (count - 1.0) + agree * count * (count - 1.0))


def usl_peak(contention: float, coherency: float) -> float:
    """The number of workers, 1 or more, at which `usl` is largest; infinity with coherency 0.

    Raises:
        TheoryError: when a coefficient is outside the range that `usl` has.

    Source: Gunther (2007): sqrt((1 - contention) / coherency).

    Example:
        >>> from mqsim import theory
        >>> theory.usl_peak(contention=0.19, coherency=0.01)
        9.0
    """
    serial, agree = _probability("contention", contention), not_negative("coherency", coherency)
    return math.inf if agree == 0 else max(1.0, math.sqrt((1.0 - serial) / agree))


def usl_fit(servers: Sequence[float], throughputs: Sequence[float]) -> tuple[float, float, float]:
    """The (rate, contention, coherency) whose `usl` comes closest to measured throughputs.

    Least squares on servers / throughput, which is linear in the three unknowns; a coefficient that comes out
    negative is returned as it is, for it says that the law does not describe the measurements.

    Args:
        servers: at least three different numbers, 1 or more.
        throughputs: one for each, per second, above 0.

    Raises:
        TheoryError: outside these ranges.

    Source: Gunther (2007).
    """
    n, x = np.array(positives("servers", servers, 3)), np.array(positives("throughputs", throughputs, 3))
    if len(n) != len(x) or len(set(n.tolist())) < 3:
        raise TheoryError(
            "usl_fit needs three or more different numbers of servers and one throughput for each."
        )
    design = np.column_stack((np.ones_like(n), n - 1.0, n * (n - 1.0)))
    base, serial, agree = (float(v) for v in np.linalg.lstsq(design, n / x, rcond=None)[0])
    return 1.0 / base, serial / base, agree / base


def _spent(
    failures: int, successes: float, share: float, work: float, square: float, redraw: bool
) -> tuple[float, float]:
    """First two moments of the work of failing attempts and, if successes is 1, of one that succeeds."""
    weight = failures * share + successes
    if not redraw:
        return weight * work, weight * weight * square
    variance = square - work * work
    spread = (failures * share * share + successes) * variance
    return weight * work, spread + (weight * work) ** 2


def _second_moment(name: str, value: float, mean: float) -> float:
    return second_moment(name, value, mean)


def _probability(name: str, value: float) -> float:
    return probability(name, value)
