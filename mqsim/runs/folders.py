"""Copies of the folders that programs stand in, made new for every run of a crash search.

What a program writes there is gone before the next run, and never reaches the originals. What it wrote is an
effect that can be read when the run is over: the lines of text files, and the rows of SQLite's.
"""

from __future__ import annotations

import os
import shutil
import sqlite3
import tempfile
from collections import Counter
from contextlib import closing, suppress
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator
    from types import TracebackType

    from mqsim.scenario import Scenario

Lines = tuple[str, ...]
"""What files hold, line by line."""

_LEFT_OUT = {".git", ".hg", ".venv", "venv", "node_modules", "__pycache__", ".mypy_cache", ".pytest_cache"}
_MOST_FILES = 2_000
_MOST_BYTES = 50_000_000
_SQLITE = b"SQLite format 3\0"


class Folders:
    """The folders of a scenario's programs, and the working directory, as copies: use it with `with`.

    Of a folder that is too large to be copied (over 2,000 files, or 50 MB) only the programs are copied, and
    what they change of the rest stays changed. The working directory, where it is none of the folders, is a
    folder of links to what is in it.

    Args:
        scenario: whose programs they are.

    Attributes:
        scenario: the same, with the programs in the copies.
    """

    def __init__(self, scenario: Scenario) -> None:
        self._root = _new_folder()
        self._here = os.getcwd()
        self._copies: dict[str, Path] = {}
        try:
            self.scenario = self._moved(scenario)
            self._folders = [_Copy(folder, copy) for folder, copy in self._copies.items()]
        except BaseException:
            shutil.rmtree(self._root, ignore_errors=True)
            raise

    def _moved(self, scenario: Scenario) -> Scenario:
        changes = {}
        base = scenario.base or Path()
        for name, spec in scenario.programs.items():
            if spec.file is not None:
                file = Path(os.path.abspath(base / spec.file))
                top = file.parents[spec.module.count(".") if spec.module else 0]
                changes[f"programs.{name}.file"] = str(self._copy_of(str(top)) / file.relative_to(top))
        return scenario.with_(changes) if changes else scenario

    def _copy_of(self, folder: str) -> Path:
        """The copy of a folder; one within another is a part of its copy."""
        for known, copy in self._copies.items():
            if folder == known or folder.startswith(known + os.sep):
                return copy / os.path.relpath(folder, known)
        copy = self._root / str(len(self._copies))
        copy.mkdir()
        self._copies[folder] = copy
        _copy_new(folder, copy)
        return copy

    def __enter__(self) -> Folders:
        """Go into the copy of the working directory, where that is one of the folders."""
        for folder, copy in self._copies.items():
            if self._here == folder or self._here.startswith(folder + os.sep):
                os.chdir(copy / os.path.relpath(self._here, folder))
                return self
        aside = self._root / "here"
        aside.mkdir()
        for entry in os.scandir(self._here):
            with suppress(OSError):
                os.symlink(entry.path, aside / entry.name)
        os.chdir(aside)
        self._folders.append(_Copy(self._here, aside))
        return self

    def __exit__(self, kind: type[BaseException] | None, error: object, where: TracebackType | None) -> None:
        """Go back, and remove the copies."""
        os.chdir(self._here)
        shutil.rmtree(self._root, ignore_errors=True)

    @property
    def has_database(self) -> bool:
        """Whether the last run wrote a SQLite file, which it may have locked."""
        return any(_is_database(copy.path / name) for copy in self._folders for name in copy.changed())

    def lines(self) -> Lines:
        """What the last run wrote, in order: the lines that are there now and were not before."""
        return tuple(line for copy in self._folders for line in copy.lines())

    def renew(self) -> None:
        """Make the copies as they were."""
        for copy in self._folders:
            copy.renew()


def _new_folder() -> Path:
    """A temporary folder under the first name that is free, which the next run finds free again.

    Tracebacks that a program logs, and its `__file__`, name it: a name at random would make each run's
    transcript another one.
    """
    number = 0
    while True:
        folder = Path(tempfile.gettempdir()) / f"mqsim-{number}"
        try:
            folder.mkdir(mode=0o700)
        except FileExistsError:
            number += 1
        else:
            return folder


class _Copy:
    """A copy of one folder.

    Args:
        original: the folder.
        path: where its copy is.
    """

    def __init__(self, original: str, path: Path) -> None:
        self.path = path
        self._original = Path(original)
        self._files = dict(_files(str(path)))
        self._folders = set(_folders(str(path)))

    def changed(self) -> list[str]:
        """The files that are new or other than they were."""
        return [name for name, marks in _files(str(self.path)) if self._files.get(name) != marks]

    def lines(self) -> Iterator[str]:
        """The lines that its files have beyond those that they had before."""
        for name in self.changed():
            if name.endswith((".py", ".pyc")):
                continue
            known = Counter(_lines_of(self._original / name) if name in self._files else ())
            for line in _lines_of(self.path / name):
                if known[line] > 0:
                    known[line] -= 1
                else:
                    yield f"{name}: {line}"

    def renew(self) -> None:
        """Make it as it was."""
        for folder in set(_folders(str(self.path))) - self._folders:
            shutil.rmtree(self.path / folder, ignore_errors=True)
        for folder in self._folders:
            (self.path / folder).mkdir(parents=True, exist_ok=True)
        now = dict(_files(str(self.path)))
        for name in now.keys() - self._files.keys():
            (self.path / name).unlink(missing_ok=True)
        for name, marks in self._files.items():
            if now.get(name) != marks:
                (self.path / name).unlink(missing_ok=True)
                shutil.copy2(self._original / name, self.path / name, follow_symlinks=False)


def _files(folder: str) -> Iterator[tuple[str, tuple[int, int]]]:
    """Each file in a folder and below, by its name from there, with its size and when it was changed."""
    for path, folders, names in os.walk(folder):
        folders[:] = sorted(one for one in folders if one not in _LEFT_OUT)
        for name in sorted(names):
            file = os.path.join(path, name)
            with suppress(OSError):
                found = os.lstat(file)
                yield os.path.relpath(file, folder), (found.st_size, found.st_mtime_ns)


def _folders(folder: str) -> Iterator[str]:
    """Each folder in a folder and below, by its name from there; those that are links are none."""
    for path, folders, _ in os.walk(folder):
        folders[:] = sorted(one for one in folders if one not in _LEFT_OUT)
        for name in folders:
            found = os.path.join(path, name)
            if not os.path.islink(found):
                yield os.path.relpath(found, folder)


def _copy_new(folder: str, copy: Path) -> None:
    """Copy a folder; of one that is too large, the programs alone, with links to the rest."""
    files = list(_files(folder))
    if len(files) > _MOST_FILES or sum(size for _, (size, _) in files) > _MOST_BYTES:
        for entry in os.scandir(folder):
            if entry.name.endswith(".py"):
                shutil.copy2(entry.path, copy / entry.name)
            else:
                os.symlink(entry.path, copy / entry.name)
        return
    for name in _folders(folder):
        (copy / name).mkdir(parents=True, exist_ok=True)
    for name, _ in files:
        shutil.copy2(os.path.join(folder, name), copy / name, follow_symlinks=False)


def _is_database(file: Path) -> bool:
    with suppress(OSError), open(file, "rb") as opened:
        return opened.read(len(_SQLITE)) == _SQLITE
    return False


def _lines_of(file: Path) -> Iterator[str]:
    """The lines of a text file, or the rows of a SQLite file; nothing of others."""
    try:
        data = file.read_bytes()
    except OSError:
        return
    if data.startswith(_SQLITE):
        with suppress(sqlite3.Error), closing(sqlite3.connect(f"file:{file}?mode=ro", uri=True)) as base:
            yield from base.iterdump()
        return
    with suppress(UnicodeDecodeError):
        yield from data.decode().splitlines()
