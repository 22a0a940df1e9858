"""A widget on a page of its own, with a few lines in place of the kernel: quick to open, and quiet."""

from __future__ import annotations

import base64
import json
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pathlib import Path

_PAGE = """<!doctype html><html lang="en"><meta charset="utf-8"><title>widget</title>
<body style="margin:12px"><style>%(css)s</style><div id="place"></div><script type="module">
const state = %(state)s;
const unpack = text => new DataView(Uint8Array.from(atob(text), one => one.charCodeAt(0)).buffer);
if (state.shown) state.shown.drawn = unpack(state.shown.drawn);
const heard = {};
const model = {
  get: name => state[name],
  set: (name, value) => { state[name] = value; (heard[`change:${name}`] ?? []).forEach(call => call()); },
  save_changes: () => {},
  on: (name, call) => { (heard[name] ??= []).push(call); },
  off: (name, call) => { heard[name] = (heard[name] ?? []).filter(one => one !== call); },
};
const source = new Blob([%(script)s], {type: "text/javascript"});
const {default: widget} = await import(URL.createObjectURL(source));
window.standing = {model, leave: widget.render({model, el: document.getElementById("place")}), heard};
</script></body></html>"""


def write(widget: Any, path: Path) -> Path:
    """Write the page of a widget that has just been made; give its path."""
    own = ("_", "layout", "tabbable", "tooltip")
    state = {name: value for name, value in widget.get_state().items() if not name.startswith(own)}
    if "shown" in state:
        drawn = base64.b64encode(state["shown"]["drawn"]).decode()
        state["shown"] = {**state["shown"], "drawn": drawn}
    parts = {
        "css": widget._css,
        "state": json.dumps(state).replace("</", "<\\/"),
        "script": json.dumps(widget._esm).replace("</", "<\\/"),
    }
    path.write_text(_PAGE % parts, encoding="utf-8")
    return path
