"""How long a run must be until the means of a queue settle, judged from its load alone."""

from __future__ import annotations

import math

_TO_A_TENTH = 400.0
"""2 / 0.1 squared: the mean of so many independent numbers is known to a tenth."""


def settling_time(load: float, capacity: float, variation: float = 1.0) -> float:
    """Seconds of a run in which the means of a queue settle to about a tenth; 0 for a load outside (0, 1).

    The variance of a mean over a run falls with its length over the time that the queue takes to forget.

    Args:
        load: offered over capacity.
        capacity: messages that its consumers can do, per second.
        variation: half the sum of the squared coefficients of variation of arrivals and work; 1 for Poisson
            arrivals and exponential work.

    Source: the order of magnitude is that of W. Whitt, Planning queueing simulations, Management Science 35
        (1989) 1341-1366.
    """
    if not 0.0 < load < 1.0:
        return 0.0
    return _TO_A_TENTH * variation / capacity / (1.0 - math.sqrt(load)) ** 2


def short_run(queue: str, load: float, settles: float, counted: float) -> str:
    """A sentence about a run that is shorter than its queue takes to settle; empty where it is not.

    Args:
        queue: its name.
        load: offered over capacity.
        settles: seconds, as `settling_time` has them.
        counted: seconds of the run, without its warm-up.
    """
    if counted >= settles:
        return ""
    return (
        f"The run is short: at a load of {load:.2g} the means of queue {queue} settle to a tenth in about "
        f"{_round(settles)} s, and {counted:.4g} s are counted; make it longer, or replicate it."
    )


def _round(seconds: float) -> str:
    """Two digits: more would look exact."""
    return f"{float(f'{seconds:.2g}'):,.0f}" if seconds >= 10 else f"{seconds:.2g}"
