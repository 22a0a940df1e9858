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


def spike_time(spikes: float, rate: float, work: float, wait: float) -> float:
    """Seconds of a run in which rare, very long work has come often enough for the mean sojourn to be known.

    One long message makes all behind it wait: what it adds to the waits grows with its square. So the mean
    wait is known as well as the mean of the squared work, and that takes long where the work varies much.

    Args:
        spikes: the variance of the squared work over the square of its mean; 5 for exponential work.
        rate: messages a second.
        work: mean work, in seconds.
        wait: mean wait, in seconds; the less of a sojourn it is, the less it matters.

    Source: the wait of M/G/1 is proportional to the mean square of the work (Pollaczek and Khinchine).
    """
    share = wait / (wait + work) if wait + work > 0.0 else 0.0
    return _TO_A_TENTH * spikes * share * share / rate if rate > 0.0 else 0.0


def short_run(queue: str, load: float, settles: float, counted: float, varied: str = "") -> str:
    """A sentence about a run that is shorter than its queue takes to settle; empty where it is not.

    Args:
        queue: its name.
        load: offered over capacity.
        settles: seconds, as `settling_time` has them.
        counted: seconds of the run, without its warm-up.
        varied: what else makes it slow, as in `and with work that varies this much `.
    """
    if counted >= settles:
        return ""
    when = f"in about {_round(settles)} s" if math.isfinite(settles) else "in no time that a run can last"
    return (
        f"The run is short: at a load of {load:.2g} {varied}the means of queue {queue} settle to a tenth "
        f"{when}, and {_counted(counted)} s are counted; make it longer, or replicate it."
    )


def _counted(seconds: float) -> str:
    return f"{seconds:,.0f}" if seconds >= 1000 else f"{seconds:.4g}"


def _round(seconds: float) -> str:
    """Two digits: more would look exact."""
    return f"{float(f'{seconds:.2g}'):,.0f}" if seconds >= 10 else f"{seconds:.2g}"
