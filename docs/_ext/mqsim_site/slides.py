"""Slides made from the lessons: one picture or one idea a slide, the lesson's text as speaker's notes.

They are shown by reveal.js, which comes with the package sphinx-revealjs. They need no network. `S` opens
the notes.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from html import escape
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

from docutils import nodes
from sphinx.util.docutils import SphinxDirective

from mqsim_site.drawings import Shown
from mqsim_site.frames import FOLDER, Frame, address, leave_closed

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from sphinx.application import Sphinx

PLACE = "slides"
_LESSON = re.compile(r"lessons/(\d\d)_(\w+)")
_QUESTION = re.compile(
    r"^\d\. (.+?)\n   <details><summary>Answer</summary>(.+?)</details>$", re.MULTILINE | re.DOTALL
)
_FONT = re.compile(r"@import url\([^)]*\);?")
_REVEAL = (
    "dist/reset.css",
    "dist/reveal.css",
    "dist/theme/white.css",
    "dist/reveal.js",
    "plugin/notes/notes.js",
)


@dataclass
class Slide:
    """One slide: its heading, what it shows as HTML, and what the speaker says."""

    heading: str
    shows: str = ""
    says: list[str] = field(default_factory=list)


def setup(app: Sphinx) -> None:
    """Listen to lessons as they are written, and to the end."""
    made: dict[str, tuple[str, list[Slide]]] = {}

    def lesson(app: Sphinx, doctree: nodes.document, page: str) -> None:
        found = _LESSON.fullmatch(page)
        if found is not None:
            source = Path(app.env.doc2path(page)).read_text(encoding="utf-8")
            made[found[1]] = (_title(doctree), list(slides(doctree, source)))

    def end(app: Sphinx, error: Exception | None) -> None:
        if error is None and made:
            _write(Path(app.outdir, PLACE), made)

    app.connect("doctree-resolved", lesson)
    app.connect("build-finished", end)
    app.add_directive("slides", Slides)
    app.add_node(Deck, html=(_open_deck, leave_closed))


def _title(doctree: nodes.document) -> str:
    return str(next(iter(doctree.findall(nodes.title))).astext())


def slides(doctree: nodes.document, source: str) -> Iterator[Slide]:
    """The slides of one lesson, in order."""
    top = next(iter(doctree.findall(nodes.section)))
    first = [part.astext() for part in top.children if isinstance(part, nodes.paragraph)]
    can = first[0].removeprefix("After this lesson you can").split("·") if first else []
    listed = "".join(f"<li>{escape(' '.join(one.split()).strip(' .'))}</li>" for one in can)
    yield Slide(_title(doctree), f"<p>After this lesson you can</p><ul>{listed}</ul>", first[1:])
    for section in (part for part in top.children if isinstance(part, nodes.section)):
        if section[0].astext() != "Check yourself":
            yield from _of_section(section)
    for question, answer in _QUESTION.findall(source):
        shown = f'<p class="fragment">{escape(_plain(answer))}</p>'
        yield Slide(_plain(question), shown, ["Let the class answer before you go on."])


def _of_section(section: nodes.section) -> Iterator[Slide]:
    """A slide for each picture; where a section has none, one with its first words."""
    heading = section[0].astext()
    told: list[str] = []
    made: list[Slide] = []
    for part in section.children[1:]:
        if isinstance(part, nodes.container) and "mqsim-picture" in part["classes"]:
            made.append(Slide(_caption(part) or heading, _shown(part), told))
            told = []
        elif isinstance(part, nodes.paragraph | nodes.bullet_list | nodes.enumerated_list | nodes.table):
            told.extend(_said(part))
    if made:
        made[-1].says += told
        yield from made
    elif told:
        begin = re.split(r"(?<=[.?!]) ", told[0], maxsplit=1)[0]
        yield Slide(heading, f"<p>{escape(begin)}</p>{_table(section)}", told)


def _caption(box: nodes.container) -> str:
    found = [part for part in box.children if isinstance(part, nodes.paragraph)]
    return found[0].astext() if found else ""


def _shown(box: nodes.container) -> str:
    parts = []
    for part in box.children:
        if isinstance(part, Frame):
            source = f"../{FOLDER}/{part['file']}"
            parts.append(f'<iframe data-src="{escape(source)}" title="{escape(part["title"])}"></iframe>')
        elif isinstance(part, Shown) and "only-light" in part["classes"]:
            parts.append(f'<img src="../{FOLDER}/{escape(part["file"])}" alt="{escape(part["alt"])}">')
        elif isinstance(part, nodes.raw):
            parts.append(part.astext())
    return "".join(parts)


def _said(part: nodes.Element) -> Iterable[str]:
    if isinstance(part, nodes.table):
        return [" - ".join(cell.astext() for cell in row.children) for row in part.findall(nodes.row)]
    if isinstance(part, nodes.paragraph):
        return [" ".join(part.astext().split())]
    return [" ".join(item.astext().split()) for item in part.children]


def _table(section: nodes.section) -> str:
    """The section's table, if it has a small one."""
    found = next(iter(section.findall(nodes.table)), None)
    if found is None:
        return ""
    rows = [[escape(cell.astext()) for cell in row.children] for row in found.findall(nodes.row)]
    if len(rows) > 6 or max(len(" ".join(row)) for row in rows) > 160:
        return ""
    return (
        "<table>"
        + "".join(f"<tr>{''.join(f'<td>{cell}</td>' for cell in row)}</tr>" for row in rows)
        + "</table>"
    )


def _plain(text: str) -> str:
    return " ".join(text.replace("`", "").replace("*", "").split())


# -- files ---------------------------------------------------------------------------------------------------

_STYLE = """
.reveal { font: 26px/1.4 system-ui, -apple-system, 'Segoe UI', Roboto, 'DejaVu Sans', sans-serif; }
.reveal h2 { font-size: 1.35em; font-weight: 600; text-transform: none; letter-spacing: 0; text-align: left; }
.reveal section { text-align: left; }
.reveal p, .reveal li, .reveal td { font-size: 1em; }
.reveal iframe { width: 100%; height: 580px; max-height: none; border: 0; margin: 0; }
.reveal img { width: 100%; max-height: 580px; object-fit: contain; margin: 0; }
.reveal ol.mqsim-wire { display: flex; flex-wrap: wrap; gap: 8px; list-style: none; margin: 0 0 14px; }
.reveal ol.mqsim-wire li { display: flex; flex-direction: column; border: 1px solid; }
.reveal ol.mqsim-wire li { padding: 4px 8px; font-size: .62em; }
"""


def _write(folder: Path, made: dict[str, tuple[str, list[Slide]]]) -> None:
    """The decks, and reveal.js beside them."""
    for name in _REVEAL:
        target = folder / "reveal" / name
        target.parent.mkdir(parents=True, exist_ok=True)
        text = files("sphinx_revealjs").joinpath("_static/revealjs", name).read_text(encoding="utf-8")
        # The theme would load a font that is not ours to show: the slides use the system's.
        target.write_text(_FONT.sub("", text), encoding="utf-8")
    for number, (title, found) in made.items():
        (folder / f"{number}.html").write_text(deck(title, found), encoding="utf-8")


def deck(title: str, found: list[Slide]) -> str:
    """One deck as an HTML page."""
    body = "\n".join(
        f"<section><h2>{escape(slide.heading)}</h2>{slide.shows}"
        f'<aside class="notes">{"".join(f"<p>{escape(said)}</p>" for said in slide.says)}</aside></section>'
        for slide in found
    )
    styles = "".join(f'<link rel="stylesheet" href="reveal/{name}">' for name in _REVEAL[:3])
    scripts = "".join(f'<script src="reveal/{name}"></script>' for name in _REVEAL[3:])
    start = (
        "Reveal.initialize({ hash: true, width: 1180, height: 760, margin: 0.04, center: false, "
        "slideNumber: true, transition: 'none', plugins: [RevealNotes] });"
    )
    return (
        '<!DOCTYPE html>\n<html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>{escape(title)}</title>{styles}<style>{_STYLE}</style></head>\n"
        f'<body><div class="reveal"><div class="slides">\n{body}\n</div></div>\n'
        f"{scripts}<script>{start}</script></body></html>\n"
    )


class Deck(nodes.General, nodes.Element):
    """A link to a deck: `number`, `title`."""


class Slides(SphinxDirective):
    """A list of the decks; the body is what a forge shows in its place."""

    has_content = True
    option_spec: ClassVar[dict[str, Any]] = {}

    def run(self) -> list[nodes.Node]:
        """One link a lesson."""
        lessons = filter(None, map(_LESSON.fullmatch, sorted(self.env.found_docs)))
        return [Deck(number=found[1], title=found[2].replace("_", " ")) for found in lessons]


def _open_deck(writer: Any, node: Deck) -> None:
    source = address(writer, f"{PLACE}/{node['number']}.html")
    words = f"Lesson {int(node['number'])}: {node['title']}"
    writer.body.append(f'<p><a class="reference external" href="{source}">{escape(words)}</a></p>')
