from __future__ import annotations

from html.parser import HTMLParser
from pathlib import Path

import pytest

from mqsim.errors import UsageError
from mqsim.report import report_html, summary_tables, verdict, write_report
from mqsim.trace.timeline import timeline_of
from tests.report.standin import HandmadeResult
from tests.viz.handmade import Handmade

VOID = {"meta", "br", "img", "input", "link", "hr"}


class Page(HTMLParser):
    """Reads a page: what is open, which texts stand in which tags, which attributes there are."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.texts: list[tuple[str, str]] = []
        self.attributes: list[tuple[str, str, str]] = []
        self.feed(text)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.attributes += [(tag, name, value or "") for name, value in attrs]
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.attributes += [(tag, name, value or "") for name, value in attrs]

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        if data.strip():
            self.texts.append((self.open[-1] if self.open else "", data.strip()))

    def of(self, tag: str) -> list[str]:
        return [text for where, text in self.texts if where == tag]


@pytest.fixture
def page() -> Page:
    return Page(report_html(HandmadeResult()))


def test_every_tag_is_closed_and_the_parts_are_there(page: Page) -> None:
    assert page.open == []
    assert page.of("h1") == ["two workers die"]
    assert page.of("h2") == [
        "Numbers",
        "Checks",
        "Who worked when",
        "Queue depth",
        "Arrivals against completions",
        "How long messages waited",
        "The way of the messages",
        "Faults",
        "Timeline",
        "Scenario",
        "Run it again",
    ]


def test_it_needs_nothing_from_elsewhere(page: Page) -> None:
    assert "script" not in {tag for tag, _, _ in page.attributes}
    for tag, name, value in page.attributes:
        if name in ("src", "href", "xlink:href"):
            assert value.startswith("#"), (tag, name, value)
    styles = " ".join(page.of("style"))
    assert "@import" not in styles
    assert "url(http" not in styles


def test_inner_names_are_unique_and_found(page: Page) -> None:
    names = [value for _, name, value in page.attributes if name == "id"]
    assert len(names) == len(set(names))
    used = {value[1:] for _, name, value in page.attributes if name in ("href", "xlink:href")}
    assert used <= set(names)


def test_the_verdict_counts_what_the_tables_count(page: Page) -> None:
    # By hand: three of seven were finished and acknowledged, two lost, one is with a worker and one waits.
    assert page.of("p")[0].startswith(
        "3 of 7 messages were worked to the end; 2 lost; 2 still under way at the end."
    )


def test_tables_can_be_read_aloud(page: Page) -> None:
    scopes = [value for tag, name, value in page.attributes if (tag, name) == ("th", "scope")]
    assert set(scopes) == {"col", "row"}
    assert len(page.of("caption")) >= 4
    assert {"web-1", "worker-1", "tasks", "dead"} - {"web-1"} <= set(page.of("th"))


def test_figures_have_words(page: Page) -> None:
    labels = [value for tag, name, value in page.attributes if (tag, name) == ("svg", "aria-label")]
    # Lanes, depth, arrivals and completions, the wait in the one queue that was worked on, the seven ways.
    assert len(labels) == 5
    assert labels == page.of("figcaption")


def test_figures_take_ink_and_paper_from_the_page() -> None:
    text = report_html(HandmadeResult())
    assert "prefers-color-scheme: dark" in text
    assert "fill: var(--ink)" in text
    svg = text[text.index("<svg") :]
    assert "#1c2024" not in svg
    assert "#fdfdfc" not in svg


def test_a_broken_check_shows_its_records(page: Page) -> None:
    states = [
        text for where, text in page.texts if where == "span" and text in ("holds", "BROKEN", "not exercised")
    ]
    assert len(states) == 5
    assert "BROKEN" in states
    assert any("that prove" in text for text in page.of("summary"))


def test_the_timeline_is_the_story(page: Page) -> None:
    lines = [str(line) for line in timeline_of(HandmadeResult().trace)]
    assert f"All {len(lines)} lines" in page.of("summary")
    assert "\n".join(lines).strip() in page.of("pre")


def test_a_long_timeline_is_cut_and_says_so() -> None:
    made = Handmade(1000.0)
    made.producer("web-1")
    for number in range(300):
        made.message("web-1", number, "tasks", float(number), 0)
    page = Page(report_html(HandmadeResult(trace=made.trace)))
    assert "The first 200 lines" in page.of("summary")
    shown = next(text for text in page.of("pre") if "publishes" in text)
    assert len(shown.splitlines()) == 201


def test_names_from_outside_are_escaped() -> None:
    text = report_html(HandmadeResult(name='<script>alert("x")</script> & more'))
    assert "<script" not in text
    assert "&lt;script&gt;" in text
    assert "Nobody asked &lt;for&gt; this." in text
    page = Page(text)
    assert page.of("h1") == ['<script>alert("x")</script> & more']


def test_the_same_run_gives_the_same_page() -> None:
    assert report_html(HandmadeResult()) == report_html(HandmadeResult())


def test_how_to_run_it_again(page: Page) -> None:
    assert "mqsim run scenario.yaml --seed 42" in page.of("pre")


def test_it_is_written_whole_and_replaces_the_old(tmp_path: Path) -> None:
    target = tmp_path / "report.html"
    target.write_text("old")
    assert write_report(HandmadeResult(), target) == target
    assert target.read_text(encoding="utf-8") == report_html(HandmadeResult())
    assert list(tmp_path.iterdir()) == [target]


def test_a_failed_rename_leaves_the_old_report_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    target = tmp_path / "report.html"
    target.write_text("old")

    def refuse(self: Path, other: Path) -> Path:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "replace", refuse)
    with pytest.raises(UsageError, match="No space left on device"):
        write_report(HandmadeResult(), target)
    assert target.read_text() == "old"
    assert list(tmp_path.iterdir()) == [target]


def test_an_interrupt_while_writing_leaves_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def half(self: Path, text: str, **options: str) -> int:
        with self.open("w") as file:
            file.write(text[: len(text) // 2])
        assert self.exists()
        raise KeyboardInterrupt

    monkeypatch.setattr(Path, "write_text", half)
    with pytest.raises(KeyboardInterrupt):
        write_report(HandmadeResult(), tmp_path / "report.html")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("where", "words"), [("missing/report.html", "There is no folder"), (".", "is a folder")]
)
def test_an_impossible_place_is_told_before_any_work(tmp_path: Path, where: str, words: str) -> None:
    with pytest.raises(UsageError, match=words):
        write_report(HandmadeResult(), tmp_path / where)


def test_numbers_in_tables_are_the_summary() -> None:
    summary = HandmadeResult().summary()
    tables = {table.title: table for table in summary_tables(summary)}
    messages = tables["What became of the messages"]
    row = dict(zip(messages.columns, messages.rows[0], strict=True))
    assert row == {
        "queue": "tasks",
        "created": "6",
        "acked": "3",
        "lost": "2",
        "unfinished": "1",
        "redelivered": "1",
        "duplicates": "0",
    }
    consumers = tables["Consumers"]
    assert [(one[0], one[3]) for one in consumers.rows] == [
        ("worker-1", "30.0%"),
        ("worker-2", "55.0%"),
        ("worker-3", "60.0%"),
    ]


def test_many_consumers_are_told_by_group() -> None:
    summary = HandmadeResult().summary()
    table = summary_tables(summary, most_consumers=2)[3]
    assert table.columns[0] == "consumers"
    assert [row[0] for row in table.rows] == ["worker"]


def test_an_empty_run_has_a_page() -> None:
    made = Handmade(1.0)
    page = Page(report_html(HandmadeResult(trace=made.trace)))
    assert "No message was created." in page.of("p")
    assert "Nothing happened." in page.of("p")


def test_verdict_of_a_run_without_harm() -> None:
    summary = {
        "flows": {"count": 3, "finished": 3},
        "messages": dict.fromkeys(
            ("lost", "dropped", "expired", "rejected", "unroutable", "refused", "unfinished"), 0
        )
        | {"dead-lettered": 0, "created": 3},
        "queues": {"tasks": {"duplicates": 1}},
        "window": {"start": 5.0},
    }
    assert verdict(summary, ["order_kept"]) == (
        "All 3 messages that came after the first 5 s were worked to the end; none was lost; "
        "work was done again 1 time. Failed check: order kept."
    )


def test_verdict_says_copies_where_a_message_has_several() -> None:
    """Of three messages and their forwards one copy was lost, and its work done again."""
    counts = dict.fromkeys(("dropped", "expired", "rejected", "unroutable", "refused", "unfinished"), 0)
    summary = {
        "flows": {"count": 3, "finished": 3},
        "messages": counts | {"dead-lettered": 0, "created": 7, "lost": 1},
        "queues": {"d": {"duplicates": 0}},
        "window": {"start": 0.0},
    }
    assert verdict(summary) == "All 3 messages were worked to the end; 1 copy lost."
