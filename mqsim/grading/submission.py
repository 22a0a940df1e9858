"""What was handed in, as a folder of plain files: read from a folder, a zip archive or a notebook.

Nothing of a submission is trusted, its names and sizes included. Links, pipes, devices, absolute paths and
paths that lead out of the folder are refused, with a sentence for the student; so is what is too large.
"""

from __future__ import annotations

import io
import json
import os
import stat
import tempfile
import zipfile
from contextlib import contextmanager
from pathlib import Path, PurePosixPath
from typing import IO, TYPE_CHECKING

from mqsim.errors import UsageError
from mqsim.grading.plain import plain

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

MOST_FILES = 200
"""Files that a submission may have."""

MOST_BYTES = 10_000_000
"""Bytes that its files may have together; an archive, before and after it is unpacked."""

_DEEPEST = 8
_LEFT_OUT = frozenset({"__pycache__", "__MACOSX", "node_modules"})
_PACKED = (".zip", ".ipynb")
_CELL = ("%%program ", "%%writefile ")


class Ungradable(Exception):  # noqa: N818 - a finding about what was handed in
    """What was handed in can't be graded; the text tells the student why, and what to do."""


@contextmanager
def laid_out(files: Mapping[str, bytes]) -> Iterator[Path]:
    """Files as a fresh folder, which is gone afterwards."""
    with tempfile.TemporaryDirectory(prefix="mqsim-submission-") as name:
        folder = Path(name).resolve()
        for where, content in files.items():
            place = folder / where
            place.parent.mkdir(parents=True, exist_ok=True)
            place.write_bytes(content)
        yield folder


def contents(path: Path, wanted: Iterable[str]) -> dict[str, bytes]:
    """The files of a submission by their names.

    Args:
        path: a folder, a zip archive, a notebook, or one Python file.
        wanted: names of files that it should have; where they lie in a folder within, that is taken.

    A folder that holds one archive or notebook and nothing else is read as that: some platforms put each
    upload into a folder of the student's name.

    Raises:
        Ungradable: it can't be read, holds what is not allowed, or has a wanted file in several folders.
    """
    try:
        files = _read(path)
    except OSError as error:
        raise Ungradable(f"{_name(path.name)} can't be read: {error.strerror or error}.") from error
    if path.is_dir() and len(files) == 1:
        ((name, data),) = files.items()
        if name.endswith(_PACKED):
            files = _of_notebook(data) if name.endswith(".ipynb") else _of_zip(name, data)
    return _at_the_top(files, sorted(wanted))


def _read(path: Path) -> dict[str, bytes]:
    mode = path.lstat().st_mode
    if stat.S_ISLNK(mode):
        raise Ungradable(f"{_name(path.name)} is a link. Hand in the file or folder itself.")
    if stat.S_ISDIR(mode):
        return _of_folder(path)
    if not stat.S_ISREG(mode):
        raise Ungradable(f"{_name(path.name)} is neither a file nor a folder.")
    if path.suffix == ".ipynb":
        return _of_notebook(_bounded(path))
    if path.suffix == ".py":
        return {path.name: _bounded(path)}
    return _of_zip(path.name, _bounded(path))


def _name(name: str) -> str:
    """A name from a submission, fit to be shown."""
    shown = plain(name.encode("utf-8", "backslashreplace").decode())
    return shown if len(shown) <= 80 else f"{shown[:78]} …"


def _too_large() -> Ungradable:
    return Ungradable(f"It holds more than {MOST_BYTES // 1_000_000} MB. Hand in your programs alone.")


def _too_many() -> Ungradable:
    return Ungradable(f"It holds more than {MOST_FILES} files. Hand in your programs alone.")


def _bounded(path: Path) -> bytes:
    """A plain file's bytes; a link that took its place meanwhile is not followed."""
    descriptor = os.open(path, os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0))
    with os.fdopen(descriptor, "rb") as file:
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            raise Ungradable(f"{_name(path.name)} is no plain file.")
        data = file.read(MOST_BYTES + 1)
    if len(data) > MOST_BYTES:
        raise _too_large()
    return data


# -- folders -------------------------------------------------------------------------------------------------


def _of_folder(folder: Path) -> dict[str, bytes]:
    found: dict[str, bytes] = {}
    total = 0
    for entry, where in _walk(folder, PurePosixPath(), 0):
        mode = entry.stat(follow_symlinks=False).st_mode
        if stat.S_ISLNK(mode):
            raise Ungradable(f"{_name(where)} is a link. Hand in plain files.")
        if not stat.S_ISREG(mode):
            raise Ungradable(f"{_name(where)} is no plain file but a pipe, a socket or a device.")
        if len(found) == MOST_FILES:
            raise _too_many()
        found[where] = _bounded(Path(entry.path))
        total += len(found[where])
        if total > MOST_BYTES:
            raise _too_large()
    return found


def _walk(folder: Path, inside: PurePosixPath, depth: int) -> Iterator[tuple[os.DirEntry[str], str]]:
    if depth > _DEEPEST:
        raise Ungradable(f"Its folders are more than {_DEEPEST} deep. Put your programs at the top.")
    with os.scandir(folder) as entries:
        for entry in sorted(entries, key=lambda each: each.name):
            if entry.name in _LEFT_OUT or entry.name.startswith("."):
                continue
            where = inside / entry.name
            if entry.is_dir(follow_symlinks=False):
                yield from _walk(Path(entry.path), where, depth + 1)
            else:
                yield entry, str(where)


# -- zip archives --------------------------------------------------------------------------------------------


def _of_zip(name: str, data: bytes) -> dict[str, bytes]:
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            return _unpacked(archive)
    except zipfile.BadZipFile:
        raise Ungradable(
            f"{_name(name)} is no zip archive, or a broken one. Hand in a folder, a zip archive or a "
            "notebook."
        ) from None
    except (NotImplementedError, RuntimeError, EOFError, ValueError, OverflowError) as error:
        raise Ungradable(f"{_name(name)} can't be unpacked: {plain(str(error))}.") from None


def _unpacked(archive: zipfile.ZipFile) -> dict[str, bytes]:
    entries = archive.infolist()
    if len(entries) > 5 * MOST_FILES:
        raise _too_many()
    found: dict[str, bytes] = {}
    seen: dict[str, str] = {}
    total = 0
    for entry in entries:
        where = _safe(entry)
        if where is None:
            continue
        if (other := seen.setdefault(where.casefold(), where)) != where or where in found:
            raise Ungradable(f"The archive has two files named {_name(other)}.")
        if len(found) == MOST_FILES:
            raise _too_many()
        if entry.flag_bits & 1:
            raise Ungradable(f"{_name(where)} is encrypted. Make the archive without a password.")
        if total + entry.file_size > MOST_BYTES:
            raise _too_large()
        with archive.open(entry) as file:
            found[where] = _at_most(file, MOST_BYTES - total)
        total += len(found[where])
    for where in found:
        for above in PurePosixPath(where).parents:
            if str(above) in found:
                raise Ungradable(f"The archive has {_name(str(above))} both as a file and as a folder.")
    return found


def _at_most(file: IO[bytes], size: int) -> bytes:
    """All of an entry, whatever size the archive says it has."""
    data = file.read(size + 1)
    if len(data) > size:
        raise _too_large()
    return data


def _safe(entry: zipfile.ZipInfo) -> str | None:
    """Where an entry belongs; None for what is left out.

    Raises:
        Ungradable: it belongs nowhere.
    """
    name = entry.orig_filename if "\x00" in entry.orig_filename else entry.filename
    kind = stat.S_IFMT(entry.external_attr >> 16)
    if "\x00" in name or "\\" in name or any(ord(each) < 32 for each in name):
        raise Ungradable(f"The archive has a file with a name that is not allowed: {_name(name)}.")
    parts = name.split("/")
    if name.startswith("/") or ".." in parts or ":" in parts[0]:
        raise Ungradable(
            f"The archive has a file that leads out of its folder: {_name(name)}. Make it again from your "
            "folder."
        )
    if kind and kind not in (stat.S_IFREG, stat.S_IFDIR):
        what = "a link" if kind == stat.S_IFLNK else "a pipe, a socket or a device"
        raise Ungradable(f"{_name(name)} in the archive is {what}. Hand in plain files.")
    parts = [part for part in parts if part not in ("", ".")]
    if entry.is_dir() or not parts or any(part in _LEFT_OUT or part.startswith(".") for part in parts):
        return None
    if len(parts) > _DEEPEST or max(map(len, parts)) > 100:
        raise Ungradable(f"The archive has a name that is too long or too deep: {_name(name)}.")
    return "/".join(parts)


# -- notebooks -----------------------------------------------------------------------------------------------


def _of_notebook(data: bytes) -> dict[str, bytes]:
    """The programs of a notebook: its cells that begin with `%%program NAME` or `%%writefile FILE`. Outputs
    are never looked at.
    """
    try:
        cells = json.loads(data)["cells"]
        sources = [
            "".join(cell["source"])
            for cell in cells
            if cell.get("cell_type") == "code" and cell.get("source")
        ]
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        raise Ungradable("It is no notebook, or a broken one. Save it again in Jupyter.") from None
    found: dict[str, bytes] = {}
    for source in sources:
        first, _, rest = source.lstrip().partition("\n")
        magic = next((magic for magic in _CELL if first.startswith(magic)), None)
        if magic is None:
            continue
        words = first.removeprefix(magic).split()
        name = next((word for word in words if not word.startswith("-")), "")
        if magic == _CELL[0] and "." not in name:
            name += ".py"
        if not name or "/" in name or "\\" in name or name.startswith("."):
            raise Ungradable(f"A cell begins with {_name(first)!r}: write {magic.strip()} and a plain name.")
        found[name] = rest.encode("utf-8", "surrogatepass")
        if len(found) > MOST_FILES:
            raise _too_many()
    if not found:
        raise Ungradable("The notebook has no programs: no cell begins with %%program NAME.")
    return found


# -- both ----------------------------------------------------------------------------------------------------


def _at_the_top(files: dict[str, bytes], wanted: Sequence[str]) -> dict[str, bytes]:
    """The same files, seen from the folder that has the wanted ones.

    Raises:
        Ungradable: a folder that is not inside that one has another file of a wanted name, so nobody can
            tell which of them was meant. Folders inside it may hold copies, starters and the like.
    """
    folders = {f"{PurePosixPath(name).parent}/" for name in files if "/" in name}
    tops = sorted({"", *folders}, key=lambda top: (top.count("/"), top))
    best = max(tops, key=lambda top: sum(top + name in files for name in wanted))
    for top in tops:
        for name in wanted:
            mine, other = files.get(best + name), files.get(top + name)
            if not top.startswith(best) and None not in (mine, other) and mine != other:
                raise Ungradable(
                    f"There are two different files {name}: one in {_folder_name(best)} and one in "
                    f"{_folder_name(top)}. Hand in one folder with your programs."
                )
    return {name[len(best) :]: data for name, data in files.items() if name.startswith(best)}


def _folder_name(top: str) -> str:
    return f"the folder {_name(top[:-1])}" if top else "the folder at the top"


def submissions_in(folder: Path, wanted: Iterable[str]) -> list[Path] | None:
    """The submissions of a folder of submissions; None where the folder is a submission itself.

    It is one where it has one of the wanted files at its top, or holds no folder, archive or notebook.

    Raises:
        UsageError: nothing is in the folder.
    """
    if not folder.is_dir() or folder.is_symlink():
        return None
    if any((folder / name).exists() for name in wanted):
        return None
    shown = [
        each
        for each in sorted(folder.iterdir())
        if not each.name.startswith(".") and each.name not in _LEFT_OUT
    ]
    if not shown:
        raise UsageError(
            f"{folder} is empty. Name a submission, or a folder that holds a folder, zip archive or notebook "
            "for each submission."
        )
    return [each for each in shown if each.is_dir() or each.is_symlink() or each.suffix in _PACKED] or None
