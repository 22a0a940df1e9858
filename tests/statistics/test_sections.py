"""Estimates from sections: plain cases by hand, and the share of intervals that hold the truth."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from benchmarks.coverage import CASES, Case, coverage
from mqsim.errors import UsageError
from mqsim.statistics import mean_interval
from mqsim.statistics.sections import (
    follow,
    mean_of_sections,
    percentile_of_sections,
    ratio_of_sections,
    sections_of,
)


def test_sections_leave_out_the_front() -> None:
    assert [part.tolist() for part in sections_of(range(7), 3)] == [[1, 2], [3, 4], [5, 6]]
    with pytest.raises(UsageError):
        sections_of([1.0], 2)


@given(st.lists(st.integers(-100, 100), min_size=3, max_size=20))
def test_with_equal_sections_the_mean_is_johnsons(means: list[int]) -> None:
    """The end on the side of the rare sections is further out, by the skewness as scipy has it."""
    found, plain = mean_of_sections([[m - 1, m + 1] for m in means]), mean_interval(means)
    assert found.value == pytest.approx(plain.mean, abs=1e-9)
    n, spread = len(means), float(np.std(means, ddof=1))
    skewness = float(stats.skew(means)) if spread else 0.0
    t = stats.t.ppf(0.975, n - 1)
    shift = skewness * spread * (1 + 2 * t * t) / (6 * n)
    assert found.high == pytest.approx(plain.high + max(shift, 0), abs=1e-6)
    assert found.low == pytest.approx(plain.low + min(shift, 0), abs=1e-6)


def test_two_sections_have_no_skewness() -> None:
    found, plain = mean_of_sections([[1.0], [5.0]]), mean_interval([1.0, 5.0])
    assert (found.low, found.high) == pytest.approx((plain.low, plain.high))


def test_unequal_sections_are_a_ratio() -> None:
    found = ratio_of_sections([10.0, 30.0], [10, 10])
    assert found.value == 2.0
    assert found.high == pytest.approx(2.0 + 12.7062 * 1.0, rel=1e-4)


@given(st.integers(2, 12), st.floats(1, 99), st.integers(0, 10_000))
def test_a_percentile_is_numpys_and_lies_in_its_interval(count: int, percentile: float, seed: int) -> None:
    parts = np.random.default_rng(seed).exponential(size=(count, 50))
    found = percentile_of_sections(list(parts), percentile)
    assert found.value == pytest.approx(np.percentile(parts, percentile))
    assert found.low <= found.value <= found.high


def test_what_never_ended_counts_as_longest() -> None:
    parts = [np.concatenate([np.arange(90.0), np.full(10, math.inf)])] * 4
    assert percentile_of_sections(parts, 95).value == math.inf
    assert percentile_of_sections(parts, 50).value == pytest.approx(49.5, abs=0.6)


def test_constant_numbers_leave_no_doubt() -> None:
    found = percentile_of_sections([np.ones(10)] * 5, 99)
    assert (found.low, found.value, found.high) == (1.0, 1.0, 1.0)


def test_too_few_numbers_for_a_percentile_have_no_upper_end() -> None:
    parts = list(np.random.default_rng(1).exponential(size=(5, 10)))
    assert percentile_of_sections(parts, 99.9).high == math.inf


def test_sections_that_follow_each_other_are_noticed() -> None:
    rng = np.random.default_rng(3)
    free = [[rng.normal(size=4) for _ in range(10)] for _ in range(10)]
    tied = [[np.full(4, value) for value in np.cumsum(rng.normal(size=10))] for _ in range(10)]
    assert abs(follow(free)) < 0.3
    assert follow(tied) > 0.5


@pytest.mark.parametrize("load", [0.5, 0.8])
@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_intervals_hold_the_truth(case: Case, load: float) -> None:
    """A shorter run of benchmarks/coverage.py.

    Of 200 intervals that hold at 95 %, fewer than 178 do so in 1 of 5000 such counts; at 87 %, in 5 of 6.
    """
    found = coverage(case, load, 200, seed=7)
    assert min(found.values()) >= 178 / 200, found


def test_short_sections_would_have_been_seen() -> None:
    """The same with runs of a five hundredth of their length: their intervals hold far less often."""
    found = coverage(CASES[0], 0.9, 200, seed=7, share=0.002)
    assert min(found.values()) < 178 / 200, found
