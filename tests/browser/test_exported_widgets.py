"""Explorers, predictions and replays on pages of their own: what was made beforehand is what a run gives."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

import mqsim as mq
from mqsim.errors import UsageError
from tests.browser.shown import REPLAY, go, mirrored, ready

if TYPE_CHECKING:
    from pathlib import Path

    from tests.browser.conftest import OpenWindow

pytestmark = pytest.mark.xdist_group("browser")

EXPLORER = "[data-testid=mq-explore]"


def test_each_position_of_an_explorer_shows_its_own_run(open_window: OpenWindow, tmp_path: Path) -> None:
    scenario = mq.load("fair-dispatch")
    explorer = mq.explore(scenario, {"workers": (1, 3), "prefetch": [0, 1]})
    page = open_window().open(explorer.to_html(tmp_path / "explorer.html"))
    page.wait_for_selector(f"{EXPLORER}[data-shown]")
    assert "6 runs were made beforehand" in page.inner_text("body")
    slider, choice = page.locator("input[type=range]"), page.locator("select")
    for place, workers in enumerate((1, 2, 3)):
        slider.fill(str(place))
        for option, prefetch in enumerate((0, 1)):
            choice.select_option(str(option))
            run = mq.simulate(
                scenario.with_(
                    {"consumers.worker.count": workers, "consumers.worker.prefetch": prefetch},
                )
            )
            shown = page.locator("tr[data-quantity='wait.mean'] .simulated").inner_text()
            assert float(shown.split()[0]) == pytest.approx(
                run.summary()["queues"]["tasks"]["wait"]["mean"], rel=1e-3
            )


def test_an_explorer_goes_back_to_its_scenario(open_window: OpenWindow, tmp_path: Path) -> None:
    explorer = mq.explore("task-queue", {"workers": (1, 12)})
    page = open_window(theme="dark").open(explorer.to_html(tmp_path / "explorer.html", runs=4))
    page.wait_for_selector(f"{EXPLORER}[data-shown]")
    assert "4 runs were made beforehand" in page.inner_text("body")
    before = page.locator(".numbers").inner_text()
    page.locator("input[type=range]").fill("3")
    assert page.locator(".numbers").inner_text() != before
    page.get_by_role("button", name="Reset").click()
    assert page.locator(".numbers").inner_text() == before


def test_too_many_positions_are_refused() -> None:
    explorer = mq.explore("task-queue", {"workers": list(range(1, 30)), "prefetch": list(range(30))})
    with pytest.raises(UsageError, match="vary fewer fields"):
        explorer.html()
    with pytest.raises(UsageError, match="from 1 to 500"):
        explorer.html(runs=0)


def test_a_prediction_keeps_its_answer_until_there_is_a_guess(
    open_window: OpenWindow, tmp_path: Path
) -> None:
    question = mq.predict("How many are lost?", choices=[0, 1, 2])
    page = open_window().open(question.to_html(tmp_path / "question.html", 2, because="Both were sent."))
    page.wait_for_selector("fieldset")
    assert "Both were sent" not in page.inner_text("body")
    page.get_by_label("1", exact=True).check()
    assert "You said: 1. The answer: 2. Both were sent." in page.inner_text("body")
    number = mq.predict("How long?", unit="s").to_html(tmp_path / "number.html", 7.5)
    page = open_window().open(number)
    page.locator("input[type=number]").fill("7")
    page.get_by_role("button", name="Keep my guess").click()
    assert "You said 7 s; it is 7.5 s." in page.inner_text("body")


def test_a_worker_can_be_crashed_on_a_page(open_window: OpenWindow, tmp_path: Path) -> None:
    run = mq.simulate(mq.load("worker-crash").with_({"consumers.worker.ack": "auto", "faults": []}))
    page = open_window().open(run.replay().to_html(tmp_path / "replay.html", crashes=5))
    ready(page)
    # Six tasks and two workers: 6 s, so that the moments are 1, 2, ... 5 s; 2.8 s is nearest to 3 s.
    go(page, 2.8)
    page.get_by_test_id("worker-worker-1").click()
    assert page.get_by_test_id("kind-hang").is_hidden()
    page.get_by_test_id("rerun").click()
    page.wait_for_selector(f"{REPLAY}[data-loaded='2']")
    crash = [{"crash": "worker-1", "at": 3.0}]
    crashed = mq.simulate(run.scenario.with_({"faults": crash}))
    go(page, 6.0)
    assert mirrored(page)["lost"] == int((crashed.messages.outcome == "lost").sum()) > 0


def test_crashes_need_a_worker_and_a_number_that_fits() -> None:
    replay = mq.simulate("task-queue").replay()
    with pytest.raises(UsageError, match="from 1 to 500"):
        replay.html(crashes=501)
