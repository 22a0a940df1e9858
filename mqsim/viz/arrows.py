"""How a space-time diagram is drawn, once everything has its place."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from mqsim.viz.bars import crashes, down_times, lost_connections
from mqsim.viz.faults import shade, span, targets, text_seconds
from mqsim.viz.figure import figure_of
from mqsim.viz.messagepaths import KINDS, Stroke
from mqsim.viz.numbering import number
from mqsim.viz.palette import (
    BLUE,
    ENDINGS,
    GREEN,
    ORANGE,
    PURPLE,
    SKY,
    VERMILLION,
    Paper,
    legend,
)
from mqsim.viz.tracks import HALF, SHORT, Tracks, level

if TYPE_CHECKING:
    from matplotlib.artist import Artist
    from matplotlib.axes import Axes

    from mqsim.trace.tables import FaultSpan, Trace

_SOLID, _DASHED, _DOTTED, _MIXED = (
    (0.0, ()),
    (0.0, (4.0, 2.0)),
    (0.0, (1.0, 1.6)),
    (0.0, (5.0, 1.5, 1.0, 1.5)),
)
# Colour, line and width of each kind of arrow.
_LOOKS: dict[str, tuple[str, tuple[float, tuple[float, ...]], float]] = {
    "published": (BLUE, _SOLID, 1.4),
    "delivered": (BLUE, _SOLID, 1.4),
    "redelivered": (ORANGE, _DASHED, 2.2),
    "acknowledged": (GREEN, _DOTTED, 1.3),
    "given back": (ORANGE, _DOTTED, 2.0),
    "refused": (PURPLE, _MIXED, 1.6),
    "dead-lettered": (PURPLE, _DASHED, 1.8),
}
_SIGNS: dict[str, dict[str, Any]] = {
    "connection lost": {
        "marker": "D",
        "markersize": 7,
        "color": VERMILLION,
        "markeredgewidth": 0.7,
        "linestyle": "none",
    },
}
_ASIDE = 2.5  # points: by so much what is acknowledged and what is then delivered are drawn apart


def draw(ax: Axes, trace: Trace, made: Tracks, letters: dict[str, str], on: Paper) -> list[str]:
    """Draw it all, with each producer's letter beside it; sentences for the caption come back."""
    ax.set_xlim(made.start, made.end)
    ax.set_xlabel("time (s)")
    ax.set_yticks(
        list(made.rows.values()),
        [f"{name} ({letters[name]})" if name in letters else name for name in made.rows],
    )
    common = [fault for fault in trace.faults if not any(name in made.rows for name in targets(fault))]
    concerns = [one for one in common if not any(name in trace.cast for name in targets(one))]
    visible = [one for one in concerns if span(one, trace)[1] >= made.start and one.start <= made.end]
    ax.set_ylim(-made.height, 0.1 + (0.6 if visible else 0.0))
    _rows(ax, trace, made, on)
    notes = [shade(ax, trace, visible, on)]
    for way in made.ways:
        _way(ax, made, way, on)
    _work(ax, made, on)
    _ends(ax, trace, made, on)
    number(ax, trace, made, on)
    _legend(ax, trace, made, on)
    return notes


def _rows(ax: Axes, trace: Trace, made: Tracks, on: Paper) -> None:
    """Each row's line, a queue's band, and when a worker did not run."""
    for name, middle in made.rows.items():
        half = made.size[name] / 2
        if name in made.queues:
            ax.axhspan(
                middle - half + 0.1, middle + half - 0.1, facecolor=SKY, alpha=0.13, linewidth=0, zorder=0
            )
            continue
        ax.plot([made.start, made.end], [middle, middle], color=on.faint, linewidth=1, zorder=0.6)
        if trace.cast.get(name) is None or trace.cast[name].role != "consumer":
            continue
        gaps = [(first, last - first) for first, last in down_times(trace, name)]
        ax.broken_barh(gaps, (middle - 0.45, 0.9), facecolor=on.down, linewidth=0, zorder=0.5)
        for fault in _own(trace, name):
            first, last = span(fault, trace)
            ax.fill_between(
                [first, last], middle - 0.45, middle + 0.45, facecolor=VERMILLION, alpha=0.13, linewidth=0
            )


def _own(trace: Trace, name: str) -> list[FaultSpan]:
    return [fault for fault in trace.faults if name in targets(fault)]


def _way(ax: Axes, made: Tracks, way: Stroke, on: Paper) -> None:
    from matplotlib.transforms import ScaledTranslation

    if way.kind in ("waits", "held up"):
        _wait(ax, made, way, on)
    elif way.kind not in ("gone", "not taken") and way.target in made.rows:
        hue, line, width = _LOOKS[way.kind]
        lower, upper = level(made, way, "source"), level(made, way, "target")
        arrived = not math.isnan(way.end)
        last = way.end if arrived else way.start
        end = upper if arrived else (lower + upper) / 2
        aside = {"acknowledged": -_ASIDE, "given back": -_ASIDE, "delivered": _ASIDE, "redelivered": _ASIDE}
        moved = ax.transData + ScaledTranslation(
            aside.get(way.kind, 0.0) / 72 if last - way.start < SHORT * (made.end - made.start) else 0.0,
            0.0,
            figure_of(ax).dpi_scale_trans,
        )
        ax.annotate(
            "",
            xy=(last, end),
            xytext=(way.start, lower),
            xycoords=moved,
            textcoords=moved,
            arrowprops={
                "arrowstyle": "-|>,head_width=0.22,head_length=0.45",
                "color": hue,
                "linestyle": line,
                "linewidth": width,
                "shrinkA": 0,
                "shrinkB": 0,
            },
            annotation_clip=True,
            zorder=3 if way.kind != "acknowledged" else 1.5,
        )


def _wait(ax: Axes, made: Tracks, way: Stroke, on: Paper) -> None:
    height = made.track.get((way.copy, way.start), made.rows[way.source])
    last = made.end if math.isnan(way.end) else way.end
    if last <= way.start:
        return
    hue = BLUE if way.kind == "waits" else on.ink
    ax.plot(
        [way.start, last],
        [height, height],
        color=hue,
        linewidth=3 if way.kind == "waits" else 1.5,
        solid_capstyle="butt",
        alpha=0.85,
        zorder=2,
        linestyle="-" if way.kind == "waits" else (0, (2, 1)),
    )


def _work(ax: Axes, made: Tracks, on: Paper) -> None:
    narrow = text_seconds(ax, "n", 8.5)  # an edge of paper would hide such a bar
    for ending, look in ENDINGS.items():
        for bar in made.work:
            if bar.ending == ending and bar.consumer in made.rows:
                ax.broken_barh(
                    [(bar.start, bar.end - bar.start)],
                    (made.rows[bar.consumer] - HALF, 2 * HALF),
                    facecolor=look.face,
                    hatch=look.hatch,
                    edgecolor=on.paper,
                    linewidth=0.8 if bar.end - bar.start > narrow else 0.0,
                    zorder=2.5,
                )


def _ends(ax: Axes, trace: Trace, made: Tracks, on: Paper) -> None:
    """Crosses: black-edged for a crash, plain with its word for a message that is gone; diamonds for lost
    connections.
    """
    for t, name, kind in crashes(trace):
        if name in made.rows and kind != "hung" and made.start <= t <= made.end:
            ax.plot(
                [t],
                [made.rows[name]],
                marker="X",
                markersize=10,
                color=VERMILLION,
                markeredgecolor=on.ink,
                markeredgewidth=0.7,
                linestyle="none",
                zorder=5,
            )
    for t, name in lost_connections(trace):
        if name in made.rows and made.start <= t <= made.end:
            low = made.rows[name] - HALF
            ax.plot([t], [low], **_SIGNS["connection lost"], markeredgecolor=on.ink, zorder=5)
    for way in made.ways:
        if way.kind == "not taken" and made.start <= way.start <= made.end:
            ax.plot(
                [way.start],
                [made.rows[way.source]],
                marker="v",
                markersize=6,
                color=PURPLE,
                markeredgecolor=on.ink,
                markeredgewidth=0.6,
                linestyle="none",
                zorder=5,
            )
    _gone(ax, made, on)


def _gone(ax: Axes, made: Tracks, on: Paper) -> None:
    """Plain crosses, each with what was lost there; what is lost at one instant shares its words."""
    places: dict[tuple[float, float, str], list[str]] = {}
    for way in made.ways:
        if way.kind == "gone" and made.start <= way.start <= made.end:
            word = way.word.split(",")[0].split(" ")[0]
            places.setdefault((way.start, level(made, way, "source"), word), []).append(made.names[way.copy])
    for (t, height, word), names in places.items():
        ax.plot(
            [t],
            [height],
            marker="x",
            markersize=8,
            markeredgewidth=2.4,
            color=VERMILLION,
            linestyle="none",
            zorder=5,
        )
        who = ", ".join(names) if len(names) <= 3 else f"{names[0]} … {names[-1]}"
        text = f"{who} {word}"
        at_left = t + text_seconds(ax, text + "nn", 8.5) > made.end
        ax.annotate(
            text,
            xy=(t, height),
            xytext=(-7 if at_left else 7, 5),
            textcoords="offset points",
            ha="right" if at_left else "left",
            fontsize=8.5,
            color=on.ink,
            zorder=6,
            bbox={"boxstyle": "round,pad=0.05", "facecolor": on.paper, "edgecolor": "none", "alpha": 0.8},
        )


def _legend(ax: Axes, trace: Trace, made: Tracks, on: Paper) -> None:
    from matplotlib.lines import Line2D
    from matplotlib.patches import Patch

    seen = {way.kind for way in made.ways}
    keys: list[Artist] = []
    if seen & {"published", "delivered"}:
        keys.append(
            Line2D([], [], color=BLUE, linewidth=1.4, marker=">", markersize=6, label="published, delivered")
        )
    for kind in ("redelivered", "acknowledged", "given back", "refused", "dead-lettered"):
        if kind in seen:
            hue, line, width = _LOOKS[kind]
            keys.append(
                Line2D(
                    [],
                    [],
                    color=hue,
                    linestyle=line,
                    linewidth=width,
                    marker=">",
                    markersize=6,
                    label=KINDS[kind],
                )
            )
    if made.track:
        keys.append(Line2D([], [], color=BLUE, linewidth=3, alpha=0.85, label=KINDS["waits"]))
    endings = {bar.ending for bar in made.work}
    keys += [
        Patch(facecolor=look.face, hatch=look.hatch, edgecolor=on.paper, label=look.label)
        for ending, look in ENDINGS.items()
        if ending in endings
    ]
    if any(
        name in made.rows and kind != "hung" and made.start <= t <= made.end
        for t, name, kind in crashes(trace)
    ):
        keys.append(
            Line2D(
                [],
                [],
                marker="X",
                markersize=9,
                color=VERMILLION,
                markeredgecolor=on.ink,
                linestyle="none",
                label="crash",
            )
        )
    if any(name in made.rows and made.start <= t <= made.end for t, name in lost_connections(trace)):
        sign = _SIGNS["connection lost"]
        keys.append(Line2D([], [], **sign, markeredgecolor=on.ink, label="connection lost"))
    if "not taken" in seen:
        keys.append(
            Line2D(
                [],
                [],
                marker="v",
                markersize=6,
                color=PURPLE,
                markeredgecolor=on.ink,
                linestyle="none",
                label=KINDS["not taken"],
            )
        )
    if "held up" in seen:
        keys.append(
            Line2D([], [], color=on.ink, linewidth=1.5, linestyle=(0, (2, 1)), label=KINDS["held up"])
        )
    if "gone" in seen:
        keys.append(
            Line2D(
                [],
                [],
                marker="x",
                markersize=8,
                markeredgewidth=2.4,
                color=VERMILLION,
                linestyle="none",
                label="a message's way ends here",
            )
        )
    workers = [name for name in made.rows if name in trace.cast and trace.cast[name].role == "consumer"]
    within = [
        gap
        for name in workers
        for gap in down_times(trace, name)
        if gap[0] < made.end and gap[1] > made.start
    ]
    if within:
        keys.append(Patch(facecolor=on.down, label="not running"))
    if any(fault.start <= made.end and span(fault, trace)[1] >= made.start for fault in trace.faults):
        keys.append(Patch(facecolor=VERMILLION, alpha=0.2, label="fault"))
    legend(ax, keys, on)
