"""The figure that axes stand on."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mqsim.errors import UsageError

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure


def figure_of(ax: Axes) -> Figure:
    """The whole figure that axes belong to, also when they are part of a part of it."""
    figure = ax.get_figure(root=True)
    if figure is None:
        raise UsageError("These axes belong to no figure any more.")
    return figure
