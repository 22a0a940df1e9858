"""Sequence diagrams of a protocol: who sends what to whom, from top to bottom, and what gets lost.

Unlike the other figures this one is no function of a run: it draws the steps that a specification names.
"""

from __future__ import annotations

from dataclasses import dataclass
from textwrap import wrap
from typing import TYPE_CHECKING

from mqsim.errors import UsageError
from mqsim.viz.description import keep
from mqsim.viz.palette import BLUE, VERMILLION, new_axes, paper

if TYPE_CHECKING:
    from collections.abc import Sequence

    import pandas as pd
    from matplotlib.axes import Axes

    from mqsim.viz.palette import Paper

_WIDTH = 6.2  # inches: narrow enough that its words can be read on a phone
_REACH = 0.6  # how far a lost packet gets, as a share of its way
_NOTE = 30  # letters on a line of a note


@dataclass(frozen=True)
class Step:
    """One line of a sequence diagram.

    Attributes:
        source: the lifeline that sends, or that the note is about.
        target: the lifeline that it is for; empty for a note.
        text: what is sent, or what the note says.
        lost: whether it is lost on its way.
    """

    source: str
    target: str
    text: str
    lost: bool = False

    @property
    def sentence(self) -> str:
        """The step in words."""
        if not self.target:
            return f"{self.source}: {self.text}"
        ending = ", which is lost on its way" if self.lost else ""
        return f"{self.source} sends {self.text} to {self.target}{ending}"


def plot_sequence(
    lifelines: Sequence[str], steps: Sequence[Step], ax: Axes | None = None, theme: str = "light"
) -> Axes:
    """Draw an arrow for each step between upright lifelines, the first step at the top.

    A lost packet's arrow ends on its way with a cross and the word "lost". `viz.data` has the columns `from`,
    `to` (empty for a note), `text` and `lost`.

    Args:
        lifelines: two or three names, from left to right.
        steps: in the order of time.
        ax: where to draw; by default a figure of its own.
        theme: `light` or `dark` paper.

    Raises:
        UsageError: there are fewer than two or more than three lifelines, no steps, or a step that names
            another lifeline or sends something to its own sender.
    """
    places = _places(lifelines, steps)
    on = paper(theme)
    tops, bottom = _heights(steps)
    if ax is None:
        ax = new_axes(_WIDTH, 0.33 * (bottom + 1.6), on)
    ax.set_facecolor(on.paper)
    ax.set_axis_off()
    ax.set_xlim(-0.45, len(lifelines) - 0.55)
    ax.set_ylim(bottom + 0.4, -1.2)
    for name, x in places.items():
        ax.plot([x, x], [0, bottom + 0.4], color=on.line, linewidth=1, linestyle=(0, (4, 3)), zorder=1)
        box = {"boxstyle": "round,pad=0.4", "facecolor": on.card, "edgecolor": on.line}
        ax.text(
            x, -0.4, name, ha="center", va="center", fontsize=11, fontweight="bold", color=on.ink, bbox=box
        )
    for step, y in zip(steps, tops, strict=True):
        if step.target:
            _arrow(ax, step, places[step.source], places[step.target], y, on)
        else:
            _note(ax, step, places[step.source], y, on)
    keep(ax, lambda: _words(lifelines, steps), lambda: _table(steps))
    return ax


def _places(lifelines: Sequence[str], steps: Sequence[Step]) -> dict[str, int]:
    """Where each lifeline stands.

    Raises:
        UsageError: see `plot_sequence`.
    """
    places = {name: place for place, name in enumerate(lifelines)}
    if len(places) != len(lifelines) or not 2 <= len(places) <= 3:
        raise UsageError(
            f"lifelines: {', '.join(lifelines)} is not allowed; give two or three different names."
        )
    if not steps:
        raise UsageError("steps: there are none; give at least one.")
    for step in steps:
        for name in (step.source, *filter(None, [step.target])):
            if name not in places:
                raise UsageError(f"steps: there is no lifeline {name!r}; there are {', '.join(places)}.")
        if step.source == step.target:
            raise UsageError(f"steps: {step.source} can't send to itself; leave the target out for a note.")
        if step.lost and not step.target:
            raise UsageError(f"steps: a note can't be lost ({step.text!r}); only what is sent can.")
    return places


def _heights(steps: Sequence[Step]) -> tuple[list[float], float]:
    """Where each step begins, in lines of text from the top, and where the last one ends."""
    tops, y = [], 0.5
    for step in steps:
        tops.append(y)
        y += 1.5 if step.target else 0.75 + 0.75 * len(wrap(step.text, _NOTE))
    return tops, y


def _arrow(ax: Axes, step: Step, source: int, target: int, y: float, on: Paper) -> None:
    tip = source + (target - source) * _REACH if step.lost else target
    hue = VERMILLION if step.lost else BLUE
    down = 0.3
    style = {
        "arrowstyle": "-" if step.lost else "-|>",
        "color": hue,
        "linewidth": 1.8,
        "shrinkA": 0,
        "shrinkB": 1,
    }
    ax.annotate(
        "",
        xy=(tip, y + 0.6 + down * (tip - source) / (target - source)),
        xytext=(source, y + 0.6),
        arrowprops={**style, "mutation_scale": 13},
        zorder=3,
    )
    if step.lost:
        ax.plot(tip, y + 0.6 + down * _REACH, "x", color=hue, markersize=9, markeredgewidth=2.4, zorder=4)
        side = "left" if target > source else "right"
        gap = 0.06 if target > source else -0.06
        ax.text(tip + gap, y + 0.62 + down * _REACH, "lost", color=on.bad, fontsize=9.5, ha=side, va="center")
    box = {"boxstyle": "square,pad=0.1", "facecolor": on.paper, "edgecolor": "none"}
    middle = (source + target) / 2
    ax.text(
        middle, y + 0.28, step.text, ha="center", va="center", fontsize=9.5, color=on.ink, bbox=box, zorder=2
    )


def _note(ax: Axes, step: Step, x: int, y: float, on: Paper) -> None:
    lines = wrap(step.text, _NOTE)
    box = {"boxstyle": "square,pad=0.3", "facecolor": on.card, "edgecolor": on.line, "linewidth": 0.8}
    middle = y + 0.1 + 0.375 * len(lines)
    words = "\n".join(lines)
    ax.text(x, middle, words, ha="center", va="center", fontsize=9, color=on.ink, bbox=box, zorder=5)


def _words(lifelines: Sequence[str], steps: Sequence[Step]) -> str:
    told = ". ".join(step.sentence for step in steps)
    return f"Sequence diagram of {', '.join(lifelines)}. {told}."


def _table(steps: Sequence[Step]) -> pd.DataFrame:
    import pandas as pd

    rows = [(step.source, step.target, step.text, step.lost) for step in steps]
    return pd.DataFrame(rows, columns=["from", "to", "text", "lost"])
