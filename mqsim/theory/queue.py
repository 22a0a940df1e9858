"""The one form in which every formula answers: what a queue does in its steady state.

Words as in the rest of mqsim: a message *waits* from entering the queue until its work starts; its *sojourn*
runs until its work is finished. Times are in seconds, rates are per second.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from mqsim.errors import TheoryError
from mqsim.theory.ranges import positive

if TYPE_CHECKING:
    from mqsim.theory.laws import Law

NAN = math.nan


@dataclass(frozen=True)
class Queue:
    """A queue in its steady state.

    A value that the model leaves open (such as the probability of waiting under Kingman's approximation) is
    NaN.

    Attributes:
        name: the model in Kendall's notation, such as `M/M/2`.
        arrival_rate: messages offered a second, lost ones included.
        utilisation: share of its time that a server works (of the up time's and the down time's sum under
            breakdowns).
        p_wait: probability that a message *that is served* had to wait; 1 - wait_cdf(0).
        mean_wait: mean wait of the messages that are served.
        mean_sojourn: mean sojourn of the messages that are served.
        mean_waiting: mean number of messages that wait, later lost ones included (Lq).
        mean_in_system: mean number of messages that wait or are being served (L).
        throughput: messages served to the end, a second.
        p_loss: share of the offered messages that is lost because there is no room.
        p_abandon: share of the offered messages that leaves the queue unserved because its patience ends.
        mean_queued: mean time in the queue of all messages that enter it, served or not;
            `mean_wait` where every message that enters is served.
        exact: False for a named approximation.
        wait_law: the law of the wait of the served, or None where no exact form is built in.
        sojourn_law: the law of their sojourn, or None.
    """

    name: str
    arrival_rate: float
    utilisation: float
    p_wait: float
    mean_wait: float
    mean_sojourn: float
    mean_waiting: float
    mean_in_system: float
    throughput: float
    p_loss: float = 0.0
    p_abandon: float = 0.0
    mean_queued: float = NAN
    exact: bool = True
    wait_law: Law | None = field(default=None, repr=False, compare=False)
    sojourn_law: Law | None = field(default=None, repr=False, compare=False)

    def __post_init__(self) -> None:
        """Fill in the mean time in the queue where waiting and being queued are the same."""
        if math.isnan(self.mean_queued):
            object.__setattr__(self, "mean_queued", self.mean_wait)

    def wait_cdf(self, t: float) -> float:
        """P(wait <= t) of the served messages, t in seconds and not negative.

        Raises:
            TheoryError: when the law isn't known or `t` is negative.
        """
        return self._law(self.wait_law, "wait").cdf(t)

    def wait_percentile(self, p: float) -> float:
        """The wait, in seconds, that a share `p` of the served messages does not exceed.

        Args:
            p: from 0 up to, but not including, 1; 0.95 is the 95th percentile.

        Raises:
            TheoryError: when the law isn't known or `p` is outside its range.
        """
        return self._law(self.wait_law, "wait").percentile(p)

    def sojourn_cdf(self, t: float) -> float:
        """P(sojourn <= t) of the served messages, t in seconds and not negative.

        Raises:
            TheoryError: when the law isn't known or `t` is negative.
        """
        return self._law(self.sojourn_law, "sojourn").cdf(t)

    def sojourn_percentile(self, p: float) -> float:
        """The sojourn, in seconds, that a share `p` of the served messages does not exceed.

        Args:
            p: from 0 up to, but not including, 1; 0.95 is the 95th percentile.

        Raises:
            TheoryError: when the law isn't known or `p` is outside its range.
        """
        return self._law(self.sojourn_law, "sojourn").percentile(p)

    def _law(self, law: Law | None, of: str) -> Law:
        if law is None:
            raise TheoryError(
                f"{self.name}: only the mean of the {of} is known here, not its law; read mean_{of} instead."
            )
        return law


def lossless(
    name: str,
    arrival_rate: float,
    service_mean: float,
    servers: int,
    *,
    mean_wait: float,
    p_wait: float = NAN,
    exact: bool = True,
    wait_law: Law | None = None,
    sojourn_law: Law | None = None,
) -> Queue:
    """A queue that serves every message once, completed from its mean wait by Little's law.

    Args:
        name: the model's name.
        arrival_rate: per second.
        service_mean: mean work of a message, in seconds.
        servers: how many serve.
        mean_wait: in seconds.
        p_wait: probability of waiting, NaN when it isn't known.
        exact: False for an approximation.
        wait_law: the law of the wait, if known.
        sojourn_law: the law of the sojourn, if known.
    """
    sojourn = mean_wait + service_mean
    return Queue(
        name=name,
        arrival_rate=arrival_rate,
        utilisation=arrival_rate * service_mean / servers,
        p_wait=p_wait,
        mean_wait=mean_wait,
        mean_sojourn=sojourn,
        mean_waiting=arrival_rate * mean_wait,
        mean_in_system=arrival_rate * sojourn,
        throughput=arrival_rate,
        exact=exact,
        wait_law=wait_law,
        sojourn_law=sojourn_law,
    )


def little(*, number: float | None = None, rate: float | None = None, time: float | None = None) -> float:
    """Little's law, number = rate * time, solved for the one that is left out.

    Args:
        number: mean number of messages in the system (or in the queue).
        rate: messages that pass it, per second.
        time: mean time that each spends in it, in seconds.

    Returns:
        The third of the three.

    Raises:
        TheoryError: when not exactly one is left out, or a given one is not positive.

    Source: J. D. C. Little, A proof for the queuing formula L = λW, Operations Research 9 (1961).

    Example:
        >>> from mqsim import theory
        >>> theory.little(rate=2.0, time=3.0)
        6.0
    """
    given = {"number": number, "rate": rate, "time": time}
    if sum(value is None for value in given.values()) != 1:
        raise TheoryError("little takes exactly two of number, rate and time, and returns the third.")
    known = {name: positive(name, value) for name, value in given.items() if value is not None}
    if number is None:
        return known["rate"] * known["time"]
    return known["number"] / (known["rate"] if time is None else known["time"])
