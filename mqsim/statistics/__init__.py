"""How sure a simulated number is: intervals, warm-up, stopping, comparisons, and what to warn of."""

from mqsim.statistics.batches import batch_means, means_of_batches, step_means
from mqsim.statistics.cautions import Caution, too_short, too_wide, trend, unstable
from mqsim.statistics.intervals import Interval, holm, mean_interval, p_value, paired, percentile_interval
from mqsim.statistics.stopping import Until
from mqsim.statistics.student import normal_quantile, student_t_quantile, student_t_tail
from mqsim.statistics.warmup import Truncation, mser5, truncation

__all__ = [
    "Caution",
    "Interval",
    "Truncation",
    "Until",
    "batch_means",
    "holm",
    "mean_interval",
    "means_of_batches",
    "mser5",
    "normal_quantile",
    "p_value",
    "paired",
    "percentile_interval",
    "step_means",
    "student_t_quantile",
    "student_t_tail",
    "too_short",
    "too_wide",
    "trend",
    "truncation",
    "unstable",
]
