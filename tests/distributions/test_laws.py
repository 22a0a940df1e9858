"""Every law against scipy or a formula of its own, its moments against its quantile, and its bounds."""

from __future__ import annotations

import math
import sys

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import optimize, stats

from mqsim.distributions import (
    LAWS,
    Constant,
    Discrete,
    Distribution,
    Empirical,
    Erlang,
    Exponential,
    Gamma,
    Hyperexponential,
    Listed,
    Lognormal,
    Pareto,
    Uniform,
    Weibull,
)
from mqsim.errors import DistributionError

U = np.concatenate([np.logspace(-10, -2, 30), np.linspace(0.02, 0.98, 97), 1.0 - np.logspace(-2, -10, 30)])

CONTINUOUS: list[tuple[Distribution, object]] = [
    (Exponential(2.0), stats.expon(scale=2.0)),
    (Uniform(1.0, 4.0), stats.uniform(1.0, 3.0)),
    (Erlang(1, 2.0), stats.expon(scale=2.0)),
    (Erlang(4, 2.0), stats.gamma(4, scale=0.5)),
    (Gamma(3.0, 1.0), stats.expon(scale=3.0)),
    (Gamma(3.0, 0.2), stats.gamma(25, scale=0.12)),
    (Gamma(3.0, 2.0), stats.gamma(0.25, scale=12.0)),
    (Lognormal(0.045, 1.5), stats.lognorm(math.sqrt(math.log(3.25)), scale=0.045 / math.sqrt(3.25))),
    (Lognormal(10.0, 0.1), stats.lognorm(math.sqrt(math.log(1.01)), scale=10.0 / math.sqrt(1.01))),
    (Weibull(2.0, 0.7), stats.weibull_min(0.7, scale=2.0 / math.gamma(1.0 + 1.0 / 0.7))),
    (Weibull(2.0, 3.0), stats.weibull_min(3.0, scale=2.0 / math.gamma(4.0 / 3.0))),
    (Pareto(2.0, 6.0), stats.pareto(6.0, scale=10.0 / 6.0)),
    (Pareto(2.0, 2.5), stats.pareto(2.5, scale=1.2)),
]
BRANCHES = Hyperexponential((0.9, 0.1), (1.0, 20.0))
TABLED: list[Distribution] = [
    Discrete((3.0, 1.0, 2.0), (1.0, 2.0, 5.0)),
    Discrete((3.0, 1.0, 1.0, 9.0), (1.0, 2.0, 1.0, 0.0)),
    Empirical((5.0, 1.0, 1.0, 2.5, 8.0)),
    Listed((5.0, 1.0, 1.0, 2.5, 8.0)),
]
EVERY = [law for law, _ in CONTINUOUS] + [BRANCHES, *TABLED, Constant(2.0)]


@pytest.mark.parametrize(
    ("law", "oracle"), CONTINUOUS, ids=lambda v: str(v) if isinstance(v, Distribution) else ""
)
def test_quantile_cdf_and_moments_agree_with_scipy(law: Distribution, oracle: stats.rv_continuous) -> None:
    np.testing.assert_allclose(law.quantile(U), oracle.ppf(U), rtol=1e-11)
    x = oracle.ppf(U)
    np.testing.assert_allclose(law.cdf(x), oracle.cdf(x), rtol=1e-11, atol=1e-15)
    assert law.mean == pytest.approx(oracle.mean(), rel=1e-12)
    assert law.variance == pytest.approx(oracle.var(), rel=1e-10)
    assert law.cv == pytest.approx(oracle.std() / oracle.mean(), rel=1e-10)


def test_hyperexponential_agrees_with_a_bracketing_root_finder() -> None:
    def off(x: float, u: float) -> float:
        return 0.9 * stats.expon.cdf(x) + 0.1 * stats.expon.cdf(x, scale=20.0) - u

    middle = np.linspace(0.01, 0.99, 50)
    expected = [optimize.brentq(off, 0.0, 500.0, args=(u,), xtol=1e-14, rtol=1e-14) for u in middle]
    np.testing.assert_allclose(BRANCHES.quantile(middle), expected, rtol=1e-12)


def test_discrete_agrees_with_scipy() -> None:
    oracle = stats.rv_discrete(values=([1, 2, 3], [0.25, 0.625, 0.125]))
    u = np.random.default_rng(3).random(2000)
    np.testing.assert_array_equal(TABLED[0].quantile(u), oracle.ppf(u))
    assert TABLED[0].mean == pytest.approx(oracle.mean())
    assert TABLED[0].variance == pytest.approx(oracle.var())


def test_a_value_of_weight_zero_never_comes() -> None:
    law = Discrete((1.0, 2.0, 9.0), (0.0, 1.0, 0.0))
    assert law.quantile(np.array([0.0, 0.5, 1.0 - 2.0**-53])).tolist() == [2.0, 2.0, 2.0]


def test_empirical_agrees_with_numpys_inverted_distribution_function() -> None:
    law = TABLED[2]
    u = np.random.default_rng(3).random(2000)
    expected = np.quantile([5.0, 1.0, 1.0, 2.5, 8.0], u, method="inverted_cdf")
    np.testing.assert_array_equal(law.quantile(u), expected)
    assert law.mean == pytest.approx(3.5)
    assert law.variance == pytest.approx(np.var([5.0, 1.0, 1.0, 2.5, 8.0]))


@given(st.integers(1, 5000))
def test_empirical_keeps_within_its_table_up_to_the_last_u(n: int) -> None:
    law = Empirical(tuple(float(i) for i in range(n)))
    assert law.quantile(np.array([0.0, 1.0 - 2.0**-53])).tolist() == [0.0, n - 1.0]


def _integral(law: Distribution, power: int) -> float:
    """The mean of the power: the quantile's integral over u = 1 / (1 + exp(-s)), by the trapezoidal rule."""
    s = np.arange(-60.0, 36.0, 0.02)
    u = 1.0 / (1.0 + np.exp(-s))
    return float(np.sum(law.quantile(u) ** power * u / (1.0 + np.exp(s))) * 0.02)


@pytest.mark.parametrize(
    "law", [law for law, _ in CONTINUOUS if law != Pareto(2.0, 2.5)] + [BRANCHES], ids=str
)
def test_moments_are_the_integrals_of_the_quantile(law: Distribution) -> None:
    first, second = _integral(law, 1), _integral(law, 2)
    assert first == pytest.approx(law.mean, rel=1e-6)
    assert second - first * first == pytest.approx(law.variance, rel=1e-5)


@pytest.mark.parametrize("law", TABLED, ids=str)
def test_moments_of_tables_are_the_means_of_the_quantile(law: Distribution) -> None:
    u = (np.arange(120_000) + 0.5) / 120_000  # a multiple of every sum of weights here
    x = law.quantile(u)
    assert x.mean() == pytest.approx(law.mean, rel=1e-12)
    assert x.var() == pytest.approx(law.variance, rel=1e-12)


@pytest.mark.parametrize("law", [law for law, _ in CONTINUOUS] + [BRANCHES], ids=str)
def test_cdf_undoes_the_quantile(law: Distribution) -> None:
    np.testing.assert_allclose(law.cdf(law.quantile(U)), U, rtol=1e-9, atol=1e-14)


@pytest.mark.parametrize("law", EVERY, ids=str)
def test_quantile_of_an_element_ignores_its_neighbours(law: Distribution) -> None:
    u = np.random.default_rng(1).random(257)
    whole = law.quantile(u)
    assert whole.dtype == np.float64
    assert np.concatenate(
        [law.quantile(u[:100]), law.quantile(u[100:101]), law.quantile(u[101:])]
    ).tobytes() == (whole.tobytes())


@pytest.mark.parametrize("law", EVERY, ids=str)
def test_the_ends_are_finite_and_not_negative(law: Distribution) -> None:
    x = law.quantile(np.array([0.0, 2.0**-53, 1.0 - 2.0**-53]))
    assert np.all(np.isfinite(x))
    assert np.all(x >= 0.0)
    assert not np.any(np.signbit(x))


def test_every_law_is_tried_here() -> None:
    assert {type(law) for law in EVERY} == set(LAWS.values())


def test_pareto_is_the_classical_one_with_infinite_variance_up_to_shape_two() -> None:
    assert Pareto(3.0, 1.5).quantile(np.array([0.0])).tolist() == pytest.approx([1.0])
    assert Pareto(3.0, 2.0).variance == math.inf
    assert Pareto(3.0, 2.0).cv == math.inf
    assert Pareto(3.0, 2.001).variance < math.inf


def test_a_constant() -> None:
    law = Constant(2)
    assert law.quantile(np.array([0.0, 0.9])).tolist() == [2.0, 2.0]
    assert law.cdf(np.array([1.9, 2.0])).tolist() == [0.0, 1.0]
    assert (law.mean, law.variance, law.cv, Constant(0).cv) == (2.0, 0.0, 0.0, 0.0)


def test_cdf_of_tables_and_of_a_uniform_point() -> None:
    assert TABLED[0].cdf(np.array([0.5, 1.0, 2.5, 3.0])).tolist() == [0.0, 0.25, 0.875, 1.0]
    assert TABLED[2].cdf(np.array([0.5, 1.0, 8.0])).tolist() == [0.0, 0.4, 1.0]
    assert Uniform(2, 2).cdf(np.array([1.9, 2.0])).tolist() == [0.0, 1.0]


def test_probabilities_a_hair_off_one_are_normalised() -> None:
    third = 0.3333333333
    law = Hyperexponential((third, third, third), (1.0, 2.0, 3.0))
    assert law.mean == pytest.approx(2.0, rel=1e-14)
    assert law.cdf(np.array([1e6])).tolist() == [1.0]


MEANS = st.floats(1e-6, 1e6)
LAW = st.one_of(
    st.builds(Constant, st.floats(0, 1e9)),
    st.builds(Exponential, MEANS),
    st.builds(lambda a, b: Uniform(min(a, b), max(a, b)), MEANS, MEANS),
    st.builds(Erlang, st.integers(1, 300), MEANS),
    st.builds(Gamma, MEANS, st.floats(0.05, 10.0)),
    st.builds(Lognormal, MEANS, st.floats(0.01, 100.0)),
    st.builds(Weibull, MEANS, st.floats(0.1, 50.0)),
    st.builds(Pareto, MEANS, st.floats(1.01, 50.0)),
    st.builds(lambda p, a, b: Hyperexponential((p, 1.0 - p), (a, b)), st.floats(0, 1), MEANS, MEANS),
    st.lists(st.tuples(MEANS, st.floats(0.1, 9.0)), min_size=1, max_size=6).map(
        lambda pairs: Discrete(tuple(v for v, _ in pairs), tuple(w for _, w in pairs))
    ),
    st.lists(MEANS, min_size=1, max_size=9).map(lambda values: Empirical(tuple(values))),
)


@given(LAW, st.lists(st.integers(0, 2**53 - 1), min_size=2, max_size=20))
def test_quantile_rises_and_is_a_time(law: Distribution, numerators: list[int]) -> None:
    x = law.quantile(np.array(sorted(numerators)) * 2.0**-53)
    assert np.all(np.isfinite(x))
    assert np.all(x >= 0.0)
    assert np.all(np.diff(x) >= -1e-13 * x[1:])  # an iterated inverse is rounded


@given(LAW, st.floats(0.001, 0.999))
def test_quantile_is_the_inverse_of_the_cdf(law: Distribution, u: float) -> None:
    x = float(law.quantile(np.array([u]))[0])
    assert law.cdf(np.array([x * (1 + 1e-9)]))[0] >= u * (1 - 1e-12)
    assert law.cdf(np.array([x * (1 - 1e-9)]))[0] <= u * (1 + 1e-12) or x < sys.float_info.min


@pytest.mark.parametrize(
    ("make", "parameter"),
    [
        (lambda: Constant(-1), "value"),
        (lambda: Constant(True), "value"),
        (lambda: Exponential(0), "mean"),
        (lambda: Exponential(math.nan), "mean"),
        (lambda: Exponential(10**400), "mean"),
        (lambda: Uniform(-1, 2), "low"),
        (lambda: Uniform(3, 2), "high"),
        (lambda: Erlang(0, 1), "k"),
        (lambda: Erlang(2.0, 1), "k"),  # type: ignore[arg-type]
        (lambda: Erlang(True, 1), "k"),
        (lambda: Gamma(1, 0), "cv"),
        (lambda: Lognormal(1, 0), "cv"),
        (lambda: Weibull(1, 0), "shape"),
        (lambda: Pareto(1, 1), "shape"),
        (lambda: Hyperexponential((0.5, 0.6), (1, 2)), "probabilities"),
        (lambda: Hyperexponential((0.5, 0.5 + 2e-9), (1, 2)), "probabilities"),
        (lambda: Hyperexponential((0.5, 0.5), (1, 0)), "means[1]"),
        (lambda: Hyperexponential((0.5, 0.5), (1,)), "means"),
        (lambda: Discrete((1, 2), (1,)), "weights"),
        (lambda: Discrete((1, 2), (0, 0)), "weights"),
        (lambda: Discrete((), ()), "values"),
        (lambda: Empirical((1, math.inf)), "values[1]"),
    ],
)
def test_impossible_parameters_are_refused_by_name(make: object, parameter: str) -> None:
    with pytest.raises(DistributionError) as caught:
        make()  # type: ignore[operator]
    assert caught.value.parameter == parameter
    assert "must be" in str(caught.value)
