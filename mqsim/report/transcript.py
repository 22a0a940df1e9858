"""What real programs printed, as HTML for a notebook: a transcript, and who sent what to whom when."""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING

from mqsim.viz.palette import INK_HUES, LIGHT

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from mqsim.guest.host.transcript import Line
    from mqsim.trace.tables import Trace

MOST_LINES = 200
_STYLES = {"stderr": "font-weight: bold", "event": "font-style: italic"}


def transcript_html(lines: Sequence[Line], most: int = MOST_LINES) -> str:
    """The lines, each program in a colour of its own; errors bold, what happens to a program in italics.

    Args:
        lines: of the transcript; their text is what `str` makes of them.
        most: how many are shown; how many were left out is said.
    """
    hues: dict[str, str] = {}
    rows = []
    for line in lines[:most]:
        hue = hues.setdefault(line.who, INK_HUES[len(hues) % len(INK_HUES)])
        style = "; ".join(filter(None, [f"color: {hue}", _STYLES.get(line.stream, "")]))
        rows.append(f'<span style="{style}">{escape(str(line))}</span>')
    if len(lines) > most:
        rows.append(f"... and {len(lines) - most:,} lines more: print(result.transcript())")
    return (
        f'<pre style="background: {LIGHT.paper}; color: {LIGHT.ink}; padding: 0.6em; '
        'overflow-x: auto; line-height: 1.35">' + "\n".join(rows) + "</pre>"
    )


def programs_html(lines: Iterable[Line], trace: Trace) -> str:
    """The transcript, and below it the space-time diagram, where messages were sent."""
    from mqsim.viz import plot_spacetime
    from mqsim.viz.notebook import html_of

    parts = [transcript_html(list(lines))]
    if trace.messages.n:
        parts.append(html_of(plot_spacetime(trace)))
    return "\n".join(parts)
