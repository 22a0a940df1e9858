"""Figures: each a function of a run's trace that gives matplotlib Axes back, and tells the same in words
(`describe`) and as a table (`data`).
"""

from mqsim.viz.cumulative import plot_cumulative
from mqsim.viz.depth import plot_depth
from mqsim.viz.description import data, describe
from mqsim.viz.distribution import plot_distribution
from mqsim.viz.lanes import plot_lanes
from mqsim.viz.latencies import plot_latencies
from mqsim.viz.share import plot_share
from mqsim.viz.spacetime import plot_spacetime
from mqsim.viz.text import text_lanes
from mqsim.viz.topology import plot_topology

__all__ = [
    "data",
    "describe",
    "plot_cumulative",
    "plot_depth",
    "plot_distribution",
    "plot_lanes",
    "plot_latencies",
    "plot_share",
    "plot_spacetime",
    "plot_topology",
    "text_lanes",
]
