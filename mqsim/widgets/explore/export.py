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
from mqsim.widgets.page import page

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    Turned = Callable[[Mapping[str, Any]], tuple[Mapping[str, Any], Mapping[str, Any] | None]]

MOST_RUNS = 500
"""More than these make a page that is slow to load."""

USUAL_RUNS = 120
"""Sliders keep so many stops that about so many runs are made, unless the caller says."""

_START = Path(__file__).with_name("page.js")


def explorer_page(
    state: dict[str, Any],
    knobs: Sequence[Knob],
    values: Mapping[str, Any],
    turned: Turned,
    runs: int,
    parts: tuple[str, Path, str],
) -> str:
    """The page; see `Explorer.to_html`.

    Args:
        state: the widget's `title` and `theme`.
        knobs: its controls.
        values: what each control is at when the page is opened.
        turned: what the widget says and shows with its controls at some values; it shows None where they
            can't be run.
        runs: about how many runs are made.
        parts: the widget's style sheet, its script, and HTML for whoever can't run scripts.
    """
    if not 1 <= runs <= MOST_RUNS:
        raise UsageError(f"runs: {runs} is not allowed; it must be a whole number from 1 to {MOST_RUNS}.")
    thin = _thinned(knobs, runs)
    lines = [_positions(knob) for knob in thin]
    count = prod(len(line) for line in lines)
    if count > MOST_RUNS:
        raise UsageError(
            f"the controls have {count:,} positions together, and a page holds up to {MOST_RUNS} runs; "
            "vary fewer fields, or give each fewer values."
        )
    names = [knob.name for knob in thin]
    made = [_run(*turned(dict(zip(names, at, strict=True)))) for at in product(*lines)]
    controls = [
        {"name": knob.name, "stops": [knob.sent(value) for value in line]}
        for knob, line in zip(thin, lines, strict=True)
    ]
    begin = {
        **state,
        "controls": [{**knob.sketch(), "start": knob.sent(knob.start)} for knob in thin],
        "wish": {"turn": 0, "values": {knob.name: knob.sent(values[knob.name]) for knob in thin}},
        "said": {},
        "shown": {},
        "progress": {"turn": 0, "share": 0},
    }
    said = f"{count} runs were made beforehand, one for each position of the controls."
    style, script, unplayed = parts
    return page(
        state["title"],
        style=style,
        script=script,
        held={"controls": controls, "state": begin, "runs": made},
        start=_START,
        unplayed=unplayed,
        note=f'<p class="beforehand">{said}</p>\n',
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


def _run(said: Mapping[str, Any], shown: Mapping[str, Any] | None) -> dict[str, Any]:
    """What is said and shown, as a page holds it."""
    if shown is None:
        return {"said": dict(said), "shown": None}
    drawn = base64.b64encode(shown["drawn"]).decode()
    return {"said": dict(said), "shown": {**shown, "drawn": drawn, "seconds": None}}
