"""The notebooks that are kept are what their sources give, and nothing of one machine is in them."""

from __future__ import annotations

import copy
from typing import TYPE_CHECKING

import nbformat
import pytest

from tests.notebooks.make import cleaned, compared, made, stale, write
from tests.notebooks.sources import NAMES, SOURCES, read, tags

if TYPE_CHECKING:
    from pathlib import Path


@pytest.mark.timeout(180)
@pytest.mark.parametrize("source", SOURCES, ids=NAMES)
def test_a_notebook_is_what_its_source_gives(source: Path) -> None:
    assert stale(source, made(source)) == [], "make them anew: python -m tests.notebooks.make --write"


@pytest.mark.parametrize("source", SOURCES, ids=NAMES)
def test_it_can_be_read_where_no_kernel_runs(source: Path) -> None:
    """Whatever would be a widget has text or a picture in its place, and no figure is without words."""
    notebook = nbformat.read(source.with_suffix(".ipynb"), as_version=4)
    nbformat.validate(notebook)
    for cell in notebook.cells:
        for output in cell.get("outputs", []):
            assert output.output_type != "error"
            assert output.get("name") != "stderr", cell.id
            data = output.get("data", {})
            assert not any("widget" in kind for kind in data), cell.id
            assert "<mqsim" not in data.get("text/plain", "") or len(data) > 1, cell.id
            if "image/png" in data:
                assert output.metadata["image/png"]["alt"], cell.id
        shows = cell.cell_type == "code" and (".plot_" in cell.source or "mq.predict(" in cell.source)
        assert not shows or cell.outputs, cell.id


def test_a_change_of_a_number_of_a_picture_and_of_a_source_is_noticed(tmp_path: Path) -> None:
    source = tmp_path / "00_small.py"
    cells = ["[markdown]\n# # Small", "\n1 + 1", "\nimport matplotlib.pyplot as plt\nplt.plot([1, 2]);"]
    code = "".join(f"# %% {cell}\n\n" for cell in cells)
    source.write_text(code, encoding="utf-8")
    fresh = made(source)
    write(source, fresh)
    assert stale(source, fresh) == []
    other = copy.deepcopy(fresh)
    other.cells[1].outputs[0].data["text/plain"] = "3"
    assert stale(source, other) == ["00_small.ipynb: small-2"]
    source.write_text(code.replace("[1, 2]", "[1, 3]"), encoding="utf-8")
    drawn = made(source)
    drawn.cells[2].source = fresh.cells[2].source
    assert stale(source, drawn) == ["00_small.ipynb: small-3"]
    drawn.cells[2].outputs = fresh.cells[2].outputs
    drawn.cells[2].outputs[0].data["image/png"] = "other bytes"
    assert stale(source, drawn) == []
    assert "other bytes" not in str(compared(drawn))


def test_a_live_widget_and_an_address_are_not_kept() -> None:
    data = {"application/vnd.jupyter.widget-view+json": {"model_id": "1f"}, "text/html": "<p>Guess</p>"}
    output = nbformat.v4.new_output("display_data", data=data)
    kept = cleaned(output)
    assert kept is not None
    assert dict(kept.data) == {"text/html": "<p>Guess</p>"}
    plain = nbformat.v4.new_output("execute_result", data={"text/plain": "<a.B object at 0x7f00aa>"})
    kept = cleaned(plain)
    assert kept is not None
    assert kept.data["text/plain"] == "<a.B object>"


def test_names_of_cells_last_and_are_unique() -> None:
    for source in SOURCES:
        once, again = read(source), read(source)
        ids = [cell.id for cell in once.cells]
        assert ids == [cell.id for cell in again.cells]
        assert len(set(ids)) == len(ids)
        assert all({"setup", "claim", "exercise", "reveal"} >= set(tags(cell)) for cell in once.cells)
