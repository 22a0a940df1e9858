"""Figures: worker lanes and queue depth, each with a text and a table that say the same."""

from mqsim.viz.depth import plot_depth
from mqsim.viz.lanes import plot_lanes
from mqsim.viz.text import text_lanes

__all__ = ["plot_depth", "plot_lanes", "text_lanes"]
