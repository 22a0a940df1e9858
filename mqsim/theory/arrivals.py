"""Arrivals that come in batches, or at a rate that switches at random: M[X]/M/1, M[X]/G/1 and MMPP/M/c.

Source: D. Gross, J. Shortle, J. Thompson and C. Harris, Fundamentals of Queueing Theory, 4th edition (2008),
section 3.1 (batches); W. Fischer and K. Meier-Hellstern, The Markov-modulated Poisson process (MMPP)
cookbook, Performance Evaluation 18 (1993) 149-171; M. Neuts, Matrix-Geometric Solutions in Stochastic Models
(1981).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from mqsim.errors import TheoryError
from mqsim.theory import laws
from mqsim.theory.chain import level_chain, steady_state
from mqsim.theory.laws import NEGLIGIBLE, Floats
from mqsim.theory.queue import Queue, lossless
from mqsim.theory.ranges import not_negative, positive, probability, second_moment, steady, whole


def batch_mg1(
    batch_rate: float, mean: float, second_moment: float, size_mean: float, size_second_moment: float
) -> Queue:
    """M[X]/G/1: batches of messages come as a Poisson process; one server, work of any law.

    Args:
        batch_rate: batches a second, above 0.
        mean: mean work of a message, in seconds, above 0.
        second_moment: mean squared work, at least mean².
        size_mean: mean number of messages in a batch, at least 1.
        size_second_moment: mean squared number, at least size_mean².

    Returns:
        `p_wait` and all means, over messages.

    Raises:
        TheoryError: outside these ranges, or at a utilisation of 1 or more.

    Source: P. Burke, Delays in single-server queues with batch input, Operations Research 23 (1975) 830-833:
        the wait of a batch (as one message of M/G/1) and the wait within the batch.
    """
    batches, work = positive("batch_rate", batch_rate), positive("mean", mean)
    square = _second_moment("second_moment", second_moment, work)
    size = positive("size_mean", size_mean)
    if size < 1:
        raise TheoryError(f"size_mean: {size_mean!r} is not allowed; a batch holds at least 1 message.")
    size_square = _second_moment("size_second_moment", size_second_moment, size)
    load = steady("M[X]/G/1", batches * size * work)
    batch_square = size * (square - work * work) + size_square * work * work
    wait = batches * batch_square / (2.0 * (1.0 - load)) + work * (size_square - size) / (2.0 * size)
    return lossless("M[X]/G/1", batches * size, work, 1, mean_wait=wait, p_wait=1.0 - (1.0 - load) / size)


def batch_mm1(batch_rate: float, service_rate: float, sizes: int | Mapping[int, float]) -> Queue:
    """M[X]/M/1: batches of messages come as a Poisson process; one server with exponential work.

    Args:
        batch_rate: batches a second, above 0.
        service_rate: of the server while it works, per second, above 0.
        sizes: the number of messages in every batch, or a mapping from number to probability, summing to 1.

    Returns:
        All means, and the laws of wait and sojourn over messages.

    Raises:
        TheoryError: outside these ranges, or at a utilisation of 1 or more.

    Source: Gross et al., section 3.1; a message waits for those it finds and those before it in its batch,
        whose number follows from the balance of the cuts between n and n + 1 (all terms positive).

    Example:
        >>> from mqsim import theory
        >>> theory.batch_mm1(batch_rate=0.5, service_rate=1.0, sizes=1).mean_wait
        1.0
    """
    batches, rate = positive("batch_rate", batch_rate), positive("service_rate", service_rate)
    beyond = _size_tail(sizes)
    size = float(beyond.sum())
    load = steady("M[X]/M/1", batches * size / rate)
    found = _numbers(batches / rate, beyond, 1.0 - load)
    ahead = np.convolve(found, beyond / size)
    survival = np.cumsum(ahead[::-1])[::-1][1:]
    size_square = float(beyond @ (2.0 * np.arange(len(beyond)) + 1.0))
    moments = batch_mg1(batches, 1.0 / rate, 2.0 / rate**2, size, size_square)
    return lossless(
        "M[X]/M/1",
        batches * size,
        1.0 / rate,
        1,
        mean_wait=moments.mean_wait,
        p_wait=moments.p_wait,
        wait_law=laws.exponential_steps(survival, rate),
        sojourn_law=laws.exponential_steps(laws.then_service(survival, 1), rate),
    )


def mmpp_m1(
    rates: Sequence[float], switch: Sequence[float] | Sequence[Sequence[float]], service_rate: float
) -> Queue:
    """MMPP/M/1: Poisson arrivals whose rate switches at random, one server with exponential work.

    Args:
        rates: as for `mmpp_mc`.
        switch: as for `mmpp_mc`.
        service_rate: of the server while it works, per second, above the mean arrival rate.

    Returns:
        All means, and the laws of wait and sojourn.

    Raises:
        TheoryError: as for `mmpp_mc`.

    Source: `mmpp_mc` with one server.
    """
    return mmpp_mc(rates, switch, service_rate, 1)


def mmpp_mc(
    rates: Sequence[float],
    switch: Sequence[float] | Sequence[Sequence[float]],
    service_rate: float,
    servers: int,
) -> Queue:
    """MMPP/M/c: Poisson arrivals whose rate switches at random, exponential work, first come first served.

    `p_wait`, the waits and the sojourns are those of messages; the numbers in the system those of any time.

    Args:
        rates: arrival rate in each phase, per second, 0 or above, not all 0.
        switch: the rate of leaving each phase for the next one (the last for the first), or a square matrix
            of the rates from phase to phase, whose diagonal is ignored; per second.
        service_rate: of each server while it works, per second, above 0.
        servers: 1 or more; servers * service_rate must exceed the mean arrival rate.

    Returns:
        All means, and the laws of wait and sojourn.

    Raises:
        TheoryError: outside these ranges, or when some phase is never returned to.

    Source: Neuts (1981); Fischer and Meier-Hellstern (1993).
    """
    intensities = np.array([not_negative(f"rates[{i}]", rate) for i, rate in enumerate(rates)])
    if len(intensities) == 0 or not intensities.any():
        raise TheoryError("rates: at least one phase must have an arrival rate above 0.")
    matrix = _switching(switch, len(intensities))
    rate, count = positive("service_rate", service_rate), whole("servers", servers)
    name = f"MMPP/M/{count}"
    share = steady_state(matrix) if len(matrix) > 1 else np.ones(1)
    arrivals = float(share @ intensities)
    unit = np.eye(len(intensities))
    levels = level_chain(np.diag(intensities), matrix, [unit * (n * rate) for n in range(1, count + 1)], name)
    found = levels.at_least(count)
    survival = laws.powers_survival(found, levels.ratio, intensities / arrivals)
    waiting = levels.mean_above(count)
    return lossless(
        name,
        arrivals,
        1.0 / rate,
        count,
        mean_wait=waiting / arrivals,
        p_wait=float(survival[0]),
        wait_law=laws.exponential_steps(survival, count * rate),
        sojourn_law=laws.exponential_steps(laws.then_service(survival, count), count * rate),
    )


def _second_moment(name: str, value: float, mean: float) -> float:
    return second_moment(name, value, mean)


def _size_tail(sizes: int | Mapping[int, float]) -> Floats:
    """P(a batch holds more than n), n = 0, 1, ..."""
    table = sizes if isinstance(sizes, Mapping) else {sizes: 1.0}
    chances = {whole("sizes", size): probability(f"sizes[{size}]", chance) for size, chance in table.items()}
    if not chances or abs(sum(chances.values()) - 1.0) > 1e-9:
        raise TheoryError(f"sizes: the probabilities sum to {sum(chances.values()):.9g}; they must sum to 1.")
    pmf = np.zeros(max(chances) + 1)
    for size, chance in chances.items():
        pmf[size] = chance
    return np.asarray(np.cumsum(pmf[::-1])[::-1][1:])


def _numbers(ratio: float, beyond: Floats, empty: float) -> Floats:
    """P(n in the system) of M[X]/M/1, up to where the rest can be neglected."""
    numbers = [empty]
    back = beyond[::-1]
    while len(numbers) < 10_000_000:
        recent = np.array(numbers[-len(back) :])
        numbers.append(ratio * float(recent @ back[-len(recent) :]))
        if len(numbers) > len(back) and max(numbers[-len(back) :]) < NEGLIGIBLE * empty:
            return np.array(numbers)
    raise TheoryError("M[X]/M/1 is too close to utilisation 1 for its law to be listed.")


def _switching(switch: Sequence[float] | Sequence[Sequence[float]], phases: int) -> Floats:
    matrix = np.array(switch, dtype=float)
    if matrix.shape == (phases,):
        leaving = [positive(f"switch[{i}]", float(rate)) for i, rate in enumerate(matrix)]
        matrix = np.zeros((phases, phases))
        for i, rate in enumerate(leaving):
            matrix[i, (i + 1) % phases] = rate
    if matrix.shape != (phases, phases):
        raise TheoryError(
            f"switch has the shape {matrix.shape}; it needs {phases} rates, or {phases} rows of {phases}."
        )
    np.fill_diagonal(matrix, 0.0)
    return matrix
