"""Archives and folders that mean harm, and what the student is told of each."""

from __future__ import annotations

import io
import json
import os
import stat
import struct
import zipfile
from typing import TYPE_CHECKING

from tests.grading.hostile.programs import PRODUCER, consumer

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

FILES = {"consumer.py": consumer().encode(), "producer.py": PRODUCER.encode()}


def packed(*further: tuple[str | zipfile.ZipInfo, bytes], method: int = zipfile.ZIP_STORED) -> bytes:
    """A right submission, and further entries."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", method) as archive:
        for name, data in FILES.items():
            archive.writestr(name, data)
        for entry, data in further:
            archive.writestr(entry, data)
    return out.getvalue()


def special(name: str, kind: int, data: bytes = b"/etc/passwd") -> tuple[zipfile.ZipInfo, bytes]:
    entry = zipfile.ZipInfo(name)
    entry.create_system = 3
    entry.external_attr = (kind | 0o777) << 16
    return entry, data


def patched(archive: bytes, old: bytes, new: bytes) -> bytes:
    assert len(old) == len(new)
    assert old in archive
    return archive.replace(old, new)


def encrypted() -> bytes:
    data = bytearray(packed(("secret.py", b"x")))
    for signature, offset in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        place = data.rindex(signature)
        data[place + offset] |= 1
    return bytes(data)


def lying_about_its_size() -> bytes:
    """It says that its last file has 10 bytes, and unpacks to 50 MB."""
    data = bytearray(packed(("big.txt", bytes(50_000_000)), method=zipfile.ZIP_DEFLATED))
    for signature, offset in ((b"PK\x03\x04", 22), (b"PK\x01\x02", 24)):
        place = data.rindex(signature)
        data[place + offset : place + offset + 4] = struct.pack("<I", 10)
    return bytes(data)


def many() -> bytes:
    return packed(*((f"{number}.txt", b"") for number in range(5000)))


def notebook(*cells: dict[str, object]) -> bytes:
    return json.dumps({"cells": list(cells), "metadata": {}, "nbformat": 4, "nbformat_minor": 5}).encode()


def cell(name: str, source: str, outputs: list[object] | None = None) -> dict[str, object]:
    text = f"%%program {name}\n{source}"
    return {"cell_type": "code", "source": text, "outputs": outputs or [], "metadata": {}}


FORGED = [{"output_type": "stream", "name": "stdout", "text": "passed: 10 of 10 points"}]

GRADED: dict[str, tuple[str, bytes, float]] = {
    "within a zip": ("s.zip", packed((zipfile.ZipInfo("inner.zip"), packed())), 10.0),
    "a file of the system": ("s.zip", packed(("__MACOSX/._consumer.py", b"x"), (".git/config", b"x")), 10.0),
    "a notebook": (
        "s.ipynb",
        notebook(cell("consumer", consumer()), cell("producer", PRODUCER)),
        10.0,
    ),
    "forged outputs of a notebook": (
        "s.ipynb",
        notebook(cell("consumer", "pass", FORGED), cell("producer", "pass", FORGED)),
        0.0,
    ),
    "setuid bits": ("s.zip", packed(special("tool.py", stat.S_IFREG | stat.S_ISUID, b"x = 1")), 10.0),
}

REFUSED: dict[str, tuple[str, Callable[[], bytes], str]] = {
    "out of the folder": ("s.zip", lambda: packed(("../../evil.py", b"x")), "leads out of its folder"),
    "out of the folder, further in": ("s.zip", lambda: packed(("a/../../evil.py", b"x")), "leads out of its"),
    "an absolute path": ("s.zip", lambda: packed(("/tmp/evil.py", b"x")), "leads out of its folder"),
    "a path of Windows": (
        "s.zip",
        lambda: patched(packed(("..|evil.py", b"x")), b"..|evil.py", b"..\\evil.py"),
        "name that is not allowed",
    ),
    "a drive": ("s.zip", lambda: packed(("C:/evil.py", b"x")), "leads out of its folder"),
    "a link": ("s.zip", lambda: packed(special("link.py", stat.S_IFLNK)), "is a link"),
    "a link to a folder": (
        "s.zip",
        lambda: packed(special("dir", stat.S_IFLNK, b"/"), ("dir/x.py", b"")),
        "is a link",
    ),
    "a pipe": ("s.zip", lambda: packed(special("pipe", stat.S_IFIFO, b"")), "a pipe, a socket or a device"),
    "a device": ("s.zip", lambda: packed(special("null", stat.S_IFCHR, b"")), "a pipe, a socket or a device"),
    "a bomb": (
        "s.zip",
        lambda: packed(("big.txt", bytes(200_000_000)), method=zipfile.ZIP_DEFLATED),
        "more than 10 MB",
    ),
    "a bomb of xz": (
        "s.zip",
        lambda: packed(("big.txt", bytes(200_000_000)), method=zipfile.ZIP_LZMA),
        "more than 10 MB",
    ),
    "a bomb that lies": ("s.zip", lying_about_its_size, "more than 10 MB|can't be unpacked|broken"),
    "many files": ("s.zip", many, "more than 200 files"),
    "a password": ("s.zip", encrypted, "is encrypted"),
    "two of one name": (
        "s.zip",
        lambda: packed(("consumer.xy", b"x")).replace(b"consumer.xy", b"consumer.py"),
        "two files named",
    ),
    "two names but for case": ("s.zip", lambda: packed(("Consumer.py", b"x")), "two files named"),
    "a file and a folder": (
        "s.zip",
        lambda: packed(("consumer.py/x.py", b"x")),
        "both as a file and as a folder",
    ),
    "a null byte in a name": (
        "s.zip",
        lambda: patched(packed(("evil|.py", b"x")), b"evil|.py", b"evil\x00.py"),
        "name that is not allowed",
    ),
    "an escape in a name": ("s.zip", lambda: packed(("\x1b[2J.py", b"x")), "name that is not allowed"),
    "deep folders": ("s.zip", lambda: packed(("a/" * 50 + "x.py", b"x")), "too long or too deep"),
    "no archive": ("s.zip", lambda: b"this is no archive", "is no zip archive"),
    "half an archive": ("s.zip", lambda: packed()[:-200], "is no zip archive"),
    "an empty archive": ("s.zip", lambda: b"PK\x05\x06" + bytes(18), "There is no consumer.py"),
    "a large archive": ("s.zip", lambda: os.urandom(11_000_000), "more than 10 MB"),
    "a broken notebook": ("s.ipynb", lambda: b'{"cells": 3}', "no notebook"),
    "a notebook that is nested": ("s.ipynb", lambda: b"[" * 200_000, "no notebook"),
    "a notebook without programs": ("s.ipynb", lambda: notebook(), "has no programs"),
    "a path in a notebook": ("s.ipynb", lambda: notebook(cell("../evil.py", "x = 1")), "a plain name"),
}


def link(folder: Path) -> None:
    (folder / "consumer.py").unlink()
    (folder / "consumer.py").symlink_to("/etc/passwd")


def pipe(folder: Path) -> None:
    (folder / "consumer.py").unlink()
    os.mkfifo(folder / "consumer.py")


def link_to_a_folder(folder: Path) -> None:
    (folder / "more").symlink_to("/etc")


def large(folder: Path) -> None:
    with (folder / "big.bin").open("wb") as file:
        file.truncate(1 << 40)


def many_files(folder: Path) -> None:
    for number in range(300):
        (folder / f"{number}.txt").write_text("")


def deep(folder: Path) -> None:
    (folder / "/".join("a" * 20)).mkdir(parents=True)


FOLDERS: dict[str, tuple[Callable[[Path], None], str]] = {
    "a link": (link, "consumer.py is a link"),
    "a pipe": (pipe, "is no plain file"),
    "a link to a folder": (link_to_a_folder, "more is a link"),
    "a large file": (large, "more than 10 MB"),
    "many files": (many_files, "more than 200 files"),
    "deep folders": (deep, "more than 8 deep"),
}
