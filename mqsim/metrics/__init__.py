"""From a trace to numbers: per queue, consumer, producer and flow, and levels over time."""

from mqsim.metrics.flows import flow_times, slo_miss
from mqsim.metrics.series import depth_series, in_system_series, time_average
from mqsim.metrics.summary import summary

__all__ = [
    "depth_series",
    "flow_times",
    "in_system_series",
    "slo_miss",
    "summary",
    "time_average",
]
