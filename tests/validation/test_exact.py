"""Simulation against exact values: every row agrees, Holm-corrected over all, with narrow intervals."""

from __future__ import annotations

import pytest

from tests.validation.cases import CASES, ROWS
from tests.validation.measuring import Case, rows, samples, verdicts

pytestmark = pytest.mark.long


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_simulation_meets_theory(case: Case) -> None:
    found = rows(case, samples(case))
    wide = [f"{row.quantity}: {row.interval}" for row in found if not row.narrow]
    assert not wide, "intervals too wide to tell anything"
    wrong = [
        f"{row.quantity}: {row.exact:.6g} by theory, {row.interval} simulated, p = {row.p:.2g}"
        for row, right in zip(found, verdicts(found, ROWS), strict=True)
        if not right
    ]
    assert not wrong


def test_names_are_seeds_and_so_must_differ() -> None:
    assert len({case.seed for case in CASES}) == len(CASES)
