"""Slides hold what the lesson holds; words of the glossary are linked once."""

from __future__ import annotations

from docutils import nodes
from docutils.utils import new_document
from mqsim_site import glossary, slides
from mqsim_site.frames import Frame

SOURCE = "## Check yourself\n\n1. Why `ack`?\n   <details><summary>Answer</summary>*So.*</details>\n"


def lesson() -> nodes.document:
    document = new_document("lesson")
    top = nodes.section("", nodes.title("", "5. Reliability"))
    top += nodes.paragraph("", "After this lesson you can say yes · say no.")
    part = nodes.section("", nodes.title("", "Look first"))
    part += nodes.paragraph("", "Watch the worker.")
    box = nodes.container(classes=["mqsim-picture"])
    box += [nodes.paragraph("", "It crashes"), Frame(file="a.html", title="A run", height=100)]
    part += [box, nodes.paragraph("", "It lost two.")]
    idea = nodes.section("", nodes.title("", "An idea"))
    idea += nodes.paragraph("", "One. Two.")
    check = nodes.section("", nodes.title("", "Check yourself"))
    document += top
    top += [part, idea, check]
    return document


def test_each_picture_idea_and_question_has_a_slide_with_its_notes() -> None:
    title, picture, idea, question = slides.slides(lesson(), SOURCE)
    assert "<li>say yes</li><li>say no</li>" in title.shows
    assert picture.heading == "It crashes"
    assert 'data-src="../_pictures/a.html"' in picture.shows
    assert picture.says == ["Watch the worker.", "It lost two."]
    assert (idea.heading, idea.says) == ("An idea", ["One. Two."])
    assert "<p>One.</p>" in idea.shows
    assert question.heading == "Why ack?"
    assert '<p class="fragment">So.</p>' in question.shows


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
