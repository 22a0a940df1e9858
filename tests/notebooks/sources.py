"""Notebooks as they are written: Python files in jupytext's percent format.

The cells get names that last. A cell's tag says what it is for:

    setup      imports, and what the sections share; it runs in no time and draws nothing
    claim      a function of `seed` that says True, then the claim beside a case in which it is False
    exercise   an empty cell for the reader; the cell above says what they should see
    reveal     gives the answer to a guess, and is folded; the tag is given here

Everything else is prose, or a view.
"""

from __future__ import annotations

import ast
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import jupytext
import nbformat
from nbformat import NotebookNode

from mqsim.api.magic import define

ROOT = Path(__file__).resolve().parents[2]
FOLDER = ROOT / "notebooks"
SOLUTIONS = Path(__file__).parent / "solutions"
SOURCES = sorted(FOLDER.glob("[0-9][0-9]_*.py"))
NAMES = [source.stem for source in SOURCES]
EXPECTED = re.compile(r"You should see:?\s+`([^`]+)`")
_HEADING = re.compile(r"^##? +(.*)$", re.MULTILINE)


@dataclass(frozen=True)
class Claim:
    """A tagged cell, taken apart.

    Attributes:
        notebook, name: where it stands, and the name of its function.
        holds, fails: the keyword arguments of its two calls, without the seed.
        code: the cell without its last line.
    """

    notebook: str
    name: str
    holds: dict[str, Any]
    fails: dict[str, Any]
    code: str


def read(source: Path) -> NotebookNode:
    """A source as a notebook without outputs, its cells named after their section."""
    notebook = jupytext.read(source)
    counts: dict[str, int] = {}
    section = "top"
    for cell in notebook.cells:
        if cell.cell_type == "markdown" and (heading := _HEADING.search(cell.source)):
            section = slug(heading[1])
        counts[section] = counts.get(section, 0) + 1
        cell.id = f"{section}-{counts[section]}"
        kept: dict[str, Any] = {"tags": cell.metadata["tags"]} if "tags" in cell.metadata else {}
        if cell.cell_type == "code" and "guess.reveal(" in cell.source:
            # The code would give the answer away; JupyterLab folds it, and shows what it says when it is run.
            kept |= {"jupyter": {"source_hidden": True}, "tags": ["reveal"]}
        cell.metadata = nbformat.from_dict(kept)
    notebook.metadata = nbformat.from_dict(
        {
            "kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"},
            "language_info": {"name": "python"},
        }
    )
    notebook.nbformat, notebook.nbformat_minor = 4, 5
    return notebook


def slug(heading: str) -> str:
    """`## Who gets what?` as `who-gets-what`, short enough for a cell's name."""
    return re.sub(r"[^a-z0-9]+", "-", heading.lower()).strip("-")[:48]


def tags(cell: NotebookNode) -> list[str]:
    return list(cell.metadata.get("tags", []))


def sections(notebook: NotebookNode) -> list[list[NotebookNode]]:
    """The cells in groups: what comes before the first `##`, then one group a heading."""
    groups: list[list[NotebookNode]] = [[]]
    for cell in notebook.cells:
        if cell.cell_type == "markdown" and cell.source.startswith("## "):
            groups.append([])
        groups[-1].append(cell)
    return groups


def setup_code(notebook: NotebookNode) -> list[str]:
    return [cell.source for cell in notebook.cells if "setup" in tags(cell)]


def run_setup(notebook: NotebookNode) -> dict[str, Any]:
    """Run the set-up cells, those that write programs too; give the names that they made."""
    names: dict[str, Any] = {}
    for code in setup_code(notebook):
        head, _, text = code.partition("\n")
        if head.startswith("%%program "):
            define(head.removeprefix("%%program "), text)
        else:
            exec(code, names)
    return names


def claims(source: Path) -> list[Claim]:
    """The claims of a notebook, in order."""
    return [taken_apart(source.stem, cell.source) for cell in read(source).cells if "claim" in tags(cell)]


def taken_apart(notebook: str, code: str) -> Claim:
    """A claim cell's function and its two calls: `it_holds(seed=1), it_holds(seed=1, but="so")`."""
    body = ast.parse(code).body
    functions = [node.name for node in body if isinstance(node, ast.FunctionDef)]
    last = body[-1]
    assert isinstance(last, ast.Expr)
    assert isinstance(last.value, ast.Tuple)
    first, second = last.value.elts
    holds, fails = _arguments(first, functions), _arguments(second, functions)
    kept = "\n".join(code.splitlines()[: last.lineno - 1])
    return Claim(notebook, functions[-1], holds, fails, kept)


def _arguments(call: ast.expr, functions: list[str]) -> dict[str, Any]:
    assert isinstance(call, ast.Call)
    assert isinstance(call.func, ast.Name)
    assert call.func.id == functions[-1]
    assert not call.args
    given = {str(keyword.arg): ast.literal_eval(keyword.value) for keyword in call.keywords}
    assert given.pop("seed") == 1
    return given
