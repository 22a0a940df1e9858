"""Colours that people with any kind of colour vision can tell apart, each with a second sign that needs no
colour.

The hues are Okabe and Ito's (M. Okabe, K. Ito, "Color Universal Design", 2008), without their black, which is
the ink itself, so that they stand on light and on dark paper alike. Whatever is told by a hue is also told by
a hatch, a shape or a word beside it.
"""

from __future__ import annotations

from dataclasses import dataclass
from textwrap import wrap
from typing import TYPE_CHECKING, Any

from mqsim.errors import UsageError
from mqsim.viz.figure import figure_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from matplotlib.artist import Artist
    from matplotlib.axes import Axes

BLUE = "#0072B2"
ORANGE = "#E69F00"
GREEN = "#009E73"
VERMILLION = "#D55E00"
SKY = "#56B4E9"
PURPLE = "#CC79A7"

HUES = (BLUE, ORANGE, GREEN, PURPLE, SKY)  # vermillion is kept for faults
INK_HUES = ("#0072b2", "#b34700", "#007a5a", "#a0446f", "#6b5b00", "#2b6c99")
"""For words on light paper: dark enough to read, and told apart by the colour-blind."""
DASHES = ("-", "--", "-.", ":")
HATCHES = ("", "//", "..", "\\\\", "xx")


@dataclass(frozen=True)
class Paper:
    """What a figure or a page is drawn on.

    Attributes:
        paper: behind everything.
        ink: words and axes.
        soft: words that matter less.
        faint: grids, and lines between rows.
        line: the edges of boxes.
        down: time in which something does not run.
        card: behind boxes.
        good: words about what went well.
        warn: words about what deserves care.
        bad: words about what went wrong, and faults.
        link: words that lead somewhere.
    """

    paper: str
    ink: str
    soft: str
    faint: str
    line: str
    down: str
    card: str
    good: str
    warn: str
    bad: str
    link: str


LIGHT = Paper(
    paper="#fdfdfc",
    ink="#1c2024",
    soft="#565d65",
    faint="#d9dcdf",
    line="#8b929a",
    down="#e3e5e8",
    card="#f4f5f6",
    good="#00704f",
    warn="#8a5a00",
    bad="#b34700",
    link="#005a8f",
)
DARK = Paper(
    paper="#16191d",
    ink="#e8eaec",
    soft="#a9b0b7",
    faint="#3b4148",
    line="#757d86",
    down="#2f353c",
    card="#1f2429",
    good="#4fc9a2",
    warn="#e9b44c",
    bad="#ff9a57",
    link="#7cc4f0",
)
FONT = "system-ui, -apple-system, 'Segoe UI', Roboto, 'DejaVu Sans', sans-serif"


@dataclass(frozen=True)
class Look:
    """How one kind of thing is drawn: `face` colour, `hatch` and the `label` that a legend gives it."""

    face: str
    hatch: str
    label: str


# How a stretch of work ended, as `viz.bars` names it.
ENDINGS: dict[str, Look] = {
    "done": Look(BLUE, "", "worked to the end"),
    "open": Look(SKY, "..", "still at work at the end"),
    "given back": Look(ORANGE, "//", "not acknowledged, back to the queue"),
    "refused": Look(PURPLE, "\\\\", "refused for good"),
    "lost": Look(VERMILLION, "xx", "lost"),
}


def paper(theme: str) -> Paper:
    """The paper called `theme`: `light` or `dark`.

    Raises:
        UsageError: there is no such paper.
    """
    if theme not in ("light", "dark"):
        raise UsageError(f"A figure is drawn on light or on dark paper, not on {theme!r}.")
    return LIGHT if theme == "light" else DARK


def new_axes(width: float, height: float, on: Paper) -> Axes:
    """Axes on a figure of their own, in inches, that no global state of pyplot knows of; fit for machines
    without a screen.
    """
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    from mqsim.viz.notebook import NotebookAxes

    figure = Figure(figsize=(width, height), layout="constrained", facecolor=on.paper)
    figure.set_layout_engine("constrained", w_pad=0.09, h_pad=0.08)
    FigureCanvasAgg(figure)
    axes: Axes = figure.add_subplot(axes_class=NotebookAxes)
    return axes


def dress(ax: Axes, on: Paper) -> None:
    """Give axes their quiet look: ink for words, no box, a faint grid behind the data."""
    ax.set_facecolor(on.paper)
    for side in ("top", "right", "left"):
        ax.spines[side].set_visible(False)
    ax.spines["bottom"].set_color(on.ink)
    ax.tick_params(colors=on.ink, labelcolor=on.ink, length=3)
    ax.tick_params(axis="y", length=0)
    ax.xaxis.label.set_color(on.ink)
    ax.yaxis.label.set_color(on.ink)
    ax.set_axisbelow(True)


def rule(ax: Axes, axis: str, on: Paper) -> None:
    """A faint grid across one axis, `x` or `y`."""
    ax.grid(axis=axis, color=on.faint, linewidth=0.7)  # type: ignore[arg-type]


def legend(ax: Axes, keys: Sequence[Artist], on: Paper) -> None:
    """What signs mean, below the axes, in up to four columns."""
    from mqsim.viz.notebook import NotebookAxes

    if not keys:
        return
    how: dict[str, Any] = {"frameon": False, "fontsize": 8.5, "labelcolor": on.ink, "handlelength": 2.2}
    figure = figure_of(ax)
    if isinstance(ax, NotebookAxes):  # alone on a figure that makes room
        figure.legend(handles=keys, loc="outside lower left", ncols=4, **how)
    else:
        below = -46 / (figure.get_figheight() * 72 * ax.get_position().height)
        ax.legend(
            handles=keys, loc="upper left", bbox_to_anchor=(0.0, below), borderaxespad=0.0, ncols=2, **how
        )


def entitle(ax: Axes, title: str, caption: str, on: Paper) -> None:
    """A title at the left that says what is seen, and below it a caption that says how to read it, on as many
    lines as it needs.
    """
    points = figure_of(ax).get_figwidth() * 72 * (ax.get_position().width + 0.06)
    lines = wrap(caption, max(int(points / (0.5 * 8.5)), 30))
    pad = 8 + 11.5 * len(lines)
    ax.set_title(title, loc="left", color=on.ink, fontsize=11.5, fontweight="bold", pad=pad)
    if lines:
        ax.annotate(
            "\n".join(lines),
            xy=(0.0, 1.0),
            xytext=(0, 5),
            xycoords="axes fraction",
            textcoords="offset points",
            ha="left",
            va="bottom",
            fontsize=8.5,
            linespacing=1.15,
            color=on.ink,
            annotation_clip=False,
        )
