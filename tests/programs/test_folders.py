"""Copies of the programs' folders: new for each run, and the originals stay as they are."""

from __future__ import annotations

import os
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from mqsim.runs.folders import Folders
from mqsim.scenario import Scenario


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    mine = tmp_path / "mine"
    (mine / "out").mkdir(parents=True)
    (mine / "empty").mkdir()
    (mine / "worker.py").write_text("pass")
    (mine / "out" / "log.txt").write_text("old\n")
    return mine


def of(folder: Path) -> Folders:
    return Folders(Scenario(duration=1, programs={"worker": {"file": str(folder / "worker.py")}}))


def names(folder: Path) -> list[str]:
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*"))


def test_what_is_written_is_told_and_gone_before_the_next_run(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(folder)
    before = names(folder)
    with of(folder) as copies:
        copy = Path(str(copies.scenario.programs["worker"].file)).parent
        assert Path.cwd() == copy.resolve()
        assert names(copy) == before
        for _ in range(2):
            with open("out/log.txt", "a") as file:
                file.write("new\nold\n")
            Path("other").mkdir()
            Path("other/note.txt").write_text("note\n")
            Path("worker.py").write_text("changed")
            os.rmdir("empty")
            assert sorted(copies.lines()) == ["other/note.txt: note", "out/log.txt: new", "out/log.txt: old"]
            assert not copies.has_database
            copies.renew()
            assert names(copy) == before
            assert copies.lines() == ()
            assert (copy / "worker.py").read_text() == "pass"
    assert Path.cwd() == folder
    assert names(folder) == before
    assert (folder / "out" / "log.txt").read_text() == "old\n"
    assert not copy.exists()


def test_the_rows_of_a_database_are_lines(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(folder)
    with closing(sqlite3.connect("done.db")) as base, base:
        base.execute("CREATE TABLE done (task TEXT)")
        base.execute("INSERT INTO done VALUES ('task 1')")
    with of(folder) as copies:
        with closing(sqlite3.connect("done.db")) as base, base:
            base.execute("INSERT INTO done VALUES ('task 2')")
        (line,) = [line for line in copies.lines() if "task" in line]
        assert line == """done.db: INSERT INTO "done" VALUES('task 2');"""
        assert copies.has_database


def test_another_working_directory_is_read_through_and_not_written(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    here = tmp_path / "here"
    here.mkdir()
    (here / "data.txt").write_text("data")
    monkeypatch.chdir(here)
    with of(folder) as copies:
        assert Path("data.txt").read_text() == "data"
        Path("new.txt").write_text("new")
        assert copies.lines() == ("new.txt: new",)
        copies.renew()
        assert not Path("new.txt").exists()
    assert names(here) == ["data.txt"]
