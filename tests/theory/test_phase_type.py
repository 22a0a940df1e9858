"""M/PH/c against brute force: the chain with every server told apart, cut off far out and solved sparsely."""

from __future__ import annotations

from itertools import product

import numpy as np
import pytest
from scipy.linalg import expm

from mqsim import theory
from mqsim.errors import TheoryError
from tests.theory.oracles import stationary

IDLE = -1
FAR = 260


def brute(arrivals: float, initial: list[float], phases: np.ndarray, leaving: list[float], servers: int):
    """(mean waiting, P(wait)): each server has its own phase; of the idle ones the first is taken."""

    def steps(state):
        waiting, each = state
        idle = [k for k, phase in enumerate(each) if phase == IDLE]
        for phase, chance in enumerate(initial):
            if not chance:
                continue
            if idle:
                yield (waiting, put(each, idle[0], phase)), arrivals * chance
        if not idle and waiting < FAR:
            yield (waiting + 1, each), arrivals
        for k, phase in enumerate(each):
            if phase == IDLE:
                continue
            for other in range(len(initial)):
                if phases[phase][other]:
                    yield (waiting, put(each, k, other)), float(phases[phase][other])
            if leaving[phase]:
                if not waiting:
                    yield (0, put(each, k, IDLE)), leaving[phase]
                else:
                    for other, chance in enumerate(initial):
                        if chance:
                            yield (waiting - 1, put(each, k, other)), leaving[phase] * chance

    p = stationary((0, (IDLE,) * servers), steps)
    late = sum(waiting * x for (waiting, _), x in p.items())
    return late, sum(x for (_, each), x in p.items() if IDLE not in each)


def put(each: tuple[int, ...], k: int, phase: int) -> tuple[int, ...]:
    return (*each[:k], phase, *each[k + 1 :])


CASES = [
    (1.5, 2, "mec", [1.0, 0.0], [[0, 2], [0, 0]], [0, 2]),
    (2.4, 3, "mec", [1.0, 0.0], [[0, 2], [0, 0]], [0, 2]),
    (1.4, 2, "mhc", [0.2, 0.8], [[0, 0], [0, 0]], [1 / 3, 2.0]),
    (2.3, 3, "mhc", [0.1, 0.9], [[0, 0], [0, 0]], [0.2, 1.8]),
    (1.2, 2, "mphc", [0.3, 0.7, 0.0], [[0, 0.5, 0.5], [0, 0, 2.0], [0.1, 0, 0]], [1.0, 0.5, 3.0]),
]


@pytest.mark.parametrize(("arrivals", "servers", "kind", "initial", "phases", "leaving"), CASES)
def test_the_means_are_those_of_the_whole_chain(arrivals, servers, kind, initial, phases, leaving) -> None:
    queue = {
        "mec": lambda: theory.mec(arrivals, 1.0, servers, 2),
        "mhc": lambda: theory.mhc(arrivals, initial, [1 / rate for rate in leaving], servers),
        "mphc": lambda: theory.mphc(arrivals, initial, phases, leaving, servers),
    }[kind]()
    late, p_wait = brute(arrivals, initial, np.array(phases, dtype=float), leaving, servers)
    assert queue.exact
    assert queue.mean_waiting == pytest.approx(late, rel=1e-8)
    assert queue.mean_wait == pytest.approx(late / arrivals, rel=1e-8)
    assert queue.p_wait == pytest.approx(p_wait, rel=1e-8)


@pytest.mark.parametrize("servers", [1, 2, 5, 20])
def test_one_phase_is_the_exponential_queue(servers: int) -> None:
    load = 0.85 * servers
    exact, phase = theory.mmc(load, 1.0, servers), theory.mec(load, 1.0, servers, 1)
    for p in (0.5, 0.9, 0.99, 0.999):
        assert phase.wait_percentile(p) == pytest.approx(exact.wait_percentile(p), rel=1e-8, abs=1e-12)
        assert phase.sojourn_percentile(p) == pytest.approx(exact.sojourn_percentile(p), rel=1e-8)
    assert phase.mean_wait == pytest.approx(exact.mean_wait, rel=1e-9)


def test_one_server_is_pollaczek_and_khinchine() -> None:
    erlang = theory.mg1(0.8, 1.0, 1.25, theory.erlang_transform(4, 1.0))
    assert theory.mec(0.8, 1.0, 1, 4).mean_wait == pytest.approx(erlang.mean_wait, rel=1e-9)
    assert theory.mec(0.8, 1.0, 1, 4).wait_cdf(3.0) == pytest.approx(erlang.wait_cdf(3.0), abs=1e-8)


@pytest.mark.parametrize("t", [0.2, 1.0, 4.0])
def test_the_law_of_the_wait_is_that_of_a_tagged_message(t: float) -> None:
    """M/H2/2: the law by the exponential of one large matrix of all that a message can find before it."""
    arrivals, chances, rates, far = 1.5, [0.2, 0.8], [1 / 3, 2.0], 120
    pairs = [pair for pair in product(range(2), repeat=2) if pair[0] <= pair[1]]
    law = theory.mhc(arrivals, chances, [1 / rate for rate in rates], 2)
    found = full_states(arrivals, chances, rates, far)
    # ends[k]: transitions from pair to pair when one of two works ends and the next begins.
    size = len(pairs)
    move = np.zeros((size, size))
    for i, pair in enumerate(pairs):
        for k in range(2):
            for kind, chance in enumerate(chances):
                after = tuple(sorted((pair[1 - k], kind)))
                move[i, pairs.index(after)] += rates[pair[k]] * chance
    stay = -np.diag(move.sum(axis=1))
    whole = np.zeros((size * far, size * far))
    for n in range(far):
        whole[n * size : (n + 1) * size, n * size : (n + 1) * size] = stay
        if n:
            whole[n * size : (n + 1) * size, (n - 1) * size : n * size] = move
    start = np.concatenate([[found.get((n, pair), 0.0) for pair in pairs] for n in range(far)])
    late = float((start @ expm(whole * t)).sum())
    assert 1 - law.wait_cdf(t) == pytest.approx(late, rel=1e-6)


def full_states(arrivals, chances, rates, far):
    """P(waiting, the two kinds in work, sorted) where both servers are busy."""

    def steps(state):
        waiting, each = state
        if len(each) < 2:
            for kind, chance in enumerate(chances):
                yield (waiting, tuple(sorted((*each, kind)))), arrivals * chance
        elif waiting < far:
            yield (waiting + 1, each), arrivals
        for k, kind in enumerate(each):
            rest = each[:k] + each[k + 1 :]
            if not waiting:
                yield (0, rest), rates[kind]
            else:
                for other, chance in enumerate(chances):
                    yield (waiting - 1, tuple(sorted((*rest, other)))), rates[kind] * chance

    return {state: p for state, p in stationary((0, ()), steps).items() if len(state[1]) == 2}


def test_outside_their_ranges() -> None:
    with pytest.raises(TheoryError, match="steady state"):
        theory.mec(2.0, 1.0, 2, 2)
    with pytest.raises(TheoryError, match=r"sum to 0\.9"):
        theory.mhc(0.5, [0.5, 0.4], [1, 1], 2)
    with pytest.raises(TheoryError, match="too many"):
        theory.mec(10.0, 1.0, 40, 6)
    with pytest.raises(TheoryError, match="never ends"):
        theory.mphc(0.5, [1.0, 0.0], [[0, 1], [1, 0]], [0, 0], 2)
    with pytest.raises(TheoryError):
        theory.mec(25.0, 1.0, 30, 2).wait_percentile(0.5)  # too many states for the law
