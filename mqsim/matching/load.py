"""How much a scenario asks of its queues, producers and the broker itself, and how much they can do.

More is told than a formula needs: workers of different speed, breakdowns, failing work and slow links have a
capacity where they have no closed form. What can't be told from the scenario is left out.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np

from mqsim.distributions import Distribution, Exponential
from mqsim.matching.network import Edge, Traffic
from mqsim.matching.once import once
from mqsim.matching.routes import shares
from mqsim.matching.settling import settling_time, spike_time
from mqsim.matching.staff import at_once, latency_of
from mqsim.matching.streams import batch_size, stationary
from mqsim.scenario import (
    Batches,
    Closed,
    ConsumerSpec,
    Every,
    Fault,
    Mmpp,
    Poisson,
    ProducerSpec,
    ProfileArrivals,
    Renewal,
    Scenario,
)
from mqsim.theory import repeated_work

if TYPE_CHECKING:
    from collections.abc import Iterator

_NEARLY = 1e-9
_ROUNDS = 200
_SHARES = 10_000  # of a law, where a moment of it is summed
MOST_QUEUES = 200
"""Of more nothing is told: each would have to be looked at together with all others."""
_UNMET = 0.05  # of the mean squared work: so much may be in work that is longer than a run meets
_USUAL_SPIKES = 5.0  # of exponential work, which the time by the load alone is about


@dataclass(frozen=True)
class Load:
    """What comes to a part of the system beside what it can do.

    Attributes:
        part: what it is: a queue with its consumers, the broker's own time, or a producer with its confirms.
        name: the queue's, or the producer's; empty for the broker.
        offered: messages that come, per second (for the broker: seconds of its time asked for, per second).
        capacity: how many can be done, per second (for the broker: 1).
        regular: nothing is left to chance, so that even a load of exactly 1 is worked off.
        variation: how uneven arrivals and work are: half the sum of their squared variations, 1 for Poisson
            arrivals and exponential work.
        spikes: how rare the work is that makes the others wait: the variance of the squared work over the
            square of its mean, as far as a run of this length meets it; 5 for exponential work.
        work: mean work of a message, in seconds.
    """

    part: Literal["queue", "broker", "producer"]
    name: str
    offered: float
    capacity: float
    regular: bool = False
    variation: float = 1.0
    spikes: float = 0.0
    work: float = 0.0

    @property
    def share(self) -> float:
        """Offered over capacity; from 1 on the part falls behind for as long as the run lasts."""
        return self.offered / self.capacity if self.capacity > 0.0 else math.inf

    @property
    def over(self) -> bool:
        """Whether more comes than can be done."""
        return self.share > 1.0 + _NEARLY if self.regular else self.share >= 1.0 - _NEARLY

    @property
    def settles(self) -> float:
        """Seconds of a run in which its means settle to about a tenth; 0 where nothing is left to chance."""
        if self.regular or self.over:
            return 0.0
        usual = settling_time(self.share, self.capacity, self.variation)
        return usual + self._spiky

    @property
    def varied(self) -> str:
        """What makes it settle more slowly than its load tells, for a sentence; empty where nothing does."""
        usual = settling_time(self.share, self.capacity, self.variation)
        odd = not self.regular and not self.over and self._spiky > usual
        return "and with work that varies this much " if odd else ""

    @property
    def _spiky(self) -> float:
        # The wait of M/G/1 in messages of mean work; with more servers it is at most that.
        wait = self.work * self.variation * self.share / (1.0 - self.share)
        return spike_time(max(self.spikes - _USUAL_SPIKES, 0.0), self.offered, self.work, wait)


@once
def loads(scenario: Scenario) -> list[Load]:
    """The load of all parts for which a scenario tells it; those of steady, endless arrivals alone.

    Args:
        scenario: what would be run.
    """
    if len(scenario.broker.queues) > MOST_QUEUES:
        return []
    rates = {name: _rate(spec) for name, spec in scenario.producers.items() if spec.count}
    found = [*_of_producers(scenario, rates), *_of_queues(scenario, rates)]
    asked = _of_broker(scenario, rates)
    return found if asked is None else [*found, Load("broker", "", asked, 1.0)]


def _rate(spec: ProducerSpec) -> float | None:
    """Messages a second of a group of producers, where that is one number for the whole run."""
    return steady_rate(spec) if spec.endless and spec.start == 0.0 else None


def steady_rate(spec: ProducerSpec) -> float | None:
    """Messages a second of a group of producers while it sends, where that is one number."""
    arrivals = spec.arrivals
    match arrivals:
        case Poisson():
            return arrivals.rate * spec.count
        case Every():
            return spec.count / arrivals.interval
        case Renewal():
            return spec.count / arrivals.law.mean
        case Mmpp():
            share = stationary(arrivals)
            return spec.count * float(sum(p * rate for p, rate in zip(share, arrivals.rates, strict=True)))
        case Batches():
            return spec.count * batch_size(arrivals)[0] / arrivals.every.mean
        case _:
            return None


def _of_producers(scenario: Scenario, rates: dict[str, float | None]) -> Iterator[Load]:
    """Producers that wait for confirms: at most a window a round trip."""
    costs = scenario.broker.costs
    for name, spec in scenario.producers.items():
        rate = rates.get(name)
        if rate is None or spec.confirms is None:
            continue
        latency = max(latency_of(scenario, f"{name}-{k}", name) for k in range(1, spec.count + 1))
        trip = 2.0 * latency + costs.publish.mean + costs.sync.mean * spec.persistent
        if trip > 0.0:
            yield Load("producer", name, rate, spec.count * spec.confirms.window / trip, regular=True)


@once
def lossy_loads(scenario: Scenario) -> list[Load]:
    """The loads of the queues that `loads` leaves out because they lose what is too much (by a limit, or by
    expiry): they never fall behind for ever, whatever their share is.
    """
    rates = {name: _rate(spec) for name, spec in scenario.producers.items() if spec.count}
    return list(_of_queues(scenario, rates, lossy=True))


def _of_queues(scenario: Scenario, rates: dict[str, float | None], lossy: bool = False) -> Iterator[Load]:
    traffic = Traffic(scenario)
    able = {name: capacity_of(scenario, name) for name in traffic.edges}
    offered = _offered(traffic, rates, able)
    for name, capacity in able.items():
        rate = offered[name]
        if rate is not None and capacity is not None and rate > 0.0 and _loses(scenario, name) is lossy:
            laws = _laws(scenario, name, _groups(scenario, name))
            variation = _variation(traffic, name, laws)
            spikes = _spikes(scenario, laws, rate, _groups(scenario, name))
            regular = _regular(traffic, name)
            yield Load("queue", name, rate, capacity, regular, variation, spikes, _mean(laws))


def _offered(
    traffic: Traffic, rates: dict[str, float | None], able: dict[str, float | None]
) -> dict[str, float | None]:
    """Messages a second that come to each queue; None where it can't be told."""
    direct: dict[str, float | None] = {}
    for name in traffic.edges:
        parts = [
            None if rates[group] is None else rates[group] * share.part  # type: ignore[operator]
            for group, spec in traffic.scenario.producers.items()
            if group in rates and (share := shares(traffic.scenario, spec.to).get(name)) is not None
        ]
        known = [part for part in parts if part is not None]
        direct[name] = sum(known) if len(known) == len(parts) else None
    found = dict(direct)
    for _ in range(_ROUNDS):
        before = dict(found)
        for name in found:
            found[name] = _sum(direct[name], [(found[by], able[by], edge) for by, edge in traffic.fed(name)])
        if before == found:
            break
    return found


def _sum(direct: float | None, fed: list[tuple[float | None, float | None, Edge]]) -> float | None:
    total = direct
    for rate, able, edge in fed:
        if total is None or rate is None or (edge.dead and edge.why_odd):
            return None
        total += edge.chance * (rate if able is None else min(rate, able))
    return total


def _loses(scenario: Scenario, queue: str) -> bool:
    """Whether what is too much is lost, so that the queue does not grow without end."""
    spec = scenario.broker.queues[queue]
    bounded = spec.max_length is not None or spec.max_bytes is not None or spec.message_ttl is not None
    senders = [p for p in scenario.producers.values() if p.count and queue in shares(scenario, p.to)]
    return bounded or any(sender.expiration is not None for sender in senders)


def _regular(traffic: Traffic, queue: str) -> bool:
    scenario = traffic.scenario
    senders = [p for p in scenario.producers.values() if p.count and queue in shares(scenario, p.to)]
    even = all(isinstance(p.arrivals, Every) for p in senders) and not traffic.fed(queue)
    laws = _laws(scenario, queue, _groups(scenario, queue))
    return even and all(law.variance == 0.0 for _, law in laws) and not scenario.faults


def _variation(traffic: Traffic, queue: str, laws: list[tuple[float, Distribution]]) -> float:
    """Half the sum of the squared variations of arrivals and work."""
    total = sum(rate for rate, _ in laws)
    mean = sum(rate * law.mean for rate, law in laws) / total
    square = sum(rate * (law.variance + law.mean**2) for rate, law in laws) / total
    if mean == 0.0 or not math.isfinite(square):
        return 1.0
    senders = [
        p for p in traffic.scenario.producers.values() if p.count and queue in shares(traffic.scenario, p.to)
    ]
    uneven = 1.0 if traffic.fed(queue) or not senders else max(_dispersion(spec) for spec in senders)
    return (uneven + square / mean**2 - 1.0) / 2.0


def _mean(laws: list[tuple[float, Distribution]]) -> float:
    total = sum(rate for rate, _ in laws)
    return sum(rate * law.mean for rate, law in laws) / total if total else 0.0


def _spikes(
    scenario: Scenario, laws: list[tuple[float, Distribution]], rate: float, groups: dict[str, ConsumerSpec]
) -> float:
    """The variance of the squared work over the square of its mean, of as many messages as the run has.

    With many workers one long message holds up one of them, and the others keep up: then it does not count.
    """
    servers = sum(spec.count * at_once(spec) for spec in groups.values())
    busy = rate * _mean(laws)
    total = sum(weight for weight, _ in laws)
    if not total or busy <= servers - 1.0:
        return 0.0
    count = int(min(max(rate * scenario.horizon, 100.0), 1e6))
    shares = 1.0 - np.geomspace(0.5 / count, 1.0, _SHARES)  # finer where work is longest
    width = -np.diff(shares, append=0.0, prepend=1.0)
    weights = 0.5 * (width[:-1] + width[1:])
    square = fourth = 0.0
    for weight, law in laws:
        work = np.asarray(law.quantile(np.clip(shares, 0.0, 1.0 - 0.5 / count)), dtype=np.float64)
        square += weight / total * float(weights @ work**2)
        fourth += weight / total * float(weights @ work**4)
    whole = sum(weight / total * (law.variance + law.mean**2) for weight, law in laws)
    # What a run is unlikely to meet at all: its mean would be that of another, shorter work.
    if not math.isfinite(whole) or square < (1.0 - _UNMET) * whole:
        return math.inf
    return fourth / square**2 - 1.0 if square > 0.0 else 0.0


def _dispersion(spec: ProducerSpec) -> float:
    """The variance of a long count of arrivals over its mean: 1 for Poisson, more where they cluster."""
    arrivals = spec.arrivals
    match arrivals:
        case Every():
            return 0.0
        case Renewal():
            return arrivals.law.cv**2
        case Batches():
            mean, square, _ = batch_size(arrivals)
            return arrivals.every.cv**2 * mean + (square - mean * mean) / mean
        case Mmpp():
            switch = np.array(arrivals.switch, dtype=np.float64)
            share = stationary(arrivals)
            off = np.array(arrivals.rates) - share @ arrivals.rates
            lasting = np.linalg.lstsq(np.diag(switch.sum(axis=1)) - switch, off, rcond=None)[0]
            return 1.0 + 2.0 * float((share * off) @ lasting) / float(share @ arrivals.rates)
        case _:
            return 1.0


def _groups(scenario: Scenario, queue: str) -> dict[str, ConsumerSpec]:
    return {name: spec for name, spec in scenario.consumers.items() if spec.queue == queue and spec.most > 0}


def _laws(
    scenario: Scenario, queue: str, groups: dict[str, ConsumerSpec]
) -> list[tuple[float, Distribution]]:
    """The laws of work of what comes to a queue, with the rates of what brings them."""
    if groups and all(spec.service is not None for spec in groups.values()):
        return [(1.0, spec.service) for spec in groups.values() if spec.service is not None]
    traffic = Traffic(scenario)
    sources = traffic.before(queue) | {queue}
    found = []
    for spec in scenario.producers.values():
        to = shares(scenario, spec.to)
        part = sum(to[name].part for name in sources if name in to)
        rate = _weight(spec) if spec.count else 0.0
        if part and rate:
            found.append((rate * part, spec.work))
    return found


def _weight(spec: ProducerSpec) -> float | None:
    """How much a group of producers counts where the laws of work of several are mixed."""
    if isinstance(spec.arrivals, Closed):
        return float(spec.count * spec.arrivals.users)
    if isinstance(spec.arrivals, ProfileArrivals):
        return spec.count * sum(rate for _, rate in spec.arrivals.points) / len(spec.arrivals.points)
    return steady_rate(spec)


def capacity_of(scenario: Scenario, queue: str) -> float | None:
    """Messages a second that the consumers of a queue can work off; None where it can't be told."""
    groups = _groups(scenario, queue)
    if not groups or scenario.programs:
        return None
    laws = _laws(scenario, queue, groups)
    if not laws:
        return None
    mean = sum(rate * law.mean for rate, law in laws) / sum(rate for rate, _ in laws)
    each: list[float] = []
    for name, spec in groups.items():
        if spec.start > 0.0 or spec.stop is not None or spec.factor is not None:
            return None
        work = spec.service.mean if spec.service is not None else mean
        law = [(1.0, spec.service)] if spec.service is not None else laws
        for k in range(1, spec.most + 1):
            speed = spec.speed if isinstance(spec.speed, float | int) else spec.speed[k - 1]
            lasting = _with_repeats(scenario, spec, law, work / speed, speed, name, k)
            one = _one(spec, lasting, latency_of(scenario, f"{name}-{k}", name))
            if one is None:
                return None
            each.append(one * _up(scenario, name, k))
    return max(each) if scenario.broker.queues[queue].single_active_consumer else sum(each)


def _one(spec: ConsumerSpec, work: float, latency: float) -> float | None:
    """Messages a second that one consumer can work off while it is up."""
    held = 2.0 * latency if spec.ack == "manual" and spec.prefetch else 0.0
    fails = spec.fails
    if fails is None or fails.probability == 0.0:
        tries, seconds, down = 1.0, work, 0.0
    else:
        p = fails.probability
        again = fails.then in ("nack", "crash")
        if again and p == 1.0 and fails.attempts is None:
            return 0.0
        most = math.inf if fails.attempts is None else fails.attempts
        tries = (1.0 - p**most) / (1.0 - p) if p < 1.0 else most
        tries = tries if again else 1.0
        seconds = tries * (p * fails.after + 1.0 - p) * work
        crashing = fails.then == "crash"
        if crashing and fails.restart_after is None:
            return None
        down = tries * p * (fails.restart_after or 0.0) if crashing else 0.0
    busy = seconds + down
    if held == 0.0:
        return math.inf if busy == 0.0 else at_once(spec) / busy
    window = spec.prefetch / (busy + tries * held)
    return window if busy == 0.0 else min(at_once(spec) / busy, window)


def _with_repeats(
    scenario: Scenario,
    spec: ConsumerSpec,
    laws: list[tuple[float, Distribution]],
    work: float,
    speed: float,
    group: str,
    k: int,
) -> float:
    """Seconds of work that a message takes when crashes make it begin again; infinite if it never ends.

    Capacities are told for the time a consumer is up, so repairs are not in it.
    """
    rate = sum(1.0 / fault.every.mean for fault in _breakdowns(scenario, group, k) if fault.every is not None)
    if rate == 0.0 or work == 0.0 or spec.ack != "manual":
        return work
    total = sum(weight for weight, _ in laws)
    sign = -1.0 if spec.redraw else 1.0
    mean = sum(weight * _exponential_moment(law, sign * rate / speed) for weight, law in laws) / total
    attempts = 1.0 / mean if spec.redraw else mean
    return repeated_work(attempts, rate).work if math.isfinite(attempts) else math.inf


def _exponential_moment(law: Distribution, at: float) -> float:
    """E exp(at S). Of a law without an end, what a run of some ten thousand messages meets of it."""
    if isinstance(law, Exponential):
        return 1.0 / (1.0 - at * law.mean) if at * law.mean < 1.0 else math.inf
    with np.errstate(over="ignore"):
        shares = (np.arange(_SHARES) + 0.5) / _SHARES
        return float(np.mean(np.exp(at * law.quantile(shares))))


def _breakdowns(scenario: Scenario, group: str, k: int) -> Iterator[Fault]:
    """The faults that come again and again to a consumer, or to the broker that it is connected to."""
    for fault in scenario.faults:
        hit = {group, f"{group}-{k}"} & set(fault.targets) or fault.targets[0] == "broker"
        if fault.every is not None and fault.repair is not None and hit:
            yield fault


def _up(scenario: Scenario, group: str, k: int) -> float:
    """The share of its time that a consumer is up under breakdowns that come again and again."""
    share = 1.0
    for fault in _breakdowns(scenario, group, k):
        assert fault.every is not None
        assert fault.repair is not None
        share *= fault.every.mean / (fault.every.mean + fault.repair.mean)
    return share


def _of_broker(scenario: Scenario, rates: dict[str, float | None]) -> float | None:
    """Seconds of its own time that messages ask of the only node each second."""
    costs = scenario.broker.costs
    if scenario.broker.nodes > 1 or costs.publish.mean + costs.deliver.mean == 0.0:
        return None
    total = 0.0
    for rate in rates.values():
        if rate is None:
            return None
        total += rate * costs.publish.mean
    traffic = Traffic(scenario)
    offered = _offered(traffic, rates, dict.fromkeys(traffic.edges))
    for name in traffic.edges:
        rate = offered[name]
        if rate is None:
            return None
        forwarded = sum(edge.chance for edge in traffic.edges[name] if not edge.dead)
        total += rate * (forwarded * costs.publish.mean + costs.deliver.mean * bool(_groups(scenario, name)))
    return total
