"""Cautions where they are due, and not where they aren't, on queues whose stability is known."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from mqsim.statistics import Interval, mean_interval, too_short, too_wide, trend, unstable

if TYPE_CHECKING:
    from numpy.typing import NDArray


def _waits(load: float, n: int, seed: int) -> NDArray[np.float64]:
    """Waiting times of an M/M/1 queue of mean service 1 by Lindley's recursion: walk less running minimum."""
    rng = np.random.default_rng(seed)
    walk = np.cumsum(rng.exponential(1.0, n) - rng.exponential(1.0 / load, n))
    return walk - np.minimum(np.minimum.accumulate(walk), 0.0)


@given(st.lists(st.integers(-5, 5), min_size=3, max_size=25))
def test_trend_agrees_with_scipys_kendall(series: list[int]) -> None:
    if len(set(series)) == 1:
        assert trend(series) == 0.0
        return
    order = np.arange(len(series))
    expected = stats.kendalltau(order, series, method="asymptotic", alternative="greater").pvalue
    assert stats.norm.sf(trend(series)) == pytest.approx(expected, rel=1e-9)


@pytest.mark.parametrize("load", [0.3, 0.6, 0.8])
def test_a_long_run_of_a_stable_queue_raises_no_alarm(load: float) -> None:
    for seed in range(40):
        waits = _waits(load, 100_000, seed)
        assert unstable(waits) is None
        assert too_short(waits) is None


@pytest.mark.parametrize("load", [1.05, 1.2, 2.0])
def test_an_overloaded_queue_is_unstable(load: float) -> None:
    for seed in range(40):
        found = unstable(_waits(load, 20_000, seed))
        assert found is not None
        assert found.kind == "unstable"
        assert found.value > found.limit
        assert "goes on growing" in str(found)


def test_a_busy_queue_needs_a_long_run() -> None:
    short = [too_short(_waits(0.95, 500, seed)) for seed in range(60)]
    long = [too_short(_waits(0.95, 500_000, seed)) for seed in range(20)]
    assert sum(found is not None for found in short) > 30
    assert sum(found is not None for found in long) <= 1


def test_batches_that_follow_each_other_are_too_short() -> None:
    # Noise on a slow wave settles, as its mean stays put, but its twentieths go up and down together.
    noise = np.random.default_rng(8).normal(size=4000)
    found = too_short(noise + np.sin(np.arange(4000) / 4000 * 4 * math.pi))
    assert found is not None
    assert found.kind == "too short"
    assert "depend on each other" in found.message


def test_a_series_that_never_settles_is_too_short() -> None:
    found = too_short(np.arange(1000.0))
    assert found is not None
    assert "warm-up" in found.message


def test_independent_numbers_are_seldom_called_too_short() -> None:
    rng = np.random.default_rng(9)
    alarms = sum(
        found is not None and "depend" in found.message
        for found in (too_short(rng.normal(size=2000)) for _ in range(1000))
    )
    assert alarms <= 6  # one in a thousand is what it allows itself; six have a chance of 1e-4


def test_a_draining_queue_and_a_still_one_are_not_growing() -> None:
    assert unstable(np.arange(1000.0)[::-1]) is None
    assert unstable(np.full(1000, 7.0)) is None
    assert unstable([1.0, 2.0, 3.0]) is None


def test_a_rise_of_less_than_a_message_is_not_worth_a_word() -> None:
    rising = np.arange(1000.0)
    assert unstable(rising * 0.0012) is None
    assert unstable(rising * 0.0015) is not None  # quarters' means lie 750 steps apart
    assert unstable(rising * 0.0012, least=0.5) is not None


def test_an_interval_is_too_wide_beyond_its_share() -> None:
    assert too_wide(Interval(10.0, 0.2, 0.95, 20)) is None
    found = too_wide(Interval(10.0, 0.4, 0.95, 20))
    assert found is not None
    assert (found.kind, found.value, found.limit) == ("too wide", pytest.approx(0.04), 0.02)
    assert "4 % of the mean" in found.message
    assert "About 80 replications" in found.message
    assert too_wide(Interval(10.0, 0.4, 0.95, 20), 0.05) is None


def test_one_replication_is_always_too_wide() -> None:
    found = too_wide(mean_interval([3.0]))
    assert found is not None
    assert found.value == math.inf
    assert "Run more replications" in found.message
