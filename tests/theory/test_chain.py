from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest

from mqsim import theory
from mqsim.errors import TheoryError


def test_steady_state_solves_the_balance_equations() -> None:
    rates = np.random.default_rng(7).exponential(size=(9, 9))
    generator = rates - np.diag(rates.sum(axis=1))
    p = theory.steady_state(rates)
    assert np.abs(p @ generator).max() < 1e-14
    assert p.sum() == pytest.approx(1.0)
    assert p.min() > 0


def test_steady_state_keeps_the_digits_of_tiny_probabilities() -> None:
    """A chain that climbs at 1e-8 for each step down: probabilities fall to 1e-40, each accurate."""
    climb = Fraction(1, 10**8)
    exact = [climb**n for n in range(6)]
    exact = [x / sum(exact) for x in exact]
    rates = np.zeros((6, 6))
    for n in range(5):
        rates[n, n + 1], rates[n + 1, n] = 1e-8, 1.0
    assert theory.steady_state(rates) == pytest.approx([float(x) for x in exact], rel=1e-13)
    assert theory.birth_death([1e-8] * 5, [1.0] * 5) == pytest.approx([float(x) for x in exact], rel=1e-13)


def test_levels_of_one_phase_are_mmc() -> None:
    levels = theory.level_chain(
        np.array([[2.4]]), np.zeros((1, 1)), [np.array([[float(n)]]) for n in (1, 2, 3)], "M/M/3"
    )
    assert levels.mean_above(0) == pytest.approx(theory.mmc(2.4, 1.0, 3).mean_in_system)
    assert levels.mean_above(3) == pytest.approx(theory.mmc(2.4, 1.0, 3).mean_waiting)
    assert levels.at_least(3).sum() == pytest.approx(theory.erlang_c(3, 2.4))
    assert levels.at_least(5).sum() == pytest.approx(theory.erlang_c(3, 2.4) * 0.8**2)


@pytest.mark.parametrize(
    ("call", "says"),
    [
        (lambda: theory.steady_state(np.zeros((2, 3))), "square"),
        (lambda: theory.steady_state(np.array([[0.0, -1.0], [1.0, 0.0]])), "no rate"),
        (lambda: theory.steady_state(np.array([[0.0, np.nan], [1.0, 0.0]])), "no rate"),
        (lambda: theory.steady_state(np.array([[0.0, 1.0], [0.0, 0.0]])), "parts"),
        (lambda: theory.birth_death([1.0], [1.0, 1.0]), "as many"),
        (lambda: theory.birth_death([1.0], [0.0]), "above 0"),
        (
            lambda: theory.level_chain(np.eye(1), np.zeros((1, 1)), [np.eye(1)], "M/M/1"),
            "M/M/1 has no steady",
        ),
    ],
)
def test_malformed_chains_are_refused(call, says: str) -> None:
    with pytest.raises(TheoryError, match=says):
        call()
