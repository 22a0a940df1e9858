"""Axes that show themselves in a notebook, with a text alternative.

matplotlib's own display belongs to pyplot, knows nothing of alternatives, and JupyterLab gives an image none.
So the picture goes out twice: as HTML with `alt`, which notebooks prefer, and as a plain image whose metadata
carry the same words, for readers that show no HTML.
"""

from __future__ import annotations

import base64
import io
from html import escape
from typing import Any

from matplotlib.axes import Axes
from matplotlib.colors import to_rgb
from PIL import Image

from mqsim.viz.description import describe, is_told
from mqsim.viz.figure import figure_of

_SHARP = 1.6  # dots of the image for each dot that it takes on the page
_COLOURS = 128  # the hues, and enough steps between them and the paper for smooth edges


class NotebookAxes(Axes):
    """Axes on a figure of their own."""

    def _repr_mimebundle_(
        self, include: object = None, exclude: object = None
    ) -> tuple[dict[str, Any], dict[str, Any]]:
        words, text, width, height = _shown(self)
        tag = _tag(self, words, text, width, height)
        bundle = {"text/plain": words, "image/png": text, "text/html": tag}
        return bundle, {"image/png": {"alt": words, "width": width, "height": height}}


def html_of(ax: Axes) -> str:
    """A figure as an image tag that needs no file, with its text alternative."""
    return _tag(ax, *_shown(ax))


def _shown(ax: Axes) -> tuple[str, str, int, int]:
    image, width, height = png(ax)
    words = describe(ax) if is_told(ax) else repr(ax)
    return words, base64.b64encode(image).decode("ascii"), width, height


_DARK = (
    "[data-jp-theme-light=false] img.mqsim-figure, .vscode-dark img.mqsim-figure, "
    "html[data-theme=dark] img.mqsim-figure { filter: invert(0.93) hue-rotate(180deg); }"
)
"""On a dark page (of JupyterLab, VS Code, Sphinx) light and dark change places and hues stay. A second
picture on dark paper would miss what a reader has changed since the figure was drawn. `html` is there because
Sphinx' theme has a filter of its own for images, with as specific a selector."""


def _tag(ax: Axes, words: str, text: str, width: int, height: int) -> str:
    source = f"data:image/png;base64,{text}"
    on_dark_paper = max(to_rgb(figure_of(ax).get_facecolor())) < 0.5
    begin = "<img" if on_dark_paper else f'<style>{_DARK}</style><img class="mqsim-figure"'
    return (
        f'{begin} src="{source}" width="{width}" height="{height}" '
        f'style="max-width: 100%; height: auto" alt="{escape(words)}">'
    )


def png(ax: Axes) -> tuple[bytes, int, int]:
    """The whole figure as a small PNG, and the width and height that it takes on a page, in pixels."""
    figure = figure_of(ax)
    raw = io.BytesIO()
    figure.savefig(raw, format="png", dpi=figure.dpi * _SHARP)
    image = Image.open(raw).convert("RGB")
    small = io.BytesIO()
    image.quantize(_COLOURS, dither=Image.Dither.NONE).save(small, format="png", optimize=True)
    return small.getvalue(), round(image.width / _SHARP), round(image.height / _SHARP)
