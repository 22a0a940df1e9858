"""Worker lanes: who worked on what, when, and what a failure cut short."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING

from mqsim.errors import TraceError, UsageError
from mqsim.trace.timeline import message_name
from mqsim.viz.bars import (
    Bar,
    busy_share,
    by_slot,
    consumers,
    crashes,
    data_table,
    down_times,
    lost_connections,
    lost_unbegun,
    work_bars,
)
from mqsim.viz.description import keep
from mqsim.viz.faults import shade, span, targets, text_seconds
from mqsim.viz.palette import (
    BLUE,
    DARK,
    ENDINGS,
    ORANGE,
    VERMILLION,
    Paper,
    dress,
    entitle,
    legend,
    new_axes,
    paper,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

    from matplotlib.artist import Artist
    from matplotlib.axes import Axes

    from mqsim.trace.tables import FaultSpan, Trace

__all__ = ["alt_text", "data_table", "plot_lanes"]

MOST_BARS = 400  # in one lane; more are drawn as shares of busy time
MOST_LANES = 60
_WINDOWS = 120
_HALF = 0.34  # of a lane's height


def plot_lanes(trace: Trace, ax: Axes | None = None, theme: str = "light", end: float | None = None) -> Axes:
    """Draw one lane a consumer, with a bar for each stretch of work.

    Bars carry the message's number where it fits; hatches tell how the work ended; a triangle marks a message
    that was delivered again, a cross a crash, a diamond a connection that was lost; a bare line is idle time,
    grey time in which the consumer did not run. What was lost before its work began is written above the
    lane. Above 400 bars in a lane the lanes show shares of busy
    time instead; above 60 consumers the first 60 are drawn. The caption says so.

    Args:
        trace: what a run left behind.
        ax: where to draw; by default a figure of its own.
        theme: `light` or `dark` paper.
        end: where the time axis ends, seconds; by default where the run does. Give two runs the same, and
            their lanes can be compared by eye.

    Raises:
        TraceError: the run had no consumers.
        UsageError: `end` is not after the start.
    """
    if end is not None and not end > trace.start:
        raise UsageError(f"end: {end!r} is not allowed; it must be a time after {trace.start:g} s.")
    everyone = consumers(trace)
    if not everyone:
        raise TraceError("There are no lanes to draw: the run had no consumers.")
    names, on = everyone[:MOST_LANES], paper(theme)
    unbegun = {where: copies for where, copies in lost_unbegun(trace).items() if where[0] in names}
    if ax is None:
        tall = 0.5 if unbegun else 0.42
        ax = new_axes(9.0, 1.9 + (tall if len(names) <= 12 else 0.26) * len(names), on)
    rows = {name: len(names) - 1 - place for place, name in enumerate(names)}
    bars: dict[str, list[Bar]] = defaultdict(list)
    for bar in work_bars(trace):
        bars[bar.consumer].append(bar)

    dress(ax, on)
    last = trace.end if trace.end > trace.start else trace.start + 1
    ax.set_xlim(trace.start, last if end is None else end)
    own, common = _faults_by_reach(trace, rows)
    noted = any(rows[name] == len(names) - 1 for name, _ in unbegun)
    ax.set_ylim(-0.6, len(names) - 0.4 + (0.6 if common else 0.2 if noted else 0.0))
    ax.set_yticks(list(rows.values()), list(rows))
    ax.set_xlabel("time (s)")
    ax.set_ylabel("consumer")
    _down(ax, trace, rows, on)
    for name, fault in own:
        first, stop = span(fault, trace)
        ax.fill_between(
            [first, stop], rows[name] - 0.45, rows[name] + 0.45, facecolor=VERMILLION, alpha=0.13, linewidth=0
        )
    notes = [shade(ax, trace, common, on)]
    dense = max((len(bars[name]) for name in names), default=0) > MOST_BARS
    if dense:
        notes.insert(0, _bands(ax, trace, bars, rows, on))
    else:
        _draw_bars(ax, trace, bars, rows, on)
    _breaks(ax, trace, rows, on)
    _losses(ax, trace, unbegun, rows, on)
    if len(everyone) > len(names):
        notes.append(f"The first {len(names)} of {len(everyone)} consumers.")
    entitle(
        ax,
        "What each consumer worked on" if not dense else "How busy each consumer was",
        " ".join(notes).strip(),
        on,
    )
    legend(ax, _keys(trace, bars if not dense else {}, rows, on), on)
    keep(ax, lambda: alt_text(trace), lambda: data_table(trace))
    return ax


def _faults_by_reach(
    trace: Trace, rows: dict[str, int]
) -> tuple[list[tuple[str, FaultSpan]], list[FaultSpan]]:
    """Faults of single consumers, which belong into their lanes, and the others, which concern every lane."""
    own: list[tuple[str, FaultSpan]] = []
    common: list[FaultSpan] = []
    for fault in trace.faults:
        struck = [name for name in targets(fault) if name in trace.cast]
        own.extend((name, fault) for name in struck if name in rows)
        if not struck:
            common.append(fault)
    return own, common


def _down(ax: Axes, trace: Trace, rows: dict[str, int], on: Paper) -> None:
    for name, row in rows.items():
        ax.plot([trace.start, trace.end], [row, row], color=on.faint, linewidth=1.2, zorder=0.4)
        gaps = [(first, last - first) for first, last in down_times(trace, name)]
        if gaps:
            ax.broken_barh(gaps, (row - 0.45, 0.9), facecolor=on.down, linewidth=0, zorder=0.5)


def _draw_bars(ax: Axes, trace: Trace, bars: dict[str, list[Bar]], rows: dict[str, int], on: Paper) -> None:
    producers = {trace.messages.producer[bar.copy] for lane in bars.values() for bar in lane}
    for name, lane in rows.items():
        for row, half, worked in _strips(trace, name, lane, bars[name]):
            _draw_strip(ax, trace, row, half, worked, len(producers) > 1, on)


def _strips(
    trace: Trace, name: str, lane: float, bars: list[Bar]
) -> Iterator[tuple[float, float, list[Bar]]]:
    """The strips of a consumer's lane, one for each of its slots: middle, half the height, bars."""
    slots = by_slot(bars, trace.cast[name].slots)
    half = _HALF / len(slots)
    for place, worked in enumerate(slots):
        yield lane + _HALF - (2 * place + 1) * half, half, worked


def _draw_strip(
    ax: Axes, trace: Trace, row: float, half: float, bars: list[Bar], several: bool, on: Paper
) -> None:
    for ending, look in ENDINGS.items():
        stretches = [(bar.start, bar.end - bar.start) for bar in bars if bar.ending == ending]
        if stretches:
            ax.broken_barh(
                stretches,
                (row - half, 2 * half),
                facecolor=look.face,
                hatch=look.hatch,
                edgecolor=on.paper,
                linewidth=0.8 if _wide(ax, stretches) else 0.0,
                zorder=2,
            )
    again = [bar.start for bar in bars if bar.attempt > 1]
    ax.plot(
        again,
        [row] * len(again),
        marker=">",
        markersize=8,
        color=ORANGE,
        markeredgecolor=on.ink,
        markeredgewidth=0.7,
        linestyle="none",
        zorder=3.5,
    )
    for bar in bars:
        label = _label(ax, trace, bar, several)
        if label:
            # A plate of the bar's own hue keeps a label readable on a hatch.
            ax.text(
                (bar.start + bar.end) / 2,
                row,
                label,
                ha="center",
                va="center",
                fontsize=8.5,
                zorder=3,
                color="white" if bar.ending in ("done", "lost") else DARK.paper,
                clip_on=True,
                bbox={
                    "boxstyle": "round,pad=0.15",
                    "facecolor": ENDINGS[bar.ending].face,
                    "edgecolor": "none",
                },
            )


def _wide(ax: Axes, stretches: list[tuple[float, float]]) -> bool:
    """Whether bars are broad enough for an edge of paper around them, which else would hide them."""
    middle = sorted(length for _, length in stretches)[len(stretches) // 2]
    return middle > text_seconds(ax, "n", 8.5)


def _label(ax: Axes, trace: Trace, bar: Bar, several: bool) -> str:
    """The longest name of the message that fits its bar and names it without doubt; with one producer its
    number does.
    """
    full = message_name(trace, bar.copy)
    names = [full] if several else [full, full[full.rindex("#") :]]
    room = bar.end - bar.start
    return next((name for name in names if text_seconds(ax, name + "n", 8.5) <= room), "")


def _bands(ax: Axes, trace: Trace, bars: dict[str, list[Bar]], rows: dict[str, int], on: Paper) -> str:
    import numpy as np

    edges = np.linspace(trace.start, trace.end, _WINDOWS + 1)
    for name, row in rows.items():
        if bars[name]:
            bottom = row - _HALF
            ax.stairs(
                bottom + busy_share(bars[name], edges, trace.cast[name].slots) * 2 * _HALF,
                edges,
                baseline=bottom,
                fill=True,
                color=BLUE,
                zorder=2,
            )
        ax.plot([trace.start, trace.end], [row - _HALF] * 2, color=BLUE, linewidth=0.6, zorder=2)
        ax.plot([trace.start, trace.end], [row + _HALF] * 2, color=on.faint, linewidth=0.8, zorder=1)
    count = sum(len(lane) for lane in bars.values())
    window = float(edges[1] - edges[0])
    share = f"the share of each {window:.3g} s spent working; up to the faint line is all of it"
    return f"{count:,} stretches of work, too many for bars: a lane's height is {share}."


def _breaks(ax: Axes, trace: Trace, rows: dict[str, int], on: Paper) -> None:
    """A cross where a consumer died, a diamond where it lost its connection."""
    died = [(t, name) for t, name, kind in crashes(trace) if kind != "hung"]
    # The diamond hangs at the lane's lower edge: its consumer may work on, and the bar's label stays free.
    for marker, size, aside, where in (("X", 9, 0.0, died), ("D", 7, -_HALF, lost_connections(trace))):
        seen = [(t, rows[name] + aside) for t, name in where if name in rows]
        ax.plot(
            [t for t, _ in seen],
            [row for _, row in seen],
            marker=marker,
            markersize=size,
            color=VERMILLION,
            markeredgecolor=on.ink,
            markeredgewidth=0.7,
            linestyle="none",
            zorder=4,
        )


def _losses(
    ax: Axes,
    trace: Trace,
    unbegun: dict[tuple[str, float], list[int]],
    rows: dict[str, int],
    on: Paper,
) -> None:
    """Above its lane, where no bar is: what a consumer lost that it had not begun."""
    producers = {trace.messages.producer[copy] for copies in unbegun.values() for copy in copies}
    for (name, t), copies in unbegun.items():
        full = [message_name(trace, copy) for copy in copies]
        called = full if len(producers) > 1 else [one[one.rindex("#") :] for one in full]
        which = f": {', '.join(called)}" if len(called) <= 3 else ""
        text = f"{len(called)} lost before work began{which}"
        at_left = t + text_seconds(ax, text + "nn", 8) > ax.get_xlim()[1]
        ax.annotate(
            text,
            xy=(t, rows[name] + _HALF),
            xytext=(2 if at_left else -2, 0.5),
            textcoords="offset points",
            ha="right" if at_left else "left",
            va="bottom",
            fontsize=8,
            color=on.ink,
            zorder=4,
        )


def _keys(trace: Trace, bars: dict[str, list[Bar]], rows: dict[str, int], on: Paper) -> list[Artist]:
    """What hatches, crosses, shades and lines mean, of those that are drawn."""
    from matplotlib.lines import Line2D
    from matplotlib.patches import Patch

    drawn = [bar for name in rows for bar in bars.get(name, ())]
    endings = {bar.ending for bar in drawn}
    keys: list[Artist] = [
        Patch(facecolor=look.face, hatch=look.hatch, edgecolor=on.paper, label=look.label)
        for ending, look in ENDINGS.items()
        if ending in endings
    ]

    def sign(marker: str, hue: str, label: str) -> None:
        how = {
            "marker": marker,
            "markersize": 8,
            "color": hue,
            "markeredgecolor": on.ink,
            "linestyle": "none",
        }
        keys.append(Line2D([], [], label=label, markeredgewidth=0.7, **how))  # type: ignore[arg-type]

    if any(bar.attempt > 1 for bar in drawn):
        sign(">", ORANGE, "delivered again")
    if any(name in rows and kind != "hung" for _, name, kind in crashes(trace)):
        sign("X", VERMILLION, "crash")
    if any(name in rows for _, name in lost_connections(trace)):
        sign("D", VERMILLION, "connection lost")
    if drawn:
        keys.append(Line2D([], [], color=on.faint, linewidth=2, label="idle"))
    if any(down_times(trace, name) for name in rows):
        keys.append(Patch(facecolor=on.down, label="not running"))
    if trace.faults:
        keys.append(Patch(facecolor=VERMILLION, alpha=0.2, label="fault"))
    return keys


def alt_text(trace: Trace) -> str:
    """The lanes in two sentences, with their numbers, for whoever can't see them."""
    names = consumers(trace)
    count: dict[str, int] = dict.fromkeys(names, 0)
    busy: dict[str, float] = dict.fromkeys(names, 0.0)
    endings: dict[str, int] = dict.fromkeys(ENDINGS, 0)
    for bar in work_bars(trace):
        count[bar.consumer] += 1
        busy[bar.consumer] += bar.end - bar.start
        endings[bar.ending] += 1
    length = max(trace.end - trace.start, 1e-300)
    each = "; ".join(f"{name} {count[name]} ({busy[name] / length:.0%} busy)" for name in names[:8])
    more = f"; and {len(names) - 8} more" if len(names) > 8 else ""
    ends = ", ".join(f"{number} {ending}" for ending, number in endings.items() if number) or "none"
    died = [f"{name} at {t:g} s" for t, name, kind in crashes(trace) if kind != "hung"]
    cut = [f"{name} at {t:g} s" for t, name in lost_connections(trace)]
    crashed = _listed("crashes", died) + _listed("lost connections", cut)
    unbegun = sum(map(len, lost_unbegun(trace).values()))
    if unbegun:
        crashed += f"; lost before work began: {unbegun}"
    who = f"{len(names)} consumer{'s' * (len(names) != 1)}"
    first = f"Lanes of {who} over {length:g} s, with stretches of work: {each}{more}."
    return f"{first} How they ended: {ends}{crashed}."


def _listed(what: str, each: list[str]) -> str:
    """The first five of them, as the end of a sentence; nothing where there are none."""
    more = f" and {len(each) - 5} more" if len(each) > 5 else ""
    return f"; {what}: {', '.join(each[:5])}{more}" if each else ""
