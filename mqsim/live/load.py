"""What is sent when, and who takes it: message by message the same as in a simulation.

Times, work, keys and priorities come from the same streams of random numbers as in `mqsim.sim`, so a real run
and a simulated one differ by the broker, the network and the machine alone.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import takewhile
from typing import TYPE_CHECKING, Any, NamedTuple

from mqsim.distributions import Streams
from mqsim.errors import UsageError
from mqsim.scenario import arrival_times
from mqsim.sim.destinations import Destination

if TYPE_CHECKING:
    from collections.abc import Iterator

    from mqsim.distributions import Stream
    from mqsim.scenario import Scenario
    from mqsim.scenario.actors import ConsumerSpec, ProducerSpec
    from mqsim.scenario.spec import Spec

MOST_PROCESSES = 64
"""Senders and workers that are started at most."""
MOST_MESSAGES = 200_000

_CONSUMER = {
    "count", "queue", "speed", "prefetch", "ack", "idempotent", "priority", "heartbeat", "blocking", "redraw",
    "reconnect",
}  # fmt: skip
_PRODUCER = {
    "count", "to", "arrivals", "work", "messages", "start", "stop", "size", "priority", "persistent",
    "expiration", "when_blocked", "reconnect", "heartbeat", "confirms",
}  # fmt: skip
"""Fields that a real run carries out, or that change nothing while no connection fails."""


class Send(NamedTuple):
    """One message: when it is published (seconds), where to, and its work in seconds."""

    time: float
    exchange: str
    key: str
    work: float
    priority: int
    expiration: float | None


@dataclass(frozen=True)
class Sender:
    """A producer.

    Attributes:
        name: such as `web-1`.
        sends: its messages, by time.
        size: bytes in each.
        persistent: whether the broker keeps them on disk.
        confirmed: it waits for the confirm of each before the next.
    """

    name: str
    sends: tuple[Send, ...]
    size: int = 1000
    persistent: bool = True
    confirmed: bool = False


@dataclass(frozen=True)
class Worker:
    """A consumer: its name and queue, prefetch, `manual`, `auto` or `early` acknowledgement, and speed."""

    name: str
    queue: str
    prefetch: int = 1
    ack: str = "manual"
    speed: float = 1.0
    priority: int = 0


@dataclass(frozen=True)
class Load:
    """All that is played."""

    senders: tuple[Sender, ...]
    workers: tuple[Worker, ...]

    @property
    def messages(self) -> int:
        """How many messages are sent."""
        return sum(len(sender.sends) for sender in self.senders)

    @property
    def end(self) -> float:
        """When the last is sent, in seconds from the start."""
        return max((sender.sends[-1].time for sender in self.senders if sender.sends), default=0.0)


def load_of(scenario: Scenario, seconds: float) -> Load:
    """The load of a scenario's first seconds.

    Args:
        scenario: whose producers and consumers.
        seconds: how long producers send.

    Raises:
        UsageError: it has something that can't be played on a real broker, or too much of it; the sentence
            says what, and what to leave out.
    """
    _check(scenario)
    streams = Streams(scenario.seed, 0)
    senders = tuple(
        Sender(
            f"{group}-{k}",
            tuple(_sends(spec, streams, f"{group}-{k}", seconds)),
            spec.size,
            spec.persistent,
            spec.confirms is not None and spec.confirms.window == 1,
        )
        for group, spec in scenario.producers.items()
        for k in range(1, spec.count + 1)
    )
    workers = tuple(
        Worker(f"{group}-{k}", spec.queue, spec.prefetch, spec.ack, speed, spec.priority)
        for group, spec in scenario.consumers.items()
        for k, speed in enumerate(_speeds(spec), 1)
    )
    load = Load(senders, workers)
    if len(senders) + len(workers) > MOST_PROCESSES:
        raise UsageError(
            f"calibrate: {len(senders) + len(workers)} producers and consumers would each be a process; at "
            f"most {MOST_PROCESSES} are started, so take a smaller scenario."
        )
    if not load.messages:
        raise UsageError(f"calibrate: no message is sent within {seconds:g} s; play a longer time.")
    if load.messages > MOST_MESSAGES:
        raise UsageError(
            f"calibrate: {load.messages:,} messages are too many for one machine; play at most "
            f"{MOST_MESSAGES:,}, with a lower rate or a shorter time."
        )
    return load


def _speeds(spec: ConsumerSpec) -> list[float]:
    return [spec.speed] * spec.count if isinstance(spec.speed, int | float) else list(spec.speed)


def _sends(spec: ProducerSpec, streams: Streams, name: str, seconds: float) -> Iterator[Send]:
    times = arrival_times.times(spec, streams, name)
    if times is None:
        raise UsageError(
            f"calibrate: producers.{name.rpartition('-')[0]}.arrivals waits for answers, and a real run "
            "plays open loads only, such as poisson, every or trace."
        )
    chances: dict[str, Stream] = {}

    def draw(purpose: str, number: int) -> float:
        if purpose not in chances:
            chances[purpose] = streams.stream(name, purpose)
        return chances[purpose].at(number)

    destination = Destination(
        spec.to,
        draw,
        size=spec.size,
        persistent=spec.persistent,
        priority=spec.priority,
    )
    works = streams.sampler(name, "work", spec.work).draws()
    ttl = None if spec.expiration is None else streams.sampler(name, "expiration", spec.expiration).draws()
    until = takewhile(lambda time: time < seconds, times)
    for number, (time, work) in enumerate(zip(until, works, strict=False)):
        if number > MOST_MESSAGES:
            return
        expiration = None if ttl is None else next(ttl)
        envelope = destination.envelope(number)
        yield Send(time, envelope.exchange, envelope.key, work, envelope.priority or 0, expiration)


def _check(scenario: Scenario) -> None:
    """Refuse what a real run would silently leave out."""
    if scenario.faults:
        raise UsageError(
            "calibrate: a real run plays no faults; compare the load without them: --set faults=[]."
        )
    if scenario.programs:
        raise UsageError("calibrate: a real run plays modelled producers and consumers only, no programs.")
    for kind, groups, played in (
        ("producers", scenario.producers, _PRODUCER),
        ("consumers", scenario.consumers, _CONSUMER),
    ):
        for name, spec in groups.items():
            for field in _said(spec) - played:
                raise UsageError(
                    f"calibrate: {kind}.{name}.{field} can't be played on a real broker; leave it out."
                )
    for name, queue in scenario.broker.queues.items():
        if queue.ready:
            raise UsageError(f"calibrate: broker.queues.{name}.ready: a real run starts with empty queues.")
        if queue.dead_letter is not None and queue.dead_letter.exchange == "" and not queue.dead_letter.key:
            raise UsageError(
                f"calibrate: broker.queues.{name}.dead_letter.key: name the queue, so that no dead letter "
                "of a real run can reach a queue of somebody else."
            )
    _check_exchanges(scenario)


def _check_exchanges(scenario: Scenario) -> None:
    named = [target.exchange for spec in scenario.producers.values() for target in spec.to]
    named += [binding.exchange for binding in scenario.broker.bindings]
    named += [binding.to_exchange or "" for binding in scenario.broker.bindings]
    named += [queue.dead_letter.exchange for queue in scenario.broker.queues.values() if queue.dead_letter]
    for name in named:
        if name.startswith("amq."):
            raise UsageError(
                f"calibrate: {name} is everybody's, so messages could reach queues of somebody else; use an "
                "exchange of the scenario's own."
            )


def _said(spec: Spec) -> set[str]:
    """The fields that differ from their defaults."""
    plain: dict[str, Any] = {name: getattr(spec, name) for name in type(spec).model_fields}
    fields = type(spec).model_fields
    return {
        name for name, value in plain.items() if value != fields[name].get_default(call_default_factory=True)
    }
