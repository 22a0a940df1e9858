"""The replay's scripts as one module, and its style."""

from __future__ import annotations

from pathlib import Path

from mqsim.viz.css import widget_variables
from mqsim.widgets.browser.bundle import bundle

_HERE = Path(__file__).parent
SCRIPT = _HERE / "main.js"
"""What anywidget calls."""


def script() -> str:
    """The module that draws a replay; it has no imports."""
    return bundle(SCRIPT)


def style() -> str:
    """The style sheet."""
    return widget_variables(".mqsim-replay") + (_HERE / "replay.css").read_text(encoding="utf-8")
