"""A notebook that was saved and opened again: each widget shows its still picture and says how to wake it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.browser.conftest import OpenWindow
    from tests.browser.lab import Lab

pytestmark = pytest.mark.xdist_group("browser")

CELLS = [
    "import mqsim as mq",
    "mq.simulate('worker-crash').replay()",
    "mq.predict('How many are lost?', choices=[0, 1, 2])",
    "mq.explore('task-queue', vary=['workers'])",
]
STILL = ".mqsim-still"
ERROR = "text=Error displaying widget"


def test_without_its_kernel_a_widget_shows_its_picture(jupyterlab: Lab, open_window: OpenWindow) -> None:
    page = open_window(size=(1300, 1400), allowed=(jupyterlab.url, jupyterlab.url.replace("http", "ws"))).page
    jupyterlab.write("saved.ipynb", CELLS)
    jupyterlab.open(page, "saved.ipynb")
    page.wait_for_selector("[data-testid=mq-explore]", timeout=120_000)
    page.wait_for_function(f"document.querySelectorAll('{STILL}').length === 3", timeout=120_000)
    assert not any(still.is_visible() for still in page.locator(STILL).all())
    page.evaluate("window.jupyterapp.commands.execute('docmanager:save')")
    page.wait_for_function("!window.jupyterapp.shell.currentWidget.context.model.dirty")
    page.evaluate("window.jupyterapp.commands.execute('kernelmenu:shutdown')")

    # The browser's own record of errors is not asked: JupyterLab logs there that it found no model.
    again = page.context.new_page()
    again.goto(f"{jupyterlab.url}/lab/tree/saved.ipynb?reset")
    again.wait_for_selector(ERROR, state="attached", timeout=120_000)
    stills = again.locator(STILL).all()
    assert len(stills) == 3
    for still, what in zip(stills, ("replay", "question", "explorer"), strict=True):
        assert still.is_visible()
        assert f"Run this cell to wake the {what}." in still.inner_text()
        assert "run the cells above it first" in still.inner_text()
    assert not any(each.is_visible() for each in again.locator(ERROR).all())
    assert again.locator(f"{STILL} img").count() >= 2
