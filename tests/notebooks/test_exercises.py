"""What a reader should see after an exercise is what a solution gives, in the notebook's own words."""

from __future__ import annotations

import ast
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import jupytext
import pytest

from tests.notebooks.sources import EXPECTED, NAMES, SOLUTIONS, SOURCES, read, run_setup, tags

if TYPE_CHECKING:
    from pathlib import Path


def expected(source: Path) -> list[str]:
    """What the text before each exercise promises."""
    cells = read(source).cells
    found = []
    for before, cell in pairwise(cells):
        if "exercise" in tags(cell):
            promises = EXPECTED.findall(before.source)
            assert promises, f"nothing is promised before {cell.id}"
            found.append(promises[-1])
    return found


def solved(source: Path) -> list[str]:
    """What each solution gives after the notebook's set-up alone."""
    base = run_setup(read(source))
    cells = [cell for cell in jupytext.read(SOLUTIONS / source.name).cells if cell.cell_type == "code"]
    return [repr(value_of(cell.source, dict(base))) for cell in cells]


def value_of(code: str, names: dict[str, Any]) -> Any:
    """Run a cell; give the value of its last line, as a notebook shows it."""
    tree = ast.parse(code)
    last = tree.body.pop()
    assert isinstance(last, ast.Expr)
    exec(compile(tree, "solution", "exec"), names)
    return eval(compile(ast.Expression(last.value), "solution", "eval"), names)


@pytest.mark.parametrize("source", SOURCES, ids=NAMES)
def test_the_promised_value_is_what_a_solution_gives(source: Path) -> None:
    promised = expected(source)
    assert promised
    assert solved(source) == promised


def test_every_solution_belongs_to_a_notebook() -> None:
    assert sorted(path.name for path in SOLUTIONS.glob("*.py")) == [source.name for source in SOURCES]
