"""Pieces of a page: escaped words, tables that screen readers understand, inline figures, the style sheet."""

from __future__ import annotations

import io
import re
from html import escape
from importlib.resources import files
from typing import TYPE_CHECKING

from mqsim.viz.css import page_variables
from mqsim.viz.figure import figure_of
from mqsim.viz.palette import LIGHT

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from matplotlib.axes import Axes

    from mqsim.report.tables import Table

_VARIABLES = {
    LIGHT.ink: "var(--ink)",
    LIGHT.paper: "var(--paper)",
    LIGHT.faint: "var(--faint)",
    LIGHT.down: "var(--down)",
}


def style() -> str:
    """The style sheet."""
    return page_variables() + files("mqsim.report").joinpath("page.css").read_text(encoding="utf-8")


def section(title: str, *parts: str) -> str:
    """A heading and what stands under it; nothing at all when there is nothing."""
    inside = "\n".join(part for part in parts if part)
    return f"<section>\n<h2>{escape(title)}</h2>\n{inside}\n</section>" if inside else ""


def paragraph(text: str, kind: str = "") -> str:
    """A paragraph of plain words."""
    style = f' class="{kind}"' if kind else ""
    return f"<p{style}>{escape(text)}</p>"


def preformatted(text: str) -> str:
    """Words in their lines."""
    return f'<pre tabindex="0">{escape(text)}</pre>'


def folded(title: str, inside: str) -> str:
    """A part that opens when asked to."""
    return f"<details>\n<summary>{escape(title)}</summary>\n{inside}\n</details>"


def table(content: Table, words: bool = False) -> str:
    """A table with a caption and headings of columns and rows; `words` are set to the left, numbers to the
    right.
    """
    head = "".join(f'<th scope="col">{escape(name)}</th>' for name in content.columns)
    body = "\n".join(f"<tr>{_cells(row)}</tr>" for row in content.rows)
    kind = ' class="words"' if words else ""
    return (
        f'<div class="scroll" tabindex="0" role="region" aria-label="{escape(content.title)}"><table{kind}>\n'
        f"<caption>{escape(content.title)}</caption>\n<thead><tr>{head}</tr></thead>\n<tbody>\n{body}\n</tbody>\n"
        "</table></div>"
    )


def _cells(row: Iterable[str]) -> str:
    first, *others = row
    return f'<th scope="row">{escape(first)}</th>' + "".join(f"<td>{escape(cell)}</td>" for cell in others)


def figure(draw: Callable[[], Axes], alt: str, name: str) -> str:
    """A figure as inline SVG that takes its ink and paper from the page, with its words below.

    Args:
        draw: draws it on light paper.
        alt: what it shows, in words.
        name: sets its inner names apart from those of other figures on the page.
    """
    import matplotlib as mpl

    with mpl.rc_context({"svg.fonttype": "none", "svg.hashsalt": name}):
        axes = draw()
        buffer = io.StringIO()
        figure_of(axes).savefig(buffer, format="svg", metadata={"Date": None, "Creator": None})
    svg = buffer.getvalue()
    svg = svg[svg.index("<svg") :]
    svg = re.sub(r"<metadata>.*?</metadata>", "", svg, flags=re.DOTALL)
    svg = re.sub(r'(\sid="|href="#|url\(#)', rf"\g<1>{name}-", svg)
    for hue, variable in _VARIABLES.items():
        svg = svg.replace(hue, variable)
    svg = re.sub(r'^<svg ([^>]*?)width="[^"]*"', r"<svg \1", svg, count=1)
    svg = re.sub(r'^<svg ([^>]*?)height="[^"]*"', r"<svg \1", svg, count=1)
    svg = svg.replace("<svg ", f'<svg role="img" aria-label="{escape(alt)}" ', 1)
    return (
        f'<figure><div class="scroll" tabindex="0">{svg}</div><figcaption>{escape(alt)}</figcaption></figure>'
    )
