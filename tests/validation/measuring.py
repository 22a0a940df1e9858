"""A case of the validation suite: a scenario, exact values, and the verdict on whether simulation meets them.

Whether any of all rows is rejected by Holm's procedure is decided by the smallest p value alone, which Holm
multiplies by the number of rows. So each case can be judged in a process of its own: `verdicts` gives `holm`
its p values and a 1 for every row of the other cases.
"""

from __future__ import annotations

import zlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from mqsim.api import Result, Scenario, simulate
from mqsim.matching import read
from mqsim.statistics import Interval, holm, mean_interval, p_value
from mqsim.trace.frames import columns

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

REPLICATIONS = 20
JOINT = 0.01
"""The chance that any row at all of a faultless suite is called wrong."""
NARROW = {"p99": 0.05, "mean": 0.02}
"""Largest half-width of a 95 % interval, as a share of the exact value: for percentiles, and for all else."""


@dataclass(frozen=True)
class Case:
    """One scenario and what is known of it exactly.

    Attributes:
        name: the model, in a few words.
        data: the scenario.
        exact: exact values by quantity (see `mqsim.matching.Match`); `later:depth.mean` is one of the queue
            `later`, `:flows.mean` of the whole scenario, and without a colon it is of the queue `q`.
    """

    name: str
    data: Mapping[str, Any]
    exact: Mapping[str, float]

    @property
    def scenario(self) -> Scenario:
        return Scenario(**self.data)

    @property
    def seed(self) -> int:
        """Fixed by the name, and so before anyone has looked."""
        return zlib.crc32(self.name.encode())


@dataclass(frozen=True)
class Row:
    """One quantity of one case."""

    case: str
    quantity: str
    exact: float
    interval: Interval
    p: float

    @property
    def limit(self) -> float:
        return NARROW["p99" if ".p" in self.quantity else "mean"]

    @property
    def narrow(self) -> bool:
        size = abs(self.exact) or 1.0
        return self.interval.half_width <= self.limit * size


def place(quantity: str) -> tuple[str, str]:
    """The queue (empty: the whole) and the quantity that a key of `Case.exact` means."""
    queue, colon, name = quantity.rpartition(":")
    return (queue if colon else "q"), name


def measured(result: Result, case: Case) -> dict[str, float]:
    """The case's quantities in one run."""
    summary = result.summary()
    consumers = result.scenario.consumers
    found: dict[str, float] = {}
    for key in case.exact:
        queue, quantity = place(key)
        groups = tuple(name for name, spec in consumers.items() if spec.queue == queue)
        if " of priority " in quantity:
            value: float | None = of_priority(result, queue, quantity)
        elif quantity == "end":
            value = result.trace.end
        else:
            value = read(summary, queue, quantity, groups)
        assert value is not None, f"{case.name}: no {key}"
        found[key] = value
    return found


def of_priority(result: Result, queue: str, quantity: str) -> float:
    """A mean of the messages of one priority, out of the message table."""
    what, _, level = quantity.partition(".mean of priority ")
    table = result.trace.messages
    code, priority, created, enqueued, started, finished = columns(
        table, "queue", "priority", "created", "enqueued", "started", "finished"
    )
    mine = (code == result.trace.queues.names.index(queue)) & (priority == int(level)) & ~np.isnan(finished)
    mine &= created >= result.warmup
    begin, end = (enqueued, started) if what == "wait" else (created, finished)
    return float((end - begin)[mine].mean())


def samples(case: Case, replications: int = REPLICATIONS, first: int = 0) -> dict[str, list[float]]:
    """The case's quantities, one number a replication."""
    scenario = case.scenario
    found: dict[str, list[float]] = {quantity: [] for quantity in case.exact}
    for i in range(first, first + replications):
        for quantity, value in measured(simulate(scenario, case.seed, i, engine="simpy"), case).items():
            found[quantity].append(value)
    return found


def rows(case: Case, found: Mapping[str, Sequence[float]]) -> list[Row]:
    """Each quantity's interval and p value."""
    return [
        Row(case.name, key, exact, mean_interval(found[key]), _p(found[key], exact))
        for key, exact in case.exact.items()
    ]


def _p(values: Sequence[float], exact: float) -> float:
    """The p value; where nothing is left to chance, 1 or 0 by whether it is the exact value.

    What is not left to chance may still be counted up to the edge of a window, so a thousandth is forgiven.
    """
    if np.ptp(values) <= 1e-9 * abs(exact):
        return 1.0 if abs(values[0] - exact) <= 1e-3 * abs(exact) else 0.0
    return p_value(values, exact)


def verdicts(mine: Sequence[Row], of: int) -> list[bool]:
    """Whether each row agrees with theory, as one of `of` rows of the suite."""
    adjusted = holm([*(row.p for row in mine), *[1.0] * (of - len(mine))])
    return [bool(p > JOINT) for p in adjusted[: len(mine)]]
