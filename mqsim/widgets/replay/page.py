"""A replay as one file that plays without kernel or network; as picture and tables where no script runs."""

from __future__ import annotations

import base64
import json
from html import escape
from itertools import islice
from typing import TYPE_CHECKING, Any

from mqsim.report import page as pieces
from mqsim.report.tables import Table
from mqsim.trace.timeline import timeline_of
from mqsim.viz import depth, lanes
from mqsim.viz.bars import consumers
from mqsim.viz.css import page_variables
from mqsim.widgets.replay.compare import ROWS, numbers
from mqsim.widgets.replay.scripts import script, style

if TYPE_CHECKING:
    from collections.abc import Sequence

    from mqsim.trace.tables import Trace

FIRST_LINES = 100
_IN_A_NOTEBOOK = 40

# What a notebook's model does, for one page: no kernel hears it.
_MODEL = """const state = JSON.parse(document.getElementById("state").textContent);
const bytes = (text) => Uint8Array.from(atob(text), (one) => one.charCodeAt(0));
state._films = state._films.map(bytes);
const model = { get: (name) => state[name], set: (name, value) => { state[name] = value; },
  save_changes() {}, send() {}, on() {}, off() {} };
replay.render({ model, el: document.getElementById("replay") });"""


def page(films: Sequence[bytes], state: dict[str, Any], trace: Trace, title: str, theme: str | None) -> str:
    """One HTML page.

    Args:
        films: packed films, the run itself first.
        state: what the scripts' model holds besides, such as `t` and `which`.
        trace: the run, for the picture and the table of who runs no scripts.
        title: the page's title.
        theme: `light`, `dark`, or None: as the reader's system has it.
    """
    held = {**state, "_films": [base64.b64encode(one).decode() for one in films]}
    held |= {"_theme": theme or "", "_live": False}
    data = json.dumps(held).replace("</", "<\\/")
    code = script().replace("export default { render };", "const replay = { render };")
    unplayed = "\n".join(
        [
            pieces.paragraph(
                "This page plays the run when scripts may run. They may not, so here are tables:"
            ),
            static_html(trace),
        ]
    )
    return (
        '<!DOCTYPE html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<title>{escape(title)} · mqsim replay</title>\n<style>{_page_style()}\n{style()}</style>\n</head>\n"
        "<body>\n"
        f'<h1>{escape(title)}</h1>\n<div id="replay"></div>\n'
        f"<noscript><style>{pieces.style()}</style>\n{unplayed}\n</noscript>\n"
        f'<script type="application/json" id="state">{data}</script>\n'
        f'<script type="module">\n{code}\n{_MODEL}\n</script>\n</body>\n</html>\n'
    )


def _page_style() -> str:
    return page_variables() + (
        "body { margin: 0 auto; max-width: 1180px; padding: 10px 8px 16px; "
        "background: var(--paper); color: var(--ink); }\n"
        "h1 { font: 600 17px/1.3 var(--font); margin: 0 14px 2px; }"
    )


def notebook_html(trace: Trace) -> str:
    """The run as a piece of HTML for a notebook that no kernel runs: a picture, numbers, what happened first.

    It needs no style of its own, and is small enough to be kept with the notebook.
    """
    parts = [_numbers(trace), _story(trace, _IN_A_NOTEBOOK)]
    if consumers(trace):
        picture, _ = lanes.plot_lanes(trace)._repr_mimebundle_()  # type: ignore[attr-defined]
        parts.insert(0, picture["text/html"])
    return "\n".join(parts)


def static_html(trace: Trace) -> str:
    """The run as HTML without scripts, for a page: lanes, depth, numbers, and the first of its story."""
    parts = [_numbers(trace)]
    if consumers(trace):
        parts.append(pieces.figure(lambda: lanes.plot_lanes(trace), lanes.alt_text(trace), "lanes"))
    if trace.queues.names:
        parts.append(pieces.figure(lambda: depth.plot_depth(trace), depth.alt_text(trace), "depth"))
    return "\n".join([*parts, _story(trace, FIRST_LINES)])


def _numbers(trace: Trace) -> str:
    rows = tuple((ROWS[key], _cell(value)) for key, value in numbers(trace).items())
    return pieces.table(Table("What became of the messages", ("", "number"), rows))


def _story(trace: Trace, most: int) -> str:
    lines = [(f"{line.t:.6f}", line.who, line.text) for line in islice(timeline_of(trace), most + 1)]
    caption = "What happened" if len(lines) <= most else f"What happened first ({most} events)"
    return pieces.table(Table(caption, ("time (s)", "who", "what"), tuple(lines[:most])), words=True)


def _cell(value: float | None) -> str:
    return "none" if value is None else f"{value:,}" if isinstance(value, int) else f"{value:.6g}"
