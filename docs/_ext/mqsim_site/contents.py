"""Which page stands where in the site, and links that differ between a forge and the site.

On a forge a folder's page lists its files. The site needs a table of contents as well, which no page should
have to show there; so it is added to the text as Sphinx reads it.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from sphinx.application import Sphinx

BELOW = {
    "lessons/README": ("lessons/[0-9]*", "lessons/references"),
    "notebooks/README": ("notebooks/[0-9]*",),
    "exercises/README": ("exercises/[0-9]*/README", "exercises/autograder/README"),
}
"""The pages that stand below a folder's page."""

_LAST = "\ngrading"
"""The last page of the reference that the front page names; others follow it."""

_PROJECTS_FIRST_PAGE = re.compile(r"\]\((?:\.\./)+README\.md(#[\w-]+)?\)")


def setup(app: Sphinx) -> None:
    """Listen to pages as they are read, and to the end."""
    app.connect("source-read", _read)
    app.connect("build-finished", _door)


def _door(app: Sphinx, error: Exception | None) -> None:
    """The site's own address leads to the front page."""
    if error is None:
        where = app.builder.get_target_uri(app.config.root_doc)
        text = (
            '<!DOCTYPE html>\n<meta charset="utf-8"><title>mqsim</title>\n'
            f'<meta http-equiv="refresh" content="0; url={where}">\n<a href="{where}">mqsim</a>\n'
        )
        Path(app.outdir, "index.html").write_text(text, encoding="utf-8")


def _read(app: Sphinx, page: str, source: list[str]) -> None:
    if page.startswith("notebooks/") and page != "notebooks/README":
        return
    up = "../" * page.count("/")
    text = _PROJECTS_FIRST_PAGE.sub(f"]({up}docs/index.md)", source[0])
    text = _files_as_names(text, page, app)
    if page == app.config.root_doc:
        text = text.replace(_LAST, "\n".join([_LAST, *_unnamed(text, app)]))
    if page in BELOW:
        listed = "\n".join(f"/{pattern}" for pattern in BELOW[page])
        text += f"\n\n```{{toctree}}\n:hidden:\n:glob:\n\n{listed}\n```\n"
    source[0] = text


def _unnamed(text: str, app: Sphinx) -> list[str]:
    """Pages of the reference that the front page's table of contents does not name yet."""
    there = sorted(page.stem for page in Path(app.srcdir, "docs").glob("*.md"))
    named = {*re.findall(r"^[\w-]+$", text, re.MULTILINE), "index"}
    return [name for name in there if name not in named]


_LINK = re.compile(r"\[([^\]\n]+)\]\((?!https?://|#|mailto:)([^)\s#]+/?)(#[\w-]+)?\)")
_FENCED = re.compile(r"^```.*?^```$", re.MULTILINE | re.DOTALL)


def _files_as_names(text: str, page: str, app: Sphinx) -> str:
    """Links to files and folders that are no pages, as plain names: the site holds pages."""
    here = app.env.srcdir / page

    def plain(found: re.Match[str]) -> str:
        target = (here.parent / found[2]).resolve()
        if target.is_dir() and (target / "README.md").is_file():
            return f"[{found[1]}]({found[2].rstrip('/')}/README.md{found[3] or ''})"
        if target.suffix in (".md", ".ipynb", ".png", ".gif"):
            return found[0]
        return found[1]

    parts, last = [], 0
    for fence in _FENCED.finditer(text):
        parts += [_LINK.sub(plain, text[last : fence.start()]), fence[0]]
        last = fence.end()
    return "".join([*parts, _LINK.sub(plain, text[last:])])
