"""Our logarithms and exponentials against mpmath, at their ends, and beside any neighbours."""

from __future__ import annotations

from typing import TYPE_CHECKING

import mpmath
import numpy as np
import pytest

from mqsim.distributions import elementary
from mqsim.distributions.elementary import Floats, exp, expm1, log, log1p
from mqsim.distributions.special import log_gamma

if TYPE_CHECKING:
    from collections.abc import Callable

DIGITS = mpmath.mp.clone()
DIGITS.prec = 200
LARGEST = np.finfo(float).max
FEW = 2000


def ulps(found: Floats, x: Floats, true: Callable[[mpmath.mpf], mpmath.mpf]) -> Floats:
    """How far each result is from the true value, in units of the last place of that value."""
    off = []
    for one, at in zip(found.tolist(), x.tolist(), strict=True):
        value = true(DIGITS.mpf(at))
        if abs(value) > LARGEST * (1 + DIGITS.mpf(2) ** -54):
            off.append(0.0 if one == np.sign(float(value)) * np.inf else np.inf)
            continue
        unit = float(np.spacing(min(float(abs(value)), LARGEST)))
        off.append(float(abs(one - value) / unit) if np.isfinite(one) else np.inf)
    return np.array(off)


def random_floats(n: int) -> Floats:
    """Floats above 0 of every size, subnormals included: random bits."""
    return np.random.default_rng(1).integers(1, 0x7FF0000000000000, n).view(np.float64)


def near(centre: float, n: int) -> Floats:
    """Numbers around a centre, from as near as floats come to half a unit away."""
    rng = np.random.default_rng(2)
    return centre + (rng.random(n) - 0.5) * 2.0 ** -rng.integers(0, 53, n).astype(float)


def tiny(n: int) -> Floats:
    """Numbers of both signs from 2^-1074 to 1, their exponents alike."""
    rng = np.random.default_rng(3)
    return np.where(rng.random(n) < 0.5, -1.0, 1.0) * 2.0 ** -rng.uniform(0.0, 1074.0, n)


def between(low: float, high: float, n: int = FEW) -> Floats:
    return np.random.default_rng(4).uniform(low, high, n)


ROOT = 2.0**0.5
UNIFORM = np.random.default_rng(5).integers(0, 2**53, FEW) * 2.0**-53
CASES = {
    "log": (
        log,
        DIGITS.log,
        # Where the exponent changes, and just beside: there the two parts of the sum are largest.
        [random_floats(FEW), near(1.0, FEW), between(1.35, ROOT), between(ROOT / 2.0, 0.75),
         between(0.65, ROOT / 2), between(ROOT, 1.5), np.abs(tiny(FEW)),
         np.array([5e-324, 2.0**-1022, LARGEST, 0.5, 2.0, ROOT])],
    ),
    "log1p": (
        log1p,
        DIGITS.log1p,
        [-UNIFORM, tiny(FEW)[tiny(FEW) > -1.0], between(0.3, 0.5), between(-0.35, -0.2), between(-1.0, 3.0),
         random_floats(FEW), np.array([2.0**-53 - 1.0, 2.0**-53, -(2.0**-53), LARGEST, -0.5])],
    ),
    "exp": (
        exp,
        DIGITS.exp,
        [between(-745.2, 709.9), near(0.0, FEW), between(-745.2, -707.0), between(0.33, 0.36),
         between(-0.36, -0.33), tiny(FEW),
         np.array([709.782712893384, 709.7827128933841, -745.1332191019411, -745.1332191019412, -708.4])],
    ),
    "expm1": (
        expm1,
        DIGITS.expm1,
        [between(-60.0, 60.0), near(0.0, FEW), between(0.34, 0.37), between(-0.37, -0.3), between(36.0, 39.0),
         tiny(FEW), between(-2.0, 2.0), between(40.0, 709.9), np.array([-800.0, 709.782712893384])],
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", CASES)
def test_every_result_is_within_one_unit_in_the_last_place(name: str) -> None:
    function, true, numbers = CASES[name]
    x = np.concatenate(numbers)
    with DIGITS.workprec(1300 if name == "expm1" else 200):
        off = ulps(function(x), x, true)
    assert off.max() < 1.0, f"{name} is {off.max():.3f} ulp off at {x[off.argmax()]!r}"


@pytest.mark.parametrize("name", CASES)
def test_an_element_ignores_its_neighbours_whatever_they_are(name: str) -> None:
    function, _, numbers = CASES[name]
    x = np.concatenate(
        [*(some[:40] for some in numbers), [0.0, -0.0, np.inf, -np.inf, np.nan, 1e300, -1e300]]
    )
    whole = function(x)
    assert np.array([function(one) for one in x]).tobytes() == whole.tobytes()
    assert function(x[::-1])[::-1].tobytes() == whole.tobytes()


@pytest.mark.parametrize("name", CASES)
def test_any_shape_is_kept(name: str) -> None:
    function = CASES[name][0]
    assert function(np.full((2, 3), 0.5)).shape == (2, 3)
    assert function([]).shape == (0,)
    assert function(0.5).shape == ()


def test_the_ends() -> None:
    inf, nan = np.inf, np.nan
    x = np.array([0.0, -0.0, inf, -inf, nan, -1.0, -2.0])
    expected: dict[Callable[[Floats], Floats], list[float | None]] = {
        log: [-inf, -inf, inf, nan, nan, nan, nan],
        log1p: [0.0, -0.0, inf, nan, nan, -inf, nan],
        exp: [1.0, 1.0, inf, 0.0, nan, None, None],
        expm1: [0.0, -0.0, inf, -1.0, nan, None, None],
    }
    for function, values in expected.items():
        for found, value in zip(function(x).tolist(), values, strict=True):
            assert value is None or repr(found) == repr(value), str(function)


def fitted(function: Callable[[mpmath.mpf], mpmath.mpf], top: mpmath.mpf, terms: int) -> list[float]:
    found = DIGITS.chebyfit(function, [0, top], terms)
    return [float(term) for term in reversed(found)]


def atanh_curve(z: mpmath.mpf) -> mpmath.mpf:
    if z < DIGITS.mpf(10) ** -20:
        return DIGITS.mpf(2) / 3 + 2 * z / 5
    s = DIGITS.sqrt(z)
    return (2 * DIGITS.atanh(s) / s - 2) / z


def coth_curve(t: mpmath.mpf) -> mpmath.mpf:
    if t < DIGITS.mpf(10) ** -20:
        return DIGITS.mpf(1) / 6 - t / 360
    r = DIGITS.sqrt(t)
    return (r * DIGITS.coth(r / 2) - 2) / t


@pytest.mark.filterwarnings("ignore::DeprecationWarning:mpmath")
def test_the_tables_are_what_they_say() -> None:
    root, log2 = DIGITS.sqrt(2), DIGITS.log(2)
    atanh = fitted(atanh_curve, (3 - 2 * root) ** 2, len(elementary.ATANH))
    coth = fitted(coth_curve, (log2 / 2) ** 2, len(elementary.COTH))
    # The fit's own nodes move the last digits of the small terms; they count for little.
    np.testing.assert_allclose(elementary.ATANH, atanh, rtol=1e-11)
    np.testing.assert_allclose(elementary.COTH, coth, rtol=1e-11)
    parts = [DIGITS.mpf(elementary.LOG2_HIGH), DIGITS.mpf(elementary.LOG2_REST)]
    assert abs(sum(parts) - log2) < DIGITS.mpf(2) ** -87
    assert int(elementary.LOG2_HIGH * 2**53) % 2**20 == 0, "its product with an exponent of 11 bits is exact"


@pytest.mark.parametrize(
    "x", [1e-3, 0.01, 0.5, 1.0, 1.0000001, 1.5, 2.0, 2.1, 3.0, 17.0, 39.9, 40.0, 101.0, 1e4, 1e6]
)
def test_the_logarithm_of_the_gamma_function(x: float) -> None:
    true = DIGITS.loggamma(DIGITS.mpf(x))
    assert log_gamma(x) == pytest.approx(float(true), rel=1e-15, abs=1e-30)
