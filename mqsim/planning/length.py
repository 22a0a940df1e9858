"""How long to run: by the time that a queue takes to forget.

A queue at load r forgets how it began within its relaxation time: about the mean work of a message over
(1 - sqrt(r)) squared, over its servers. At a load of 0.95 that is 1600 times the work. Runs are multiples of
it: a warm-up that is left out, then sections that are long beside it.

Source: J. Abate and W. Whitt, Transient behavior of the M/M/1 queue, Advances in Applied Probability 19
(1987) 145-178; W. Whitt, Planning queueing simulations, Management Science 35 (1989) 1341-1366.
"""

from __future__ import annotations

import itertools
import math
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from mqsim.matching import Load, loads, lossy_loads
from mqsim.matching.load import capacity_of
from mqsim.matching.routes import shares
from mqsim.planning.targets import Target, worked
from mqsim.scenario import (
    At,
    Batches,
    Closed,
    Every,
    Mmpp,
    Poisson,
    ProfileArrivals,
    Renewal,
    Scenario,
    TraceArrivals,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

RUNS = 8
"""Independent runs of a round."""
SECTIONS = 3
"""Sections that each of them is cut into."""
WARM = 15.0
"""Relaxation times left out at the start of each run."""
KEPT = 160.0
"""Relaxation times of each run that count: 1280 in a round."""
LEAST = 40_000
"""Messages that a round has at least."""
REPEATS = 10
"""Runs of a round where the scenario's own duration is kept."""
FEW, LONG = 4, 20_000
"""The same where a run has that many messages by itself."""
_AFTER = 5.0
_RARE = 20.0


@dataclass(frozen=True)
class Length:
    """How a scenario is run for an answer.

    Attributes:
        steady: whether the answer is about the steady state; otherwise the scenario is run as it is written,
            again and again.
        runs: independent runs of a round.
        warm: seconds left out at the start of each.
        kept: seconds that count.
        after: seconds that each goes on, so that what was created before can come to its end.
        messages: about how many a round has.
        settled: whether the runs are long beside the relaxation time.
        because: why the scenario is run as it is written; empty where it isn't.
    """

    steady: bool
    runs: int
    warm: float
    kept: float
    after: float
    messages: float
    settled: bool = True
    because: str = ""

    def scaled(self, share: float) -> Length:
        """A shorter or longer one; a short one no longer counts as settled."""
        if not self.steady:
            runs = max(2, round(self.runs * share))
            return replace(self, runs=runs, messages=self.messages * runs / self.runs)
        kept = self.kept * share
        messages = self.messages * (self.warm + kept + self.after) / (self.warm + self.kept + self.after)
        return replace(self, kept=kept, messages=messages, settled=self.settled and share >= 0.75)

    def applied(self, scenario: Scenario) -> Scenario:
        """The scenario of one run."""
        if not self.steady:
            return scenario
        return scenario.with_({"duration": self.warm + self.kept + self.after, "warmup": self.warm})


def relaxation(load: float, servers: int, variation: float = 1.0) -> float:
    """The relaxation time of a queue, in units of the mean work.

    Args:
        load: arriving work over what the servers can do, above 0 and below 1.
        servers: how many.
        variation: half the sum of the squared variations of arrivals and work; 1 in M/M/c.
    """
    return variation / servers / (1.0 - math.sqrt(load)) ** 2


def length_of(scenario: Scenario, targets: Sequence[Target], as_written: bool = False) -> Length:
    """How to run a scenario for these targets.

    Args:
        scenario: what is asked about.
        targets: what is judged; a time limit among them sets how long runs go on at their end.
        as_written: keep the scenario's own duration, whatever it is.
    """
    because = "as you asked" if as_written else _why_as_written(scenario, targets)
    known = [load for load in loads(scenario) if load.part == "queue"]
    if not because:
        lossy, loops = lossy_loads(scenario), _loops(scenario)
        rate = sum(load.offered for load in [*known, *lossy]) + sum(messages for messages, _ in loops)
        forgets = max(
            [_forgets(scenario, load) for load in known]
            + [_soon(scenario, load) for load in lossy]
            + [cycle for _, cycle in loops]
        )
        limits = [target.measure.within or target.limit for target in targets if _is_time(target)]
        kept = max(KEPT * forgets, LEAST / RUNS / rate, _RARE * _rarest(targets) / RUNS / rate)
        after = max([_AFTER * forgets, *(limit for limit in limits if limit < kept)])
        warm = WARM * forgets
        return Length(True, RUNS, warm, kept, after, RUNS * rate * (warm + kept + after))
    warmup = scenario.warmup if isinstance(scenario.warmup, float | int) else 0.0
    each = _created(scenario)
    runs = FEW if each > LONG else REPEATS
    return Length(False, runs, float(warmup), math.inf, 0.0, runs * each, because=because)


def _is_time(target: Target) -> bool:
    return target.measure.kind in ("time", "share")


def _rarest(targets: Sequence[Target]) -> float:
    """Messages for each one beyond the farthest percentile that is asked for."""
    far = [100.0 / (100.0 - p) for target in targets if (p := target.measure.percentile) is not None]
    shares = [target.limit for target in targets if target.measure.kind == "share"]
    far += [1.0 / (1.0 - share) for share in shares if share < 1.0]
    return 10.0 * max(far, default=1.0)


def _forgets(scenario: Scenario, load: Load) -> float:
    """Seconds in which the queue forgets: its own, and those of breakdowns that come again and again."""
    busy = load.variation / load.capacity / (1.0 - math.sqrt(min(load.share, 1.0 - 1e-9))) ** 2
    cycles = [
        (fault.every.mean + fault.repair.mean) / 5.0
        for fault in scenario.faults
        if fault.every is not None and fault.repair is not None
    ]
    return max([busy, 1.0 / load.capacity, *cycles])


def _loops(scenario: Scenario) -> list[tuple[float, float]]:
    """For each closed loop about how many messages a second it sends, and its longest cycle on average: all
    users but one wait. Within some cycles it has forgotten how it began.
    """
    found = []
    for spec in scenario.producers.values():
        if isinstance(spec.arrivals, Closed) and spec.count:
            users, think = spec.count * spec.arrivals.users, spec.arrivals.think.mean
            able = [capacity_of(scenario, queue) or 0.0 for queue in shares(scenario, spec.to)]
            least = min([each for each in able if each > 0.0], default=1.0)
            cycle = think + users / least
            found.append((min(users / think if think else least, least), cycle))
    return found


def _soon(scenario: Scenario, load: Load) -> float:
    """Seconds in which a queue forgets that loses what is too much: sooner than without its limits.

    In a full queue of room n it is about n squared services; what expires is forgotten within its time.
    Source: the spectral gap of the M/M/1/n queue (J. Keilson, Markov Chain Models (1979), 8.6).
    """
    spec = scenario.broker.queues[load.name]
    senders = [each for each in scenario.producers.values() if each.count]
    lives = [each.expiration.mean for each in senders if each.expiration is not None]
    lives += [] if spec.message_ttl is None else [spec.message_ttl]
    served = [each for each in scenario.consumers.values() if each.queue == load.name]
    room = math.inf if spec.max_length is None else float(spec.max_length)
    if spec.max_bytes is not None:
        room = min(room, spec.max_bytes / max(min((each.size for each in senders), default=1), 1))
    room += 1 + sum(each.most * max(each.prefetch, each.slots) for each in served)
    root = math.sqrt(load.share)
    gap = (1.0 - root) ** 2 + 2.0 * root * (1.0 - math.cos(math.pi / (room + 1.0)))
    busy = load.variation / load.capacity / max(gap, 1e-9)
    services = 3.0 * sum(each.most * each.slots for each in served) / load.capacity
    return max(min([busy, *(life + services for life in lives)]), 1.0 / load.capacity)


def _why_as_written(scenario: Scenario, targets: Sequence[Target]) -> str:
    """Why there is no steady state to ask about; empty if there is one."""
    if scenario.duration is None:
        return "it ends by itself"
    if any(fault.at is not None for fault in scenario.faults):
        return "it has faults at given times"
    for name, spec in scenario.producers.items():
        steady = isinstance(spec.arrivals, Poisson | Every | Renewal | Mmpp | Batches | Closed)
        if spec.count and not (steady and spec.endless and spec.start == 0.0):
            return f"the arrivals of {name} change over time"
    for name, group in scenario.consumers.items():
        if group.start > 0.0 or group.stop is not None or group.factor is not None or group.autoscale:
            return f"the consumers of {name} change over time"
    counts = [target.text for target in targets if target.measure.dimension == "count" and _grows(target)]
    if counts:
        return f"{counts[0]} counts what happens in a run"
    if any(target.measure.kind in ("recover", "overflow", "alarm") for target in targets):
        return "the question is when something happens"
    known = {load.name: load for load in loads(scenario) if load.part == "queue"}
    lossy = {load.name for load in lossy_loads(scenario)}
    told = {*known, *lossy}
    if _loops(scenario):
        told |= {name for name in worked(scenario) if capacity_of(scenario, name) is not None}
    missing = [name for name in worked(scenario) if name not in told]
    if missing or not told or scenario.programs:
        return f"the load of {', '.join(missing) or 'its queues'} can't be told from the scenario"
    if any(load.over for load in known.values()):
        return "it is overloaded"
    return ""


def _grows(target: Target) -> bool:
    """Whether a count gets larger with the length of the run."""
    return not target.measure.path or target.measure.path[-1] not in ("mean",)


def area(points: Sequence[tuple[float, float]], end: float, linear: bool) -> float:
    """The messages that a profile brings from 0 to its last point, or to `end` if its last rate goes on."""
    total = points[0][0] * points[0][1]
    for (start, rate), (stop, following) in itertools.pairwise(points):
        total += (stop - start) * (0.5 * (rate + following) if linear else rate)
    return total + max(end - points[-1][0], 0.0) * points[-1][1]


def _created(scenario: Scenario) -> float:
    """About how many messages a run has; a round number where that can't be told."""
    rates = [load.offered for load in loads(scenario) if load.part == "queue"]
    finite = [float(spec.messages * spec.count) for spec in scenario.producers.values() if spec.messages]
    finite += [
        float(len(spec.arrivals.times) * spec.count)
        for spec in scenario.producers.values()
        if isinstance(spec.arrivals, At | TraceArrivals)
    ]
    finite += [
        spec.count * area(spec.arrivals.points, scenario.horizon, spec.arrivals.shape == "linear")
        for spec in scenario.producers.values()
        if isinstance(spec.arrivals, ProfileArrivals)
    ]
    if rates and scenario.duration is not None:
        return max(sum(rates) * scenario.duration, 1.0)
    return sum(finite) or float(LEAST)
