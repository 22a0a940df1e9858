"""Student's t against scipy, closed forms and a printed table."""

from __future__ import annotations

import math

import pytest
from scipy import stats

from mqsim.errors import UsageError
from mqsim.statistics import normal_quantile, student_t_quantile, student_t_tail

DF = [0.5, 1.0, 2.0, 3.0, 4.5, 9.0, 19.0, 39.9, 40.0, 41.0, 100.0, 1e3, 1e5]
P = [1e-10, 1e-4, 0.005, 0.05, 0.2, 0.4, 0.49, 0.4999, 0.5001, 0.6, 0.75, 0.9, 0.95, 0.975, 0.995, 0.9999]


@pytest.mark.parametrize("df", DF)
@pytest.mark.parametrize("p", P)
def test_quantile_agrees_with_scipy(p: float, df: float) -> None:
    expected = stats.t.ppf(p, df) if p < 0.5 else -stats.t.ppf(1.0 - p, df)
    assert student_t_quantile(p, df) == pytest.approx(expected, rel=1e-11)


@pytest.mark.parametrize("df", DF)
@pytest.mark.parametrize("t", [0.1, 1.0, 1.7, 1.75, 3.0, 10.0, 40.0])
def test_tail_agrees_with_scipy(t: float, df: float) -> None:
    assert student_t_tail(t, df) == pytest.approx(2.0 * stats.t.sf(t, df), rel=1e-10)
    assert student_t_tail(-t, df) == student_t_tail(t, df)


@pytest.mark.parametrize("p", P)
def test_one_and_two_degrees_have_closed_forms(p: float) -> None:
    a = 4.0 * p * (1.0 - p)
    assert student_t_quantile(p, 1.0) == pytest.approx(-1.0 / math.tan(math.pi * p), rel=1e-9)
    assert student_t_quantile(p, 2.0) == pytest.approx(2.0 * (p - 0.5) * math.sqrt(2.0 / a), rel=1e-11)


def test_a_printed_table() -> None:
    # NIST/SEMATECH e-Handbook of Statistical Methods, section 1.3.6.7.2.
    for df, p, printed in (
        (4, 0.975, 2.776),
        (9, 0.975, 2.262),
        (19, 0.975, 2.093),
        (9, 0.95, 1.833),
        (29, 0.99, 2.462),
    ):
        assert round(student_t_quantile(p, df), 3) == printed


def test_the_middle_the_ends_and_the_limit() -> None:
    assert student_t_quantile(0.5, 3.0) == 0.0
    assert student_t_tail(0.0, 3.0) == 1.0
    assert student_t_tail(math.inf, 3.0) == 0.0
    assert student_t_tail(-math.inf, 3.0) == 0.0
    assert student_t_quantile(0.975, 1e6) == pytest.approx(normal_quantile(0.975), rel=1e-5)
    assert normal_quantile(0.975) == pytest.approx(1.959963984540054, rel=1e-15)


@pytest.mark.parametrize(
    ("p", "df"), [(0.0, 5), (1.0, 5), (-1, 5), (math.nan, 5), (0.9, 0), (0.9, math.inf), (0.9, math.nan)]
)
def test_impossible_arguments_are_refused(p: float, df: float) -> None:
    with pytest.raises(UsageError):
        student_t_quantile(p, df)


def test_impossible_points_are_refused() -> None:
    for bad in (0.0, 1.0):
        with pytest.raises(UsageError):
            normal_quantile(bad)
    with pytest.raises(UsageError, match="NaN"):
        student_t_tail(math.nan, 3.0)
