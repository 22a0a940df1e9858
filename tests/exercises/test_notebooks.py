"""The notebook of an exercise, made from its page and starter, runs in a real kernel and its checks judge the
cells.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import nbformat
import pytest
from nbclient import NotebookClient

from mqsim.grading.authoring import release, solutions
from tests.exercises.matrix import NAMES, PROOFS, SHELF, exercise

if TYPE_CHECKING:
    from pathlib import Path

USUAL = ("01_hello_queue", "02_task_queue")
"""Those that every run of the tests tries; the crash searches of the others take longer."""


def reference(name: str) -> Path:
    """A right solution that has the asked files alone."""
    asked = {*(f"{program}.py" for program in exercise(name).programs), *exercise(name).files}
    return next(
        folder
        for _, folder, meant in solutions(PROOFS / name)
        if not meant and {path.name for path in folder.iterdir()} == asked
    )


def book_of(name: str, tmp_path: Path, solution: Path | None = None) -> Any:
    """The released notebook, executed; with a solution in the cells that a student fills."""
    release(SHELF / name, PROOFS / name, tmp_path)
    book = nbformat.read(tmp_path / f"{name}.ipynb", as_version=4)
    nbformat.validate(book)
    for cell in book.cells:
        magic, _, _ = cell.source.partition("\n")
        if solution is not None and (found := re.fullmatch(r"%%(program|writefile) (\S+)", magic)):
            file = f"{found[2]}.py" if found[1] == "program" else found[2]
            cell.source = f"{magic}\n{(solution / file).read_text('utf-8')}"
    NotebookClient(book, timeout=1800, resources={"metadata": {"path": str(tmp_path)}}).execute()
    return book


def said(book: Any, grade_id: str) -> str:
    """What a cell shows."""
    cell = next(cell for cell in book.cells if cell.metadata.nbgrader.grade_id == grade_id)
    return "\n".join(output.data["text/plain"] for output in cell.outputs if "data" in output)


@pytest.mark.parametrize(
    "name", [name if name in USUAL else pytest.param(name, marks=pytest.mark.long) for name in NAMES]
)
def test_a_notebook_with_a_right_solution_gets_full_marks_in_a_kernel(name: str, tmp_path: Path) -> None:
    book = book_of(name, tmp_path, reference(name))
    told = said(book, "checks")
    assert "These are the public checks." in told
    assert re.findall(r"passed +[\d.]+/[\d.]+  (\w+):", told) == [
        check.name for check in exercise(name).checks
    ]
    assert float(said(book, "score")) == 10


@pytest.mark.parametrize("name", USUAL)
def test_an_unchanged_notebook_gets_nothing_and_says_why(name: str, tmp_path: Path) -> None:
    book = book_of(name, tmp_path)
    assert float(said(book, "score")) == 0
    assert "failed" in said(book, "checks")
