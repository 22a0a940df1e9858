"""MSER-5 against its definition, spelled out, and on series whose warm-up is known."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mqsim.errors import UsageError
from mqsim.statistics import Truncation, mser5, truncation


def _by_definition(series: list[float]) -> Truncation:
    batches = [sum(series[i : i + 5]) / 5 for i in range(0, len(series) - len(series) % 5, 5)]
    n = len(batches)
    mser = []
    for d in range(n):
        rest = batches[d:]
        mean = sum(rest) / len(rest)
        mser.append(sum((y - mean) ** 2 for y in rest) / len(rest) ** 2)
    first_half = mser[: n // 2 + 1]
    cut = first_half.index(min(first_half))
    candidates = mser[: n - 5]
    return Truncation(5 * cut, candidates.index(min(candidates)) <= n // 2)


@given(st.integers(0, 10**6), st.integers(50, 400), st.floats(0, 20))
def test_it_is_whites_definition(seed: int, n: int, bias: float) -> None:
    rng = np.random.default_rng(seed)
    series = rng.normal(size=n) + bias * np.exp(-np.arange(n) / 20.0)
    assert truncation(series) == _by_definition(series.tolist())
    assert mser5(series) == truncation(series).index


def test_a_long_wrong_start_is_cut_off() -> None:
    rng = np.random.default_rng(1)
    for _ in range(20):
        series = np.concatenate([rng.normal(30.0, 1.0, 200), rng.normal(5.0, 1.0, 1800)])
        found = truncation(series)
        assert found.settled
        assert 200 <= found.index <= 300


def test_a_steady_series_loses_little() -> None:
    rng = np.random.default_rng(2)
    found = [truncation(rng.normal(size=5000)) for _ in range(50)]
    assert np.mean([cut.index for cut in found]) < 500
    assert np.mean([cut.settled for cut in found]) >= 0.9


def test_a_large_mean_does_not_hide_the_start() -> None:
    rng = np.random.default_rng(3)
    series = np.concatenate([np.full(100, 5.0), np.zeros(900)]) + rng.normal(0.0, 0.1, 1000)
    assert truncation(series + 2.0**27).index == truncation(series).index == 100


def test_the_half_rule() -> None:
    rng = np.random.default_rng(4)
    found = truncation(np.concatenate([rng.normal(30.0, 1.0, 700), rng.normal(5.0, 1.0, 300)]))
    assert not found.settled
    assert found.index <= 500
    assert not truncation(np.arange(1000.0)).settled


def test_a_constant_series_is_steady_from_the_start() -> None:
    assert truncation(np.full(100, 3.0)) == Truncation(0, True)


def test_too_few_numbers_have_not_settled() -> None:
    assert truncation([1.0] * 49) == Truncation(0, False)
    assert truncation([]) == Truncation(0, False)
    assert truncation([1.0] * 50) == Truncation(0, True)


def test_what_never_happened_is_refused() -> None:
    with pytest.raises(UsageError, match="finite"):
        mser5([1.0, math.nan] * 50)
