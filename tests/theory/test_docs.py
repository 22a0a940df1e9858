"""Every number in docs/theory.md is computed again."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from mqsim import theory

PAGE = (Path(__file__).parents[2] / "docs" / "theory.md").read_text(encoding="utf-8")
ROWS = re.findall(r"^\| [^|]+ \| `([^`]+)` \| ([0-9.]+) \|", PAGE, re.MULTILINE)
NAMES = {name: getattr(theory, name) for name in theory.__all__}


@pytest.mark.parametrize(("call", "value"), ROWS, ids=[call for call, _ in ROWS])
def test_a_number_of_the_page(call: str, value: str) -> None:
    digits = len(value.partition(".")[2])
    computed = eval(call, {"__builtins__": {}}, dict(NAMES))
    assert computed == pytest.approx(float(value), abs=0.5000001 * 10**-digits if digits else 1e-9)


def test_every_row_of_a_table_is_read() -> None:
    rows = [line for line in PAGE.splitlines() if line.startswith("| ") and "---" not in line]
    headings = [line for line in rows if "| For example |" in line]
    assert len(ROWS) == len(rows) - len(headings) >= 35


def test_every_formula_has_its_row() -> None:
    shown = set(re.findall(r"(\w+)\(", " ".join(call for call, _ in ROWS)))
    formulas = {name for name in theory.__all__ if name[0].islower() and not name.endswith("_transform")}
    elsewhere = {
        "birth_death",
        "steady_state",
        "level_chain",
        "little",
        "servers_needed",
        "usl_fit",
        "usl_peak",
    }
    assert formulas - elsewhere - {"mmpp_mc"} <= shown
