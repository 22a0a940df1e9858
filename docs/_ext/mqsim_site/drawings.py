"""Figures of the course: runs one below the other on the same axis of time."""

from __future__ import annotations

import io
import math
from html import escape
from typing import TYPE_CHECKING, Any

import numpy as np
from docutils import nodes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from mqsim.trace.frames import columns
from mqsim.viz import describe, plot_cumulative, plot_depth, plot_lanes
from mqsim.viz.bars import consumers
from mqsim.viz.faults import text_seconds
from mqsim.viz.palette import BLUE, GREEN, VERMILLION, dress, paper
from mqsim_site.frames import FOLDER, address

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from matplotlib.axes import Axes

    from mqsim.api import Result

    Runs = Sequence[tuple[str, Result]]
    Draw = Callable[[Runs, str, float | None], tuple[bytes, str]]
    Row = Callable[[Result, Axes, str], str]

_WIDTH = 8.2  # inches: as wide as a page's text


class Shown(nodes.General, nodes.Element):
    """A picture in the site's folder `_pictures`: `file`, `alt`, `classes`."""


def open_shown(writer: Any, node: Shown) -> None:
    """The image."""
    source = address(writer, f"{FOLDER}/{node['file']}")
    writer.body.append(
        f'<img class="mqsim-figure {" ".join(node["classes"])}" src="{source}" alt="{escape(node["alt"])}">'
    )


def measured(result: Result, path: str) -> float:
    """A number of a run: of its `summary()`, by path, or one of `FROM_TABLES`.

    Raises:
        KeyError: there is no such number.
    """
    if path in FROM_TABLES:
        return float(FROM_TABLES[path](result))
    found: Any = result.summary()
    for part in path.split("."):
        found = found[part]
    return float(found)


def turned_away(result: Result) -> int:
    """How many of the messages would be turned away as direct calls to one worker."""
    (created,) = columns(result.trace.messages, "created")
    return len(answered(np.sort(created), _service(result))[1])


def _service(result: Result) -> float:
    """How long a worker needs for a message, in seconds: the median."""
    started, finished = columns(result.trace.deliveries, "started", "finished")
    return float(np.nanmedian(finished - started))


FROM_TABLES: dict[str, Callable[[Result], float]] = {
    "last acked": lambda result: result.messages.acked.max(),
    "last finished": lambda result: math.floor(result.messages.finished.max()),
    "deliveries": lambda result: len(result.deliveries),
    "turned away": turned_away,
}
"""Numbers that no summary holds, by the name that a page gives them."""


# -- one figure of several runs ------------------------------------------------------------------------------


def _rows(row: Row, heights: Callable[[Result], float], *, same_height: bool = False) -> Draw:
    """A figure with a row a run, all on the same axis of time, and on the same upright axis if asked for."""

    def draw(runs: Runs, theme: str, until: float | None) -> tuple[bytes, str]:
        on = paper(theme)
        tall = [heights(result) for _, result in runs]
        figure = Figure(figsize=(_WIDTH, sum(tall) + 0.5), facecolor=on.paper)
        figure.set_layout_engine("constrained", h_pad=0.06, w_pad=0.08)
        FigureCanvasAgg(figure)
        shape: dict[str, Any] = {
            "sharex": True,
            "sharey": same_height,
            "gridspec_kw": {"height_ratios": tall},
        }
        axes = figure.subplots(len(runs), 1, squeeze=False, **shape)[:, 0]
        end = until or max(result.trace.end for _, result in runs)
        words, top = [], 0.0
        keys: dict[str, Any] = {}
        for place, ((label, result), ax) in enumerate(zip(runs, axes, strict=True)):
            told = row(result, ax, theme)
            top = max(top, ax.get_ylim()[1])
            if (legend := ax.get_legend()) is not None:
                found = zip(legend.get_texts(), legend.legend_handles, strict=True)
                keys |= {text.get_text(): handle for text, handle in found}
                legend.remove()
            ax.set_title(label, loc="left", color=on.ink, fontsize=11, fontweight="bold", pad=4)
            ax.set_xlim(0, end)
            ax.tick_params(labelbottom=True)
            if place < len(runs) - 1:
                ax.set_xlabel("")
            words.append(f"{label}: {told}")
        for ax in axes:
            _fit_names(ax)
            if same_height:
                ax.set_ylim(0, top)
        if keys:
            how: dict[str, Any] = {"frameon": False, "fontsize": 8.5, "labelcolor": on.ink, "ncols": 4}
            figure.legend(list(keys.values()), list(keys), loc="outside lower left", **how)
        out = io.BytesIO()
        figure.savefig(out, format="svg", metadata={"Date": None})
        return out.getvalue(), " ".join(words)

    return draw


def _bare(ax: Axes) -> None:
    """Take the caption away that a figure of its own would have."""
    for text in list(ax.texts):
        if text.get_position() == (0, 5):
            text.remove()


def _fit_names(ax: Axes) -> None:
    """On a longer axis of time bars are shorter: take a message's number for its name, or no name."""
    bars = [path.get_extents() for some in ax.collections for path in some.get_paths()]
    for text in [text for text in ax.texts if "#" in text.get_text()]:
        x, y = text.get_position()
        room = min((bar.width for bar in bars if bar.contains(x, y)), default=0.0)
        number = text.get_text()[text.get_text().rindex("#") :]
        fits = [name for name in (text.get_text(), number) if text_seconds(ax, name + "n", 8.5) <= room]
        text.set_text(fits[0] if fits else "")
        text.set_visible(bool(fits))


def _lanes(result: Result, ax: Axes, theme: str) -> str:
    plot_lanes(result.trace, ax, theme)
    _bare(ax)
    ax.set_ylabel("")
    return describe(ax)


def _depth(result: Result, ax: Axes, theme: str) -> str:
    plot_depth(result.trace, None, ax, theme)
    _bare(ax)
    return describe(ax)


def _cumulative(result: Result, ax: Axes, theme: str) -> str:
    plot_cumulative(result.trace, None, ax, theme)
    _bare(ax)
    return describe(ax)


def _publishes(result: Result, ax: Axes, theme: str) -> str:
    """How often messages were published in each second, first tries and retries apart."""
    on = paper(theme)
    dress(ax, on)
    end = int(np.ceil(result.trace.end))
    edges = np.arange(0, end + 1)
    (created,) = columns(result.trace.messages, "created")
    events = result.events
    again = events[events.kind == "retried"].t.to_numpy()
    first, more = np.histogram(created, edges)[0], np.histogram(again, edges)[0]
    ax.bar(edges[:-1] + 0.5, first, width=1, color=BLUE, linewidth=0)
    ax.bar(edges[:-1] + 0.5, more, width=1, bottom=first, color=VERMILLION, linewidth=0)
    for fault in result.trace.faults:
        ax.axvspan(fault.start, fault.end, color=VERMILLION, alpha=0.1, linewidth=0)
    ax.set_ylabel("publishes a second", color=on.ink)
    ax.set_xlabel("time (s)", color=on.ink)
    _note(ax, [(BLUE, "first try"), (VERMILLION, "retry")], on.ink)
    return (
        f"{len(created):,} messages were published {len(created) + len(again):,} times, "
        f"at most {int((first + more).max()):,} times in a second."
    )


def _note(ax: Axes, keys: Sequence[tuple[str, str]], ink: str) -> None:
    from matplotlib.patches import Patch

    ax.legend(
        handles=[Patch(color=hue, label=words) for hue, words in keys],
        loc="upper right",
        frameon=False,
        fontsize=8.5,
        labelcolor=ink,
        ncols=len(keys),
    )


def _nodes(result: Result, ax: Axes, theme: str) -> str:
    """The nodes of a broker: when each ran, when each led the queue, and when a message was acknowledged."""
    on = paper(theme)
    dress(ax, on)
    end, names = result.trace.end, [f"broker-{n + 1}" for n in range(result.scenario.broker.nodes)]
    events = result.events
    down = {name: _spells(events, name, end) for name in names}
    leads = _leaders(events, names[0], end)
    for place, name in enumerate(reversed(names)):
        ax.broken_barh([(0, end)], (place - 0.3, 0.6), facecolor=on.faint, linewidth=0)
        ax.broken_barh(
            [(a, b - a) for a, b, who in leads if who == name],
            (place - 0.3, 0.6),
            facecolor=BLUE,
            linewidth=0,
        )
        gone = [(a, b - a) for a, b in down[name]]
        ax.broken_barh(
            gone, (place - 0.3, 0.6), facecolor=on.paper, edgecolor=VERMILLION, hatch="///", linewidth=1
        )
    acked = result.messages.acked.dropna().to_numpy()
    ax.plot(acked, np.full(len(acked), -1.0), "|", color=GREEN, markersize=11, markeredgewidth=2)
    ax.set_yticks([*range(len(names)), -1], [*reversed(names), "acknowledged"])
    ax.set_ylim(-1.6, len(names) - 0.2)
    ax.set_xlabel("time (s)", color=on.ink)
    _note(ax, [(BLUE, "leads the queue"), (on.faint, "follows"), (VERMILLION, "is down")], on.ink)
    told = "; ".join(f"{who} leads from {a:g} to {b:g} s" for a, b, who in leads)
    pause = np.diff(np.sort(acked)).max()
    return f"{told}. {len(acked)} messages are acknowledged; the longest pause between two is {pause:.2g} s."


def _spells(events: Any, name: str, end: float) -> list[tuple[float, float]]:
    """When a node was down."""
    spells, since = [], None
    for row in events[events.subject == name].itertuples():
        if row.kind in ("broker-killed", "broker-stopped", "crashed", "powered-off"):
            since = row.t
        elif row.kind == "broker-started" and since is not None:
            spells.append((since, row.t))
            since = None
    return spells if since is None else [*spells, (since, end)]


def _leaders(events: Any, first: str, end: float) -> list[tuple[float, float, str]]:
    """Who led the queue from when to when."""
    found, since, who = [], 0.0, first
    for row in events.itertuples():
        if row.kind == "leader-lost" and who:
            found.append((since, row.t, who))
            who = ""
        elif row.kind == "leader-elected":
            since, who = row.t, row.other
    return [*found, (since, end, who)] if who else found


def _calls(result: Result, ax: Axes, theme: str) -> str:
    """The same arrivals as direct calls: whoever comes while the one worker is busy is turned away."""
    on = paper(theme)
    dress(ax, on)
    (name,) = consumers(result.trace)
    (created,) = columns(result.trace.messages, "created")
    service = _service(result)
    served, refused = answered(np.sort(created), service)
    ax.broken_barh(
        [(t, service) for t in served], (-0.3, 0.6), facecolor=BLUE, edgecolor=on.paper, linewidth=0.6
    )
    ax.plot(refused, np.full(len(refused), 0.62), "x", color=VERMILLION, markersize=5)
    ax.set_yticks([0, 0.62], [name, "turned away"])
    ax.set_ylim(-0.6, 1.0)
    ax.set_xlabel("time (s)", color=on.ink)
    return f"{len(served)} calls are answered and {len(refused)} are turned away."


def answered(arrivals: Any, service: float) -> tuple[list[float], list[float]]:
    """Which calls one worker answers, and which come while it is busy.

    Args:
        arrivals: when each call comes, rising, in seconds.
        service: seconds for each.
    """
    served: list[float] = []
    refused: list[float] = []
    busy_until = 0.0
    for t in arrivals:
        if t < busy_until:
            refused.append(float(t))
        else:
            served.append(float(t))
            busy_until = t + service
    return served, refused


def _calls_and_queue(runs: Runs, theme: str, until: float | None) -> tuple[bytes, str]:
    """One run as direct calls, the same through the queue, and the queue's depth."""
    ((_, result),) = runs
    three = [("Direct calls: whoever comes while the packer is busy is turned away", result)]
    three += [("Through a queue: the packer works at its own pace", result), ("Messages that wait", result)]
    drawers = iter((_calls, _lanes, _depth))
    return _rows(lambda one, ax, th: next(drawers)(one, ax, th), lambda _: 1.35)(three, theme, until)


def _tall(result: Result) -> float:
    return 0.75 + 0.34 * len(consumers(result.trace))


KINDS: dict[str, Draw] = {
    "lanes": _rows(_lanes, _tall),
    "depth": _rows(_depth, lambda _: 1.9, same_height=True),
    "cumulative": _rows(_cumulative, lambda _: 2.2, same_height=True),
    "publishes": _rows(_publishes, lambda _: 1.9, same_height=True),
    "nodes": _rows(_nodes, lambda _: 2.4),
    "calls": _calls_and_queue,
}
"""What `compare` can draw, by the name that a page gives it."""
