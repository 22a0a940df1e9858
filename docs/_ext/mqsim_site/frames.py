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
    name = hashlib.blake2b(page.encode(), digest_size=10).hexdigest() + ".html"
    target = Path(app.outdir, FOLDER, name)
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_text(page, encoding="utf-8")
    return Frame(file=name, title=title, height=height)


def setup(app: Sphinx) -> None:
    """Register the node."""
    app.add_node(Frame, html=(_open, _close))


def _open(writer: Any, node: Frame) -> None:
    builder = writer.builder
    here = builder.get_target_uri(builder.current_docname)
    source = relative_uri(here, f"{FOLDER}/{node['file']}")
    writer.body.append(
        f'<iframe class="mqsim-frame" src="{escape(source)}" title="{escape(node["title"])}" '
        f'style="height: {node["height"]}px" loading="lazy"></iframe>'
    )


def _close(writer: Any, node: Frame) -> None:
    """Nothing is left open."""
