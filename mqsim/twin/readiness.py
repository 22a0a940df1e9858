"""Whether the kernel is compiled yet.

Compiling takes about a minute, reading what is kept about a second. Whoever is about to choose between the
twin and `sim` asks here which of the two it would be; that needs no numba.
"""

from __future__ import annotations

import os
import sys
import tempfile
from enum import IntEnum
from functools import cache
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from mqsim.twin.sources import SOURCES

_KERNEL = "mqsim.twin.play"


class Readiness(IntEnum):
    """How far the kernel is: not installed, to be compiled, kept on disk, loaded in this process."""

    ABSENT = 0
    TO_COMPILE = 1
    KEPT = 2
    LOADED = 3


def readiness() -> Readiness:
    """How far the kernel is."""
    if _KERNEL in sys.modules:
        return Readiness.LOADED
    numba = _numba()
    if not numba:
        return Readiness.ABSENT
    return Readiness.KEPT if any(mark.exists() for mark in _marks(numba)) else Readiness.TO_COMPILE


@cache
def _numba() -> str:
    """The version of numba that is installed, or an empty text."""
    try:
        return version("numba")
    except PackageNotFoundError:
        return ""


@cache
def note_that_it_is_kept() -> None:
    """The kernel has been compiled: leave a mark for other processes, once."""
    for mark in _marks(_numba()):
        try:
            mark.parent.mkdir(parents=True, exist_ok=True)
            mark.touch()
        except OSError:
            continue
        return


def _marks(numba: str) -> list[Path]:
    """Where the mark may be: beside the kernel, or where a user keeps what can be made again."""
    name = f"kernel-{SOURCES:x}-{sys.implementation.cache_tag}-numba-{numba}.kept"
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    folders = [Path(__file__).parent / "__pycache__", cache / "mqsim", Path(tempfile.gettempdir()) / "mqsim"]
    return [folder / name for folder in folders]
