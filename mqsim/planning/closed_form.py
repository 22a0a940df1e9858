"""What theory knows before a run: exact answers, loads, and what the work alone makes impossible."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from mqsim.errors import TheoryError
from mqsim.matching import Fit, Load, Match, applies, loads
from mqsim.matching.routes import shares
from mqsim.matching.staff import latency_of
from mqsim.planning.units import amount, percent, seconds

if TYPE_CHECKING:
    from collections.abc import Sequence

    from mqsim.distributions import Distribution
    from mqsim.planning.targets import Measure, Target
    from mqsim.scenario import Scenario

_LOSSLESS = (
    "lost",
    "dropped",
    "refused",
    "expired",
    "rejected",
    "unroutable",
    "dead-lettered",
    "redelivered",
)


@dataclass(frozen=True)
class Known:
    """What theory says of a measure.

    Attributes:
        value: the number.
        exact: whether the formula fits exactly.
        model: its name, such as `M/M/4`.
    """

    value: float
    exact: bool
    model: str

    @property
    def words(self) -> str:
        """`exactly, by M/M/4` or `about, by ...`."""
        return f"exactly, by {self.model}" if self.exact else f"approximately, by {self.model}"


def known(scenario: Scenario, measures: Sequence[Measure]) -> dict[Measure, Known]:
    """What theory says of each measure of the steady state; those that no formula covers are left out."""
    found: dict[Measure, Known] = {}
    if not measures:
        return found
    matches = applies(scenario)
    groups = {group: match for match in matches.queues for group in match.groups}
    for measure in measures:
        of = matches.of(measure.queue) if measure.queue else _match_of(measure, groups, matches.queues)
        if of is None or of.fit is Fit.NONE:
            continue
        try:
            value = _value(of, measure)
        except TheoryError:
            continue
        if value is not None and not math.isnan(value):
            found[measure] = Known(value, of.fit is Fit.EXACT, of.model)
    return found


def _match_of(measure: Measure, groups: dict[str, Match], queues: Sequence[Match]) -> Match | None:
    if measure.kind == "number" and measure.path[0] == "queues":
        return next((match for match in queues if match.queue == measure.path[1]), None)
    if measure.kind == "number" and measure.path[0] == "groups":
        match = groups.get(measure.path[1])
        return match if match is not None and len(match.groups) == 1 else None
    lonely = len(queues) == 1 and (measure.kind == "misses" or measure.path[:1] == ("messages",))
    return queues[0] if lonely else None


def _value(match: Match, measure: Measure) -> float | None:
    lossless = not match.values.get("loss")
    if measure.kind == "share":
        law = match.laws.get(measure.time)
        return law.cdf(measure.within) if law is not None and lossless else None
    if measure.kind == "time":
        name = f"{measure.time}.{measure.statistic}"
        return match.value(name) if lossless and measure.time != "flows" else None
    if measure.kind == "misses":
        loss = match.values.get("loss", 0.0)
        return loss if measure.dimension == "share" or loss == 0.0 else None
    if measure.kind != "number":
        return None
    last = measure.path[-1]
    if last in _LOSSLESS and measure.path[0] in ("queues", "messages"):
        return 0.0 if lossless and match.model.count("fail") == 0 and "loss" not in match.values else None
    name = ".".join(measure.path[2:])
    return match.values.get(name)


def overloaded(scenario: Scenario) -> Load | None:
    """The first part that more comes to than it can do, so that it falls behind for ever."""
    return next((load for load in loads(scenario) if load.over), None)


def says_overloaded(load: Load) -> str:
    """An overload in words."""
    if load.part == "broker":
        return f"the broker itself would need {amount(load.offered)} s of its own time each second"
    who = f"queue {load.name}" if load.part == "queue" else f"producer {load.name}"
    does = "its consumers can work off" if load.part == "queue" else "it can publish with its confirms"
    return f"{amount(load.offered)} messages a second come to {who} and {does} {amount(load.capacity)}"


def work_alone(scenario: Scenario, target: Target) -> str:
    """Why the work alone misses a target, whoever is free; empty if it does not.

    A message that never waits still takes its work, at the speed of the fastest consumer, and its way there.
    """
    measure = target.measure
    judged = measure.kind == "share" or (measure.kind == "time" and target.op in ("<", "<="))
    if not judged or measure.time not in ("sojourn", "service") or measure.statistic == "max":
        return ""
    law = _work(scenario, measure.queue)
    if law is None:
        return ""
    speed, way = _fastest(scenario, measure)
    if measure.statistic == "mean":
        least = law.mean / speed + way
        return f"the work alone takes {seconds(least)} on average" if not target.met(least) else ""
    limit = measure.within if measure.kind == "share" else target.limit
    left = max(limit - way, 0.0) * speed
    most = float(law.cdf(np.array([left]))[0])
    if measure.kind == "share":
        if target.op not in (">", ">=") or target.met(most):
            return ""
        return f"the work alone is done within {seconds(limit)} for {percent(most)} of the messages only"
    asked = (measure.percentile or 0.0) / 100.0
    if most >= asked:
        return ""
    least = float(law.quantile(np.array([asked]))[0]) / speed + way
    return f"the work alone has a {measure.statistic} of {seconds(least)}"


def _work(scenario: Scenario, queue: str) -> Distribution | None:
    """The law of work of what comes to a queue; None where there are several, or it can't be told."""
    groups = [spec for spec in scenario.consumers.values() if spec.queue == queue and spec.most > 0]
    laws = [spec.service for spec in groups if spec.service is not None]
    if not laws and not any(spec.publish for spec in scenario.consumers.values()):
        senders = [spec for spec in scenario.producers.values() if spec.count]
        laws = [spec.work for spec in senders if queue in shares(scenario, spec.to)]
    elif len(laws) < len(groups):
        return None
    alike = len({repr(law.spec()) for law in laws}) == 1
    return laws[0] if alike else None


def _fastest(scenario: Scenario, measure: Measure) -> tuple[float, float]:
    """The highest speed at which a queue is served, and the seconds of the shortest way to it and on."""
    speeds, ways = [1e-300], [math.inf]
    for name, spec in scenario.consumers.items():
        if spec.queue != measure.queue or spec.most == 0:
            continue
        own = spec.speed if isinstance(spec.speed, list) else [spec.speed]
        quickest = min([1.0, *(factor for _, factor in spec.factor)]) if spec.factor else 1.0
        speeds += [speed / quickest for speed in own]
        ways += [latency_of(scenario, f"{name}-{k}", name) for k in range(1, spec.most + 1)]
    if measure.time == "service":
        return max(speeds), 0.0
    sending = [
        latency_of(scenario, f"{name}-{k}", name)
        for name, spec in scenario.producers.items()
        for k in range(1, spec.count + 1)
        if measure.queue in shares(scenario, spec.to)
    ]
    return max(speeds), (0.0 if math.isinf(min(ways)) else min(ways)) + min(sending, default=0.0)
