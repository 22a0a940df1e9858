"""An exercise's page as a student gets it: in a folder of its own, where the course's links lead nowhere."""

from __future__ import annotations

import os
import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

_LINK = re.compile(r"(?<!!)\[([^\]]*)\]\(([^)#\s]+)(#[^)\s]*)?\)")
_ABSOLUTE = re.compile(r"[a-z]+:", re.IGNORECASE)


def self_contained(page: str, folder: Path, target: Path | None = None) -> str:
    """The page with no link that leads nowhere.

    Args:
        page: its text.
        folder: where it stands in the course.
        target: where it is going to stand on this machine; None: anywhere, so links that lead out of the
            folder become plain text. On this machine they lead to the course's files, where these are there.
    """

    def changed(found: re.Match[str]) -> str:
        words, path, place = found[1], found[2], found[3] or ""
        if _ABSOLUTE.match(path) or (folder / path).resolve().is_relative_to(folder.resolve()):
            return found[0]
        there = (folder / path).resolve()
        if target is not None and there.is_file():
            return f"[{words}]({os.path.relpath(there, target.resolve())}{place})"
        return words

    return _LINK.sub(changed, page)
