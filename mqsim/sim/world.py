"""The world: a scenario brought to life on one SimPy clock.

What happens at one instant is run to its end before time moves on: a callback does its part, the outbox is
emptied, and only then comes the next event. So the broker is never called from within itself, and a hop
without latency takes no time and no event.
"""

from __future__ import annotations

from collections import deque
from functools import partial
from typing import TYPE_CHECKING, Protocol

from mqsim.broker import Broker, Channel, Envelope, Message, Observer
from mqsim.distributions import Distribution, Sampler, Stream, Streams
from mqsim.errors import ScenarioError
from mqsim.run_size import (
    refuse_more_copies,
    refuse_more_time,
    refuse_what_is_too_large,
    who_keeps_time,
)
from mqsim.scenario.arrivals import Closed, Saturate
from mqsim.scenario.autoscaling import Hpa
from mqsim.sim.alarms import watched
from mqsim.sim.autoscaler import Arrivals, Autoscaler, autoscale
from mqsim.sim.clock import Clock
from mqsim.sim.cluster import BROKER, Cluster
from mqsim.sim.consumer import Consumer
from mqsim.sim.copies import Copies
from mqsim.sim.end_of_run import EndOfRun
from mqsim.sim.faults import Faults
from mqsim.sim.forwards import Forwards
from mqsim.sim.lineages import Lineages
from mqsim.sim.node import Node, cost_samples
from mqsim.sim.observers import Observers
from mqsim.sim.producer import Producer
from mqsim.sim.recorder import Recorder
from mqsim.sim.replicas import Replicas
from mqsim.sim.service_times import ServiceTimes
from mqsim.sim.state_dependent_arrivals import ClosedLoop, Saturation
from mqsim.sim.topology import declare
from mqsim.trace import Actor, Outcome, Trace

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    import simpy

    from mqsim.scenario import Scenario
    from mqsim.sim.hosts import Host
    from mqsim.sim.links import Hop
    from mqsim.sim.session import Session
    from mqsim.trace.event_kinds import EventKind

PRELOAD = "preload"
"""The producer of the messages that a queue holds at the start (`ready`)."""


class Hosts(Protocol):
    """Hosts of other kinds than the modelled actors, such as real programs, that are handed to a world.

    Faults hit them, and they are counted, like its own.
    """

    def join(self, world: World) -> None:
        """Take part: the broker stands, nobody has connected yet."""

    def hosts(self) -> Mapping[str, Host]:
        """The actors by name."""

    def is_busy(self) -> bool:
        """Whether any of them does something, or will by itself, other than heartbeats."""

    def set_service(self, name: str, works: bool) -> None:
        """From now on a service that they use, such as `ledger`, works or does not."""

    def close(self) -> None:
        """The run is over."""


class World:
    """One run of one scenario.

    Args:
        scenario: what is to run.
        seed: instead of the scenario's.
        replication: which of the independent repetitions this is, from 0.
        hosts: hosts of other kinds that take part.
        until_quiet: whether the run also ends when nothing but heartbeats is to come.

    Attributes:
        clock: time, and SimPy's environment.
        broker, cluster: RabbitMQ's rules, and the nodes that they run on; `node` is the first.
        trace: what is recorded, by the `recorder`; `copies` is the state of all copies of messages.
        producers, consumers: the modelled actors by name; `guests` are the others.
        outbox: hops that arrive at this instant.
        when_outbox_is_empty: called when the outbox is empty; one that puts something in returns True.
        poisoned: rows of messages that fail at every attempt.
        producers_left: producers that have more messages to come.
        pending_retries: retries that are to come.
        retries: those that were made.
    """

    def __init__(
        self,
        scenario: Scenario,
        seed: int | None = None,
        replication: int = 0,
        hosts: Sequence[Hosts] = (),
        until_quiet: bool = False,
    ) -> None:
        refuse_what_is_too_large(scenario)
        self.scenario = scenario
        self._hosts = hosts
        self.clock = Clock()
        self.streams = Streams(scenario.seed if seed is None else seed, replication)
        self.trace = Trace()
        self.trace.profile = scenario.broker.profile
        self.outbox: deque[Hop] = deque()
        self.when_outbox_is_empty: list[Callable[[], bool]] = []
        self.poisoned: set[int] = set()
        self.producers_left = 0
        self.pending_retries = 0
        self.retries = 0
        self.lineages = Lineages()
        self.any_poison = any(spec.poison for spec in scenario.producers.values())
        self._uniforms: dict[tuple[str, str], Stream] = {}
        self._ending = EndOfRun(self, until_quiet, self._hosts_are_busy if hosts else None)
        self._look_for_the_end: Callable[[], None] | None = None

        self.recorder: Recorder = Recorder(self.trace)
        self.copies: Copies = Copies(self.recorder)
        observers: list[Observer] = [self.recorder, self.copies]
        uses = list(watched(scenario.broker))
        self._rates = {
            group: Arrivals(spec.queue, spec.autoscale.rate_window, lambda: self.clock._now)
            for group, spec in scenario.consumers.items()
            if isinstance(spec.autoscale, Hpa) and spec.autoscale.metric == "message_rate"
        }
        observers += [*uses, *self._rates.values()]
        self.broker: Broker = Broker(
            scenario.broker.profile,
            Observers(*observers),
            consumer_timeout=scenario.broker.consumer_timeout,
            nodes=scenario.broker.nodes,
        )
        self._deadlines = self.broker.deadlines
        self.cluster: Cluster = Cluster(self, scenario.network, self._nodes())
        self.node = self.cluster.nodes[0]
        for use in uses:
            self.node.watch(use)
        if scenario.programs and not hosts:
            says = "A world of your own has no programs in it: run them with mq.simulate or mq.run_programs"
            raise ScenarioError("programs", list(scenario.programs), "empty", says)
        declare(self.broker, scenario)
        self.consumers: dict[str, Consumer] = {}
        self.producers: dict[str, Producer] = {}
        self.guests: dict[str, Host] = {}
        self._preload()
        self._keep_safe()
        self._bring_to_life()

    # -- what others ask for ---------------------------------------------------------------------------------

    def log(self, kind: EventKind, who: str, other: str = "", copy: int = -1, detail: str = "") -> None:
        """Write an event into the log."""
        self.trace.events.add(self.clock._now, kind, who, other, copy, detail)

    def uniform(self, actor: str, purpose: str, number: int) -> float:
        """The uniform number of that index, of that purpose of that actor."""
        stream = self._uniforms.get((actor, purpose))
        if stream is None:
            stream = self._uniforms[actor, purpose] = self.streams.stream(actor, purpose)
        return stream.at(number)

    def redrawn(self, producer: str, purpose: str) -> Sampler:
        """Samples of a producer's law of work for another purpose; a preloaded message is drawn as at its
        queue.
        """
        if producer in self.producers:
            return self.producers[producer].redraw(purpose)
        law = next((spec.work for spec in self.scenario.producers.values()), None)
        if law is None:
            raise ScenarioError(
                "producers", {}, "at least one producer, whose law of work preloaded messages can follow"
            )
        return self.streams.sampler(producer, purpose, law)

    def actors_of(self, name: str, all: bool = False) -> list[Host]:
        """The actor of that name, or the running actors of the group of that name (`all`: also those that are
        not).
        """
        everyone: dict[str, Host] = {**self.producers, **self.consumers, **self.guests}
        if name in everyone:
            return [everyone[name]]
        return [actor for actor in self.everyone() if actor.cast.group == name and (all or actor.running)]

    def set_service(self, name: str, works: bool) -> None:
        """From now on a service that programs use, such as `ledger`, works or does not."""
        for hosts in self._hosts:
            hosts.set_service(name, works)

    def _hosts_are_busy(self) -> bool:
        return any(hosts.is_busy() for hosts in self._hosts)

    def producer_finished(self) -> None:
        """One producer has no more messages to come."""
        self.producers_left -= 1
        self._begin_to_look_for_the_end()

    def _begin_to_look_for_the_end(self) -> None:
        if self._ending.possible and not (self._ending.waits_for_producers and self.producers_left):
            self._look_for_the_end = self._ending.look

    def everyone(self) -> list[Host]:
        """All actors."""
        return [*self.producers.values(), *self.consumers.values(), *self.guests.values()]

    def restart_later(self, actor: Host, delay: float | None) -> None:
        """Start an actor again after `delay`; None is never."""
        if delay is not None:
            self.start_at(actor, self.clock._now + delay)

    def stop_then_start(self, actor: Host, delay: float | None) -> None:
        """Stop an actor in order; start it again `delay` from now, or once it has stopped; None is never."""
        actor.stop_in_order(for_good=delay is None)
        if delay is None:
            return
        due = self.clock._now + delay
        if not actor.running:
            self.start_at(actor, due)
            return

        def stopped(_: bool) -> None:
            actor.up_listeners.remove(stopped)
            self.start_at(actor, max(due, self.clock._now))

        actor.up_listeners.append(stopped)

    def start_at(self, actor: Host, time: float) -> None:
        """Start an actor at a time to come, if it does not run then."""

        def start(_: simpy.Event) -> None:
            actor.start()
            self.finish_instant()

        self.clock.call_at(time, start)

    # -- setting up ------------------------------------------------------------------------------------------

    def _nodes(self) -> list[Node]:
        """The broker's nodes; each draws its costs from its own streams."""
        sessions: dict[Channel, Session] = {}
        nodes = []
        for host in self.broker.nodes:
            name = BROKER if len(self.broker.nodes) == 1 else host
            costs = cost_samples(self.scenario.broker.costs, partial(self._cost, name))
            nodes.append(
                Node(
                    self.clock,
                    self.broker,
                    self.copies,
                    self.recorder,
                    self.outbox,
                    self.finish_instant,
                    costs,
                    host,
                    name,
                    sessions,
                )
            )
        return nodes

    def _cost(self, name: str, purpose: str, law: Distribution) -> Iterator[float]:
        return self.streams.sampler(name, f"cost {purpose}", law).draws()

    def _keep_safe(self) -> None:
        """From now on, storing and replicating takes its time; what was there at the start is safe."""
        costs, specs = self.scenario.broker.costs, self.scenario.broker.queues.values()
        if costs.sync.mean:
            self.broker.storage = self.node
        if any(spec.type == "quorum" for spec in specs):
            syncs = {
                node.host: self._cost(f"{node.name} replica", "sync", costs.sync) if costs.sync.mean else None
                for node in self.cluster.nodes
            }
            elections = self._cost(BROKER, "election", costs.election)
            self.broker.replication = Replicas(self, elections, syncs)

    def _preload(self) -> None:
        producer = -1
        for name, spec in self.scenario.broker.queues.items():
            if not spec.ready:
                continue
            if producer < 0:
                producer = self.trace.actors.code(PRELOAD)
                self.trace.cast[PRELOAD] = Actor(PRELOAD, "producer", up=[(0.0, float("nan"))])
            works = self._work_for(name)
            queue = self.broker.queues[name]
            code = self.trace.queues.code(name)
            envelope = Envelope("", name, size=1000, persistent=True)
            for _ in range(spec.ready):
                number = self.trace.messages.n
                row = self.copies.new(producer, number, code, 0.0, next(works))
                self.trace.messages.published[row] = 0.0
                queue.publish(Message(envelope, row))

    def _work_for(self, queue: str) -> Iterator[float]:
        """Work of the messages that a queue holds at the start: as of the first producer that publishes to
        it.
        """
        for name, spec in self.scenario.producers.items():
            if any(target.queue == queue for target in spec.to):
                return self.streams.sampler(f"{PRELOAD} {queue}", f"work as {name}", spec.work).draws()
        return iter(lambda: 0.0, None)

    def _bring_to_life(self) -> None:
        """Start the actors: consumers before producers, each in the scenario's order."""
        for group, spec in self.scenario.consumers.items():
            works = ServiceTimes(self, group, spec)
            forwards = Forwards(self, group, spec, works) if spec.publish else None
            members = []
            for k in range(1, spec.most + 1):
                speed = (
                    spec.speed if isinstance(spec.speed, float | int) else spec.speed[min(k, spec.count) - 1]
                )
                consumer = Consumer(self, f"{group}-{k}", group, spec, speed, works, forwards)
                self.consumers[consumer.name] = consumer
                members.append(consumer)
            for consumer in members[: spec.count]:
                self._schedule(consumer, spec.start, spec.stop)
            if spec.autoscale is not None:
                scaler = Autoscaler(self, group, spec.queue, spec.autoscale, members)
                autoscale(scaler, spec.autoscale, self._rates.get(group))
        self._begin_producers()
        for hosts in self._hosts:
            hosts.join(self)
            self.guests.update(hosts.hosts())
        Faults(self, self.scenario.faults)
        self._begin_to_look_for_the_end()
        self.finish_instant()

    def _begin_producers(self) -> None:
        for group, spec in self.scenario.producers.items():
            for k in range(1, spec.count + 1):
                producer = self.producers[f"{group}-{k}"] = Producer(self, f"{group}-{k}", group, spec)
                self.producers_left += 1
                self._schedule(producer, spec.start, None)
                if isinstance(spec.arrivals, Closed):
                    ClosedLoop(self, producer, spec.arrivals)
                elif isinstance(spec.arrivals, Saturate):
                    Saturation(self, producer, spec.arrivals)
                else:
                    producer.begin()

    def _schedule(self, actor: Producer | Consumer, start: float, stop: float | None) -> None:
        if start == 0:
            actor.start()
        else:
            self.start_at(actor, start)
        if stop is not None:

            def end(_: simpy.Event) -> None:
                actor.stop()
                self.finish_instant()

            self.clock.call_at(stop, end)

    # -- running ---------------------------------------------------------------------------------------------

    def finish_instant(self) -> None:
        """Let everything happen that takes no time."""
        outbox = self.outbox
        while outbox:
            outbox.popleft().arrive()
        if self.when_outbox_is_empty:
            self._ask_for_more()
        if self._deadlines.next < self.node.wake_at:
            self.node.arm()
        if self._look_for_the_end is not None:
            self._look_for_the_end()

    def _ask_for_more(self) -> None:
        outbox = self.outbox
        while self._fill_up():
            while outbox:
                outbox.popleft().arrive()

    def _fill_up(self) -> bool:
        """Ask each of those that wait for the outbox to be empty; say whether one put something in."""
        active = False
        for act in self.when_outbox_is_empty:
            active |= act()
        return active

    def run_to_end(self, on_progress: Callable[[float], None] | None = None) -> Trace:
        """Run to the scenario's end; give the trace.

        Args:
            on_progress: called with the time now and then; what it raises ends the run.
        """
        scenario = self.scenario
        limit = scenario.duration if scenario.duration is not None else scenario.max_duration
        end = float("inf") if limit is None else limit
        if self.clock.end > self.clock._now:
            self.clock.came = lambda: sum(producer.number for producer in self.producers.values())
            self.clock.who = lambda: who_keeps_time(self.trace, self.clock._now)

            def progress(now: float) -> None:
                refuse_more_copies(len(self.copies))
                refuse_more_time(now)
                if on_progress is not None:
                    on_progress(now)

            self.clock.run_to(end, progress)
        for hosts in self._hosts:
            hosts.close()
        self.trace.end = self.clock._now
        self.trace.complete = scenario.until is None or self.clock.end < end
        self._close_books()
        return self.trace

    def _close_books(self) -> None:
        for producer in self.producers.values():
            producer.close_books()
        outcome = self.trace.messages.outcome
        for connection in self.broker.connections:
            for channel in connection.channels.values():
                for message, _, _ in channel.unacked.values():
                    outcome[message.row] = Outcome.UNACKED
