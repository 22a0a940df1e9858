"""End to end in JupyterLab: a notebook with a replay, values read back in Python, an intervention by hand."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

import mqsim as mq
from tests.browser import chromium
from tests.browser.shown import REPLAY, counted, data, go, mirrored, number, ready

if TYPE_CHECKING:
    from collections.abc import Iterator

    from playwright.sync_api import Browser, Page

    from tests.browser.lab import Lab

pytestmark = pytest.mark.xdist_group("browser")

CELLS = [
    "import mqsim as mq\nreplay = mq.simulate('worker-crash').replay()\nreplay",
    "print(replay.t, replay.playing, replay.follow, len(replay.traces))\nprint(replay.labels[-1])",
]


@pytest.fixture(scope="module")
def page(browser: Browser, jupyterlab: Lab) -> Iterator[Page]:
    """The notebook, run, with its replay drawn."""
    jupyterlab.write("replay.ipynb", CELLS)
    here = (jupyterlab.url, jupyterlab.url.replace("http", "ws", 1))
    with chromium.window(browser, size=(1200, 900), allowed=here) as window:
        jupyterlab.open(window.page, "replay.ipynb")
        ready(window.page)
        yield window.page
        assert window.asked == []


def test_it_shows_the_run_and_python_can_move_it(page: Page, jupyterlab: Lab) -> None:
    result = mq.simulate("worker-crash")
    for t in (1.0, 3.5, 9.0):
        go(page, t)
        assert mirrored(page) == counted(result, t)


def test_the_kernel_learns_where_the_reader_is(page: Page, jupyterlab: Lab) -> None:
    page.get_by_test_id("time").focus()
    page.keyboard.press("Home")
    for _ in range(14):
        page.keyboard.press("ArrowRight")
    page.wait_for_timeout(300)
    page.get_by_test_id("follow").click()
    page.wait_for_timeout(300)
    t, follow = number(page, "t"), data(page, "follow")
    assert follow != "-1"
    said = jupyterlab.run_last(page).split("\n")[0]
    assert said == f"{t} False {follow} 1"
    page.get_by_test_id("follow").click()


def test_the_notebook_does_not_take_the_keys(page: Page) -> None:
    """Lab's own shortcuts (arrows go from cell to cell, space scrolls) stay out of the replay."""
    cell = "() => window.jupyterapp.shell.currentWidget.content.activeCellIndex"
    page.get_by_test_id("time").focus()
    before = page.evaluate(cell)
    page.keyboard.press("Home")
    for _ in range(4):
        page.keyboard.press("ArrowRight")
    page.wait_for_timeout(200)
    assert number(page, "step") == 3
    assert page.evaluate(cell) == before


def test_an_intervention_by_hand_runs_the_model_again(page: Page, jupyterlab: Lab) -> None:
    go(page, 5.0)
    page.get_by_test_id("worker-worker-2").focus()
    page.keyboard.press("Enter")
    page.get_by_test_id("kind-crash").click()
    page.get_by_test_id("seconds").fill("2")
    page.get_by_test_id("rerun").click()
    page.wait_for_selector(f"{REPLAY}[data-loaded='2'][data-which='1']")
    assert number(page, "t") == 5.0
    known = mq.load("worker-crash")
    again = mq.simulate(known.with_({"faults.1": {"crash": "worker-2", "at": 5, "restart_after": 2}}))
    for t in (5.0, 6.0, 9.5):
        go(page, t)
        assert mirrored(page) == counted(again, t)
    _, label = jupyterlab.run_last(page).split("\n")
    assert label == "crash of worker-2 at 5 s"


def test_a_refused_intervention_says_why(page: Page) -> None:
    page.locator(REPLAY).evaluate(
        "one => one.player.intervene({ kind: 'crash', who: 'nobody-1', at: 1, more: {} })"
    )
    notice = page.get_by_test_id("notice")
    page.wait_for_function(
        "() => document.querySelector('.mqsim-replay .notice').textContent.includes('nobody-1')"
    )
    assert "did not take part" in notice.inner_text()


def test_it_follows_the_lab_into_the_dark(page: Page) -> None:
    assert data(page, "theme") == "light"
    page.evaluate("window.jupyterapp.commands.execute('apputils:change-theme', {theme: 'JupyterLab Dark'})")
    page.wait_for_function("() => document.querySelector('.mqsim-replay').dataset.theme === 'dark'")
