"""A widget as one HTML file that needs neither kernel nor network: its answers were made beforehand."""

from __future__ import annotations

import base64
import json
import zlib
from html import escape
from typing import TYPE_CHECKING, Any

from mqsim.viz.css import page_variables
from mqsim.widgets.browser.bundle import bundle

if TYPE_CHECKING:
    from pathlib import Path


def squeezed(data: Any) -> str:
    """Plain data, small enough to stand in a page; `beforehand.js` has the way back."""
    return base64.b64encode(zlib.compress(json.dumps(data, allow_nan=False).encode(), 9)).decode()


def page(
    title: str, *, style: str, script: Path, held: Any, start: Path, unplayed: str, note: str = ""
) -> str:
    """One HTML page.

    Args:
        title: its title, and its heading.
        style: the widget's style sheet.
        script: the widget's script, whose `export default` anywidget calls.
        held: what the page holds, as plain data; `start` finds it as `held`.
        start: the script whose function `start(widget, held, place)` begins the widget.
        unplayed: HTML for readers whose browser runs no scripts.
        note: HTML above the widget.
    """
    code = bundle(script, start).replace("export default ", "const widget = ")
    return (
        '<!DOCTYPE html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<title>{escape(title)} · mqsim</title>\n<style>{_STYLE}\n{style}</style>\n</head>\n<body>\n"
        f'<h1>{escape(title)}</h1>\n{note}<div id="widget"></div>\n'
        f"<noscript>{unplayed}</noscript>\n"
        f'<script type="text/plain" id="held">{squeezed(held)}</script>\n'
        f'<script type="module">\n{code}\n'
        'const held = await unsqueezed(document.getElementById("held").textContent);\n'
        'start(widget, held, document.getElementById("widget"));\n'
        "</script>\n</body>\n</html>\n"
    )


_STYLE = (
    page_variables()
    + """body { margin: 0 auto; max-width: 1180px; padding: 10px 8px 16px;
  background: var(--paper); color: var(--ink); font: 14px/1.5 var(--font); }
h1 { font-size: 17px; margin: 0 14px 2px; }
.beforehand { margin: 0 0 .4rem; font-size: 13px; opacity: .85; }
"""
)
