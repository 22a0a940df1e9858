"""The figures in docs/images are those that the script draws."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PIL import Image

from mqsim.viz import plot_lanes
from tests.documents.images import FIGURES, FOLDER, THEMES, draw

if TYPE_CHECKING:
    from pathlib import Path

    from mqsim.trace import Trace


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


def test_a_figure_is_dark_on_a_dark_page_and_light_on_a_light_one(crash: Trace) -> None:
    """Of three kinds of page the selector is known; the browser's tests look at the pixels of one."""
    data, _ = plot_lanes(crash)._repr_mimebundle_()  # type: ignore[attr-defined]
    assert 'class="mqsim-figure"' in data["text/html"]
    for page in ("[data-jp-theme-light=false]", ".vscode-dark", "html[data-theme=dark]"):
        assert f"{page} img.mqsim-figure" in data["text/html"]


def test_a_figure_on_dark_paper_stays_dark_on_a_dark_page(crash: Trace) -> None:
    data, _ = plot_lanes(crash, theme="dark")._repr_mimebundle_()  # type: ignore[attr-defined]
    assert "mqsim-figure" not in data["text/html"]
    assert "filter" not in data["text/html"]
