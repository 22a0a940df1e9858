"""The page about a graded submission, in a browser: it fits a telephone, and shows what a student needs."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from mqsim.grading.reports.html import page, pages
from mqsim.grading.reports.summary import Summary
from mqsim.grading.verdict import CheckVerdict, Example, Searched, State, Verdict

if TYPE_CHECKING:
    from pathlib import Path

    from tests.browser.conftest import OpenWindow

pytestmark = pytest.mark.xdist_group("browser")

LINE = f"    3.007000  broker      {'has a long thing to say about a message ' * 4}"
REPLAY = f"mqsim exercise replay 04_survive_worker_crash 2.17 {'handed-in/' * 12} --sandbox"
SEARCHED = Searched("consumer killed at every point", 46, 50, 44, 11, 15)
CHECKS = (
    CheckVerdict("effects", "Every task is in `the ledger`.", State.PASSED, 4, 4),
    CheckVerdict(
        "nothing_lost",
        "Nothing is lost.",
        State.FAILED,
        0,
        6,
        '"a." is lost.',
        (SEARCHED,),
        Example((LINE,), "", REPLAY),
    ),
)
VERDICT = Verdict(
    "04_survive_worker_crash", "a_submission_with_a_long_name_" * 3, CHECKS, 10, 3, State.FAILED
)


@pytest.mark.parametrize("width", [390, 1200])
@pytest.mark.parametrize("text", [page(VERDICT), pages([VERDICT], Summary.of([VERDICT]))])
def test_it_fits_its_window_and_nothing_is_cut_off(
    width: int, text: str, tmp_path: Path, open_window: OpenWindow
) -> None:
    path = tmp_path / "grades.html"
    path.write_text(text, encoding="utf-8")
    opened = open_window(size=(width, 800)).open(path)
    opened.evaluate("document.querySelectorAll('details').forEach(one => one.open = true)")
    assert opened.evaluate("document.documentElement.scrollWidth") <= width
    assert opened.evaluate("[...document.querySelectorAll('pre')].every(e => e.scrollWidth <= e.clientWidth)")
    cell = opened.locator("td:last-child").nth(1).bounding_box()
    assert cell is not None
    assert cell["width"] > 0.4 * width
    assert opened.locator("td code").first.inner_text() == "the ledger"
    # The space between a check's sentence and what was searched.
    says = opened.locator("td:last-child").nth(1).inner_text()
    assert "Nothing is lost.\n" in says
    assert "46 points found, 35 run, 11 skipped, 15 more run with a second crash" in says
