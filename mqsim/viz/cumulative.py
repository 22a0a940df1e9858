"""Arrivals against completions: two counts that only rise, and between them what is in the system."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from mqsim.errors import UsageError
from mqsim.trace.frames import columns
from mqsim.trace.tables import How, Outcome, Trace
from mqsim.viz.description import keep
from mqsim.viz.faults import shade, text_seconds
from mqsim.viz.palette import BLUE, GREEN, SKY, Paper, dress, entitle, legend, new_axes, paper, rule

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes
    from numpy.typing import NDArray

    Times = NDArray[np.float64]

MOST_STEPS = 1500  # of a line; beyond, the counts at as many equal distances are drawn
_POINTS = 800
_THIN = 0.04  # of the height: a gap that is less can't be seen


def plot_cumulative(
    trace: Trace, queue: str | None = None, ax: Axes | None = None, theme: str = "light"
) -> Axes:
    """Draw how many messages had arrived, and how many had left, up to each time.

    The shaded gap between the lines is, upright, what is in the system (waiting or being worked on); across,
    with one queue that serves in order, how long a message stays. Where messages left otherwise than by being
    worked on (expired, dropped, lost), a third line counts those that were. `viz.data` has the columns `t`,
    `arrived`, `left`, `done`, `in_system`.

    Args:
        trace: what a run left behind.
        queue: its name; by default all queues together, in which a message counts once a queue.
        ax: where to draw; by default a figure of its own.
        theme: `light` or `dark` paper.

    Raises:
        UsageError: the run had no such queue.
    """
    from matplotlib.ticker import MaxNLocator

    on = paper(theme)
    counted = data_table(trace, queue)
    if ax is None:
        ax = new_axes(9.0, 4.0, on)
    dress(ax, on)
    end = trace.end if trace.end > trace.start else trace.start + 1
    ax.set_xlim(trace.start, end + 0.01 * (end - trace.start))  # the last step, too
    top = max(int(counted["arrived"].max()), 1)
    ax.set_ylim(0, top * (1.22 if trace.faults else 1.06))
    ax.yaxis.set_major_locator(MaxNLocator(integer=True, nbins=6))
    ax.yaxis.set_major_formatter("{x:,.0f}")
    rule(ax, "y", on)
    ax.set_xlabel("time (s)")
    ax.set_ylabel("messages so far")

    drawn = _thinned(counted, trace.start, end)
    t = drawn["t"].to_numpy()
    arrived, left, done = (drawn[name].to_numpy() for name in ("arrived", "left", "done"))
    ax.fill_between(
        t, left, arrived, step="post", color=SKY, alpha=0.3, linewidth=0, label="the gap: in the system"
    )
    otherwise = bool((counted["left"] != counted["done"]).any())
    ax.step(t, arrived, where="post", color=BLUE, linewidth=2, label="arrived")
    ax.step(
        t,
        left,
        where="post",
        color=GREEN,
        linewidth=2,
        linestyle="--",
        label="left (in any way)" if otherwise else "worked to the end",
    )
    if otherwise:
        ax.step(t, done, where="post", color=on.ink, linewidth=1.4, linestyle=":", label="worked to the end")
    _widest(ax, counted, on)
    notes = [shade(ax, trace, trace.faults, on)]
    if queue is None and len(trace.queues) > 1:
        notes.append("All queues together: a message counts once in each queue that it comes to.")
    where = f" at {queue}" if queue is not None else ""
    entitle(ax, f"Messages that came{where}, and that were done", " ".join(filter(None, notes)), on)
    legend(ax, ax.get_legend_handles_labels()[0], on)
    keep(ax, lambda: alt_text(trace, queue), lambda: data_table(trace, queue))
    return ax


def _thinned(counted: pd.DataFrame, start: float, end: float) -> pd.DataFrame:
    """The same counts at equal distances, where there are more steps than a screen has dots."""
    if len(counted) <= MOST_STEPS:
        return counted
    points = np.linspace(start, end, _POINTS)
    rows = np.searchsorted(counted["t"].to_numpy(), points, side="right") - 1
    return counted.iloc[rows].assign(t=points)


def _widest(ax: Axes, counted: pd.DataFrame, on: Paper) -> None:
    """An upright arrow where the gap is widest, with its number."""
    row = int(counted["in_system"].to_numpy().argmax())
    at = counted.iloc[row]
    if at["in_system"] < 2:
        return
    if at["in_system"] < _THIN * ax.get_ylim()[1]:
        ax = _glass(ax, counted, at, on)
    t, low, high = float(at["t"]), float(at["left"]), float(at["arrived"])
    ax.annotate(
        "",
        xy=(t, high),
        xytext=(t, low),
        arrowprops={"arrowstyle": "<->", "color": on.ink, "linewidth": 1.2, "shrinkA": 0, "shrinkB": 0},
    )
    text = f"{int(at['in_system']):,} in the system"
    right = ax.get_xlim()[1]
    at_left = t + text_seconds(ax, text + "nn", 9) > right
    ax.annotate(
        text,
        xy=(t, (low + high) / 2),
        xytext=(-7 if at_left else 7, 0),
        textcoords="offset points",
        ha="right" if at_left else "left",
        va="center",
        fontsize=9,
        color=on.ink,
        zorder=5,
        bbox={"boxstyle": "round,pad=0.15", "facecolor": on.paper, "edgecolor": "none", "alpha": 0.85},
    )


def _glass(ax: Axes, counted: pd.DataFrame, at: pd.Series, on: Paper) -> Axes:
    """A part of the figure, enlarged in its empty corner: where the gap is widest, as it can't be seen."""
    t, gap, high = float(at["t"]), float(at["in_system"]), float(at["arrived"])
    times = counted["t"].to_numpy()
    pace = max(high / max(t - float(times[0]), 1e-12), 1e-12)
    half = 0.8 * gap / pace
    left, right = max(t - half, float(times[0])), min(t + half, float(times[-1]))
    first, last = (int(np.searchsorted(times, edge, side="right")) for edge in (left, right))
    part = counted.iloc[max(first - 1, 0) : last + 1]
    inset = ax.inset_axes((0.63, 0.1, 0.35, 0.33))
    dress(inset, on)
    inset.tick_params(labelsize=8)
    for side in ("top", "right", "left"):
        inset.spines[side].set_visible(True)
    for spine in inset.spines.values():
        spine.set_color(on.faint)
    x, upper, lower = (part[name].to_numpy() for name in ("t", "arrived", "left"))
    inset.fill_between(x, lower, upper, step="post", color=SKY, alpha=0.3, linewidth=0)
    inset.step(x, upper, where="post", color=BLUE, linewidth=1.6)
    inset.step(x, lower, where="post", color=GREEN, linewidth=1.6, linestyle="--")
    inset.set_xlim(left, right)
    inset.set_ylim(float(lower.min()), float(upper.max()) + 0.05 * gap)
    inset.yaxis.set_major_formatter("{x:,.0f}")
    inset.set_title("enlarged: the widest gap", fontsize=8.5, color=on.ink, loc="left", pad=3)
    ax.indicate_inset_zoom(inset, edgecolor=on.ink, alpha=0.6)
    return inset


def _times(trace: Trace, queue: str | None) -> tuple[Times, Times, Times]:
    """When copies arrived in the queue, when they left the system, and when those left that were worked to
    their end; each ascending.
    """
    codes, enqueued, ended, finished, outcome = columns(
        trace.messages, "queue", "enqueued", "ended", "finished", "outcome"
    )
    chosen = ~np.isnan(enqueued)
    if queue is not None:
        if queue not in trace.queues.names:
            known = ", ".join(trace.queues.names) or "none"
            raise UsageError(f"queue: {queue!r} is not in this trace; it has {known}.")
        chosen &= codes == trace.queues.names.index(queue)
    acked = outcome == Outcome.ACKED
    # Acknowledged before it was done: it stays until the work is over.
    left = np.where(acked, np.maximum(ended, finished), ended)
    copy, closed, how = columns(trace.deliveries, "copy", "ended", "how")
    broken = how == How.LOST
    left[copy[broken]] = np.fmax(left[copy[broken]], closed[broken])
    gone = chosen & ~np.isnan(left)
    done = gone & acked
    return np.sort(enqueued[chosen]), np.sort(left[gone]), np.sort(left[done])


def data_table(trace: Trace, queue: str | None = None) -> pd.DataFrame:
    """The lines as a table, one row a time at which a count changes; the first and last row are the run's
    ends.

    Raises:
        UsageError: the run had no such queue.
    """
    import pandas as pd

    arrived, left, done = _times(trace, queue)
    t = np.unique(np.concatenate([arrived, left, [trace.start, trace.end]]))
    counts: dict[str, Any] = {
        name: np.searchsorted(times, t, side="right")
        for name, times in (("arrived", arrived), ("left", left), ("done", done))
    }
    counts["in_system"] = counts["arrived"] - counts["left"]
    return pd.DataFrame({"t": t, **counts})


def alt_text(trace: Trace, queue: str | None = None) -> str:
    """The lines in a few sentences, with their numbers, for whoever can't see them.

    Raises:
        UsageError: the run had no such queue.
    """
    counted = data_table(trace, queue)
    last = counted.iloc[-1]
    widest = counted.iloc[int(counted["in_system"].to_numpy().argmax())]
    where = f"in queue {queue}" if queue is not None else "in all queues"
    arrived, left, done = (int(last[name]) for name in ("arrived", "left", "done"))
    ways = "" if left == done else f", {left - done:,} left otherwise"
    return (
        f"Arrivals against completions over {trace.end - trace.start:g} s {where}: {arrived:,} arrived, "
        f"{done:,} were worked to the end{ways}, {arrived - left:,} were still there at the end. "
        f"The gap was widest at {widest['t']:.6g} s, with {int(widest['in_system']):,} in the system."
    )
