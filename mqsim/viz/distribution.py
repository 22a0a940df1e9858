"""How a time was spread over the messages, with the formula over it where one exists."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from mqsim.metrics.summary import AT_ONCE
from mqsim.metrics.window import PERCENTILES
from mqsim.viz.description import keep
from mqsim.viz.faults import text_seconds
from mqsim.viz.palette import (
    BLUE,
    DASHES,
    SKY,
    VERMILLION,
    Paper,
    dress,
    entitle,
    legend,
    new_axes,
    paper,
    rule,
)
from mqsim.viz.spread import FEW, Spread, What, spread

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes

    from mqsim.scenario import Scenario
    from mqsim.trace.tables import Trace

TITLES = {
    "wait": "How long messages waited",
    "service": "How long the work on a message took",
    "sojourn": "How long messages took, from their creation to the end of their work",
}
_TALL = 8  # a first bar that is so many times as high as the rest is cut off


def plot_distribution(
    trace: Trace,
    what: What = "wait",
    queue: str | None = None,
    theory: Scenario | None = None,
    warmup: float = 0.0,
    ax: Axes | None = None,
    theme: str = "light",
) -> Axes:
    """Draw which share of the messages had which wait, service or sojourn time, as bars.

    Dots joined by a line are what the formula expects in each bar, where `mqsim.matching` knows one, exact or
    approximate; where it knows none the caption says why. `viz.data` has the columns `from`, `to` (s),
    `share`, `formula` (NaN where there is none); bars count from just above `from` up to `to`.

    Args:
        trace: what a run left behind.
        what: `wait`, `service` or `sojourn`, as in `summary()`.
        queue: its name; by default the only one whose messages were worked on, or all together, for which
            there is no formula.
        theory: the scenario that was run, to look its formula up; by default none is drawn.
        warmup: seconds at the start whose messages are left out.
        ax: where to draw; by default a figure of its own.
        theme: `light` or `dark` paper.

    Raises:
        UsageError: there is no such time or no such queue.
    """
    on = paper(theme)
    drawn = spread(trace, what, queue, theory, warmup)
    if ax is None:
        ax = new_axes(9.0, 4.0, on)
    dress(ax, on)
    rule(ax, "y", on)
    ax.set_xlabel(f"{what} (s)")
    ax.set_ylabel("share of the messages")
    ax.yaxis.set_major_formatter(lambda value, _: f"{value:.3g}%")
    notes = [_fit_words(drawn)]
    if len(drawn.sample):
        _bars(ax, drawn, what, on)
        _marks(ax, drawn, on)
        notes.append(_beyond(drawn))
    notes.append(_left_out(drawn))
    where = f" in {drawn.queue}" if drawn.queue and len(trace.queues) > 1 else ""
    entitle(ax, TITLES[what] + where, " ".join(filter(None, notes)), on)
    keep(
        ax,
        lambda: alt_text(trace, what, queue, theory, warmup),
        lambda: data_table(trace, what, queue, theory, warmup),
    )
    return ax


def _bars(ax: Axes, drawn: Spread, what: str, on: Paper) -> None:
    from matplotlib.ticker import MaxNLocator

    middle, width, share = drawn.at, drawn.width, 100 * drawn.share
    ax.set_xlim(*_limits(drawn))
    ax.bar(middle, share, width=width, color=BLUE, edgecolor=on.paper, linewidth=0.6, label="simulated")
    at_once = 100 * float((drawn.sample <= AT_ONCE).mean())
    top = float(share.max())
    if what == "wait" and at_once > 0:
        ax.bar(
            middle[0],
            at_once,
            width=width[0],
            color=SKY,
            edgecolor=on.paper,
            hatch="//",
            linewidth=0.6,
            label=f"did not wait at all: {at_once:.3g}%",
        )
    if drawn.formula is not None and drawn.curve is not None:
        expected = 100 * drawn.formula
        top = max(top, float(expected.max()))
        ax.plot(
            middle,
            expected,
            color=on.ink,
            marker="o",
            markersize=4,
            markerfacecolor=on.paper,
            markeredgecolor=VERMILLION,
            markeredgewidth=1.4,
            linewidth=1.1,
            linestyle="-",
            label=f"formula: {drawn.curve.label}",
            zorder=4,
        )
    others = share[1:] if drawn.formula is None else np.maximum(share, 100 * drawn.formula)[1:]
    rest = float(others.max()) if len(others) else 0.0
    if len(share) > FEW and share[0] > _TALL * rest > 0:
        top = 2.2 * rest
        beside = f" (formula: {100 * drawn.formula[0]:.3g}%)" if drawn.formula is not None else ""
        ax.annotate(
            f"↑ the first bar ends at {share[0]:.3g}%{beside}",
            xy=(middle[0] + 0.8 * width[0], top * 1.08),
            fontsize=8.5,
            va="top",
            color=on.ink,
            zorder=5,
            bbox={"boxstyle": "round,pad=0.1", "facecolor": on.paper, "edgecolor": "none"},
        )
    ax.set_ylim(0, top * 1.28)
    ticks = MaxNLocator(nbins=6, steps=[1, 2, 2.5, 5, 10]).tick_values(0, top * 1.05)
    ax.set_yticks([tick for tick in ticks if tick <= min(100, top * 1.2)])
    legend(ax, ax.get_legend_handles_labels()[0], on)


def _limits(drawn: Spread) -> tuple[float, float]:
    """The time axis: the bars' ends, with some air where there are few."""
    first, last = drawn.at[0] - drawn.width[0] / 2, drawn.at[-1] + drawn.width[-1] / 2
    if len(drawn.at) > FEW:
        return first, last
    span = float(drawn.at[-1]) or 1.0
    alone = len(drawn.at) == 1
    return min(first, 0.0) - 0.03 * span, last + (0.5 if alone else 0.03) * span


def _marks(ax: Axes, drawn: Spread, on: Paper) -> None:
    """Upright lines at the percentiles, named at their upper ends."""
    left, right = ax.get_xlim()
    free: dict[int, float] = {}
    points = np.percentile(drawn.sample, PERCENTILES)
    for place, (p, t) in enumerate(zip(PERCENTILES, points.tolist(), strict=True)):
        if not left <= t <= right:
            continue
        text = f"p{p} {t:.3g} s"
        length = text_seconds(ax, text + "nn", 8.5)
        at_left = t + length > right
        first = t - length if at_left else t
        level = next(k for k in range(len(PERCENTILES)) if free.get(k, left) <= first or not free.get(k))
        free[level] = first + length
        ax.axvline(t, color=on.ink, linewidth=1.1, linestyle=DASHES[1 + place], zorder=3)
        ax.annotate(
            text,
            xy=(t, 1.0),
            xycoords=ax.get_xaxis_transform(),
            xytext=(-4 if at_left else 4, -1 - 11 * level),
            textcoords="offset points",
            va="top",
            ha="right" if at_left else "left",
            fontsize=8.5,
            color=on.ink,
            zorder=5,
            bbox={"boxstyle": "round,pad=0.1", "facecolor": on.paper, "edgecolor": "none", "alpha": 0.8},
        )


def _fit_words(drawn: Spread) -> str:
    if drawn.curve is None:
        return ""
    if drawn.curve.cdf is None:
        return f"No formula is drawn. {drawn.curve.why}"
    return ""


def _beyond(drawn: Spread) -> str:
    beyond = drawn.sample > drawn.edges[-1]
    if not beyond.any():
        return ""
    longest = f"up to {drawn.sample.max():.3g} s"
    return f"{100 * beyond.mean():.2g}% of the messages, {longest}, are beyond the right edge."


def _left_out(drawn: Spread) -> str:
    missing = drawn.created - len(drawn.sample)
    if not len(drawn.sample):
        return "No message was worked to its end."
    if not missing:
        return f"{len(drawn.sample):,} messages."
    return (
        f"{len(drawn.sample):,} messages; {missing:,} others were not worked to their end and are not in it."
    )


def data_table(
    trace: Trace,
    what: What = "wait",
    queue: str | None = None,
    theory: Scenario | None = None,
    warmup: float = 0.0,
) -> pd.DataFrame:
    """The bars as a table: `from` and `to` (s), `share` of the messages, and what the `formula` expects."""
    import pandas as pd

    drawn = spread(trace, what, queue, theory, warmup)
    edges = drawn.edges.copy()
    edges[0] = drawn.at[0] - drawn.width[0] / 2
    formula = np.full(len(drawn.share), np.nan) if drawn.formula is None else drawn.formula
    table = {"from": edges[:-1], "to": edges[1:], "share": drawn.share, "formula": formula}
    return pd.DataFrame(table).iloc[: len(drawn.share) if len(drawn.sample) else 0]


def alt_text(
    trace: Trace,
    what: What = "wait",
    queue: str | None = None,
    theory: Scenario | None = None,
    warmup: float = 0.0,
) -> str:
    """The distribution in a few sentences, with its numbers, for whoever can't see it."""
    drawn = spread(trace, what, queue, theory, warmup)
    whose = f" in queue {drawn.queue}" if drawn.queue else ""
    if not len(drawn.sample):
        return f"Distribution of the {what}{whose}: no message was worked to its end."
    points = np.percentile(drawn.sample, PERCENTILES).tolist()
    said = ", ".join(f"p{p} {t:.4g} s" for p, t in zip(PERCENTILES, points, strict=True))
    none = f" {(drawn.sample <= AT_ONCE).mean():.1%} did not wait." if what == "wait" else ""
    head = (
        f"Distribution of the {what} of {len(drawn.sample):,} messages{whose}: "
        f"mean {drawn.sample.mean():.4g} s, {said}, longest {drawn.sample.max():.4g} s.{none}"
    )
    if drawn.formula is None or drawn.curve is None:
        return " ".join(filter(None, (head, _fit_words(drawn))))
    off = float(np.abs(drawn.formula - drawn.share).max())
    return (
        f"{head} The formula {drawn.curve.label} is drawn over the bars; no bar differs from it by more than "
        f"{100 * off:.2g} percentage points."
    )
