"""The course as a site, built with warnings as errors and opened from its files: nothing is cut off or
complains, nothing asks the network, and what plays plays to its end.
"""

from __future__ import annotations

import re
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from tests.browser import chromium
from tests.documents.pages import ROOT
from tests.outside import missing

if TYPE_CHECKING:
    from pathlib import Path

    from playwright.sync_api import Page

    from tests.browser.conftest import OpenWindow

pytestmark = pytest.mark.xdist_group("browser")

FRONT = "docs/index.html"
LESSON_5 = "lessons/05_reliability_and_order.html"


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The site, built anew."""
    if not chromium.available():
        missing(chromium.INSTALL_HINT)
    target = tmp_path_factory.mktemp("site")
    command = [sys.executable, "-m", "sphinx", "-W", "--keep-going", "-q", "-c", "docs", ".", str(target)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, encoding="utf-8", check=False)
    assert done.returncode == 0, done.stderr[-4000:]
    return target


def pages(site: Path) -> list[Path]:
    """All pages; the door, which only leads to the front page, is tried apart."""
    found = [path for path in site.rglob("*.html") if not {"_static", "_pictures"} & set(path.parts)]
    return sorted(path for path in found if path != site / "index.html")


@pytest.mark.parametrize(("theme", "width"), [("light", 1280), ("dark", 390)])
def test_every_page_is_whole_and_asks_for_nothing(
    site: Path, open_window: OpenWindow, theme: str, width: int
) -> None:
    window = open_window(size=(width, 900), theme=theme, allowed=(site.as_uri(),))
    wide = []
    for path in pages(site):
        window.page.goto(path.as_uri())
        window.page.wait_for_load_state("load")
        over = window.page.evaluate("document.documentElement.scrollWidth - innerWidth")
        if over > 0:
            wide.append(f"{path.relative_to(site)}: {over} pixels too wide")
        if path.parent.name != "slides":  # which are light, for a projector
            assert window.page.evaluate("document.documentElement.dataset.theme") == theme
    assert wide == []
    assert len(pages(site)) > 60


def test_every_slide_fits_and_a_vote_is_read_from_the_last_row(site: Path, open_window: OpenWindow) -> None:
    page = open_window(size=(1280, 720), allowed=(site.as_uri(),)).page
    tall = []
    for path in sorted((site / "slides").glob("*.html")):
        page.goto(path.as_uri())
        page.wait_for_function("window.Reveal && Reveal.isReady()")
        over = page.evaluate(
            """() => Array.from({ length: Reveal.getTotalSlides() }, (_, place) => {
              Reveal.slide(place);
              const slide = Reveal.getCurrentSlide();
              return slide.scrollHeight - slide.clientHeight;
            })"""
        )
        tall += [f"{path.stem}/{place + 1}: {pixels}" for place, pixels in enumerate(over) if pixels > 2]
    assert tall == []
    page.goto((site / "slides" / "05.html").as_uri() + "#/2")
    choice = page.frame_locator(".present .mqsim-ask iframe").locator("label").first
    choice.wait_for()
    frame = page.locator(".present .mqsim-ask iframe").first
    scale = frame.evaluate("(one) => one.getBoundingClientRect().width / one.offsetWidth")
    size = choice.evaluate("(one) => parseFloat(getComputedStyle(one).fontSize)")
    assert scale * size >= 24


def framed(page: Page, place: int) -> Page:
    """The page inside a frame, once it is there."""
    frame = page.locator("iframe.mqsim-frame").nth(place)
    frame.scroll_into_view_if_needed()
    inside = frame.element_handle().content_frame()
    assert inside is not None
    inside.wait_for_load_state("load")
    return inside  # type: ignore[return-value]


def test_the_front_page_plays_and_counts_crash_points(site: Path, open_window: OpenWindow) -> None:
    page = open_window(allowed=(site.as_uri(),)).page
    page.goto((site / "index.html").as_uri())
    page.wait_for_url("**/docs/index.html")
    assert "make lab" in page.inner_text("main")
    said = re.search(r"loses tasks at (\d+) of (\d+) crash points", page.inner_text("main"))
    assert said is not None
    shown = (ROOT / "README.md").read_text("utf-8")
    assert f"{said[2]} crash points" in shown
    assert f"{said[1]} lose messages" in shown
    inside = framed(page, 0)
    inside.wait_for_selector("[data-testid=replay][data-loaded]")
    replay = inside.locator("[data-testid=replay]")
    replay.evaluate("(one) => { one.player.play(); for (let k = 0; k < 400; k++) one.player.advance(0.1); }")
    assert replay.get_attribute("data-acknowledged") == "6"


def test_a_frame_is_as_high_as_its_page_and_as_dark(site: Path, open_window: OpenWindow) -> None:
    page = open_window(theme="dark", allowed=(site.as_uri(),)).page
    page.goto((site / LESSON_5).as_uri())
    inside = framed(page, 1)
    inside.wait_for_selector("[data-testid=replay][data-theme=dark]")
    high = inside.evaluate("document.body.scrollHeight")
    page.wait_for_function(
        "([place, high]) => document.querySelectorAll('.mqsim-frame')[place].clientHeight >= high",
        arg=[1, high],
    )


def test_a_prediction_is_answered_by_the_run(site: Path, open_window: OpenWindow) -> None:
    page = open_window(allowed=(site.as_uri(),)).page
    page.goto((site / LESSON_5).as_uri())
    inside = framed(page, 0)
    inside.get_by_label("1", exact=True).check()
    assert "You said: 1. The answer: 2." in inside.inner_text("body")


@pytest.mark.parametrize("body", ["hello", "grüße"])
def test_a_readers_own_message_has_the_bytes_that_libraries_write(
    site: Path, open_window: OpenWindow, body: str
) -> None:
    from pamqp import body as content
    from pamqp import commands, frame, header

    page = open_window(allowed=(site.as_uri(),)).page
    page.goto((site / "lessons/07_protocols.html").as_uri())
    inside = framed(page, 1)
    inside.fill("#body", body)
    inside.fill("#to", "jobs")
    text = body.encode()
    parts = [
        commands.Basic.Publish(exchange="", routing_key="jobs"),
        header.ContentHeader(body_size=len(text), properties=commands.Basic.Properties(delivery_mode=2)),
        content.ContentBody(text),
    ]
    expected = {
        "AMQP": b"".join(frame.marshal(part, 1) for part in parts),
        "MQTT": bytes([0x30, 6 + len(text), 0, 4]) + b"jobs" + text,
        "STOMP": b"SEND\ndestination:jobs\ncontent-type:text/plain\n\n" + text + b"\0",
    }
    for name, wire in expected.items():
        assert inside.inner_text(f"[data-wire={name}]") == wire.hex(" ")


def test_search_finds_a_word_without_a_network(site: Path, open_window: OpenWindow) -> None:
    page = open_window(allowed=(site.as_uri(),)).page
    page.goto((site / "search.html").as_uri() + "?q=prefetch")
    page.wait_for_selector("#search-results li a:has-text('Fair dispatch')")
