"""The form that every notebook has: so that a reader finds their way, and nothing gives an answer away."""

from __future__ import annotations

import ast
import re
from typing import TYPE_CHECKING, Any

import pytest

from tests.notebooks.sources import FOLDER, NAMES, ROOT, SOURCES, read, sections, setup_code, tags

if TYPE_CHECKING:
    from pathlib import Path

LINKS = re.compile(r"\]\(([^)#:]+)\)")
MOST_LINES = 32  # of code in a cell that a reader reads as one thing
WIDTH = 110

each = pytest.mark.parametrize("source", SOURCES, ids=NAMES)


def names_in(code: str, kind: type[ast.expr_context]) -> set[str]:
    return {
        node.id
        for node in ast.walk(ast.parse(code))
        if isinstance(node, ast.Name) and isinstance(node.ctx, kind)
    }


def test_they_are_numbered_from_nought() -> None:
    assert [name[:2] for name in NAMES] == [f"{number:02}" for number in range(len(NAMES))]


@each
def test_it_opens_with_what_it_is_about_and_ends_with_what_to_take_away(source: Path) -> None:
    notebook = read(source)
    first, last = notebook.cells[0].source, notebook.cells[-1].source
    assert re.match(r"# \d+ · \S", first)
    assert "**You will" in first
    assert last.startswith("## Take away")
    following = SOURCES[SOURCES.index(source) + 1 :]
    if following:
        assert f"({following[0].stem}.ipynb)" in last


@each
def test_a_guess_is_asked_for_before_its_picture_and_answered_after_it(source: Path) -> None:
    asked = 0
    for section in sections(read(source)):
        code = "\n".join(cell.source for cell in section if cell.cell_type == "code")
        if "mq.predict(" not in code:
            assert "guess.reveal" not in code
            continue
        asked += 1
        assert code.index("mq.predict(") < code.index("guess.reveal(")
        plots = [place for place in [code.find(".plot_"), code.find(".plot(")] if place >= 0]
        assert all(code.index("mq.predict(") < place for place in plots)
    assert asked >= 3


@each
def test_a_folded_cell_does_not_give_the_answer_away(source: Path) -> None:
    """JupyterLab shows the first line of a cell that is folded."""
    folded = [cell for cell in read(source).cells if "reveal" in tags(cell)]
    assert folded
    for cell in folded:
        assert cell.metadata.jupyter.source_hidden
        assert cell.source.startswith("# Run this cell for the answer.\n"), cell.id


@each
def test_the_first_code_cell_says_that_it_comes_first(source: Path) -> None:
    first = next(cell for cell in read(source).cells if cell.cell_type == "code")
    assert tags(first) == ["setup"]
    assert first.source.startswith("# Run this first")


@each
def test_a_heading_opens_its_cell(source: Path) -> None:
    prose = [cell.source for cell in read(source).cells if cell.cell_type == "markdown"]
    assert [text for text in prose if "\n#" in text] == []


@each
def test_an_exercise_is_an_empty_cell(source: Path) -> None:
    cells = [cell for cell in read(source).cells if "exercise" in tags(cell)]
    assert cells
    assert all(cell.source == "" for cell in cells)


@each
def test_each_section_needs_the_set_up_alone(source: Path) -> None:
    """Cells run out of order, or from the middle: a section uses no name that another section made."""
    notebook = read(source)
    shared = made_by(setup_code(notebook)) | set(dir(__builtins__)) | set(dir(__import__("builtins")))
    wrong = []
    for section in sections(notebook):
        known = set(shared)
        for cell in section:
            if cell.cell_type != "code" or not cell.source:
                continue
            code = plain(cell.source)
            known |= made_by([code])
            wrong += [(cell.id, name) for name in sorted(names_in(code, ast.Load) - known)]
    assert not wrong


def plain(code: str) -> str:
    """A cell without its magics."""
    return "" if code.startswith("%%") else code


def made_by(codes: list[str]) -> set[str]:
    """The names that code binds: by assignment, import, def, argument."""
    found: set[str] = set()
    for code in codes:
        for node in ast.walk(ast.parse(plain(code))):
            found |= bound(node)
    return found


def bound(node: Any) -> set[str]:
    match node:
        case ast.Name(ctx=ast.Store()):
            return {node.id}
        case ast.FunctionDef() | ast.ClassDef():
            return {node.name}
        case ast.arg():
            return {node.arg}
        case ast.alias():
            return {node.asname or node.name.partition(".")[0]}
    return set()


@each
def test_cells_are_short_and_lines_fit(source: Path) -> None:
    for cell in read(source).cells:
        lines = cell.source.splitlines()
        if cell.cell_type == "code":
            assert len(lines) <= MOST_LINES, cell.id
            assert all(len(line) <= WIDTH for line in lines), cell.id


@each
def test_links_lead_somewhere(source: Path) -> None:
    for cell in read(source).cells:
        if cell.cell_type == "markdown":
            for target in LINKS.findall(cell.source):
                beside = FOLDER / target
                assert beside.exists() or (FOLDER / target.replace(".ipynb", ".py")).exists(), target


def test_no_notebook_names_a_folder_of_one_machine() -> None:
    foreign = re.compile(r"(?<![\w.])/(?:work|tmp|root|home)\b|" + re.escape(str(ROOT)))
    assert [path.name for path in FOLDER.glob("*_*.*") if foreign.search(path.read_text("utf-8"))] == []
