"""How the work was shared among the workers."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from mqsim.errors import TraceError
from mqsim.metrics.utilisation import consumer_numbers
from mqsim.metrics.window import window
from mqsim.trace.work_spans import up_spans
from mqsim.viz.description import keep
from mqsim.viz.figure import figure_of
from mqsim.viz.palette import (
    HATCHES,
    HUES,
    VERMILLION,
    Paper,
    dress,
    entitle,
    legend,
    new_axes,
    paper,
    rule,
)

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes

    from mqsim.trace.tables import Trace

MOST_BARS = 60


def plot_share(trace: Trace, warmup: float = 0.0, ax: Axes | None = None, theme: str = "light") -> Axes:
    """Draw which share of the messages each worker handled, a bar each, beside the even share.

    A worker's share is of all that was handled from its queue. Workers of one queue have one colour and
    hatch. Above 60 workers the first 60 are drawn; the caption says so. `viz.data` has the columns
    `consumer`, `queue`, `handled`, `share`, `even` (the even share), `busy` (share of the time that it was
    up) and `up` (share of the run).

    Args:
        trace: what a run left behind.
        warmup: seconds at the start whose messages are left out.
        ax: where to draw; by default a figure of its own.
        theme: `light` or `dark` paper.

    Raises:
        TraceError: the run had no consumers.
    """
    from matplotlib.ticker import MaxNLocator

    on = paper(theme)
    table = data_table(trace, warmup)
    if not len(table):
        raise TraceError("There is no share to draw: the run had no consumers.")
    shown = table.head(MOST_BARS)
    if ax is None:
        each = 0.4 if len(shown) <= 12 else 0.24
        ax = new_axes(9.0, 1.4 + each * len(shown), on)
    dress(ax, on)
    rule(ax, "x", on)
    rows = [len(shown) - 1 - place for place in range(len(shown))]
    ax.set_yticks(rows, list(shown["consumer"]))
    ax.set_ylim(-0.6, len(shown) - 0.4)
    widest = max(float(shown["share"].max()), float(shown["even"].max()), 0.01)
    ax.set_xlim(0, _right_end(ax, shown))
    ticks = MaxNLocator(nbins=6, steps=[1, 2, 2.5, 5, 10]).tick_values(0, 100 * widest)
    ax.set_xticks([tick for tick in ticks if tick <= 100])
    ax.xaxis.set_major_formatter(lambda value, _: f"{value:.4g}%")
    ax.set_xlabel("share of the messages handled from its queue")
    queues = list(dict.fromkeys(shown["queue"]))
    for place, name in enumerate(queues):
        mine = [k for k, queue in enumerate(shown["queue"]) if queue == name]
        ax.barh(
            [rows[k] for k in mine],
            [100 * float(shown["share"].iloc[k]) for k in mine],
            height=0.68,
            color=HUES[place % len(HUES)],
            hatch=HATCHES[place % len(HATCHES)],
            edgecolor=on.paper,
            linewidth=0.8,
            label=f"took from {name}",
        )
        even = 100 * float(shown["even"].iloc[mine[0]])
        ends = [min(rows[k] for k in mine) - 0.5, max(rows[k] for k in mine) + 0.5]
        ax.plot(
            [even, even],
            ends,
            color=VERMILLION,
            linewidth=1.6,
            linestyle=(0, (4, 2)),
            label="an even share" if place == 0 else None,
        )
    _numbers(ax, shown, rows, on)
    note = f" The first {MOST_BARS} of {len(table)} consumers." if len(table) > len(shown) else ""
    entitle(ax, "How the work was shared", f"Dashed: an even share.{note}", on)
    if len(queues) > 1:
        legend(ax, ax.get_legend_handles_labels()[0], on)
    keep(ax, lambda: alt_text(trace, warmup), lambda: data_table(trace, warmup))
    return ax


def _words(one: pd.Series) -> str:
    words = f"{one['handled']:,} ({one['share']:.1%}), {one['busy']:.0%} busy"
    return words if one["up"] > 0.9995 else f"{words}, up {one['up']:.0%} of the run"


def _right_end(ax: Axes, shown: pd.DataFrame) -> float:
    """Where the axis must end for the words beside the bars to fit, percent."""
    points = 0.85 * figure_of(ax).get_figwidth() * 72 * ax.get_position().width
    shares = [
        one["share"] / (1 - min(0.55 * 8.5 * (len(_words(one)) + 3) / points, 0.7))
        for _, one in shown.iterrows()
    ]
    return 100.0 * max(*map(float, shares), 1.05 * float(shown["even"].max()), 0.01)


def _numbers(ax: Axes, shown: pd.DataFrame, rows: list[int], on: Paper) -> None:
    for row, (_, one) in zip(rows, shown.iterrows(), strict=True):
        ax.annotate(
            _words(one),
            xy=(100 * one["share"], row),
            xytext=(6, 0),
            textcoords="offset points",
            va="center",
            fontsize=8.5,
            color=on.ink,
            annotation_clip=False,
            zorder=5,
            bbox={"boxstyle": "round,pad=0.1", "facecolor": on.paper, "edgecolor": "none"},
        )


def data_table(trace: Trace, warmup: float = 0.0) -> pd.DataFrame:
    """The bars as a table, one row a consumer; shares from 0 to 1."""
    import pandas as pd

    span = window(trace, warmup)
    numbers, _ = consumer_numbers(trace, span)
    queue_of = {name: trace.cast[name].queue if name in trace.cast else "" for name in numbers}
    count: dict[str, int] = {}
    for queue in queue_of.values():
        count[queue] = count.get(queue, 0) + 1
    rows: list[dict[str, Any]] = []
    for name, one in numbers.items():
        spans = up_spans(trace, name)
        up = float(span.overlap(spans[:, 0], spans[:, 1]).sum()) / span.length if span.length else 0.0
        rows.append(
            {
                "consumer": name,
                "queue": queue_of[name],
                "handled": one["handled"],
                "share": one["share"] or 0.0,
                "even": 1 / count[queue_of[name]],
                "busy": one["of_up_time"] or 0.0,
                "up": up,
            }
        )
    return pd.DataFrame(rows, columns=["consumer", "queue", "handled", "share", "even", "busy", "up"])


def alt_text(trace: Trace, warmup: float = 0.0) -> str:
    """The shares in a sentence or two, for whoever can't see them."""
    table = data_table(trace, warmup)
    said = [
        f"{one.consumer} {one.handled:,} ({one.share:.1%}, busy {one.busy:.0%})"
        for one in table.head(12).itertuples()
    ]
    more = f"; and {len(table) - 12} more" if len(table) > 12 else ""
    least, most = table["share"].min(), table["share"].max()
    spread = f" Shares run from {least:.1%} to {most:.1%}." if len(table) > 2 else ""
    who = f"each of {len(table)} consumers" if len(table) > 1 else "the one consumer"
    return f"Messages handled by {who}: {'; '.join(said)}{more}.{spread}"
