"""The numbers of the messages in a space-time diagram, where there is room for them."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from mqsim.viz.faults import text_seconds
from mqsim.viz.palette import DARK, ENDINGS, Paper

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from mqsim.trace.tables import Trace
    from mqsim.viz.tracks import Tracks


def number(ax: Axes, trace: Trace, made: Tracks, on: Paper) -> None:
    """Each message's number where it is published, on its wait and on its work, as far as there is room."""
    for way in made.ways:
        if way.kind != "waits" or (way.copy, way.start) not in made.track:
            continue
        last = min(made.end, made.end if math.isnan(way.end) else way.end)
        first = max(way.start, made.start)
        text = made.names[way.copy]
        if text_seconds(ax, text + "n", 7.5) <= last - first:
            ax.annotate(
                text,
                xy=(first, made.track[way.copy, way.start]),
                xytext=(8, 0),
                va="center",
                textcoords="offset points",
                fontsize=7.5,
                color=on.ink,
                zorder=4,
                bbox={"boxstyle": "round,pad=0.1", "facecolor": on.paper, "edgecolor": "none"},
            )
    for bar in made.work:
        first, last = max(bar.start, made.start), min(bar.end, made.end)
        text = made.names[bar.copy]
        if bar.consumer in made.rows and text_seconds(ax, text + "n", 8.5) <= last - first:
            ax.text(
                (first + last) / 2,
                made.rows[bar.consumer],
                text,
                ha="center",
                va="center",
                fontsize=8.5,
                zorder=4,
                color="white" if bar.ending in ("done", "lost") else DARK.paper,
                bbox={
                    "boxstyle": "round,pad=0.15",
                    "facecolor": ENDINGS[bar.ending].face,
                    "edgecolor": "none",
                },
            )
    _published(ax, trace, made, on)


def _published(ax: Axes, trace: Trace, made: Tracks, on: Paper) -> None:
    """Numbers above a source's row; those that would meet are joined, as in `#1–#4`."""
    groups: dict[str, list[tuple[float, int]]] = {}
    sign: dict[str, str] = {}
    for way in made.ways:
        worker = way.source in trace.cast and trace.cast[way.source].role == "consumer"
        if way.kind == "published" and not worker and made.start <= way.start <= made.end:
            number = int(made.names[way.copy][1:])
            sign[way.source] = made.names[way.copy][0]
            if (way.start, number) not in groups.setdefault(way.source, []):
                groups[way.source].append((way.start, number))
    for row, marks in groups.items():
        joined: list[list[tuple[float, int]]] = []
        for mark in sorted(marks):
            if joined and mark[0] - joined[-1][0][0] < text_seconds(
                ax, _joined(sign[row], joined[-1]) + "n", 8
            ):
                joined[-1].append(mark)
            else:
                joined.append([mark])
        for marks_here in joined:
            ax.annotate(
                _joined(sign[row], marks_here),
                xy=(marks_here[0][0], made.rows[row]),
                xytext=(-2, 4),
                fontsize=8,
                textcoords="offset points",
                ha="left",
                va="bottom",
                color=on.ink,
                zorder=4,
                bbox={"boxstyle": "round,pad=0.05", "facecolor": on.paper, "edgecolor": "none"},
            )


def _joined(sign: str, marks: list[tuple[float, int]]) -> str:
    numbers = sorted({number for _, number in marks})
    if len(numbers) == 1:
        return f"{sign}{numbers[0]}"
    if numbers[-1] - numbers[0] == len(numbers) - 1:
        return f"{sign}{numbers[0]}–{numbers[-1]}"
    if len(numbers) > 3:
        return f"{sign}{numbers[0]} … {sign}{numbers[-1]}"
    return ", ".join(f"{sign}{number}" for number in numbers)
