"""Poisson arrivals, several servers and work that goes through exponential phases: M/E_k/c, M/H_k/c, M/PH/c.

The state is how many servers are in each phase, and how many messages wait: a chain of levels, solved by the
matrix-geometric method. Nothing is approximated; more phases and servers only mean more states.

Source: M. Neuts, Matrix-Geometric Solutions in Stochastic Models (1981), chapter 3; Y. Takahashi, Asymptotic
exponentiality of the tail of the waiting-time distribution in a PH/PH/c queue, Advances in Applied
Probability 13 (1981) 619-630 (the states); B. Sengupta, Phase-type representations for matrix-geometric
solutions, Stochastic Models 6 (1990) 163-167 (the law of the wait).
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from mqsim.errors import TheoryError
from mqsim.theory import laws
from mqsim.theory.chain import rate_matrix
from mqsim.theory.queue import Queue, lossless
from mqsim.theory.ranges import not_negative, positive, positives, probability, steady, whole

if TYPE_CHECKING:
    from collections.abc import Sequence

    from mqsim.theory.laws import Floats

MOST_STATES = 1200
"""States of a level that are solved; a matrix of so many rows and columns takes about a second."""
MOST_FOR_LAW = 24
"""States of a level up to which the law of the wait is given: it takes a matrix of their square."""

State = tuple[int, ...]


def mec(arrival_rate: float, service_rate: float, servers: int, phases: int = 2) -> Queue:
    """M/E_k/c: Poisson arrivals, `servers` equal servers, work with an Erlang law of `phases` phases.

    Args:
        arrival_rate: messages a second, above 0.
        service_rate: of each server while it works (1 / mean work), per second, above 0.
        servers: 1 or more; servers * service_rate must exceed arrival_rate.
        phases: k, 1 or more; the coefficient of variation of the work is 1 / sqrt(k).

    Returns:
        All means; the laws of wait and sojourn where the chain is small enough (24 states a level).

    Raises:
        TheoryError: outside these ranges, or with too many states (more than 1200 a level).

    Source: Neuts (1981).
    """
    count = whole("phases", phases)
    rate = count * positive("service_rate", service_rate)
    step = np.diag(np.full(count - 1, rate), 1)
    first = np.eye(count)[0]
    leave = rate * np.eye(count)[-1]
    return _mphc(arrival_rate, first, step, leave, servers, f"M/E{count}/{whole('servers', servers)}")


def mhc(arrival_rate: float, probabilities: Sequence[float], means: Sequence[float], servers: int) -> Queue:
    """M/H_k/c: Poisson arrivals, `servers` equal servers, work exponential with one of several means.

    Args:
        arrival_rate: messages a second, above 0.
        probabilities: of each kind of message, summing to 1.
        means: mean work of each kind, in seconds, above 0.
        servers: 1 or more; it must exceed arrival_rate times the mean work.

    Returns:
        All means; the laws of wait and sojourn where the chain is small enough (24 states a level).

    Raises:
        TheoryError: outside these ranges, or with too many states (more than 1200 a level).

    Source: Neuts (1981).
    """
    chances = np.array([probability(f"probabilities[{i}]", p) for i, p in enumerate(probabilities)])
    rates = 1.0 / np.array(positives("means", means))
    name = f"M/H{len(rates)}/{whole('servers', servers)}"
    return _mphc(arrival_rate, chances, np.zeros((len(rates), len(rates))), rates, servers, name)


def mphc(
    arrival_rate: float,
    initial: Sequence[float],
    phases: Sequence[Sequence[float]],
    leaving: Sequence[float],
    servers: int,
) -> Queue:
    """M/PH/c: Poisson arrivals, `servers` equal servers, work that is the life of a small Markov chain.

    Args:
        arrival_rate: messages a second, above 0.
        initial: the probability that the work begins in each phase, summing to 1.
        phases: square; the rate of going from one phase to another, per second; the diagonal is ignored.
        leaving: the rate at which the work ends from each phase, per second, 0 or above.
        servers: 1 or more; it must exceed arrival_rate times the mean work.

    Returns:
        All means; the laws of wait and sojourn where the chain is small enough (24 states a level).

    Raises:
        TheoryError: outside these ranges, with too many states (more than 1200 a level), or when the work
            never ends.

    Source: Neuts (1981).
    """
    chances = np.array([probability(f"initial[{i}]", p) for i, p in enumerate(initial)])
    inner = np.array([[not_negative("phases", rate) for rate in row] for row in phases], dtype=float)
    ends = np.array([not_negative(f"leaving[{i}]", rate) for i, rate in enumerate(leaving)])
    if inner.shape != (len(chances), len(chances)) or len(ends) != len(chances):
        raise TheoryError("initial, phases and leaving must tell of the same number of phases.")
    np.fill_diagonal(inner, 0.0)
    return _mphc(arrival_rate, chances, inner, ends, servers, f"M/PH/{whole('servers', servers)}")


def states_of(phases: int, servers: int) -> int:
    """How many states a level has: the ways to have `servers` servers in `phases` phases."""
    return math.comb(servers + phases - 1, phases - 1)


def _mphc(
    arrival_rate: float, initial: Floats, phases: Floats, leaving: Floats, servers: int, name: str
) -> Queue:
    arrivals, count = positive("arrival_rate", arrival_rate), whole("servers", servers)
    if abs(float(initial.sum()) - 1.0) > 1e-9:
        raise TheoryError(f"{name}: the probabilities sum to {initial.sum():.9g}; they must sum to 1.")
    if (size := states_of(len(initial), count)) > MOST_STATES:
        raise TheoryError(f"{name}: {size} states a level are too many; at most {MOST_STATES} are solved.")
    generator = phases - np.diag(phases.sum(axis=1) + leaving)
    try:
        stays = -np.linalg.solve(generator.T, initial)
    except np.linalg.LinAlgError:
        raise TheoryError(f"{name}: from some phase the work never ends.") from None
    work = float(stays.sum())
    steady(name, arrivals * work / count)
    levels = [_states(len(initial), n) for n in range(count + 1)]
    boundary, first, ratio, local, fall = _solved(arrivals, initial, phases, leaving, levels)
    size = len(first)
    rest = np.linalg.inv(np.eye(size) - ratio)
    waiting = float((first @ ratio @ rest @ rest).sum())
    delayed = float((first @ rest).sum())
    total = sum(float(vector.sum()) for vector in boundary) + delayed
    waiting, delayed = waiting / total, delayed / total
    wait_law = sojourn_law = None
    if size <= MOST_FOR_LAW:
        clock = float(-np.diag(local).min())
        survival = _survival(first / total @ rest, ratio, local, fall, clock)
        wait_law = laws.exponential_steps(survival, clock)
        own = np.eye(len(initial)) + generator / clock
        sojourn_law = laws.exponential_steps(_then_work(survival, initial, own), clock)
    return lossless(
        name,
        arrivals,
        work,
        count,
        mean_wait=waiting / arrivals,
        p_wait=delayed,
        wait_law=wait_law,
        sojourn_law=sojourn_law,
    )


def _states(phases: int, busy: int) -> list[State]:
    """The ways to have `busy` servers in `phases` phases."""
    if phases == 1:
        return [(busy,)]
    return [(first, *rest) for first in range(busy + 1) for rest in _states(phases - 1, busy - first)]


def _solved(
    arrivals: float, initial: Floats, phases: Floats, leaving: Floats, levels: list[list[State]]
) -> tuple[list[Floats], Floats, Floats, Floats, Floats]:
    """The levels below c, level c, R, and the rates within and down of a level above c; not yet normed."""
    moves = [_within(states, phases) for states in levels]
    rises = [arrivals * _begun(levels[n], levels[n + 1], initial) for n in range(len(levels) - 1)]
    falls = [_ended(levels[n], levels[n - 1], leaving) for n in range(1, len(levels))]
    size = len(levels[-1])
    rise = arrivals * np.eye(size)
    fall = falls[-1] @ _begun(levels[-2], levels[-1], initial)
    local = moves[-1] - np.diag(moves[-1].sum(axis=1) + fall.sum(axis=1))
    ratio = rate_matrix(rise, local - rise, fall)
    # From the top down: the vector of a level is that of the level below times its step.
    steps: list[Floats] = []
    back = ratio @ fall
    for n in range(len(levels) - 1, 0, -1):
        up = rise if n == len(levels) - 1 else rises[n]
        inside = moves[n] - np.diag(moves[n].sum(axis=1) + up.sum(axis=1) + falls[n - 1].sum(axis=1))
        step = np.asarray(np.linalg.solve(-(inside + back).T, rises[n - 1].T).T)
        steps.insert(0, step)
        back = step @ falls[n - 1]
    vectors = [np.ones(1)]
    for step in steps:
        vectors.append(vectors[-1] @ step)
        if float(vectors[-1].sum()) > 1e100:
            vectors = [vector / 1e100 for vector in vectors]
    return vectors[:-1], vectors[-1], ratio, local, fall


def _within(states: list[State], phases: Floats) -> Floats:
    """Rates between the states of a level: a server goes from phase i to j."""
    place = {state: i for i, state in enumerate(states)}
    rates = np.zeros((len(states), len(states)))
    for state in states:
        for i, busy in enumerate(state):
            for j in np.flatnonzero(phases[i]) if busy else ():
                rates[place[state], place[_moved(_moved(state, i, -1), int(j), 1)]] += busy * phases[i, j]
    return rates


def _begun(states: list[State], above: list[State], initial: Floats) -> Floats:
    """The chance of each state after one more server has begun."""
    place = {state: i for i, state in enumerate(above)}
    chances = np.zeros((len(states), len(above)))
    for row, state in enumerate(states):
        for i, chance in enumerate(initial):
            chances[row, place[_moved(state, i, 1)]] += chance
    return chances


def _ended(states: list[State], below: list[State], leaving: Floats) -> Floats:
    """Rates to the states in which one server fewer works."""
    place = {state: i for i, state in enumerate(below)}
    rates = np.zeros((len(states), len(below)))
    for row, state in enumerate(states):
        for i, busy in enumerate(state):
            if busy:
                rates[row, place[_moved(state, i, -1)]] += busy * leaving[i]
    return rates


def _moved(state: State, phase: int, by: int) -> State:
    return (*state[:phase], state[phase] + by, *state[phase + 1 :])


def _survival(found: Floats, ratio: Floats, local: Floats, fall: Floats, clock: float) -> Floats:
    """P(an arrival still waits after n steps of a clock), n = 0, 1, ...

    It waits for as many ends of work as it finds messages, itself included. T = sum over n of
    (P(not n ends yet) by the phases) times (the phases that it finds with n) obeys T' = local T + fall T R;
    its trace is the chance to wait. All terms are positive.
    """
    size = len(ratio)
    stay = np.eye(size) + local / clock
    steps = np.kron(stay, np.eye(size)) + np.kron(fall / clock, ratio.T)
    start = np.outer(np.ones(size), found).ravel()
    return laws.powers_survival(np.eye(size).ravel(), np.maximum(steps, 0.0), start)


def _then_work(survival: Floats, initial: Floats, stay: Floats) -> Floats:
    """P(waiting and then working last more than n steps), n = 0, 1, ..."""
    waiting = survival.tolist()
    working = (1.0 - waiting[0]) * initial
    result = [waiting[0] + float(working.sum())]
    n = 0
    while result[-1] > laws.NEGLIGIBLE and n < laws.LONGEST:
        n += 1
        before = waiting[n - 1] if n - 1 < len(waiting) else 0.0
        after = waiting[n] if n < len(waiting) else 0.0
        working = working @ stay + (before - after) * initial
        result.append(after + float(working.sum()))
    return np.array(result)
