"""Intervals against scipy, printed examples, and the share that holds the truth."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from mqsim.errors import UsageError
from mqsim.statistics import (
    Interval,
    batch_means,
    holm,
    mean_interval,
    means_of_batches,
    p_value,
    paired,
    percentile_interval,
    step_means,
)

# Student (Biometrika 6, 1908): hours of sleep gained by ten patients with two drugs. R's manual has it under
# t.test: t = -4.0621, p = 0.002833, 95 % interval -2.4598858 to -0.7001142, mean -1.58.
FIRST = [0.7, -1.6, -0.2, -1.2, -0.1, 3.4, 3.7, 0.8, 0.0, 2.0]
SECOND = [1.9, 0.8, 1.1, 0.1, -0.1, 4.4, 5.5, 1.6, 4.6, 3.4]


def test_students_own_example() -> None:
    found = paired(FIRST, SECOND)
    assert found.mean == pytest.approx(-1.58)
    assert found.low == pytest.approx(-2.4598858, abs=1e-7)
    assert found.high == pytest.approx(-0.7001142, abs=1e-7)
    assert found.n == 10
    assert 0.0 not in found
    assert -1.0 in found
    assert p_value(np.subtract(FIRST, SECOND), 0.0) == pytest.approx(0.002833, abs=5e-7)


@pytest.mark.parametrize("confidence", [0.5, 0.9, 0.95, 0.999])
def test_mean_interval_agrees_with_scipy(confidence: float) -> None:
    low, high = stats.t.interval(confidence, 9, loc=np.mean(SECOND), scale=stats.sem(SECOND))
    found = mean_interval(SECOND, confidence)
    assert (found.low, found.high) == pytest.approx((low, high), rel=1e-11)
    assert found.confidence == confidence


@given(st.lists(st.floats(-100, 100), min_size=2, max_size=20, unique=True), st.floats(-100, 100))
def test_p_value_agrees_with_scipy_and_with_the_interval(samples: list[float], expected: float) -> None:
    if np.std(samples) < 1e-6:
        return
    p = p_value(samples, expected)
    assert p == pytest.approx(stats.ttest_1samp(samples, expected).pvalue, rel=1e-8, abs=1e-300)
    if abs(p - 0.05) > 1e-9:
        assert (expected in mean_interval(samples, 0.95)) == (p > 0.05)


def test_samples_without_spread() -> None:
    assert mean_interval([2.0, 2.0, 2.0]) == Interval(2.0, 0.0, 0.95, 3)
    assert p_value([2.0, 2.0], 2.0) == 1.0
    assert p_value([2.0, 2.0], 2.1) == 0.0


def test_one_sample_says_nothing_about_its_error() -> None:
    found = mean_interval([3.0])
    assert (found.mean, found.half_width, found.relative, found.n) == (3.0, math.inf, math.inf, 1)


def test_how_an_interval_reads() -> None:
    found = Interval(12.34567, 0.0456, 0.95, 20)
    assert str(found) == "12.346 ± 0.046 (95 %, n = 20)"
    assert found.relative == pytest.approx(0.0456 / 12.34567)
    assert Interval(-2.0, 0.1, 0.9, 5).relative == pytest.approx(0.05)
    assert Interval(0.0, 0.1, 0.9, 5).relative == math.inf
    assert Interval(0.0, 0.0, 0.9, 5).relative == 0.0


def _coverage(rng: np.random.Generator, n: int, rounds: int = 2000) -> float:
    return float(np.mean([1.0 in mean_interval(rng.normal(1.0, 0.5, n)) for _ in range(rounds)]))


def test_intervals_hold_the_truth_as_often_as_they_say() -> None:
    # 2000 rounds: the share's own deviation is 0.005. With the normal quantile, n = 5 would reach 0.88 only.
    for n in (3, 5, 20):
        assert abs(_coverage(np.random.default_rng(n), n) - 0.95) < 0.015


def test_batch_means_of_a_correlated_series_hold_the_truth() -> None:
    rng = np.random.default_rng(11)
    inside, naive = [], []
    for _ in range(300):
        noise = rng.normal(size=8100)
        series = np.empty(8100)
        level = 0.0
        for i, e in enumerate(noise.tolist()):
            level = 0.8 * level + e
            series[i] = level
        inside.append(0.0 in batch_means(series[100:]))
        naive.append(0.0 in mean_interval(series[100:]))
    assert 0.90 < np.mean(inside) < 0.985  # deviation 0.013
    assert np.mean(naive) < 0.6  # single values, taken as independent, would deceive


def test_batches_leave_out_the_front() -> None:
    assert means_of_batches([9.0, 1.0, 2.0, 3.0, 4.0], 2).tolist() == [1.5, 3.5]
    assert batch_means([9.0, 1.0, 2.0, 3.0, 4.0], 2).mean == 2.5
    low, high = stats.t.interval(0.9, 4, loc=4.5, scale=stats.sem([0.5, 2.5, 4.5, 6.5, 8.5]))
    found = batch_means(range(10), 5, 0.9)
    assert (found.low, found.high, found.n) == (pytest.approx(low), pytest.approx(high), 5)


def test_percentile_intervals_hold_the_truth() -> None:
    rng = np.random.default_rng(5)
    truth = -math.log(0.05)
    inside = [
        truth in percentile_interval([rng.exponential(size=2000) for _ in range(10)], 95.0)
        for _ in range(400)
    ]
    assert abs(np.mean(inside) - 0.95) < 0.033  # three deviations


def test_a_percentile_is_linear_and_replications_count_alike() -> None:
    found = percentile_interval([[1, 2, 3, 4], [10, 20]], 50)
    assert (found.mean, found.n) == (pytest.approx((2.5 + 15.0) / 2), 2)


def test_holms_adjustment_of_a_printed_example() -> None:
    # Wikipedia, "Holm-Bonferroni method", example: of these the first and the last stand at 5 %.
    adjusted = holm([0.01, 0.04, 0.03, 0.005])
    assert adjusted.tolist() == pytest.approx([0.03, 0.06, 0.06, 0.02])
    assert (adjusted <= 0.05).tolist() == [True, False, False, True]
    assert holm([0.9, 0.8]).tolist() == [1.0, 1.0]
    assert holm([]).tolist() == []


@given(st.lists(st.floats(0, 1), max_size=12), st.floats(0.001, 0.5))
def test_holm_is_the_step_down_procedure(p: list[float], alpha: float) -> None:
    rejected: set[int] = set()
    for step, i in enumerate(sorted(range(len(p)), key=lambda i: p[i])):
        if p[i] * (len(p) - step) > alpha:
            break
        rejected.add(i)
    assert {i for i, adjusted in enumerate(holm(p)) if adjusted <= alpha} == rejected


def test_step_means_by_hand() -> None:
    # Depth 0 up to 1 s, 2 up to 3 s, then 1.
    assert step_means([1.0, 3.0], [2.0, 1.0], 0.0, 4.0, 4).tolist() == [0.0, 2.0, 2.0, 1.0]
    assert step_means([1.0, 3.0], [2.0, 1.0], 0.0, 4.0, 1).tolist() == [1.25]
    assert step_means([1.0, 3.0], [2.0, 1.0], 2.5, 3.5, 2).tolist() == [2.0, 1.0]
    assert step_means([0.0, 0.0, 0.0], [1.0, 2.0, 3.0], 0.0, 2.0, 2).tolist() == [3.0, 3.0]
    assert step_means([], [], 0.0, 2.0, 2).tolist() == [0.0, 0.0]


@given(
    st.lists(st.tuples(st.integers(0, 100), st.integers(0, 9)), max_size=30).map(sorted),
    st.integers(0, 50),
    st.integers(51, 120),
)
def test_step_means_agree_with_a_fine_ruler(steps: list[tuple[int, int]], start: int, end: int) -> None:
    times, levels = [t for t, _ in steps], [level for _, level in steps]
    ruler = np.arange(start, end) + 0.5
    place = np.searchsorted(times, ruler, side="right") - 1
    expected = np.mean([levels[i] if i >= 0 else 0 for i in place])
    assert step_means(times, levels, start, end, 1)[0] == pytest.approx(expected)
    assert step_means(times, levels, start, end, 7).mean() == pytest.approx(expected)


@pytest.mark.parametrize(
    ("call", "says"),
    [
        (lambda: mean_interval([]), "no samples"),
        (lambda: mean_interval([1.0, math.nan]), "nan"),
        (lambda: mean_interval([1.0, 2.0], 1.0), "confidence"),
        (lambda: mean_interval([1.0], 0.0), "confidence"),
        (lambda: paired([1.0], [1.0, 2.0]), "1 and 2"),
        (lambda: p_value([1.0], 1.0), "at least two"),
        (lambda: holm([0.5, 1.5]), "between 0 and 1"),
        (lambda: holm([math.nan]), "between 0 and 1"),
        (lambda: percentile_interval([[1.0]], 101), "between 0 and 100"),
        (lambda: percentile_interval([[1.0], []], 50), "no samples"),
        (lambda: batch_means([1.0] * 19), "19 numbers"),
        (lambda: batch_means([1.0] * 19, 1), "at least 2"),
        (lambda: step_means([1.0], [], 0.0, 1.0), "one level"),
        (lambda: step_means([2.0, 1.0], [1, 1], 0.0, 1.0), "rise"),
        (lambda: step_means([], [], 1.0, 1.0), "nothing to average"),
    ],
)
def test_what_makes_no_sense_is_refused(call: object, says: str) -> None:
    with pytest.raises(UsageError, match=says):
        call()  # type: ignore[operator]
