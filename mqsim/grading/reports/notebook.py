"""An exercise as a notebook, made from its page and its starter; nbgrader reads its marks (schema 3)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from mqsim.grading.exercise import Exercise


def notebook_of(exercise: Exercise, page: str, starters: dict[str, str]) -> dict[str, Any]:
    """The notebook as JSON holds it.

    Args:
        exercise: whose notebook.
        page: its README.
        starters: the starters' texts by the files' names. A program becomes a cell that begins with
            `%%program`, any other file one that begins with `%%writefile`.
    """
    cells = [_cell("markdown", page, _marks("page", locked=True))]
    cells.append(_cell("code", "import mqsim as mq", _marks("setup", locked=True)))
    for file, text in starters.items():
        name, _, suffix = file.rpartition(".")
        magic = f"%%program {name}" if suffix == "py" else f"%%writefile {file}"
        cells.append(_cell("code", f"{magic}\n{text}", _marks(name, solution=True)))
    checks = f'mq.exercise("{exercise.name}").check()'
    cells.append(_cell("code", checks, _marks("checks", locked=True)))
    graded = f'mq.exercise("{exercise.name}").check().verdict.score or 0'
    cells.append(_cell("code", graded, _marks("score", locked=True, points=exercise.points)))
    return {
        "cells": cells,
        "metadata": {"kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"}},
        "nbformat": 4,
        "nbformat_minor": 5,
    }


def _cell(kind: str, source: str, marks: dict[str, Any]) -> dict[str, Any]:
    lines = source.rstrip("\n").splitlines(keepends=True)
    cell: dict[str, Any] = {
        "cell_type": kind,
        "id": marks["nbgrader"]["grade_id"],
        "metadata": marks,
        "source": lines,
    }
    if kind == "code":
        cell |= {"execution_count": None, "outputs": []}
    return cell


def _marks(
    name: str, *, solution: bool = False, locked: bool = False, points: float | None = None
) -> dict[str, Any]:
    marks: dict[str, Any] = {
        "schema_version": 3,
        "grade": points is not None,
        "solution": solution,
        "locked": locked,
        "task": False,
        "grade_id": name,
    }
    if points is not None:
        marks["points"] = points
    return {"nbgrader": marks}
