"""How long to run: by the time that a queue takes to forget.

A queue at load r forgets how it began within its relaxation time: about the mean work of a message over
(1 - sqrt(r)) squared, over its servers. At a load of 0.95 that is 1600 times the work. Runs are multiples of
it: a warm-up that is left out, then sections that are long beside it.

Source: J. Abate and W. Whitt, Transient behavior of the M/M/1 queue, Advances in Applied Probability 19 (1987)
145-178; W. Whitt, Planning queueing simulations, Management Science 35 (1989) 1341-1366.
"""

from __future__ import annotations

import math

RUNS = 8
"""Independent runs of a round."""
SECTIONS = 3
"""Sections that each of them is cut into."""
WARM = 15.0
"""Relaxation times left out at the start of each run."""
KEPT = 125.0
"""Relaxation times of each run that count: a thousand in a round."""
LEAST = 20_000
"""Messages that a round has at least."""


def relaxation(load: float, servers: int, variation: float = 1.0) -> float:
    """The relaxation time of a queue, in units of the mean work.

    Args:
        load: arriving work over what the servers can do, above 0 and below 1.
        servers: how many.
        variation: half the sum of the squared variations of arrivals and work; 1 in M/M/c.
    """
    return variation / servers / (1.0 - math.sqrt(load)) ** 2
