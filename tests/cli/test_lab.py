"""`mqsim lab`: a reader's copies are the reader's."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path

import pytest

from mqsim.cli import lab
from mqsim.errors import UsageError
from tests.cli.command import mqsim


@pytest.fixture
def course(tmp_path: Path) -> Path:
    folder = tmp_path / "course"
    folder.mkdir()
    for name in ("00_tour.ipynb", "01_parts.ipynb", "README.md"):
        (folder / name).write_text(notebook(f"{name}, first edition"))
    return folder


def notebook(source: str, answer: str = "42") -> str:
    output = [{"output_type": "stream", "name": "stdout", "text": answer}]
    cell = {"cell_type": "code", "source": source, "outputs": output, "execution_count": 1, "metadata": {}}
    return json.dumps({"cells": [{"cell_type": "markdown", "source": "é", "metadata": {}}, cell]})


def test_notebooks_are_copied_and_nothing_else(course: Path, tmp_path: Path) -> None:
    mine = tmp_path / "deep" / "mine"
    assert lab.provide(course, mine) == [f"The notebooks are in {mine}."]
    assert sorted(path.name for path in mine.iterdir()) == [
        lab.RECORD,
        "00_tour.ipynb",
        "01_parts.ipynb",
        lab.INDEX,
    ]


def test_what_a_reader_changed_is_kept_and_what_not_is_brought_up_to_date(
    course: Path, tmp_path: Path
) -> None:
    mine = tmp_path / "mine"
    lab.provide(course, mine)
    (mine / "00_tour.ipynb").write_text("my notes")
    for path in course.glob("*.ipynb"):
        path.write_text(notebook("second edition"))
    said = lab.provide(course, mine)
    assert (mine / "00_tour.ipynb").read_text() == "my notes"
    assert "second edition" in (mine / "01_parts.ipynb").read_text("utf-8")
    assert "brought up to date: 01_parts.ipynb" in said[1]
    assert "Left as you changed them: 00_tour.ipynb" in said[2]
    lab.provide(course, mine)
    assert (mine / "00_tour.ipynb").read_text() == "my notes"


def test_the_first_page_leads_to_every_notebook(tmp_path: Path) -> None:
    lab.provide(lab.shipped(), tmp_path / "mine")
    (cell,) = json.loads((tmp_path / "mine" / lab.INDEX).read_text("utf-8"))["cells"]
    said = cell["source"]
    for notebook in lab.shipped().glob("[0-9][0-9]_*.ipynb"):
        assert f"]({notebook.name})" in said
    assert "[0 · A tour in five minutes](00_tour.ipynb)" in said


def test_a_copy_has_no_answers_yet(course: Path, tmp_path: Path) -> None:
    lab.provide(course, tmp_path / "mine")
    prose, cell = json.loads((tmp_path / "mine" / "00_tour.ipynb").read_text("utf-8"))["cells"]
    assert prose["source"] == "é"
    assert (cell["outputs"], cell["execution_count"]) == ([], None)
    assert cell["source"] == "00_tour.ipynb, first edition"
    assert "42" in (course / "00_tour.ipynb").read_text()


def test_a_deleted_copy_comes_afresh(course: Path, tmp_path: Path) -> None:
    mine = tmp_path / "mine"
    lab.provide(course, mine)
    (mine / "00_tour.ipynb").write_text("my notes")
    (mine / "00_tour.ipynb").unlink()
    lab.provide(course, mine)
    assert "00_tour.ipynb, first edition" in (mine / "00_tour.ipynb").read_text("utf-8")


@pytest.mark.parametrize("record", ["", "[1]", "{"])
def test_without_a_record_that_can_be_read_nothing_is_overwritten(
    course: Path, tmp_path: Path, record: str
) -> None:
    mine = tmp_path / "mine"
    mine.mkdir()
    (mine / "00_tour.ipynb").write_text("from somewhere else")
    (mine / lab.RECORD).write_text(record)
    lab.provide(course, mine)
    assert (mine / "00_tour.ipynb").read_text() == "from somewhere else"
    assert set(json.loads((mine / lab.RECORD).read_text())) == {"01_parts.ipynb", lab.INDEX}


def test_a_file_and_the_course_itself_are_no_place_to_work_in(course: Path, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="is a file"):
        lab.provide(course, course / "README.md")
    with pytest.raises(UsageError, match="where the notebooks are kept"):
        lab.provide(course, tmp_path / "course" / ".." / "course")


def test_the_notebooks_of_this_clone_are_found() -> None:
    assert (lab.shipped() / "00_tour.ipynb").exists()


def test_jupyterlab_is_opened_on_this_machine_only_and_asks_for_no_news(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: dict[str, object] = {}

    class Stand:
        @staticmethod
        def main(words: list[str]) -> None:
            folder = Path(os.environ["JUPYTER_CONFIG_PATH"].split(os.pathsep)[0])
            seen["words"] = words
            seen["page"] = (folder / "labconfig" / "page_config.json").read_text()

    monkeypatch.setitem(sys.modules, "jupyterlab.labapp", Stand)  # type: ignore[arg-type]
    monkeypatch.delenv("JUPYTER_CONFIG_PATH", raising=False)
    lab.open_lab(tmp_path / "mine", 9999, browser=False, allow_root=True)
    assert seen["words"] == [
        str(tmp_path / "mine"),
        "--port=9999",
        "--ServerApp.ip=127.0.0.1",
        f"--LabApp.default_url=/lab/tree/{lab.INDEX}",
        "--no-browser",
        "--allow-root",
    ]
    assert "announcements" in str(seen["page"])
    assert "JUPYTER_CONFIG_PATH" not in os.environ


def test_without_jupyterlab_one_sentence_says_what_to_do(tmp_path: Path) -> None:
    hidden = tmp_path / "sitecustomize.py"
    hidden.write_text(
        "import importlib.util as u\nreal = u.find_spec\n"
        "u.find_spec = lambda name, *more: None if name == 'jupyterlab' else real(name, *more)\n"
    )
    paths = os.pathsep.join([str(tmp_path), *filter(None, [os.environ.get("PYTHONPATH")])])
    done = mqsim("lab", "--dir", tmp_path / "mine", PYTHONPATH=paths)
    assert done.returncode == 2
    assert "pip install 'mqsim[notebooks]'" in done.stderr
    assert len(done.stderr.splitlines()) == 1
    assert not (tmp_path / "mine").exists()


def test_root_is_told_why_not_and_what_to_do(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("os.geteuid", lambda: 0)
    with pytest.raises(UsageError, match="--allow-root"):
        lab.open_lab(tmp_path / "mine", 9999, browser=False)
    assert not (tmp_path / "mine").exists()
