from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mqsim import theory
from mqsim.errors import TheoryError
from tests.theory.oracles import absorbing, alive, stationary

TOP = 70


def queues_of(rates, servers):
    """Two classes, non-preemptive, work of mean 1: (busy servers, waiting of class 0, of class 1)."""

    def steps(state):
        busy, first, second = state
        if busy < servers:
            yield (busy + 1, 0, 0), sum(rates)
        else:
            if first < TOP:
                yield (busy, first + 1, second), rates[0]
            if second < TOP:
                yield (busy, first, second + 1), rates[1]
        if busy:
            after = (
                (busy, first - 1, second) if first else (busy, 0, second - 1) if second else (busy - 1, 0, 0)
            )
            yield after, float(busy)

    return stationary((0, 0, 0), steps)


@pytest.mark.parametrize(
    ("rates", "servers"), [((0.2, 0.4), 1), ((0.5, 0.2), 1), ((0.6, 0.7), 2), ((1.0, 2.0), 4)]
)
def test_two_classes_are_their_chain(rates: tuple[float, float], servers: int) -> None:
    p = queues_of(rates, servers)
    first, second = theory.mmc_priorities(rates, 1.0, servers)
    assert first.mean_waiting == pytest.approx(sum(s[1] * x for s, x in p.items()), rel=1e-8)
    assert second.mean_waiting == pytest.approx(sum(s[2] * x for s, x in p.items()), rel=1e-6)
    assert first.p_wait == pytest.approx(sum(x for s, x in p.items() if s[0] == servers), rel=1e-8)
    # A message of class 1 waits until those ahead of it and the class 0 that comes meanwhile are taken up.
    deep = 160
    generator, index = absorbing(
        list(range(1, deep)),
        lambda k: [(k - 1, float(servers)), *([(k + 1, rates[0])] if k + 1 < deep else [])],
    )
    start = np.zeros(deep - 1)
    ahead_of_first = np.zeros(deep - 1)
    for (busy, a, b), x in p.items():
        if busy == servers:
            start[index[a + b + 1]] += x
            ahead_of_first[index[a + 1]] += x
    no_arrivals, _ = absorbing(list(range(1, deep)), lambda k: [(k - 1, float(servers))])
    for t in (0.3, 1.0, 4.0, 15.0):
        assert 1 - second.wait_cdf(t) == pytest.approx(alive(generator, start, t), abs=1e-7)
        assert 1 - first.wait_cdf(t) == pytest.approx(alive(no_arrivals, ahead_of_first, t), abs=1e-8)


@pytest.mark.parametrize("rates", [(0.2, 0.4), (0.5, 0.3)])
def test_preemptive_resume_is_its_chain(rates: tuple[float, float]) -> None:
    speeds = (1.0, 0.9)

    def steps(state):
        a, b = state
        if a < TOP:
            yield (a + 1, b), rates[0]
        if b < 2 * TOP:
            yield (a, b + 1), rates[1]
        if a:
            yield (a - 1, b), speeds[0]
        elif b:
            yield (a, b - 1), speeds[1]

    p = stationary((0, 0), steps)
    means = [1 / s for s in speeds]
    first, second = theory.mg1_priorities(rates, means, [2 * m * m for m in means], preemptive=True)
    assert first.mean_in_system == pytest.approx(sum(s[0] * x for s, x in p.items()), rel=1e-8)
    assert second.mean_in_system == pytest.approx(sum(s[1] * x for s, x in p.items()), rel=1e-5)
    assert first.mean_wait == pytest.approx(theory.mm1(rates[0], speeds[0]).mean_wait)


@pytest.mark.parametrize("rates", [(0.2, 0.4), (0.5, 0.2)])
def test_non_preemptive_with_unequal_exponential_work_is_its_chain(rates: tuple[float, float]) -> None:
    speeds = (1.0, 0.8)

    def steps(state):
        serving, a, b = state
        if serving < 0:
            yield (0, 0, 0), rates[0]
            yield (1, 0, 0), rates[1]
            return
        if a < TOP:
            yield (serving, a + 1, b), rates[0]
        if b < TOP:
            yield (serving, a, b + 1), rates[1]
        after = (0, a - 1, b) if a else (1, 0, b - 1) if b else (-1, 0, 0)
        yield after, speeds[serving]

    p = stationary((-1, 0, 0), steps)
    means = [1 / s for s in speeds]
    first, second = theory.mg1_priorities(rates, means, [2 * m * m for m in means])
    assert first.mean_waiting == pytest.approx(sum(s[1] * x for s, x in p.items()), rel=1e-7)
    assert second.mean_waiting == pytest.approx(sum(s[2] * x for s, x in p.items()), rel=1e-5)


@given(
    rates=st.lists(st.floats(0.01, 1), min_size=1, max_size=5),
    works=st.lists(st.tuples(st.floats(0.1, 2), st.floats(0, 3)), min_size=5, max_size=5),
    load=st.floats(0.05, 0.95),
)
def test_kleinrocks_conservation_law(
    rates: list[float], works: list[tuple[float, float]], load: float
) -> None:
    """Loads times waits sum to load * residual / (1 - load), whatever the order (Kleinrock II, chapter 3)."""
    means = [work for work, _ in works[: len(rates)]]
    squares = [work * work * (1 + cv * cv) for work, cv in works[: len(rates)]]
    scale = load / sum(r * m for r, m in zip(rates, means, strict=True))
    rates = [r * scale for r in rates]
    residual = sum(r * s / 2 for r, s in zip(rates, squares, strict=True))
    queues = theory.mg1_priorities(rates, means, squares)
    weighed = sum(q.utilisation * q.mean_wait for q in queues)
    assert weighed == pytest.approx(load * residual / (1 - load), rel=1e-9)
    waits = [q.mean_wait for q in queues]
    assert waits == sorted(waits)


def test_one_class_is_the_queue_without_classes() -> None:
    assert theory.mg1_priorities([0.7], [1.0], [3.0])[0].mean_wait == pytest.approx(
        theory.mg1(0.7, 1.0, 3.0).mean_wait
    )
    alone, exact = theory.mmc_priorities([2.5], 1.0, 3)[0], theory.mmc(2.5, 1.0, 3)
    assert alone.mean_wait == pytest.approx(exact.mean_wait)
    assert alone.sojourn_percentile(0.99) == pytest.approx(exact.sojourn_percentile(0.99))


def test_the_classes_must_match() -> None:
    with pytest.raises(TheoryError, match="2 classes"):
        theory.mg1_priorities([0.1, 0.2], [1.0], [1.0, 1.0])
    with pytest.raises(TheoryError, match="steady state"):
        theory.mg1_priorities([0.5, 0.6], [1.0, 1.0], [1.0, 1.0])
