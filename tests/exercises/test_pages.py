"""What an exercise's page shows is what a reference solution does, and its table is the checks' own."""

from __future__ import annotations

import re
import shutil
from typing import TYPE_CHECKING

import pytest

from tests.documents.pages import Command, blocks, commands, lost_paths, rows, run
from tests.exercises.matrix import NAMES, PROOFS, SHELF, exercise

if TYPE_CHECKING:
    from pathlib import Path


def page(name: str) -> str:
    return (SHELF / name / "README.md").read_text("utf-8")


@pytest.mark.parametrize("name", NAMES)
def test_the_transcripts_are_those_of_a_reference(name: str, tmp_path: Path) -> None:
    reference = PROOFS / name / "right" / "callback"
    chosen = exercise(name)
    if reference.is_dir():
        shutil.copytree(reference, tmp_path, dirs_exist_ok=True)
    for given in chosen.given:
        shutil.copy(SHELF / name / given, tmp_path)
    wrong = []
    for block in blocks(page(name)):
        if block.language == "console":
            wrong += [found for command in commands(block) if (found := run(command, tmp_path))]
        elif block.language == "python":
            (tmp_path / "block.py").write_text(block.text, "utf-8")
            wrong += [found for found in [run(Command(("python", "block.py"), "", 1), tmp_path)] if found]
    assert wrong == []


@pytest.mark.parametrize("name", NAMES)
def test_the_table_of_checks_is_the_exercise_s_own(name: str) -> None:
    shown = [(cells[0].strip("`"), float(cells[1])) for cells in rows(page(name), "check", "points")]
    assert shown == [(check.name, check.points) for check in exercise(name).checks]


@pytest.mark.parametrize("name", NAMES)
def test_the_page_names_the_files_the_command_and_asks_for_a_prediction(name: str) -> None:
    text = page(name)
    chosen = exercise(name)
    for file in [*(f"{program}.py" for program in chosen.programs), *chosen.files]:
        assert f"`{file}`" in text
    assert re.findall("mqsim exercise check.*", text) == ["mqsim exercise check"]
    assert "## Predict first" in text
    assert "A good solution" in text or chosen.files
    assert len(re.findall("<details><summary>", text)) >= 2
    assert text.startswith(f"# {name[:2]} · ")


@pytest.mark.parametrize("name", NAMES)
def test_its_links_lead_somewhere(name: str) -> None:
    own = {f"{program}.py" for program in exercise(name).programs} | {*exercise(name).files}
    assert [path for path in lost_paths(page(name), SHELF / name / "README.md") if path not in own] == []


@pytest.mark.parametrize("name", NAMES)
def test_the_limit_of_a_run_and_restarts_are_named_where_they_matter(name: str) -> None:
    if exercise(name).programs:
        assert f"after {exercise(name).limit:g} seconds of virtual time" in page(name)
    if "every_crash" in (SHELF / name / "exercise.py").read_text("utf-8"):
        assert re.search(r"starts? again after (one|a)\s+second", page(name))
