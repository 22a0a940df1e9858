"""What is handed in as an archive, a notebook or a folder is read safely, or refused with a sentence."""

from __future__ import annotations

import os
import re
import resource
import tempfile
from pathlib import Path

import pytest

from mqsim.grading.grading import Order, grade
from mqsim.grading.sandbox.levels import strongest
from mqsim.grading.submission import Ungradable, contents
from tests.grading.hostile.archives import FILES, FOLDERS, GRADED, REFUSED

EXERCISE = Path(__file__).parent / "00_two_tasks"
WANTED = ["consumer.py", "producer.py"]


@pytest.fixture(autouse=True)
def room(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "room"
    folder.mkdir(mode=0o711)
    monkeypatch.setattr(tempfile, "tempdir", str(folder))
    return folder


@pytest.mark.parametrize("name", REFUSED)
def test_an_archive_is_refused(name: str, tmp_path: Path, room: Path) -> None:
    file, make, says = REFUSED[name]
    (tmp_path / file).write_bytes(make())
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    if says.startswith("There is no"):
        assert says in grade(Order(EXERCISE, strongest()), tmp_path / file).message
    else:
        with pytest.raises(Ungradable, match=says) as refused:
            contents(tmp_path / file, WANTED)
        assert re.fullmatch(r"[A-Z].*[.]", str(refused.value)) or str(refused.value).endswith(".")
        assert "\x1b" not in str(refused.value)
        assert "\x00" not in str(refused.value)
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 400_000
    assert os.listdir(room) == []
    assert not Path("/tmp/evil.py").exists()


@pytest.mark.parametrize("name", FOLDERS)
def test_a_folder_is_refused(name: str, tmp_path: Path) -> None:
    change, says = FOLDERS[name]
    folder = tmp_path / "handed in"
    folder.mkdir()
    for file, data in FILES.items():
        (folder / file).write_bytes(data)
    change(folder)
    with pytest.raises(Ungradable, match=says):
        contents(folder, WANTED)


def test_what_is_refused_is_ungradable_and_has_no_score(tmp_path: Path) -> None:
    file, make, says = REFUSED["a link"]
    (tmp_path / file).write_bytes(make())
    verdict = grade(Order(EXERCISE, 0), tmp_path / file)
    assert (verdict.score, verdict.state.value) == (None, "ungradable")
    assert says in verdict.message


@pytest.mark.parametrize("name", GRADED)
def test_an_archive_is_graded(name: str, tmp_path: Path) -> None:
    file, data, score = GRADED[name]
    (tmp_path / file).write_bytes(data)
    assert grade(Order(EXERCISE, strongest()), tmp_path / file).score == score


def test_there_are_enough_of_them() -> None:
    assert len(REFUSED) + len(FOLDERS) >= 19
