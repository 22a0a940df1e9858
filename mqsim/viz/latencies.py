"""Percentiles of latency against load: one run a load, and the formula beside them where one exists."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from mqsim.errors import TheoryError, UsageError
from mqsim.matching import Fit, Match, applies
from mqsim.metrics.window import PERCENTILES
from mqsim.viz.description import keep
from mqsim.viz.palette import BLUE, GREEN, ORANGE, dress, entitle, legend, new_axes, paper, rule
from mqsim.viz.spread import FROM_TO, What, times

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes

    from mqsim.scenario import Scenario
    from mqsim.trace.tables import Trace

_LOOKS = {50: (BLUE, "o"), 95: (ORANGE, "s"), 99: (GREEN, "^")}


def plot_latencies(
    runs: Mapping[Any, Trace],
    what: What = "sojourn",
    queue: str | None = None,
    theory: Mapping[Any, Scenario] | None = None,
    warmup: float | Mapping[Any, float] = 0.0,
    ax: Axes | None = None,
    theme: str = "light",
) -> Axes:
    """Draw the median, the 95th and the 99th percentile of a time against the load of several runs.

    Filled marks are simulated; hollow ones, joined by a thin line, are what the formula says. Messages whose
    work was not finished are in no percentile; where there are any the caption says how many. `viz.data` has
    the columns `load`, `percentile`, `simulated`, `formula` (s; NaN where there is none), `fit`, `missed`
    (share of the messages that were not worked to their end).

    Args:
        runs: a trace for each load: numbers (a rate, a utilisation, a count of workers), or words.
        what: `wait`, `service` or `sojourn`.
        queue: its name; by default the only one whose messages were worked on, or all together.
        theory: the scenarios of the runs, by the same loads, to look their formulas up.
        warmup: seconds at the start whose messages are left out, for all runs or by load.
        ax: where to draw; by default a figure of its own.
        theme: `light` or `dark` paper.

    Raises:
        UsageError: there is no run, or no such time or queue.
    """
    if not runs:
        raise UsageError("There is nothing to draw: give at least one run, as in {0.5: result}.")
    on = paper(theme)
    table = data_table(runs, what, queue, theory, warmup)
    if ax is None:
        ax = new_axes(9.0, 4.0, on)
    dress(ax, on)
    rule(ax, "y", on)
    loads = list(dict.fromkeys(table["load"]))
    numeric = _numeric(loads)
    places = {load: float(load) if numeric else float(k) for k, load in enumerate(loads)}
    if not numeric:
        ax.set_xticks(list(places.values()), [str(load) for load in loads])
    ax.set_xlabel("load" if numeric else "")
    ax.set_ylabel(f"{what} (s)")
    for p, (hue, shape) in _LOOKS.items():
        mine = table[table["percentile"] == p]
        x = [places[load] for load in mine["load"]]
        ax.plot(
            x, mine["simulated"], color=hue, marker=shape, markersize=7, linewidth=2, label=f"p{p} simulated"
        )
        if mine["formula"].notna().any():
            ax.plot(
                x,
                mine["formula"],
                color=on.ink,
                marker=shape,
                markersize=10,
                markerfacecolor="none",
                markeredgewidth=1.2,
                linewidth=1,
                linestyle=":",
                label=f"p{p} {_fits(mine)}",
                zorder=4,
            )
    ax.set_ylim(bottom=0)
    ax.margins(x=0.07)
    entitle(ax, f"The {what} against the load", _caption(table, theory is not None), on)
    legend(ax, ax.get_legend_handles_labels()[0], on)
    keep(
        ax,
        lambda: alt_text(runs, what, queue, theory, warmup),
        lambda: data_table(runs, what, queue, theory, warmup),
    )
    return ax


def _numeric(loads: list[Any]) -> bool:
    return all(isinstance(load, int | float) and not isinstance(load, bool) for load in loads)


def _fits(rows: pd.DataFrame) -> str:
    fits = sorted({fit for fit in rows["fit"] if fit})
    return f"formula ({', '.join(fits)})"


def _caption(table: pd.DataFrame, asked: bool) -> str:
    notes = []
    once = table.drop_duplicates("load")
    bare = [str(load) for load, known in zip(once["load"], once["formula"].notna(), strict=True) if not known]
    if asked and len(bare) == len(once):
        notes.append("No formula gives these percentiles.")
    elif asked and bare:
        notes.append(f"No formula gives them at load {', '.join(bare)}.")
    missed = once[once["missed"] > 0]
    if len(missed):
        worst = missed.sort_values("missed", ascending=False, kind="stable").iloc[0]
        notes.append(
            f"Messages that were not worked to their end are in no percentile: {worst['missed']:.2%} at load "
            f"{worst['load']}" + (", fewer at others." if len(missed) > 1 else ".")
        )
    return " ".join(notes)


def data_table(
    runs: Mapping[Any, Trace],
    what: What = "sojourn",
    queue: str | None = None,
    theory: Mapping[Any, Scenario] | None = None,
    warmup: float | Mapping[Any, float] = 0.0,
) -> pd.DataFrame:
    """The marks as a table, one row a load and percentile, loads in rising order where they are numbers.

    Raises:
        UsageError: there is no such time or queue.
    """
    import pandas as pd

    if what not in FROM_TO:
        raise UsageError(f"what: {what!r} is not allowed; it must be one of {', '.join(FROM_TO)}.")
    rows = []
    loads = sorted(runs) if _numeric(list(runs)) else list(runs)
    for load in loads:
        cut = warmup.get(load, 0.0) if isinstance(warmup, Mapping) else warmup
        whose, sample, created = times(runs[load], what, queue, cut)
        match = _match(theory.get(load), whose) if theory is not None else None
        for p in PERCENTILES:
            value = _said(match, f"{what}.p{p}")
            rows.append(
                {
                    "load": load,
                    "percentile": p,
                    "simulated": float(np.percentile(sample, p)) if len(sample) else np.nan,
                    "formula": value,
                    "fit": match.fit.value if match is not None and not np.isnan(value) else "",
                    "missed": 1 - len(sample) / created if created else 0.0,
                }
            )
    return pd.DataFrame(rows, columns=["load", "percentile", "simulated", "formula", "fit", "missed"])


def _match(scenario: Scenario | None, queue: str | None) -> Match | None:
    if scenario is None or queue is None or queue not in scenario.broker.queues:
        return None
    found = applies(scenario).of(queue)
    return None if found.fit is Fit.NONE else found


def _said(match: Match | None, quantity: str) -> float:
    if match is None or quantity not in match.covers:
        return float("nan")
    try:
        return match.value(quantity)
    except TheoryError:
        return float("nan")


def alt_text(
    runs: Mapping[Any, Trace],
    what: What = "sojourn",
    queue: str | None = None,
    theory: Mapping[Any, Scenario] | None = None,
    warmup: float | Mapping[Any, float] = 0.0,
) -> str:
    """The marks in a few sentences, for whoever can't see them."""
    table = data_table(runs, what, queue, theory, warmup)
    said = []
    for load, rows in table.groupby("load", sort=False):
        values = [
            f"p{percentile} {simulated:.4g} s" + ("" if np.isnan(formula) else f" (formula {formula:.4g} s)")
            for percentile, simulated, formula in zip(
                rows["percentile"], rows["simulated"], rows["formula"], strict=True
            )
        ]
        said.append(f"at load {load} {', '.join(values)}")
    caption = _caption(table, theory is not None)
    return f"Percentiles of the {what} against the load: {'; '.join(said)}. {caption}".strip()
