"""What a saved notebook shows of a widget whose kernel is gone: its still picture, and how to wake it.

JupyterLab shows "Error displaying widget" for such a widget, although the same output holds a picture. So the
picture is an output of its own, after the widget's. Its style sheet hides it while the widget lives, and
hides the widget's place when it does not.
"""

from __future__ import annotations

import hashlib
from typing import Any

import anywidget
import traitlets

_STYLE = """<style>
body:has(.mqsim-live[data-still="{mark}"]) .mqsim-still[data-still="{mark}"],
.jp-OutputArea-child:has(.mqsim-live) + .jp-OutputArea-child:has(.mqsim-still[data-still="{mark}"]),
.jp-OutputArea-child:not(:has(.mqsim-live)):has(+ .jp-OutputArea-child .mqsim-still[data-still="{mark}"])
{{ display: none; }}
</style>"""

_WAKE = (
    "<p><i>A still picture. Run this cell to wake the {what}. "
    "After a restart of the kernel, run the cells above it first.</i></p>"
)


class WithStill(anywidget.AnyWidget):
    """A widget that leaves its still picture in the notebook; `what` is what it is called in a sentence."""

    what = "widget"
    _still = traitlets.Unicode("").tag(sync=True)

    def _ipython_display_(self) -> None:
        from IPython.display import display  # type: ignore[import-not-found,unused-ignore]

        found = self._repr_mimebundle_()
        if not found:
            return
        data, metadata = found
        html = data.pop("text/html")
        self._still = hashlib.blake2b(html.encode(), digest_size=6).hexdigest()
        show: Any = display
        show(data, metadata=metadata, raw=True)
        show({"text/html": self._picture(html), "text/plain": data["text/plain"]}, raw=True)

    def _picture(self, html: str) -> str:
        style, wake = _STYLE.format(mark=self._still), _WAKE.format(what=self.what)
        return f'{style}<div class="mqsim-still" data-still="{self._still}">{wake}{html}</div>'


def is_still(data: dict[str, Any]) -> bool:
    """Whether an output is the still picture of a widget."""
    return 'class="mqsim-still"' in data.get("text/html", "")
