"""Theory beside simulation: what a report or a figure shows, and where it finds the simulated number."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from mqsim.errors import TheoryError
from mqsim.matching.formula_choice import applies
from mqsim.matching.records import Fit, Match

if TYPE_CHECKING:
    from mqsim.scenario import Scenario

SHOWN = (
    "wait.mean",
    "wait.p99",
    "sojourn.mean",
    "sojourn.p99",
    "p_wait",
    "throughput",
    "utilisation",
    "loss",
    "depth.mean",
    "in_system.mean",
    "flows.mean",
    "flows.p99",
)
LOST = ("expired", "dropped", "rejected", "dead-lettered", "unroutable", "refused", "lost")


@dataclass(frozen=True)
class TheoryLine:
    """One number of theory.

    Attributes:
        queue: the queue's name; empty for the whole.
        model: the formula's name.
        fit: whether it is exact or an approximation.
        quantity: such as `wait.mean`; see `Match`.
        value: what the formula says; seconds, per second, or a plain number.
        groups: the groups of consumers that serve the queue.
        mind: what to mind before comparing; empty if nothing.
    """

    queue: str
    model: str
    fit: Fit
    quantity: str
    value: float
    groups: tuple[str, ...]
    mind: str


def theory_lines(scenario: Scenario) -> list[TheoryLine]:
    """What theory says of a scenario, line by line; empty where no formula fits.

    Args:
        scenario: what was run.
    """
    found = []
    for match in applies(scenario):
        if match.fit is Fit.NONE:
            continue
        for quantity in SHOWN:
            value = _told(match, quantity)
            if value is not None:
                mind = " ".join(match.mind)
                found.append(
                    TheoryLine(match.queue, match.model, match.fit, quantity, value, match.groups, mind)
                )
    return found


def simulated(summary: Mapping[str, Any], line: TheoryLine) -> float | None:
    """The number in a run's summary that a line of theory stands beside; None where the summary has none."""
    return read(summary, line.queue, line.quantity, line.groups)


def read(summary: Mapping[str, Any], queue: str, quantity: str, groups: tuple[str, ...] = ()) -> float | None:
    """A quantity, by the name that `Match` gives it, out of a run's summary.

    Args:
        summary: as `mqsim.metrics.summary` gives it.
        queue: the queue's name; empty for the whole.
        quantity: such as `wait.mean`.
        groups: who serves the queue, for `utilisation`.
    """
    if quantity == "utilisation":
        crews = [summary["groups"][name] for name in groups if name in summary["groups"]]
        count = sum(crew["consumers"] for crew in crews)
        busy = [crew["utilisation"] for crew in crews]
        if not count or any(share is None for share in busy):
            return None
        return float(sum(share * crew["consumers"] for share, crew in zip(busy, crews, strict=True)) / count)
    numbers = summary["queues"].get(queue) if queue else summary
    if numbers is None:
        return None
    if quantity == "loss":
        lost = sum(numbers[outcome] for outcome in LOST)
        return lost / numbers["created"] if numbers["created"] else None
    first, _, second = quantity.partition(".")
    found = numbers.get(first)
    if second and isinstance(found, Mapping):
        found = found.get(second)
    return float(found) if isinstance(found, int | float) else None


def _told(match: Match, quantity: str) -> float | None:
    if quantity not in match.covers:
        return None
    try:
        return match.value(quantity)
    except TheoryError:
        return None
