"""An explorer as one HTML file: every position of its controls was run beforehand."""

from __future__ import annotations

import base64
from dataclasses import replace
from itertools import product
from math import prod
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mqsim.errors import UsageError
from mqsim.widgets.explore.knobs import Choice, Knob, Slider, Switch
from mqsim.widgets.explore.static import static_html
from mqsim.widgets.page import page

if TYPE_CHECKING:
    from collections.abc import Sequence

    from mqsim.widgets.explore.widget import Explorer

MOST_RUNS = 500
"""More than these make a page that is slow to load."""

USUAL_RUNS = 120
"""Sliders keep so many stops that about so many runs are made, unless the caller says."""

_START = Path(__file__).with_name("page.js")


def explorer_page(explorer: Explorer, runs: int, style: str, script: str) -> str:
    """The page, with the widget's style sheet and module; see `Explorer.to_html`."""
    if not 1 <= runs <= MOST_RUNS:
        raise UsageError(f"runs: {runs} is not allowed; it must be a whole number from 1 to {MOST_RUNS}.")
    knobs = _thinned(explorer.knobs, runs)
    lines = [_positions(knob) for knob in knobs]
    count = prod(len(line) for line in lines)
    if count > MOST_RUNS:
        raise UsageError(
            f"the controls have {count:,} positions together, and a page holds up to {MOST_RUNS} runs; "
            "vary fewer fields, or give each fewer values."
        )
    before = explorer.values
    made = [_run(explorer, dict(zip((k.name for k in knobs), at, strict=True))) for at in product(*lines)]
    explorer.set(before)
    controls = [
        {"name": knob.name, "stops": [knob.sent(value) for value in line]}
        for knob, line in zip(knobs, lines, strict=True)
    ]
    state = {
        "title": explorer.title,
        "theme": explorer.theme,
        "controls": [{**knob.sketch(), "start": knob.sent(knob.start)} for knob in knobs],
        "wish": {"turn": 0, "values": {knob.name: knob.sent(before[knob.name]) for knob in knobs}},
        "said": {},
        "shown": {},
        "progress": {"turn": 0, "share": 0},
    }
    bundle = static_html(*explorer.still())
    said = f"{count} runs were made beforehand, one for each position of the controls."
    note = f'<p class="beforehand">{said}</p>\n'
    held = {"controls": controls, "state": state, "runs": made}
    return page(
        explorer.title,
        style=style,
        script=script,
        held=held,
        start=_START,
        unplayed=bundle,
        note=note,
    )


def _thinned(knobs: Sequence[Knob], runs: int) -> list[Knob]:
    """The controls with so few stops that all their positions together are about `runs`."""
    fixed = prod(len(_positions(knob)) for knob in knobs if isinstance(knob, Choice))
    sliders = [knob for knob in knobs if not isinstance(knob, Choice)]
    most = max(2, int((runs / fixed) ** (1 / max(1, len(sliders))) + 1e-9))
    return [knob if isinstance(knob, Choice) else _fewer(knob, most) for knob in knobs]


def _fewer(knob: Knob, most: int) -> Knob:
    if isinstance(knob, Slider):
        return replace(knob, stops=_spread(knob.stops, most, knob.start))
    assert isinstance(knob, Switch)
    return knob if knob.fixed else replace(knob, stops=_spread(knob.stops, most - 1, knob.usual))


def _spread(stops: tuple[Any, ...], most: int, own: Any) -> tuple[Any, ...]:
    """At most so many of the stops, evenly spread, among them both ends and the scenario's own."""
    if own is not None and own not in stops:
        stops = tuple(sorted((*stops, own), key=lambda stop: (stop is None, stop or 0)))
    if len(stops) <= most:
        return stops
    places = {round(place * (len(stops) - 1) / (most - 1)) for place in range(most)} if most > 1 else set()
    if own in stops:
        mine = stops.index(own)
        if mine not in places:
            inner = places - {0, len(stops) - 1}
            if inner:
                places.remove(min(inner, key=lambda place: abs(place - mine)))
            places.add(mine)
    return tuple(stops[place] for place in sorted(places))


def _positions(knob: Knob) -> list[Any]:
    if isinstance(knob, Slider):
        return list(knob.stops)
    if isinstance(knob, Choice):
        return list(knob.options)
    assert isinstance(knob, Switch)
    on = [knob.usual] if knob.fixed else list(dict.fromkeys((*knob.stops, knob.usual)))
    return [None, *on]


def _run(explorer: Explorer, values: dict[str, Any]) -> dict[str, Any]:
    """What the explorer says and shows at these values; where they can't be run, only why."""
    explorer.set(values)
    said = {name: value for name, value in explorer.said.items() if name != "turn"}
    if explorer.problem:
        return {"said": said, "shown": None}
    shown = {name: value for name, value in explorer.shown.items() if name != "turn"}
    return {
        "said": said,
        "shown": {**shown, "drawn": base64.b64encode(shown["drawn"]).decode(), "seconds": None},
    }
