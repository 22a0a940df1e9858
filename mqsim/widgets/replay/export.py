"""A replay as one HTML file in which a reader can crash workers: those runs were made beforehand."""

from __future__ import annotations

import base64
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mqsim.errors import UsageError
from mqsim.viz.bars import consumers
from mqsim.widgets.page import page
from mqsim.widgets.replay.film import film
from mqsim.widgets.replay.page import static_html
from mqsim.widgets.replay.routes import routes
from mqsim.widgets.replay.scripts import script, style

if TYPE_CHECKING:
    from mqsim.widgets.replay.widget import Replay

MOST_RUNS = 500
"""More futures than these make a page that is slow to load."""

# The buttons of what was not run beforehand are not there, nor is the field for a restart.
_STYLE = """
.mqsim-replay .kinds button:not([data-kind="crash"]), .mqsim-replay .menu > label { display: none; }
"""

_START = Path(__file__).with_name("page.js")


def replay_with_crashes(replay: Replay, times: int, theme: str) -> str:
    """A page that plays the run, and in which its reader can crash a worker.

    Args:
        replay: what is shown; its first run is what crashes are added to.
        times: at how many moments, evenly spread over the run, a worker can be crashed.
        theme: `light`, `dark`, or empty: as the reader's system has it.

    Raises:
        UsageError: nobody is there to be crashed, or so many runs don't fit into a page.
    """
    trace = replay.traces[0]
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
            both = replay.intervene("crash", name, at)
            run, label = both.runs[-1], both.labels[-1]
            packed = film(run.trace, routes(run.scenario), label, replay.name).pack()
            crashes[name].append({"at": at, "label": label, "film": _text(packed)})
    state = {
        "t": trace.start,
        "playing": False,
        "speed": replay.speed,
        "follow": -1,
        "which": 0,
        "_films": [_text(film(trace, routes(replay.runs[0].scenario), replay.labels[0], replay.name).pack())],
        "_theme": theme,
        "_live": True,
    }
    count = len(workers) * len(moments)
    note = (
        f'<p class="beforehand">Click a worker to crash it at the time on show. These {count} runs were made '
        f"beforehand: a crash happens at the nearest of {len(moments)} moments.</p>\n"
    )
    return page(
        replay.name,
        style=style() + _STYLE,
        script=script(),
        held={"state": state, "crashes": crashes, "labels": [replay.labels[0]]},
        start=_START,
        unplayed=static_html(trace),
        note=note,
    )


def _text(packed: bytes) -> str:
    return base64.b64encode(packed).decode()
