"""Moves the fragments of `changelog.d/` into CHANGELOG.md: `python -m tests.documents.changelog X.Y.Z`.

Each fragment is `NAME.KIND.md`. They are sorted by kind, then by name, and become the list items of a section
of their own, below "Unreleased". The files are removed. A date may follow the version.
"""

from __future__ import annotations

import re
import sys
from datetime import UTC, datetime
from pathlib import Path

ROOT = Path(__file__).parents[2]
KINDS = ("added", "changed", "fixed", "removed")
VERSION = re.compile(r"\d+\.\d+\.\d+")


def fragments(folder: Path) -> dict[str, list[Path]]:
    """The fragments of each kind, by name.

    Raises:
        ValueError: a file is not called `NAME.KIND.md`.
    """
    found: dict[str, list[Path]] = {kind: [] for kind in KINDS}
    for path in sorted(folder.glob("*.md")):
        if path.name == "README.md":
            continue
        kind = path.name.split(".")[-2] if path.name.count(".") >= 2 else ""
        if kind not in found:
            raise ValueError(f"{path.name}: call it NAME.KIND.md, with KIND one of {', '.join(KINDS)}")
        found[kind].append(path)
    return found


def section(version: str, date: str, folder: Path) -> str:
    """The section of a release."""
    parts = [f"## {version} ({date})"]
    for kind, paths in fragments(folder).items():
        items = ["- " + " ".join(path.read_text(encoding="utf-8").split()) for path in paths]
        if items:
            parts.append("\n".join([f"### {kind.capitalize()}", *items]))
    return "\n\n".join(parts) + "\n"


def released(changelog: str, new: str) -> str:
    """The changelog with a section below "Unreleased", which takes over what was written there by hand."""
    head, mark, rest = changelog.partition("## Unreleased\n")
    if not mark:
        raise ValueError('CHANGELOG.md has no heading "## Unreleased"')
    title, _, items = new.partition("\n\n")
    return f"{head}{mark}\n{title}\n\n{items.strip()}\n\n{rest.strip()}\n"


def main() -> None:
    """Write CHANGELOG.md and remove the fragments."""
    if not sys.argv[1:] or not VERSION.fullmatch(sys.argv[1]):
        sys.exit(f"{__doc__}")
    date = sys.argv[2] if sys.argv[2:] else datetime.now(UTC).date().isoformat()
    page, folder = ROOT / "CHANGELOG.md", ROOT / "changelog.d"
    new = section(sys.argv[1], date, folder)
    page.write_text(released(page.read_text(encoding="utf-8"), new), encoding="utf-8", newline="\n")
    for paths in fragments(folder).values():
        for path in paths:
            path.unlink()


if __name__ == "__main__":
    main()
