"""Poisson arrivals, exponential work, endless room: M/M/1, M/M/c, M/G/∞ and Erlang's two formulas.

Source: L. Kleinrock, Queueing Systems I (1975), chapter 3; D. Gross, J. Shortle, J. Thompson and C. Harris,
Fundamentals of Queueing Theory, 4th edition (2008), sections 2.2, 2.3 and 2.6.
"""

from __future__ import annotations

import math
from functools import partial
from typing import TYPE_CHECKING

from mqsim.errors import TheoryError
from mqsim.theory import laws
from mqsim.theory.queue import Queue, lossless
from mqsim.theory.ranges import not_negative, positive, share, steady, whole

if TYPE_CHECKING:
    from collections.abc import Callable


def erlang_b(servers: int, offered_load: float) -> float:
    """Erlang's loss formula: the share of messages refused by `servers` servers without a queue.

    It holds for any law of the work (M/G/c/c).

    Args:
        servers: 1 or more.
        offered_load: arrival rate times mean work, in erlangs, above 0; it may exceed `servers`.

    Raises:
        TheoryError: outside these ranges.

    Source: Gross et al., section 2.6; the recursion over servers is positive and loses no digits.

    Example:
        >>> from mqsim import theory
        >>> theory.erlang_b(servers=2, offered_load=1.0)
        0.2
    """
    count = whole("servers", servers)
    load = positive("offered_load", offered_load)
    blocked = 1.0
    for n in range(1, count + 1):
        blocked = load * blocked / (n + load * blocked)
    return blocked


def erlang_c(servers: int, offered_load: float) -> float:
    """Erlang's delay formula: the probability that a message waits in M/M/c.

    Args:
        servers: 1 or more.
        offered_load: arrival rate times mean work, in erlangs, above 0 and below `servers`.

    Raises:
        TheoryError: outside these ranges.

    Source: Gross et al., section 2.3.

    Example:
        >>> from mqsim import theory
        >>> theory.erlang_c(servers=2, offered_load=1.0)
        0.333
    """
    count = whole("servers", servers)
    load = positive("offered_load", offered_load)
    utilisation = steady(f"M/M/{count}", load / count)
    blocked = erlang_b(count, load)
    return blocked / (1.0 - utilisation * (1.0 - blocked))


def mm1(arrival_rate: float, service_rate: float) -> Queue:
    """M/M/1: Poisson arrivals, one server with exponential work, first come first served.

    Args:
        arrival_rate: messages a second, above 0.
        service_rate: messages a second that the server completes while it works, above `arrival_rate`.

    Returns:
        All means, and the laws of wait and sojourn.

    Raises:
        TheoryError: outside these ranges.

    Source: Kleinrock I, chapter 3; Gross et al., section 2.2.

    Example:
        >>> from mqsim import theory
        >>> theory.mm1(arrival_rate=0.5, service_rate=1.0).mean_wait
        1.0
    """
    return mmc(arrival_rate, service_rate, 1)


def mmc(arrival_rate: float, service_rate: float, servers: int) -> Queue:
    """M/M/c: Poisson arrivals, `servers` equal servers with exponential work, first come first served.

    Args:
        arrival_rate: messages a second, above 0.
        service_rate: of each server while it works, per second, above 0.
        servers: 1 or more; servers * service_rate must exceed arrival_rate.

    Returns:
        All means, and the laws of wait and sojourn.

    Raises:
        TheoryError: outside these ranges.

    Source: Gross et al., section 2.3 (Erlang C; the wait given that there is one is exponential).

    Example:
        >>> from mqsim import theory
        >>> theory.mmc(arrival_rate=1.0, service_rate=1.0, servers=2).p_wait
        0.333
    """
    arrivals = positive("arrival_rate", arrival_rate)
    rate = positive("service_rate", service_rate)
    count = whole("servers", servers)
    name = f"M/M/{count}"
    steady(name, arrivals / (count * rate))
    delayed = erlang_c(count, arrivals / rate)
    spare = count * rate - arrivals
    return lossless(
        name,
        arrivals,
        1.0 / rate,
        count,
        mean_wait=delayed / spare,
        p_wait=delayed,
        wait_law=laws.delayed_exponential(delayed, spare),
        sojourn_law=laws.delayed_exponential_then_service(delayed, spare, rate),
    )


def mg_infinity(arrival_rate: float, mean: float) -> Queue:
    """M/G/∞: every message is served at once, whatever the law of the work; also a pure delay.

    The utilisation is 0, for there is no end of servers; `mean_in_system` is Poisson's mean.

    Args:
        arrival_rate: messages a second, above 0.
        mean: mean work, or delay, in seconds, above 0.

    Raises:
        TheoryError: outside these ranges.

    Source: Gross et al., section 5.2.

    Example:
        >>> from mqsim import theory
        >>> theory.mg_infinity(arrival_rate=2.0, mean=3.0).mean_in_system
        6.0
    """
    arrivals = positive("arrival_rate", arrival_rate)
    work = positive("mean", mean)
    return Queue(
        name="M/G/∞",
        arrival_rate=arrivals,
        utilisation=0.0,
        p_wait=0.0,
        mean_wait=0.0,
        mean_sojourn=work,
        mean_waiting=0.0,
        mean_in_system=arrivals * work,
        throughput=arrivals,
        wait_law=laws.Law(_never, 1.0),
    )


def servers_needed(
    arrival_rate: float,
    service_rate: float,
    mean_wait: float | None = None,
    *,
    mean_sojourn: float | None = None,
    wait: tuple[float, float] | None = None,
    sojourn: tuple[float, float] | None = None,
) -> int:
    """The fewest servers with which M/M/c meets every goal that is given.

    Args:
        arrival_rate: messages a second, above 0.
        service_rate: of each server, per second, above 0.
        mean_wait: the mean wait is at most this, in seconds, above 0.
        mean_sojourn: the mean of wait and work is at most this, in seconds, above the mean work.
        wait: a share and a time: (0.99, 1.0) asks that 99 % of the messages wait at most 1 second, which is
            the same as a 99th percentile of the wait of at most 1 second. The share is above 0 and below 1,
            the time 0 or more.
        sojourn: likewise for wait and work together. The work alone must leave room: no number of servers
            makes it shorter.

    Raises:
        TheoryError: outside these ranges, without any goal, or for a goal that the work alone misses.

    Source: Gross et al., section 2.3, searched upwards (waits get shorter with every server added).

    Example:
        >>> from mqsim import theory
        >>> theory.servers_needed(arrival_rate=10.0, service_rate=1.0, mean_wait=0.1)
        13
    """
    load = positive("arrival_rate", arrival_rate) / positive("service_rate", service_rate)
    goals: list[Callable[[Queue], bool]] = []
    if mean_wait is not None:
        goals.append(partial(_mean_wait_within, positive("mean_wait", mean_wait)))
    if mean_sojourn is not None:
        if positive("mean_sojourn", mean_sojourn) <= 1.0 / service_rate:
            raise TheoryError(_work_alone(f"mean_sojourn: {mean_sojourn!r}", f"{1.0 / service_rate:.6g}"))
        goals.append(partial(_mean_wait_within, mean_sojourn - 1.0 / service_rate))
    if wait is not None:
        goals.append(partial(_wait_within, *_share_and_time("wait", wait)))
    if sojourn is not None:
        part, time = _share_and_time("sojourn", sojourn)
        alone = -math.log1p(-part) / service_rate
        if time <= alone:
            raise TheoryError(_work_alone(f"sojourn: {sojourn!r}", f"{alone:.6g}"))
        goals.append(partial(_sojourn_within, part, time))
    if not goals:
        raise TheoryError("servers_needed asks for a goal: mean_wait, mean_sojourn, wait or sojourn.")
    count = math.floor(load) + 1
    while not all(goal(mmc(arrival_rate, service_rate, count)) for goal in goals):
        count += 1
    return count


def _share_and_time(name: str, given: object) -> tuple[float, float]:
    if not isinstance(given, tuple | list) or len(given) != 2:
        raise TheoryError(
            f"{name}: {given!r} is not allowed; it must be a share and a time, as in (0.99, 1.0)."
        )
    part = share(f"{name}[0]", given[0])
    if part == 0.0:
        raise TheoryError(f"{name}[0]: a share of 0 asks for nothing; it must be above 0 and below 1.")
    return part, not_negative(f"{name}[1]", given[1])


def _work_alone(what: str, least: str) -> str:
    return f"{what} is more than any number of servers can do: the work alone takes {least} s."


def _mean_wait_within(limit: float, queue: Queue) -> bool:
    return queue.mean_wait <= limit


def _wait_within(part: float, time: float, queue: Queue) -> bool:
    return queue.wait_cdf(time) >= part


def _sojourn_within(part: float, time: float, queue: Queue) -> bool:
    return queue.sojourn_cdf(time) >= part


def _never(_t: float) -> float:
    return 0.0
