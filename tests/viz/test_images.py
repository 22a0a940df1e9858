"""The figures in docs/images are those that the script draws."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PIL import Image

from tests.documents.images import FIGURES, FOLDER, THEMES, draw

if TYPE_CHECKING:
    from pathlib import Path


def size_of(path: Path) -> tuple[int, int]:
    with Image.open(path) as image:
        return image.size


def test_the_kept_figures_have_the_size_of_fresh_ones(tmp_path: Path) -> None:
    """Bytes depend on fonts and on matplotlib's release; the size does not."""
    written = draw(tmp_path, ("light",))
    assert len(written) == len(FIGURES) == 4
    for path, words in written.items():
        assert len(words) > 80
        fresh = size_of(path)
        for theme in THEMES:
            kept = FOLDER / path.name.replace("light", theme)
            assert size_of(kept) == fresh, kept
            assert kept.stat().st_size < 150_000
