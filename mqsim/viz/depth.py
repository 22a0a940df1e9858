"""Queue depth: how many messages were ready, waiting to be sent, over time."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from mqsim.metrics import depth_series
from mqsim.viz.description import keep
from mqsim.viz.faults import shade
from mqsim.viz.figure import figure_of
from mqsim.viz.palette import DASHES, HUES, Paper, dress, entitle, new_axes, paper

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd
    from matplotlib.axes import Axes
    from numpy.typing import NDArray

    from mqsim.trace.tables import Trace

    Series = tuple[NDArray[np.float64], NDArray[np.int64]]

MOST_STEPS = 3000  # in one line; more are drawn as the range and the mean of each window
MOST_QUEUES = 8
_WINDOWS = 300


def plot_depth(trace: Trace, queue: str | None = None, ax: Axes | None = None, theme: str = "light") -> Axes:
    """Draw the ready messages of one queue, or of every queue, over time, as steps with faults shaded.

    Above 3,000 changes a line becomes a band from the least to the greatest depth of each window, with its
    mean inside; above 8 queues the 8 deepest are drawn. The caption says so.

    Args:
        trace: what a run left behind.
        queue: its name; by default all.
        ax: where to draw; by default a figure of its own.
        theme: `light` or `dark` paper.

    Raises:
        UsageError: the run had no such queue.
    """
    import numpy as np
    from matplotlib.ticker import MaxNLocator

    on = paper(theme)
    if ax is None:
        ax = new_axes(9.0, 3.6, on)
    steps = {
        name: depth_series(trace, name) for name in ([queue] if queue is not None else trace.queues.names)
    }
    shown = sorted(steps, key=lambda name: -_greatest(steps[name]))[:MOST_QUEUES]
    shown = [name for name in steps if name in shown]
    dress(ax, on)
    end = trace.end if trace.end > trace.start else trace.start + 1
    ax.set_xlim(trace.start, end)
    top = max((_greatest(steps[name]) for name in shown), default=0)
    ax.set_ylim(0, max(top, 1) * (1.22 if trace.faults else 1.06))
    ax.yaxis.set_major_locator(MaxNLocator(integer=True, nbins=6))
    ax.yaxis.set_major_formatter("{x:,.0f}")
    ax.grid(axis="y", color=on.faint, linewidth=0.7)
    ax.set_xlabel("time (s)")
    ax.set_ylabel("ready messages")
    notes: list[str] = []
    ends: list[tuple[float, str, str]] = []
    for place, name in enumerate(shown):
        hue, dash = HUES[place % len(HUES)], DASHES[place % len(DASHES)]
        times, depth = steps[name]
        if len(times) > MOST_STEPS:
            edges = np.linspace(trace.start, end, _WINDOWS + 1)
            low, mean, high = windows(times, depth, edges)
            ax.stairs(high, edges, baseline=low, fill=True, color=hue, alpha=0.3, linewidth=0, zorder=2)
            ax.plot((edges[:-1] + edges[1:]) / 2, mean, color=hue, linewidth=1.6, linestyle=dash, zorder=3)
            ends.append((float(mean[-1]), name, hue))
            note = f"Line: mean, band: least to greatest, of each {edges[1] - edges[0]:.3g} s."
            notes += [note] if note not in notes else []
        else:
            ax.step(times, depth, where="post", color=hue, linewidth=1.8, linestyle=dash, zorder=3)
            ends.append((float(depth[-1]), name, hue))
    notes.append(shade(ax, trace, trace.faults, on))
    if len(steps) > len(shown):
        notes.append(f"The {len(shown)} deepest of {len(steps)} queues.")
    title = f"Messages ready in {shown[0]}" if len(shown) == 1 else "Messages ready in each queue"
    entitle(ax, title, " ".join(note for note in notes if note), on)
    _name_lines(ax, ends, on)
    keep(ax, lambda: alt_text(trace, queue), lambda: data_table(trace, queue))
    return ax


def _greatest(series: Series) -> int:
    return int(series[1].max())


def windows(
    times: NDArray[np.float64], depth: NDArray[np.int64], edges: NDArray[np.float64]
) -> tuple[NDArray[np.int64], NDArray[np.float64], NDArray[np.int64]]:
    """Least, time-weighted mean and greatest of a step function in each window between neighbouring `edges`.

    Args:
        times: when the value changes, seconds, rising; the first not after the first edge.
        depth: the value from each time on.
        edges: rising.
    """
    import numpy as np

    at = np.searchsorted(times, edges, side="right") - 1
    area = np.concatenate([[0.0], np.cumsum(depth[:-1] * np.diff(times))])
    up_to = area[at] + depth[at] * (edges - times[at])
    mean = np.diff(up_to) / np.diff(edges)
    low = np.empty(len(edges) - 1, dtype=np.int64)
    high = np.empty(len(edges) - 1, dtype=np.int64)
    for place in range(len(edges) - 1):
        part = depth[
            at[place] : max(at[place] + 1, int(np.searchsorted(times, edges[place + 1], side="left")))
        ]
        low[place], high[place] = part.min(), part.max()
    return low, mean, high


def _name_lines(ax: Axes, ends: list[tuple[float, str, str]], on: Paper) -> None:
    """Each line's name at its right end, pushed apart where ends meet."""
    bottom, top = ax.get_ylim()
    gap = (top - bottom) * 13 / (ax.get_position().height * figure_of(ax).get_figheight() * 72)
    floor = -math.inf
    for value, name, hue in sorted(ends, key=lambda entry: entry[0]):
        floor = max(value, floor + gap)
        ax.annotate(
            name,
            xy=(1.0, floor),
            xycoords=ax.get_yaxis_transform(),
            xytext=(16, 0),
            textcoords="offset points",
            va="center",
            fontsize=9,
            fontweight="bold",
            color=on.ink,
            annotation_clip=False,
        )
        ax.annotate(
            "",
            xy=(1.0, floor),
            xycoords=ax.get_yaxis_transform(),
            xytext=(14, 0),
            textcoords="offset points",
            arrowprops={"arrowstyle": "-", "color": hue, "linewidth": 3, "shrinkA": 0, "shrinkB": 3},
            annotation_clip=False,
        )


def data_table(trace: Trace, queue: str | None = None) -> pd.DataFrame:
    """The lines as a table, one row a change: queue, t (s), ready (from t on); the first and last row are the
    run's ends.

    Raises:
        UsageError: the run had no such queue.
    """
    import pandas as pd

    parts = []
    for name in [queue] if queue is not None else trace.queues.names:
        times, depth = depth_series(trace, name)
        parts.append(pd.DataFrame({"queue": name, "t": times, "ready": depth}))
    return pd.concat(parts, ignore_index=True) if parts else pd.DataFrame(columns=["queue", "t", "ready"])


def alt_text(trace: Trace, queue: str | None = None) -> str:
    """The depth in two sentences, with its numbers, for whoever can't see it.

    Raises:
        UsageError: the run had no such queue.
    """
    names = [queue] if queue is not None else trace.queues.names
    said = []
    for name in names[:MOST_QUEUES]:
        times, depth = depth_series(trace, name)
        if depth.max() == 0:
            said.append(f"{name} never kept a message waiting")
            continue
        top = int(depth.argmax())
        said.append(f"{name} rose to {depth[top]} at {times[top]:.6g} s and ended at {depth[-1]}")
    more = f"; and {len(names) - MOST_QUEUES} more queues" if len(names) > MOST_QUEUES else ""
    count = len(trace.faults)
    struck = f" {count} fault{'s are' if count > 1 else ' is'} shaded." if count else " No fault struck."
    return f"Ready messages over {trace.end - trace.start:g} s: {'; '.join(said)}{more}.{struck}"
