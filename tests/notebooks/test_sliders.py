"""Every position of every slider in the notebooks gives a picture, and none a problem."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING, Any

import pytest

from tests.notebooks.sources import SOURCES, read, run_setup

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from mqsim.widgets.explore.widget import Explorer


def explorers(source: Path) -> Iterator[tuple[str, Explorer]]:
    """Each explorer of a notebook, by the name of its cell."""
    notebook = read(source)
    for cell in notebook.cells:
        if cell.cell_type == "code" and "mq.explore(" in cell.source:
            names = run_setup(notebook)
            tree = ast.parse(cell.source)
            last = tree.body.pop()
            assert isinstance(last, ast.Expr)
            exec(compile(tree, "cell", "exec"), names)
            yield cell.id, eval(compile(ast.Expression(last.value), "cell", "eval"), names)


FOUND = [(source.stem, name, each) for source in SOURCES for name, each in explorers(source)]


def positions(control: dict[str, Any]) -> list[Any]:
    """All that a browser can send of a control: a stop, the place of a choice, a fault's time or none."""
    match control["kind"]:
        case "slider":
            return list(control["stops"])
        case "choice":
            return list(range(len(control["says"])))
        case "switch":
            return [None, *control["stops"]]
    raise AssertionError(control)


def test_there_is_one_to_try() -> None:
    assert any(name == "00_tour" for name, _, _ in FOUND)


@pytest.mark.parametrize(("notebook", "cell", "explorer"), FOUND, ids=[f"{n[:2]}-{c}" for n, c, _ in FOUND])
def test_every_position_of_every_slider_is_a_run(notebook: str, cell: str, explorer: Explorer) -> None:
    first = dict(explorer.wish["values"])
    for control in explorer.controls:
        for position in positions(control):
            turn = explorer.wish["turn"] + 1
            explorer.wish = {"turn": turn, "values": {**first, control["name"]: position}}
            assert explorer.problem == "", (control["name"], position)
            assert explorer.result.messages.shape[0] > 0
            assert explorer.result.scenario == explorer.scenario


def test_more_workers_than_speeds_begin_again_with_the_first() -> None:
    explorer = next(each for name, _, each in FOUND if name == "00_tour")
    explorer.reset()
    for count, speeds in ((1, [1.0]), (2, [1.0, 1.0]), (5, [1.0, 1.0, 0.25, 1.0, 1.0])):
        explorer.set({"consumers.worker.count": count})
        worker = explorer.scenario.consumers["worker"]
        assert (worker.count, list(worker.speed)) == (count, speeds)  # type: ignore[arg-type]
