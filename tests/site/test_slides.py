"""Slides hold what the lesson holds; words of the glossary are linked once."""

from __future__ import annotations

import re
from html import escape, unescape
from typing import TYPE_CHECKING

import pytest
from docutils import nodes
from docutils.core import publish_doctree
from docutils.parsers.rst import Directive, directives
from docutils.utils import new_document
from mqsim_site import glossary, slides
from mqsim_site.frames import Frame
from myst_parser.parsers.docutils_ import Parser
from sphinx.util.docutils import docutils_namespace

from tests.documents.pages import ROOT, rows

if TYPE_CHECKING:
    from collections.abc import Iterator

SOURCE = "## Check yourself\n\n1. Why `ack`?\n   <details><summary>Answer</summary>*So.*</details>\n"


def section(heading: str, *parts: nodes.Node) -> nodes.section:
    found = nodes.section("", nodes.title("", heading))
    found += list(parts)
    return found


def said(text: str) -> nodes.paragraph:
    return nodes.paragraph("", text)


def picture(caption: str, kind: str = "replay") -> nodes.container:
    box = nodes.container(classes=["mqsim-picture", f"mqsim-{kind}"])
    box += [nodes.paragraph("", caption), Frame(file="a.html", title="A run", height=100)]
    return box


def lesson(*sections: nodes.section) -> nodes.document:
    document = new_document("lesson")
    document += section("5. Reliability", said("After this lesson you can say yes · say no."), *sections)
    return document


def test_each_picture_idea_and_question_has_a_slide_with_its_notes() -> None:
    look = section("Look first", said("Watch the worker."), picture("It crashes"), said("It lost two."))
    page = lesson(look, section("An idea", said("One. Two.")), section("Check yourself"))
    title, crash, idea, question = slides.slides(page, SOURCE)
    assert "<li>say yes</li><li>say no</li>" in title.shows
    assert crash.heading == "Look first"
    assert "<p>Watch the worker.</p>" in crash.shows
    assert "It crashes</p><iframe" in crash.shows
    assert 'data-src="../_pictures/a.html"' in crash.shows
    assert crash.says == ["Watch the worker.", "It lost two."]
    assert (idea.heading, idea.says) == ("An idea", ["One. Two."])
    assert "<p>One.</p>" in idea.shows
    assert question.heading == "Check yourself"
    assert 'Why ack?</p><p class="fragment">So.</p>' in question.shows


def test_a_question_stands_below_what_it_is_about() -> None:
    rates = said("Ten come each second. Three are packed.")
    look = section("Look", rates, nodes.literal_block("", "a: 1"), picture("", "predict"))
    _, program, vote = slides.slides(lesson(look), "")
    assert ">a: 1</pre>" in program.shows
    assert "<p>Ten come each second. Three are packed.</p>" in vote.shows


def test_a_program_and_what_it_prints_share_a_slide_where_there_is_room() -> None:
    short, long = nodes.literal_block("", "print(1)"), nodes.literal_block("", "x\n" * 40)
    _, both, alone = slides.slides(lesson(section("S", short, short.deepcopy(), long)), "")
    assert both.shows.count("<pre") == 2
    assert alone.shows.count("<pre") == 1


# -- all lessons ---------------------------------------------------------------------------------------------


class Stub(Directive):
    """A picture that is not drawn: its box, its caption and an empty frame."""

    has_content = True
    optional_arguments = 1
    final_argument_whitespace = True
    option_spec = None

    def run(self) -> list[nodes.Node]:
        return [picture(*self.arguments[:1] or ("",), kind=self.name)]


@pytest.fixture(scope="module")
def decks() -> dict[str, tuple[str, str]]:
    """By lesson: its Markdown, and its deck as HTML with pictures that are not drawn."""
    found = {}
    with docutils_namespace():
        for name in ("replay", "compare", "explore", "predict", "wire", "sequence", "own-message"):
            directives.register_directive(name, Stub)
        for path in sorted((ROOT / "lessons").glob("[0-9]*.md")):
            text = re.sub(
                r"(?<!!)\[([^]\n]+)\]\([^)]+\)", r"\1", path.read_text("utf-8")
            )  # only Sphinx follows links
            settings = {"report_level": 5, "doctitle_xform": False, "myst_suppress_warnings": ["myst"]}
            page = publish_doctree(text, parser=Parser(), settings_overrides=settings)  # type: ignore[arg-type]
            found[path.stem] = (text, slides.deck(path.stem, list(slides.slides(page, text))))
    return found


def bare(text: str) -> str:
    """Letters and figures alone: no markup, and one blank for whatever stands between two words."""
    return " ".join(re.findall(r"\w+", unescape(text).replace("_", " ")))


def prose(text: str) -> str:
    """A page without its blocks and without its questions."""
    return re.sub(r"^```.*?^```$", "", text, flags=re.MULTILINE | re.DOTALL).partition("\n## Check yourself")[
        0
    ]


def test_every_heading_list_item_and_quotation_of_a_lesson_is_in_its_slides(
    decks: dict[str, tuple[str, str]],
) -> None:
    lost, seen = [], 0
    for name, (text, deck) in decks.items():
        headings = {bare(found) for found in re.findall(r"<h2>(.*?)</h2>", deck)}
        lost += [
            f"{name}: {one}"
            for one in re.findall(r"^##+ (.+)$", prose(text), re.M)
            if bare(one) not in headings
        ]
        told = bare(re.sub(r"<[^>]+>", " ", deck))
        items = re.findall(r"^(?:\*|\d\.|>) (.+(?:\n(?: {2,}|> ).+)*)", prose(text), re.M)
        seen += len(items)
        lost += [f"{name}: {item}" for item in items if bare(re.sub("^> ", "", item, flags=re.M)) not in told]
    assert lost == []
    assert len(decks) == 12
    assert seen > 30


def test_every_program_of_a_lesson_is_on_a_slide(decks: dict[str, tuple[str, str]]) -> None:
    for text, deck in decks.values():
        for program in re.findall(r"^```(?:python|yaml)\n(.*?)\n```$", text, re.M | re.S):
            assert escape(program) in deck


def test_every_lesson_ends_with_its_five_questions(decks: dict[str, tuple[str, str]]) -> None:
    for text, deck in decks.values():
        asked = re.findall(r"^\d\. (.+)$", text.partition("## Check yourself")[2], re.M)
        shown = re.findall(r'<p class="mqsim-question">(.+?)</p>', deck)
        assert [bare(one) for one in shown] == [bare(one) for one in asked]


def test_no_slide_leads_to_something_and_then_ends(decks: dict[str, tuple[str, str]]) -> None:
    shown = [
        re.sub(r"<aside.*", "", one, flags=re.S)
        for _, deck in decks.values()
        for one in re.findall(r"<section>(.*?)</section>", deck, re.S)
    ]
    assert [one for one in shown if re.search(r":(</\w+>)*$", one)] == []
    assert [one for one in shown if one.endswith("</h2>")] == []


def test_a_deck_escapes_what_it_says() -> None:
    page = slides.deck("<b>", [slides.Slide("a < b", "<p>shown</p>", ["<i>"])])
    assert "<h2>a &lt; b</h2><p>shown</p>" in page
    assert "<p>&lt;i&gt;</p>" in page
    assert "//" not in page.replace("http-equiv", "")


def test_the_glossary_has_each_word_apart() -> None:
    text = "| word | meaning |\n| --- | --- |\n"
    text += "| durable, persistent | it *survives* |\n| confirm (ack) | yes |\n"
    assert glossary.words(text) == {
        "durable": "it survives",
        "persistent": "it survives",
        "confirm": "yes",
        "ack": "yes",
    }


def shown_in(plan: str) -> Iterator[tuple[str, dict[str, list[int]]]]:
    """Row by row of a plan on the teachers' page: its minutes, and by lesson the slides that it names."""
    page = (ROOT / "lessons" / "teaching" / "README.md").read_text("utf-8")
    text = page.partition(f"\n## {plan}\n")[2].partition("\n## ")[0]
    two = [(row[0], row[1], row[2]) for row in rows(text, "minutes", "in class", "slides")]
    six = [(row[1], row[2], row[3]) for row in rows(text, "class", "minutes", "in class", "slides")]
    for minutes, done, slides_shown in two + six:
        if slides_shown and "exercise 2" not in done:  # there students write for most of the time
            listed = re.findall(r"lesson (\d+): ([\d, ]+)", slides_shown)
            yield minutes, {f"{int(one):02}": [*map(int, found.split(", "))] for one, found in listed}


@pytest.mark.parametrize("plan", ["Two times 90 minutes", "Six times 45 minutes"])
def test_a_plan_names_slides_that_are_there_and_leaves_two_minutes_for_each(
    plan: str, decks: dict[str, tuple[str, str]]
) -> None:
    made = {name[:2]: re.findall("<section>(.*?)</section>", deck, re.S) for name, (_, deck) in decks.items()}
    chosen: dict[str, list[int]] = {}
    for minutes, listed in shown_in(plan):
        begin, _, end = minutes.partition("–")
        time = int(end) - int(begin) if end else sum(map(int, minutes.split(" + ")[1:])) - 5
        assert 2 * sum(map(len, listed.values())) <= time
        chosen |= {one: [*chosen.get(one, []), *found] for one, found in listed.items()}
    assert set(chosen) >= {f"{one:02}" for one in (1, 2, 3, 4, 5, 8, 10)}
    for one, found in chosen.items():
        assert max(found) <= len(made[one]) - 5  # its questions are not counted
        assert all('"mqsim-question"' not in made[one][place - 1] for place in found)
        shown = "".join(made[one][place - 1] for place in found)
        if "<blockquote>" in "".join(made[one]):  # a lesson about a claim: show it, and vote
            assert "<blockquote>" in shown
            assert "mqsim-ask" in shown
