"""How faults are shaded and named in every figure."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from mqsim.viz.figure import figure_of
from mqsim.viz.palette import VERMILLION, Paper

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from mqsim.trace.tables import FaultSpan, Trace

_NAMED = 12  # beyond this many, faults are marked along the upper edge and have no names
_EDGE = 0.955  # of the height: where those marks begin


def fault_name(fault: FaultSpan) -> str:
    """What a figure calls a fault, as in `crash of worker-2`."""
    kind = fault.kind.replace("_", " ").replace("-", " ")
    if kind == "fail":
        return f"work of {fault.target} fails"
    if kind == "alarm":
        return f"{fault.target} alarm"
    if kind == "outage":
        return f"{fault.target} fails"
    return f"{kind} of {' and '.join(targets(fault))}"


def targets(fault: FaultSpan) -> list[str]:
    """Whom a fault struck; a partition has two sides."""
    return fault.target.split(" - ")


def span(fault: FaultSpan, trace: Trace) -> tuple[float, float]:
    """From when to when a fault lasted within the run, seconds; one without an end lasts to the run's."""
    end = trace.end if math.isnan(fault.end) else min(fault.end, trace.end)
    return max(fault.start, trace.start), end


def shade(ax: Axes, trace: Trace, faults: list[FaultSpan], on: Paper) -> str:
    """Shade `faults` over the whole height of axes whose limits are final, and name them along the upper
    edge. Too many of them are only marked along that edge, darker where several last at once.

    Returns:
        A sentence for the caption when there are too many to name, else nothing.
    """
    if len(faults) > _NAMED:
        spans = [span(fault, trace) for fault in faults]
        upper, edge = ax.get_xaxis_transform(), (_EDGE, 1 - _EDGE)
        bars = [(start, end - start) for start, end in spans]
        ax.broken_barh(bars, edge, transform=upper, facecolor=VERMILLION, alpha=0.25, linewidth=0, zorder=0)
        starts = [start for start, _ in spans]
        ax.vlines(starts, _EDGE, 1, transform=upper, color=VERMILLION, linewidth=1, zorder=1)
        return f"{len(faults)} faults are marked along the upper edge."
    for fault in faults:
        start, end = span(fault, trace)
        ax.axvspan(start, max(end, start), facecolor=VERMILLION, alpha=0.13, linewidth=0, zorder=0)
        ax.axvline(start, color=VERMILLION, linewidth=1, linestyle=(0, (3, 2)), zorder=1)
    _name(ax, trace, faults, on)
    return ""


def _name(ax: Axes, trace: Trace, faults: list[FaultSpan], on: Paper) -> None:
    """Names on up to three levels below the upper edge, each where it meets no other; to the left where the
    right is short.
    """
    ends: dict[int, float] = {}
    left, right = ax.get_xlim()
    for fault in sorted(faults, key=lambda one: one.start):
        start, _ = span(fault, trace)
        text = fault_name(fault)
        length = text_seconds(ax, text, 8) + text_seconds(ax, "n", 8)
        at_left = start + length > right and start - length > left
        first = start - length if at_left else start
        level = next((k for k in range(3) if ends.get(k, -math.inf) <= first), None)
        if level is None:
            continue
        ends[level] = first + length
        ax.annotate(
            text,
            xy=(start, 1.0),
            xycoords=ax.get_xaxis_transform(),
            xytext=(-4 if at_left else 4, -3 - 11 * level),
            textcoords="offset points",
            ha="right" if at_left else "left",
            va="top",
            fontsize=8,
            color=on.ink,
        )


def text_seconds(ax: Axes, text: str, size: float) -> float:
    """About how many seconds of the time axis a text of `size` points covers (0.6 of its size a letter)."""
    left, right = ax.get_xlim()
    points = ax.get_position().width * figure_of(ax).get_figwidth() * 72
    return 0.6 * size * len(text) * (right - left) / points
