"""What matching answers: for each queue, and for the scenario as a whole, which formula fits, how well and
why.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import Enum
from typing import TYPE_CHECKING

from mqsim.errors import TheoryError, UsageError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from mqsim.theory import Law, Queue

PERCENTILES = (50, 95, 99)


class Fit(Enum):
    """How well a formula fits."""

    EXACT = "exact"
    APPROXIMATE = "approximate"
    NONE = "none"


@dataclass(frozen=True)
class Shifted:
    """The law of a time to which something constant is added, such as a message's way over the network.

    Args:
        law: the law.
        by: what is added, in seconds; negative where the law counts what the run does not.
    """

    law: Law
    by: float = 0.0

    def percentile(self, p: float) -> float:
        """The time, in seconds, that a share `p` does not exceed; 0 <= p < 1.

        Raises:
            TheoryError: `p` is outside its range.
        """
        return self.law.percentile(p) + self.by

    def cdf(self, t: float) -> float:
        """The share of times of at most `t` seconds; 0 for any that can't be.

        Raises:
            TheoryError: `t` is no number.
        """
        return 0.0 if t < max(self.by, 0.0) else self.law.cdf(t - self.by)


@dataclass(frozen=True)
class Match:
    """What a formula says of one queue, or of the whole scenario.

    Quantities have the names that a run's summary has: `wait.mean`, `sojourn.p99`, `throughput`, `p_wait`,
    `depth.mean`, `in_system.mean`, `utilisation` (of all consumers of the queue), `loss` (share of the
    messages that are refused, dropped, expired or rejected), and `wait.mean of priority 5`. For the whole
    scenario `flows.mean`, `throughput`, `end` (the mean time at which the run ends) and `end.deviation` (its
    standard deviation).

    Attributes:
        queue: its name; empty for the whole scenario.
        fit: how well the formula fits.
        model: its name, in Kendall's notation for a queue; empty where none fits.
        why: what makes it fit, or not; sentences.
        mind: what a reader of a run should mind before comparing; sentences.
        queue_theory: the formula's own answer, or None. Its server may be busier than the consumers: where a
            delivery holds one during its way over the network, that counts as service.
        values: what it says, by quantity, in seconds, per second, or plain numbers.
        laws: the laws of times that it knows (`wait`, `sojourn`, `service`, `flows`), for percentiles.
        groups: the groups of consumers that serve the queue.
    """

    queue: str
    fit: Fit
    model: str
    why: tuple[str, ...]
    mind: tuple[str, ...] = ()
    queue_theory: Queue | None = None
    values: Mapping[str, float] = field(default_factory=dict)
    laws: Mapping[str, Shifted] = field(default_factory=dict, compare=False)
    groups: tuple[str, ...] = ()

    @property
    def covers(self) -> tuple[str, ...]:
        """The quantities that `value` knows; percentiles are shown for 50, 95 and 99, any other will do.

        Those of `service` are known as well, but they were put in: they are left out here.
        """
        times = (time for time in self.laws if time != "service")
        return (*self.values, *(f"{time}.p{p}" for time in times for p in PERCENTILES))

    def value(self, quantity: str) -> float:
        """What the formula says of a quantity.

        Args:
            quantity: such as `wait.mean` or `sojourn.p99`; a percentile may be any, such as `p99.9`.

        Raises:
            TheoryError: the formula doesn't cover it.
        """
        if quantity in self.values:
            return self.values[quantity]
        time, _, part = quantity.rpartition(".p")
        law = self.laws.get(time)
        if law is None or not part.replace(".", "", 1).isdigit():
            known = ", ".join(self.covers) or "nothing"
            raise TheoryError(f"{quantity}: {self.model or 'no formula'} does not say; it covers {known}.")
        return law.percentile(float(part) / 100.0)

    def sentence(self) -> str:
        """The match in words: one sentence or a few."""
        what = f"Queue {self.queue}" if self.queue else "The whole"
        if self.fit is Fit.NONE:
            begin = f"No formula fits {'queue ' + self.queue if self.queue else 'the whole'}."
        elif self.fit is Fit.EXACT:
            begin = f"{what} is {self.model}, exactly."
        else:
            begin = f"{what} is {self.model}, approximately."
        return " ".join((begin, *self.why, *self.mind))


@dataclass(frozen=True)
class Matches:
    """All matches of a scenario.

    Attributes:
        queues: one for each queue, in the scenario's order.
        whole: those of the scenario as a whole; empty where none fits.
    """

    queues: tuple[Match, ...]
    whole: tuple[Match, ...] = ()

    def __iter__(self) -> Iterator[Match]:
        return iter((*self.queues, *self.whole))

    def of(self, queue: str) -> Match:
        """The match of one queue.

        Raises:
            UsageError: the scenario has no such queue.
        """
        for match in self.queues:
            if match.queue == queue:
                return match
        names = ", ".join(match.queue for match in self.queues) or "none"
        raise UsageError(f"queue: {queue!r} is not in the scenario; it has {names}.")
