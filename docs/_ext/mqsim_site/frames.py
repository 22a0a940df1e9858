"""Pages of their own inside a page: a replay, an explorer, a prediction.

Each is one HTML file in the site's folder `_pictures`, shown in a frame. The frame tells the page how high it
is, and the page tells the frame whether it is dark; both by messages, because a browser keeps files apart.
"""

from __future__ import annotations

import hashlib
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING, Any

from docutils import nodes
from sphinx.util.osutil import relative_uri

if TYPE_CHECKING:
    from sphinx.application import Sphinx

FOLDER = "_pictures"
"""Where the site keeps its pictures, drawn ones too."""

_IN_THE_FRAME = """<style>
body { background: transparent !important; padding: 2px !important; max-width: none !important; }
body { overflow-x: hidden; }
h1 { display: none; }
body[data-jp-theme-light="false"] { color-scheme: dark; color: #e8eaec !important; }
body[data-jp-theme-light="true"] { color-scheme: light; color: #1c2024 !important; }
</style>
<script>
if (window.parent !== window) {
  document.body.dataset.jpThemeLight = "true";
  addEventListener("message", (event) => {
    const dark = event.data && event.data.dark;
    if (typeof dark === "boolean") document.body.dataset.jpThemeLight = String(!dark);
  });
  const tell = () => parent.postMessage({ mqsimHeight: Math.ceil(document.body.scrollHeight) }, "*");
  new ResizeObserver(tell).observe(document.body);
  tell();
}
</script>
"""


class Frame(nodes.General, nodes.Element):
    """A page inside the page.

    Attributes: `file` (its name in `_pictures`), `title`, and `height` in pixels until it tells its own.
    """


def frame(app: Sphinx, html: str, title: str, height: int) -> Frame:
    """Keep a page in the site's folder and give the frame that shows it.

    Args:
        app: Sphinx.
        html: a whole page that needs no other file.
        title: what it shows, for whoever can't see it.
        height: in pixels, until the page tells its own.
    """
    page = html.replace("</body>", f"{_IN_THE_FRAME}</body>")
    return Frame(file=kept(app, page.encode(), ".html"), title=title, height=height)


def kept(app: Sphinx, data: bytes, ending: str) -> str:
    """Keep a file in the site's folder; give its name, which is made from what it holds."""
    name = hashlib.blake2b(data, digest_size=10).hexdigest() + ending
    target = Path(app.outdir, FOLDER, name)
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_bytes(data)
    return name


def address(writer: Any, path: str) -> str:
    """How the page that is being written links to a file of the site, ready to stand in HTML."""
    builder = writer.builder
    return escape(relative_uri(builder.get_target_uri(builder.current_docname), path))


def leave_closed(writer: Any, node: nodes.Element) -> None:
    """For nodes that are written whole when they are opened."""


def setup(app: Sphinx) -> None:
    """Register the node."""
    app.add_node(Frame, html=(_open, leave_closed))


def _open(writer: Any, node: Frame) -> None:
    source = address(writer, f"{FOLDER}/{node['file']}")
    writer.body.append(
        f'<iframe class="mqsim-frame" src="{source}" title="{escape(node["title"])}" '
        f'style="height: {node["height"]}px" loading="lazy"></iframe>'
    )
