"""Rates that change: against Euler steps, against a fluid on a fine grid, and against what is known."""

from __future__ import annotations

import math
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mqsim import theory
from mqsim.errors import TheoryError

DAY = [(0.0, 2.0), (10.0, 8.0), (10.0, 3.0), (25.0, 0.0), (40.0, 6.0)]


def rate_at(points, t):
    at = points[0][1]
    for (a, r), (b, s) in pairwise(points):
        if a <= t and b > a:
            at = r + (s - r) * (min(t, b) - a) / (b - a)
        elif a <= t:
            at = s
    return at


@pytest.mark.parametrize("t", [0.0, 4.0, 10.0, 17.5, 40.0, 90.0])
def test_mt_infinity_is_its_integral(t: float) -> None:
    """The integral of rate(u) exp(-mu (t - u)), by Gauss-Legendre on each piece."""
    x, w = np.polynomial.legendre.leggauss(60)
    edges = [0.0, 10.0, 25.0, 40.0, 90.0]
    total = 0.0
    for low, high in pairwise(edges):
        high = min(high, t)
        if high > low:
            u = low + (high - low) * (1 + x) / 2
            total += (high - low) / 2 * float(w @ [rate_at(DAY, v) * math.exp(-0.4 * (t - v)) for v in u])
    assert theory.mt_infinity(DAY, 0.4, t) == pytest.approx(total, rel=1e-9, abs=1e-12)


def test_a_constant_rate_fills_up_to_the_load() -> None:
    assert theory.mt_infinity([(0, 3.0)], 0.5, 1e6) == pytest.approx(6.0)
    assert theory.mt_infinity([(0, 3.0)], 0.5, 2.0) == pytest.approx(6.0 * (1 - math.exp(-1)))


def gridded(points, capacity, backlog, end, steps=400_000):
    t = np.linspace(points[0][0], end, steps)
    at = np.array([p[0] for p in points])
    rates = np.array([p[1] for p in points])
    rate = np.interp(t, at, rates)
    excess = backlog + np.concatenate(
        [[0.0], np.cumsum((rate[1:] + rate[:-1]) / 2 - capacity) * (t[1] - t[0])]
    )
    level = excess - np.minimum.accumulate(np.minimum(excess, 0.0))
    most = int(np.argmax(level))
    after = np.flatnonzero(level[most:] <= 1e-9)
    return level[most], t[most + after[0]] if len(after) else math.inf


@settings(max_examples=60, deadline=None)
@given(
    st.lists(st.tuples(st.floats(0.5, 20), st.floats(0, 10)), min_size=2, max_size=6),
    st.floats(1, 9),
    st.sampled_from([0.0, 15.0]),
)
def test_the_fluid_is_the_one_on_a_fine_grid(gaps, capacity, backlog) -> None:
    times = np.cumsum([gap for gap, _ in gaps]).tolist()
    points = [(t, rate) for t, (_, rate) in zip(times, gaps, strict=True)]
    points.append((points[-1][0] + 5.0, 0.0))
    found = theory.fluid(points, capacity, backlog)
    end = points[-1][0] + 1200.0 / capacity + 5
    peak, ends = gridded(points, capacity, backlog, end)
    assert found.peak == pytest.approx(peak, rel=1e-3, abs=6e-3)
    if peak > 0.1:
        assert found.ends == pytest.approx(ends, abs=0.05)


def test_a_fluid_by_hand() -> None:
    """Ten a second for ten seconds against six: forty pile up; then two come, and they are gone in ten."""
    found = theory.fluid([(0, 10), (10, 10), (10, 2)], 6)
    assert found == theory.Fluid(0.0, 40.0, 10.0, 20.0)
    assert math.isinf(theory.fluid([(0, 5), (10, 7)], 6).ends)
    assert math.isnan(theory.fluid([(0, 5)], 6).begins)
    with pytest.raises(TheoryError, match="rise"):
        theory.fluid([(1, 5), (0, 7)], 6)
    with pytest.raises(TheoryError, match="first point"):
        theory.mt_infinity([(1, 5)], 6, 0.0)


# -- the deviation of a drain, the two parts of a wait, work that begins again ---------------------------


@pytest.mark.parametrize(
    ("backlog", "servers", "arrivals", "left"),
    [(7, 1, 0.5, 0), (12, 3, 2.0, 0), (9, 4, 0.0, 0), (8, 3, 1.5, 3)],
)
def test_the_deviation_of_a_drain_is_its_absorbing_chain(backlog, servers, arrivals, left) -> None:
    """Moments of the time to absorption: 1! (-Q)^-1 1 and 2! (-Q)^-2 1, cut off far out."""
    size = 400
    q = np.zeros((size, size))
    for i in range(size):
        n = left + 1 + i
        out = min(n, servers) * 1.0
        q[i, i] -= out
        if i:
            q[i, i - 1] += out
        if i + 1 < size:
            q[i, i] -= arrivals
            q[i, i + 1] += arrivals
    first = np.linalg.solve(-q, np.ones(size))
    second = 2 * np.linalg.solve(-q, first)
    at = backlog - left - 1
    assert theory.drain_time(backlog, 1.0, servers, arrivals, left) == pytest.approx(first[at], rel=1e-8)
    sd = math.sqrt(second[at] - first[at] ** 2)
    assert theory.drain_time_deviation(backlog, 1.0, servers, arrivals, left) == pytest.approx(sd, rel=1e-6)


@pytest.mark.parametrize("prefetch", [1, 2, 5, 40])
def test_the_parts_of_a_wait_are_the_states_of_the_chain(prefetch: int) -> None:
    load = 0.8
    p = [(1 - load) * load**n for n in range(600)]
    ready, buffered = theory.prefetch_waits(load, 1.0, prefetch)
    assert ready == pytest.approx(sum(max(0, n - prefetch) * x for n, x in enumerate(p)) / load)
    held = sum(max(0, min(n, prefetch) - 1) * x for n, x in enumerate(p)) / load
    assert buffered == pytest.approx(held)
    assert ready + buffered == pytest.approx(theory.mm1(load, 1.0).mean_wait)


def test_repeated_work_by_renewal_of_its_attempts() -> None:
    """Constant work of 2 s, a failure every 5 s: the sum over attempts, each cut off by a failure or not."""
    f, work = 0.2, 2.0
    survives = math.exp(-f * work)
    cut = (1 / f - (work + 1 / f) * survives) / (1 - survives)  # mean length of an attempt that is cut off
    by_hand = work + (1 / survives - 1) * cut
    found = theory.repeated_work(math.exp(f * work), f, repair=3.0)
    assert found.work == pytest.approx(by_hand)
    assert found.completion == pytest.approx(by_hand + 3.0 * (1 / survives - 1))
    assert theory.repeated_work(1 + f * work, f).work == pytest.approx(work)  # exponential, drawn anew
    with pytest.raises(TheoryError, match="at least 1"):
        theory.repeated_work(0.5, 1.0)
