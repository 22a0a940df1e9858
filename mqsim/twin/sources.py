"""A digest of the sources of the kernel: of a kernel that is kept, numba checks the time of one file only."""

from __future__ import annotations

from hashlib import blake2b
from pathlib import Path

FILES = (
    "twin/broker",
    "twin/clock",
    "twin/codes",
    "twin/columns",
    "twin/compiled",
    "twin/consumers",
    "twin/counting",
    "twin/faults",
    "twin/finishing",
    "twin/kernel",
    "twin/ledger",
    "twin/lives",
    "twin/pointers",
    "twin/processes",
    "twin/producers",
    "twin/state",
    "trace/event_kinds",
    "trace/tables",
)
"""Also those from which `codes` takes numbers: they are compiled in."""


def digest_of(folder: Path) -> int:
    """A number above 0 that changes with any of the sources."""
    digest = blake2b(digest_size=7)
    for name in FILES:
        digest.update((folder / f"{name}.py").read_bytes())
    return int.from_bytes(digest.digest(), "little") + 1


SOURCES = digest_of(Path(__file__).parents[1])
