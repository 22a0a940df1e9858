"""A replay as one HTML file in which a reader can crash workers: those runs were made beforehand."""

from __future__ import annotations

import base64
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mqsim.errors import UsageError
from mqsim.viz.bars import consumers
from mqsim.widgets.page import page
from mqsim.widgets.replay.page import static_html
from mqsim.widgets.replay.scripts import SCRIPT, style

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from mqsim.trace.tables import Trace

    Crash = Callable[[str, float], tuple[str, bytes]]

MOST_RUNS = 500
"""More futures than these make a page that is slow to load."""

# The buttons of what was not run beforehand are not there, nor is the field for a restart.
_STYLE = """
.mqsim-replay .kinds button:not([data-kind="crash"]), .mqsim-replay .menu > label { display: none; }
"""

_START = Path(__file__).with_name("page.js")


def replay_with_crashes(
    trace: Trace, packed: bytes, state: Mapping[str, Any], times: int, crash: Crash, title: str
) -> str:
    """A page that plays a run, and in which its reader can crash a consumer.

    Args:
        trace: what the run left behind.
        packed: its film.
        state: the widget's, but for the films.
        times: at how many moments, evenly spread over the run, a consumer can be crashed.
        crash: makes the run in which a consumer crashes at a time; gives its label and its film.
        title: the page's title.

    Raises:
        UsageError: nobody is there to be crashed, or so many runs don't fit into a page.
    """
    workers = consumers(trace)
    if not workers:
        raise UsageError("crashes: the run has no consumer that could be crashed; leave crashes out.")
    most = MOST_RUNS // len(workers)
    if not 1 <= times <= most:
        raise UsageError(
            f"crashes: {times} is not allowed; with {len(workers)} consumers it must be from 1 to {most}."
        )
    step = (trace.end - trace.start) / (times + 1)
    moments = [float(f"{trace.start + step * (place + 1):.3g}") for place in range(times)]
    crashes: dict[str, list[dict[str, Any]]] = {name: [] for name in workers}
    for name in workers:
        for at in moments:
            label, future = crash(name, at)
            crashes[name].append({"at": at, "label": label, "film": _text(future)})
    note = (
        "Click a worker to crash it at the time on show. "
        f"These {len(workers) * len(moments)} runs were made beforehand: a crash happens at the nearest of "
        f"{len(moments)} moments."
    )
    return page(
        title,
        style=style() + _STYLE,
        script=SCRIPT,
        held={
            "state": {**state, "which": 0, "_films": [_text(packed)], "_live": True},
            "crashes": crashes,
            "labels": ["the run itself"],
        },
        start=_START,
        unplayed=static_html(trace),
        note=f'<p class="beforehand">{note}</p>\n',
    )


def _text(packed: bytes) -> str:
    return base64.b64encode(packed).decode()
