"""The generated page belongs to the suite as it is."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.validation.cases import CASES, ROWS
from tests.validation.measuring import rows
from tests.validation.run import count, longer, page, shown

PAGE = Path(__file__).resolve().parents[2] / "docs" / "validation.md"


def test_the_page_has_every_row_with_its_exact_value_and_all_agree() -> None:
    lines = [line for line in PAGE.read_text("utf-8").splitlines() if line.startswith("| ")][2:]
    told = [tuple(cell.strip() for cell in line.strip("|").split("|")) for line in lines]
    wanted = [(case.name, shown(key), f"{exact:.6g}") for case in CASES for key, exact in case.exact.items()]
    assert [line[:3] for line in told] == wanted
    assert {line[5] for line in told} == {"agrees"}
    assert len(told) == ROWS
    assert (PAGE.parent / "images" / "validation.png").is_file()


def test_a_row_that_differs_is_shown() -> None:
    case = CASES[0]
    found = rows(case, {key: [exact, exact * 1.01] for key, exact in case.exact.items()})
    text = page(found, [0.5, 1e-9, *[0.5] * (len(found) - 2)], 1)
    assert text.count("**differs**") == 1
    assert f"{len(found) - 1} of {len(found)} rows agree" in text


def test_the_long_form_is_longer() -> None:
    drain = next(case for case in CASES if "drain of 3000" in case.name)
    assert longer(CASES[0].scenario, 6).duration == pytest.approx(6 * CASES[0].data["duration"])
    assert longer(drain.scenario, 6) == drain.scenario
    assert count(drain, 6) == 6 * count(CASES[0], 6)
