"""Words of the glossary, linked where a page first uses them; pointing shows what they mean."""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from docutils import nodes
from sphinx.util.osutil import relative_uri

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sphinx.application import Sphinx

PAGE = "docs/glossary"
_ROW = re.compile(r"^\| (?!word |---)(.+?) \| (.+?) \|$", re.MULTILINE)
_LINKED = ("lessons/", "docs/how-to/")
_NEVER = {
    "law",
    "flow",
    "hop",
    "copy",
    "service",
    "work",
    "wait",
    "fault",
    "ready",
    "unacked",
    "publish",
    "reject",
    "depth",
}
"""Words that a page uses in their everyday meaning as well."""


def setup(app: Sphinx) -> None:
    """Listen to pages as they are written."""
    app.connect("doctree-resolved", _link)


def words(text: str) -> dict[str, str]:
    """The words of a glossary page, in lower case, and what each means."""
    found = {}
    for heads, meaning in _ROW.findall(text):
        for head in re.split(r", | \(", heads):
            found[head.strip(" )").lower()] = re.sub(r"[`*]", "", meaning)
    return found


@cache
def _known(path: str) -> tuple[dict[str, str], re.Pattern[str]]:
    found = {
        word: meaning
        for word, meaning in words(Path(path).read_text(encoding="utf-8")).items()
        if word not in _NEVER
    }
    longest_first = sorted(found, key=len, reverse=True)
    return found, re.compile(rf"\b({'|'.join(map(re.escape, longest_first))})(?:s|es)?\b", re.IGNORECASE)


def mark(word: str) -> str:
    """The name of a word's place on the glossary's page."""
    return "word-" + re.sub(r"\W+", "-", word)


def _link(app: Sphinx, doctree: nodes.document, page: str) -> None:
    path = app.env.doc2path(PAGE)
    found, pattern = _known(str(path))
    if page == PAGE:
        for row in doctree.findall(nodes.row):
            first = row[0].astext()
            for head in words(f"| {first} | - |"):
                row[0].insert(0, nodes.target(ids=[mark(head)]))
        return
    if not page.startswith(_LINKED) or page.startswith("lessons/teaching"):
        return
    address = relative_uri(app.builder.get_target_uri(page), app.builder.get_target_uri(PAGE))
    linked: set[str] = set()
    for text in list(_prose(doctree)):
        made = _replaced(text.astext(), pattern, found, linked, address)
        if made:
            text.parent.replace(text, made)


def _prose(doctree: nodes.document) -> Iterator[nodes.Text]:
    """Texts that are prose: in paragraphs, not in code, links, headings or pictures."""
    for text in doctree.findall(nodes.Text):
        above, inside = text.parent, False
        while above is not None and not isinstance(above, nodes.document):
            if isinstance(
                above,
                nodes.literal
                | nodes.reference
                | nodes.title
                | nodes.literal_block
                | nodes.container
                | nodes.raw,
            ):
                break
            inside = inside or isinstance(above, nodes.paragraph)
            above = above.parent
        else:
            if inside:
                yield text


def _replaced(
    text: str, pattern: re.Pattern[str], found: dict[str, str], linked: set[str], address: str
) -> list[nodes.Node]:
    """The text with links at words that were not linked yet; empty if there are none."""
    made: list[nodes.Node] = []
    last = 0
    for match in pattern.finditer(text):
        word = match[1].lower()
        if word in linked:
            continue
        linked.add(word)
        made.append(nodes.Text(text[last : match.start()]))
        link = nodes.reference(
            "", match[0], refuri=f"{address}#{mark(word)}", reftitle=found[word], classes=["glossary"]
        )
        made.append(link)
        last = match.end()
    return [*made, nodes.Text(text[last:])] if made else []
