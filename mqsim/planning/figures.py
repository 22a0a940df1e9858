"""Figures of answers, in the style of all other figures: marks or lines with intervals, a line for a
target.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from mqsim.viz.description import keep
from mqsim.viz.palette import DASHES, HUES, VERMILLION, dress, entitle, legend, new_axes, paper, rule

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes

_SHAPES = ("o", "s", "^", "D", "v")
_FEW = 12


@dataclass(frozen=True)
class Drawing:
    """What of a table is drawn, and how.

    Attributes:
        x: the column along the bottom.
        y: the columns drawn against it; `y low` and `y high`, where there are any, are the interval.
        title: what is seen.
        caption: how to read it.
        unit: of the values, for the axis.
        limit: a line to compare with, or None.
        steps: the values are joined by steps, as of a depth over time.
        by: a column that separates lines, or None.
    """

    x: str
    y: tuple[str, ...]
    title: str
    caption: str = ""
    unit: str = ""
    limit: float | None = None
    steps: bool = False
    by: str | None = None


def draw(table: pd.DataFrame, drawing: Drawing, theme: str = "light") -> Axes:
    """Draw columns of a table against one of them.

    Args:
        table: a row a setting; `NAME low` and `NAME high`, where there are any, are the interval of `NAME`.
        drawing: what of it is drawn.
        theme: `light` or `dark` paper.

    Raises:
        UsageError: there is no such paper.
    """
    on = paper(theme)
    ax = new_axes(9.0, 4.0, on)
    dress(ax, on)
    rule(ax, "y", on)
    places = _places(ax, table, drawing)
    names: list[tuple[str, pd.DataFrame]] = [(name, table) for name in drawing.y]
    if drawing.by is not None:
        names = [(f"{key}", rows) for key, rows in table.groupby(drawing.by, sort=False)]
    for k, (name, rows) in enumerate(names):
        _line(ax, rows, drawing.y[0] if drawing.by else name, name, drawing, places, k)
    if drawing.limit is not None and math.isfinite(drawing.limit):
        ax.axhline(drawing.limit, color=VERMILLION, linewidth=1.4, linestyle="--", label="target")
    ax.set_xlabel(drawing.x)
    ax.set_ylabel(drawing.unit)
    ax.set_ylim(bottom=0)
    ax.margins(x=0.05)
    entitle(ax, drawing.title, drawing.caption, on)
    legend(ax, ax.get_legend_handles_labels()[0], on)
    keep(ax, lambda: _alternative(table, drawing), lambda: table)
    return ax


def _places(ax: Axes, table: pd.DataFrame, drawing: Drawing) -> dict[Any, float]:
    """Where each value of the column along the bottom stands."""
    found = list(dict.fromkeys(table[drawing.x]))
    if all(isinstance(value, int | float | np.integer | np.floating) for value in found):
        if len(found) <= _FEW:
            ax.set_xticks([float(value) for value in found], [f"{value:g}" for value in found])
        return {value: float(value) for value in found}
    ax.set_xticks(range(len(found)), [str(value) for value in found])
    return {value: float(k) for k, value in enumerate(found)}


def _line(
    ax: Axes, rows: pd.DataFrame, column: str, name: str, drawing: Drawing, places: dict[Any, float], k: int
) -> None:
    hue, shape = HUES[k % len(HUES)], _SHAPES[k % len(_SHAPES)]
    x = np.array([places[value] for value in rows[drawing.x]])
    y = rows[column].to_numpy(dtype=float)
    order = np.argsort(x, kind="stable")
    x, y = x[order], np.where(np.isfinite(y), y, np.nan)[order]
    style: dict[str, Any] = {
        "color": hue,
        "linestyle": DASHES[k % len(DASHES)],
        "linewidth": 2,
        "label": name,
    }
    if drawing.steps:
        ax.step(x, y, where="post", **style)
    else:
        ax.plot(x, y, marker=shape, markersize=7, **style)
    if f"{column} low" in rows and f"{column} high" in rows:
        low = rows[f"{column} low"].to_numpy(dtype=float)[order]
        high = rows[f"{column} high"].to_numpy(dtype=float)[order]
        low, high = np.where(np.isfinite(low), np.maximum(low, 0.0), y), np.where(np.isfinite(high), high, y)
        if len(x) > _FEW or drawing.steps:
            ax.fill_between(
                x, low, high, color=hue, alpha=0.2, linewidth=0, step="post" if drawing.steps else None
            )
        else:
            ax.errorbar(
                x,
                y,
                yerr=[np.maximum(y - low, 0.0), np.maximum(high - y, 0.0)],
                fmt="none",
                ecolor=hue,
                capsize=4,
            )


def _alternative(table: pd.DataFrame, drawing: Drawing) -> str:
    """The figure in sentences, for whoever can't see it."""
    column = drawing.y[0]
    known = table[np.isfinite(table[column].to_numpy(dtype=float))]
    if not len(known):
        return f"{drawing.title}: there is no mark to draw."
    first, last = known.iloc[0], known.iloc[-1]
    says = (
        f"{drawing.title}: {first[column]:.4g} {drawing.unit} at {drawing.x} {first[drawing.x]}, "
        f"{last[column]:.4g} {drawing.unit} at {last[drawing.x]}."
    )
    return f"{says} The target is {drawing.limit:.4g} {drawing.unit}." if drawing.limit is not None else says
