"""Fragments of the changelog: each has a kind, and a release puts them where they belong."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.documents.changelog import ROOT, fragments, released, section

if TYPE_CHECKING:
    from pathlib import Path


def test_every_fragment_has_a_kind_and_something_to_say() -> None:
    paths = [path for some in fragments(ROOT / "changelog.d").values() for path in some]
    assert all(path.read_text(encoding="utf-8").strip() for path in paths)


def test_a_release_gathers_fragments_by_kind(tmp_path: Path) -> None:
    for name, text in {"b.fixed.md": "Two\nlines.\n", "a.fixed.md": "One.", "z.added.md": "New."}.items():
        (tmp_path / name).write_text(text, encoding="utf-8")
    new = section("1.2.3", "2030-01-02", tmp_path)
    assert new == "## 1.2.3 (2030-01-02)\n\n### Added\n- New.\n\n### Fixed\n- One.\n- Two lines.\n"
    page = released("# Changelog\n\n## Unreleased\n\n### Added\n- By hand.\n\n## 1.0.0\n", new)
    assert (
        page.index("## Unreleased")
        < page.index("## 1.2.3")
        < page.index("- By hand.")
        < page.index("## 1.0.0")
    )


def test_a_fragment_without_a_kind_is_named(tmp_path: Path) -> None:
    (tmp_path / "speed.md").write_text("Faster.", encoding="utf-8")
    with pytest.raises(ValueError, match=r"speed\.md: call it NAME\.KIND\.md"):
        fragments(tmp_path)
