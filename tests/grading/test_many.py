"""A hundred submissions in a row leave nothing: no process, no open file, no file on disk, no memory."""

from __future__ import annotations

import gc
import os
import tempfile
from pathlib import Path

import pytest

from mqsim.grading.grading import Order, grade
from mqsim.grading.sandbox.levels import strongest
from tests.grading.exercises_for_tests import EARLY, IDLE, RIGHT, submission_in
from tests.grading.hostile.programs import CASES
from tests.grading.hostile.test_programs import EXERCISE, children

pytestmark = pytest.mark.long

SOURCES = [
    RIGHT,
    EARLY,
    IDLE,
    CASES["fork_bomb"].files["consumer.py"],
    CASES["leaves_a_file"].files["consumer.py"],
]
KEPT = 16 << 20
"""Bytes by which the grader may have grown; a leak of one run's trace for each submission is more."""


def resident() -> int:
    """Bytes of memory that this process has."""
    gc.collect()
    pages = int(Path("/proc/self/statm").read_text("ascii").split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE")


def held() -> tuple[set[str], int, list[str]]:
    """Processes, open files, and files in the temporary folder."""
    return children(), len(os.listdir("/proc/self/fd")), sorted(os.listdir(tempfile.gettempdir()))


def test_a_hundred_submissions_leave_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    order = Order(EXERCISE, strongest())
    room = tmp_path / "room"
    room.mkdir(mode=0o711)
    monkeypatch.setattr(tempfile, "tempdir", str(room))
    folders = [submission_in(tmp_path / f"s{number}", str(source)) for number, source in enumerate(SOURCES)]
    first = [grade(order, folder).to_data() for folder in folders]
    before, memory = held(), resident()
    for _ in range(100 // len(folders)):
        assert [grade(order, folder).to_data() for folder in folders] == first
    assert held() == before
    assert resident() - memory < KEPT
