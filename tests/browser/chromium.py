"""Debian's Chromium, driven by Playwright, with the network shut: what a page asks for is noted."""

from __future__ import annotations

import os
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from tests.outside import PATIENCE

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from playwright.sync_api import Browser, BrowserContext, Page

PROGRAM = "/usr/bin/chromium"
INSTALL_HINT = "the browser tests need Debian's Chromium (apt-get install chromium)"
# As root there is no sandbox; the rest keeps Chromium from asking its maker for anything.
_FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-default-apps",
    "--disable-sync",
    "--no-first-run",
    "--force-color-profile=srgb",
]


def available() -> bool:
    """Whether Chromium stands where Debian puts it."""
    return os.access(PROGRAM, os.X_OK)


@contextmanager
def browser() -> Iterator[Browser]:
    """A running Chromium. While it lives no other event loop can run in this thread, so keep it short."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=PROGRAM, args=_FLAGS)
        try:
            yield chromium
        finally:
            chromium.close()


class Window:
    """A browser window without a network.

    Attributes:
        page: Playwright's page.
        asked: addresses that the page asked for, other than those it may have; they got no answer.
        errors: what it complained of in its console, and exceptions that nobody caught.
    """

    def __init__(self, context: BrowserContext, allowed: tuple[str, ...] = ()) -> None:
        self.asked: list[str] = []
        self.errors: list[str] = []
        self._allowed = ("data:", "blob:", *allowed)
        context.route("**/*", self._decide)
        self.page: Page = context.new_page()
        self.page.on("pageerror", lambda error: self.errors.append(str(error)))
        self.page.on("console", lambda line: self.errors.append(line.text) if line.type == "error" else None)

    def _decide(self, route: Any) -> None:
        url = route.request.url
        if url.startswith(self._allowed):
            route.continue_()
        else:
            self.asked.append(url)
            route.abort()

    def open(self, path: Path) -> Page:
        """Show the file `path`, and let it ask for nothing but itself."""
        self._allowed = (*self._allowed, path.as_uri())
        self.page.goto(path.as_uri())
        return self.page


@contextmanager
def window(
    chromium: Browser,
    size: tuple[int, int] = (1200, 700),
    theme: str = "light",
    motion: str = "no-preference",
    allowed: tuple[str, ...] = (),
    javascript: bool = True,
    scale: float = 1,
) -> Iterator[Window]:
    """A fresh window.

    Args:
        chromium: a running browser.
        size: width and height in CSS pixels.
        theme: `light` or `dark`, as the reader's system prefers.
        motion: `reduce` for a reader who asked for less of it.
        allowed: beginnings of addresses that it may ask for.
        javascript: whether scripts run.
        scale: device pixels to a CSS pixel.
    """
    context = chromium.new_context(
        viewport={"width": size[0], "height": size[1]},
        color_scheme="dark" if theme == "dark" else "light",
        reduced_motion="reduce" if motion == "reduce" else "no-preference",
        java_script_enabled=javascript,
        device_scale_factor=scale,
    )
    context.set_default_timeout(1000 * PATIENCE)
    try:
        yield Window(context, allowed)
    finally:
        context.close()
