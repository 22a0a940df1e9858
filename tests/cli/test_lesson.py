"""`mqsim lesson` copies the files that a lesson shows, and what it says to run runs there."""

from __future__ import annotations

import shlex
from typing import TYPE_CHECKING

import pytest

from mqsim.cli.lesson import commands, files, lessons
from mqsim.cli.main import main
from tests.documents.pages import ROOT, Command, blocks, run

if TYPE_CHECKING:
    from pathlib import Path


@pytest.mark.parametrize("number", sorted(lessons()))
def test_each_lesson_is_copied_whole(number: int, tmp_path: Path) -> None:
    assert main(["lesson", str(number), str(tmp_path / "own")]) == 0
    (page,) = (ROOT / "lessons").glob(f"{number:02}_*.md")
    shown = {block.name: block.text for block in blocks(page.read_text("utf-8")) if block.name}
    there = {path.name: path.read_text("utf-8") for path in (tmp_path / "own").glob("*")}
    assert there == shown
    assert shown or number > 11


def test_a_command_that_is_named_runs_in_the_folder(tmp_path: Path, capsys) -> None:
    assert main(["lesson", "3", str(tmp_path)]) == 0
    said = [line.strip() for line in capsys.readouterr().out.splitlines()]
    assert "python call_or_queue.py" in said
    assert run(Command(tuple(shlex.split("python call_or_queue.py")), "", 1), tmp_path) == ""


def test_a_changed_file_is_left_alone(tmp_path: Path, capsys) -> None:
    (tmp_path / "rush.yaml").write_text("name: mine\n", "utf-8")
    assert main(["lesson", "3", str(tmp_path)]) == 2
    assert "rush.yaml is there already" in capsys.readouterr().err
    assert [path.name for path in tmp_path.iterdir()] == ["rush.yaml"]
    assert (tmp_path / "rush.yaml").read_text("utf-8") == "name: mine\n"


@pytest.mark.parametrize(
    ("words", "complaint"),
    [
        (["99"], f"there is no lesson 99; there are lessons 1 to {max(lessons())}"),
        (["x"], "Invalid value for 'N'"),
        (["3", "FILE"], "is a file; name a folder"),
    ],
)
def test_what_is_wrong_is_said_in_a_sentence(
    words: list[str], complaint: str, tmp_path: Path, capsys
) -> None:
    (tmp_path / "file").touch()
    call = [str(tmp_path / "file") if word == "FILE" else word for word in words]
    assert main(["lesson", *call]) == 2
    assert complaint in capsys.readouterr().err


def test_without_a_number_the_lessons_are_listed(capsys) -> None:
    assert main(["lesson"]) == 0
    said = capsys.readouterr().out
    assert " 5  Reliability and order" in said


def test_a_file_is_a_block_with_a_name() -> None:
    text = "```python\n# a.py\nprint(1)\n```\n```python\nprint(2)\n```\n"
    text += "```console\n$ python a.py\n1\n$ ls\n```\n"
    assert files(text) == {"a.py": "# a.py\nprint(1)\n"}
    assert commands(text, files(text)) == ["python a.py"]
