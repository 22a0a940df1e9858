"""Slides made from the lessons: a picture, a program, a list or a claim a slide, and the text as notes.

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
    for question, answer in _QUESTION.findall(source.partition("## Check yourself")[2]):
        shown = f'<p class="mqsim-question">{escape(_plain(question))}</p>'
        shown += f'<p class="fragment">{escape(_plain(answer))}</p>'
        yield Slide("Check yourself", shown, ["Let the class answer before you go on."])


def _of_section(section: nodes.section) -> Iterator[Slide]:
    """The slides of one section and of the sections in it."""
    told = _Telling(section[0].astext())
    for part in section.children[1:]:
        if isinstance(part, nodes.container) and "mqsim-picture" in part["classes"]:
            told.picture(part)
        elif isinstance(part, nodes.paragraph):
            told.paragraph(part)
        elif isinstance(part, nodes.literal_block):
            told.code(part.astext())
        elif isinstance(part, _SHOWN_AS_TEXT):
            told.text(part)
    yield from told.end()
    for inner in section.children[1:]:
        if isinstance(inner, nodes.section):
            yield from _of_section(inner)


_SHOWN_AS_TEXT = nodes.block_quote | nodes.bullet_list | nodes.enumerated_list | nodes.table
_LONG_LIST = 700  # characters; of a longer one a slide shows the first sentences
_LONG_QUESTION = 600
_HEIGHT = 640  # pixels below a heading


class _Telling:
    """One section as it is told: paragraphs wait for what they lead to, and go into its slide's notes."""

    def __init__(self, heading: str) -> None:
        self.heading = heading
        self._made: list[Slide] = []
        self._waiting: list[nodes.paragraph] = []
        self._told: list[str] = []
        self._room = 0.0  # pixels left below the code of the last slide

    def paragraph(self, part: nodes.paragraph) -> None:
        """One that begins the section, has a bold beginning or leads to something gets onto a slide."""
        text = _line(part)
        self._told.append(text)
        if not self._made or self._waiting or _begins_bold(part) or text.endswith(":"):
            self._waiting.append(part)
        else:
            self._made[-1].says.append(text)

    def picture(self, box: nodes.container) -> None:
        """A slide of its own. With a question it shows the text that tells what is asked about."""
        caption = _caption(box)
        asks = "mqsim-predict" in box["classes"]
        lead = self._about() if asks else self._lead()
        if caption and not self._made:
            lead += f'<p class="mqsim-caption">{escape(caption)}</p>'
        shown = _shown(box)
        if asks:
            shown = f'<div class="mqsim-ask">{shown}</div>'
        self._add(self.heading if not self._made or asks else caption or self.heading, lead + shown)

    def code(self, text: str) -> None:
        """A program, or what it prints: on the slide of the block before, where there is room."""
        shown, height = _block(text.splitlines(), _HEIGHT)
        if not self._waiting and height <= self._room:
            self._made[-1].shows += shown
            self._room -= height
            return
        lead = self._lead()
        room = _HEIGHT - 80 * len(self._waiting)
        shown, height = _block(text.splitlines(), room)
        self._add(self.heading, lead + shown)
        self._room = room - height

    def text(self, part: nodes.Element) -> None:
        """A quotation, a list or a table."""
        self._add(self.heading, self._lead() + _as_text(part))
        self._made[-1].says += _said(part)

    def end(self) -> list[Slide]:
        """All slides; what still waits gets one."""
        if self._waiting or not self._made:
            lead = re.sub(r":(</p>)$", r".\1", self._lead())
            self._add(self.heading, lead)
        return self._made

    def _add(self, heading: str, shows: str) -> None:
        self._made.append(Slide(heading, shows, [_line(part) for part in self._waiting]))
        self._waiting = []
        self._room = 0.0

    def _about(self) -> str:
        """What a question is about: the section so far, or its last paragraph where that is much."""
        so_far = [text for text in self._told if not text.endswith(":")]
        if len(" ".join(so_far)) > _LONG_QUESTION:
            so_far = so_far[-1:]
        return "".join(f"<p>{escape(text)}</p>" for text in so_far)

    def _lead(self) -> str:
        """The first sentence of each paragraph that waits, and the one that leads to what follows."""
        found = []
        for part in self._waiting:
            first, *others = re.split(r"(?<=[.?!]) ", _line(part))
            shown = f"<b>{escape(first)}</b>" if _begins_bold(part) else escape(first)
            if others and others[-1].endswith(":"):
                shown += f" {escape(others[-1])}"
            found.append(f"<p>{shown}</p>")
        return "".join(found)


def _begins_bold(part: nodes.paragraph) -> bool:
    return bool(part.children) and isinstance(part[0], nodes.strong)


def _line(part: nodes.Element) -> str:
    return " ".join(part.astext().split())


def _block(lines: list[str], room: float) -> tuple[str, float]:
    """Code as large as the slide allows, and its height in pixels; what is too wide is wrapped."""
    size = max(15, min(21, 1150 / (0.605 * max(map(len, lines)))))
    wrapped = sum(1 + int(len(line) * 0.605 * size / 1150) for line in lines)
    size = max(11, min(size, (room - 28) / (1.3 * wrapped)))
    return (
        f'<pre style="font-size: {size:.1f}px">{escape(chr(10).join(lines))}</pre>',
        1.3 * wrapped * size + 28,
    )


def _as_text(part: nodes.Element) -> str:
    if isinstance(part, nodes.table):
        return _table(part)
    if isinstance(part, nodes.block_quote):
        said = "".join(f"<p>{escape(_line(inner))}</p>" for inner in part.children)
        return f"<blockquote>{said}</blockquote>"
    items = list(_said(part))
    if sum(map(len, items)) > _LONG_LIST:
        items = [re.split(r"(?<=[.?!]) ", item, maxsplit=1)[0] for item in items]
    name = "ol" if isinstance(part, nodes.enumerated_list) else "ul"
    return f"<{name}>{''.join(f'<li>{escape(item)}</li>' for item in items)}</{name}>"


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
    return [" ".join(item.astext().split()) for item in part.children]


def _table(found: nodes.table) -> str:
    """Large ones in smaller letters."""
    rows = [[escape(cell.astext()) for cell in row.children] for row in found.findall(nodes.row)]
    large = len(rows) > 6 or max(len(" ".join(row)) for row in rows) > 160
    return (
        f"<table{' class=mqsim-large' if large else ''}>"
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
.reveal .slides > section { height: 100%; flex-direction: column; padding: 8px 0; }
.reveal .slides > section > * { flex: 0 0 auto; margin: 0 0 12px; width: auto; box-sizing: border-box; }
.reveal .slides > section > aside { display: none; }
.reveal .slides > section > ul, .reveal .slides > section > ol { padding-left: 1.4em; }
.reveal li { margin-bottom: 8px; }
.reveal blockquote { font-size: 1.3em; font-style: italic; padding: 12px 24px; box-shadow: none; }
.reveal blockquote { border-left: 5px solid #1d63b8; }
.reveal table.mqsim-large td { font-size: .72em; }
.reveal pre { padding: 8px 12px; background: #f4f5f7; box-shadow: none; line-height: 1.3; }
.reveal pre { white-space: pre-wrap; }
.reveal .slide-number { right: auto; left: 8px; font-size: 20px; }
.reveal p.mqsim-caption { color: #50565c; }
.reveal p.mqsim-question { font-size: 1.2em; }
.reveal .slides > section > iframe { flex: 1 1 0; width: 100%; min-height: 0; max-height: none; border: 0; }
/* A question is read from the last row: its page is shown twice as large. */
.reveal .slides > section > .mqsim-ask { flex: 1 1 0; min-height: 0; position: relative; }
.reveal .mqsim-ask iframe { position: absolute; width: 50%; height: 50%; border: 0; }
.reveal .mqsim-ask iframe { max-width: none; max-height: none; transform: scale(2); transform-origin: 0 0; }
.reveal .slides > section > img { flex: 0 1 auto; width: 100%; min-height: 0; object-fit: contain; }
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
        "slideNumber: true, transition: 'none', display: 'flex', plugins: [RevealNotes] });"
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
