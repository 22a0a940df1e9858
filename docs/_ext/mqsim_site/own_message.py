"""The directive `own-message`: a reader writes a message, and sees its bytes in three protocols."""

from __future__ import annotations

from html import escape
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

from docutils import nodes
from sphinx.util.docutils import SphinxDirective

from mqsim.viz.palette import DARK, LIGHT
from mqsim_site.frames import frame

if TYPE_CHECKING:
    from sphinx.application import Sphinx

_STYLE = f"""
body {{ font: 14px/1.5 system-ui, -apple-system, 'Segoe UI', Roboto, 'DejaVu Sans', sans-serif; margin: 0;
  background: {LIGHT.paper}; color: {LIGHT.ink}; }}
@media (prefers-color-scheme: dark) {{ body {{ background: {DARK.paper}; color: {DARK.ink}; }} }}
.row {{ display: flex; flex-wrap: wrap; gap: .4rem 1.4rem; margin-bottom: .6rem; }}
input {{ font: inherit; width: 12rem; max-width: 100%; box-sizing: border-box; }}
label {{ display: flex; flex-direction: column; }}
dt {{ font-weight: 600; }} dd {{ margin: 0 0 .6rem; }}
code {{ overflow-wrap: anywhere; font-size: 13px; }}
"""


def message_page(body: str, to: str) -> str:
    """One HTML page with the two fields and the bytes."""
    script = Path(__file__).with_name("own_message.js").read_text(encoding="utf-8")
    return (
        '<!DOCTYPE html>\n<html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>Your own message</title><style>{_STYLE}</style></head><body>\n"
        '<div class="row">'
        f'<label>message <input id="body" value="{escape(body)}" maxlength="60"></label>'
        f'<label>queue or topic <input id="to" value="{escape(to)}" maxlength="40"></label></div>\n'
        '<dl id="wires" aria-live="polite"></dl>\n'
        f"<script>\n{script}\n</script>\n</body></html>\n"
    )


class OwnMessage(SphinxDirective):
    """The body's first line is the message to begin with, its second line where it goes."""

    has_content = True
    option_spec: ClassVar[dict[str, Any]] = {}

    def run(self) -> list[nodes.Node]:
        """A frame with the fields."""
        body, to = self.content
        box = nodes.container(classes=["mqsim-picture", "mqsim-own-message"])
        box += frame(self.env.app, message_page(body, to), "Your own message, in three protocols", 330)
        return [box]


def setup(app: Sphinx) -> None:
    """Register the directive."""
    app.add_directive("own-message", OwnMessage)
