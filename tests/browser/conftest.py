"""Fixtures of the browser tests: Chromium, a window with the network shut, a JupyterLab.

Mark each file with `pytestmark = pytest.mark.xdist_group("browser")`: one process runs them, one by one.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from typing import TYPE_CHECKING

import pytest

from tests.browser import chromium
from tests.browser.chromium import Window
from tests.browser.lab import Lab, lab
from tests.outside import missing

if TYPE_CHECKING:
    from playwright.sync_api import Browser

OpenWindow = Callable[..., Window]


# A module's, not the session's: while Playwright runs, `asyncio.run` in other tests here would fail.
@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """A running Chromium; without one the test is skipped, and in CI fails."""
    if not chromium.available():
        missing(chromium.INSTALL_HINT)
    with chromium.browser() as running:
        yield running


@pytest.fixture
def open_window(browser: Browser) -> Iterator[OpenWindow]:
    """Opens windows (see `chromium.window` for what can be asked); at the end of the test each must have
    asked the network for nothing, and none may have complained.
    """
    opened: list[Window] = []
    with ExitStack() as stack:

        def open_one(**how: object) -> Window:
            made = stack.enter_context(chromium.window(browser, **how))  # type: ignore[arg-type]
            opened.append(made)
            return made

        yield open_one
        asked = [url for one in opened for url in one.asked]
        errors = [line for one in opened for line in one.errors]
    assert asked == []
    assert errors == []


@pytest.fixture(scope="module")
def jupyterlab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    """A JupyterLab on 127.0.0.1: `.write(name, cells)`, `.open(page, name)`, `.run_last(page)`."""
    with lab(tmp_path_factory.mktemp("lab")) as running:
        yield running
