"""Faults: what the scenario breaks, when, and how it is repaired. A fault happens before all else at its
time.
"""

from __future__ import annotations

from collections import Counter
from functools import partial
from typing import TYPE_CHECKING

from mqsim.sim.clock import FAULT
from mqsim.sim.cluster import Cluster
from mqsim.sim.consumer import Consumer
from mqsim.sim.hosts import Host
from mqsim.sim.links import Link
from mqsim.sim.node import Node
from mqsim.trace import FaultSpan
from mqsim.trace.event_kinds import EventKind

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    import simpy

    from mqsim.scenario.faults import Fault
    from mqsim.sim.actor_world import ActorWorld
    from mqsim.sim.session import Session

NAN = float("nan")
_HEARTBEATS = 2

GRACE = 10.0
"""Seconds that a process has between SIGTERM and SIGKILL, unless told otherwise: as Docker has it."""

Cut = tuple[Host | str, str, list[Link]]
"""What was cut: an actor or a node, from whom, and the links."""


class Faults:
    """Has a scenario's faults happen.

    Args:
        world: whose actors, nodes and links they hit.
        faults: in the scenario's order, which decides between those of the same instant.
    """

    def __init__(self, world: ActorWorld, faults: list[Fault]) -> None:
        self.world = world
        self.clock = world.clock
        # How many alarms of a kind last.
        self._alarms: Counter[str] = Counter()
        # How many outages of a service last.
        self._failures: Counter[str] = Counter()
        for number, fault in enumerate(faults):
            if fault.every is not None:
                self._recur(number, fault)
            elif fault.at is not None:
                self._at(fault.at, self._act(number, fault))

    def _at(self, time: float, act: Callable[[], None]) -> None:
        def happen(_: simpy.Event) -> None:
            act()
            self.world.finish_instant()

        self.clock.call_at(time, happen, priority=FAULT)

    def _later(self, delay: float | None, act: Callable[[], None]) -> float:
        """Have `act` done `delay` from now; None is never. Give the time."""
        if delay is None:
            return NAN
        self._at(self.clock._now + delay, act)
        return self.clock._now + delay

    def _span(self, fault: Fault, end: float, target: str = "") -> None:
        named = target or " - ".join(fault.targets)
        self.world.trace.faults.append(FaultSpan(fault.kind, named, self.clock._now, end))

    def _act(self, number: int, fault: Fault) -> Callable[[], None]:
        """What happens at the fault's time."""
        kind = fault.kind
        if kind == "alarm":
            return lambda: self._alarm(fault)
        if kind == "partition":
            return lambda: self._partition(fault)
        if kind == "outage":
            return lambda: self._fail_service(fault)
        if kind == "fail":
            return lambda: self._fail(number, fault)
        target = fault.targets[0]
        if self.world.cluster.named(target):
            back = fault.down if fault.down is not None else fault.restart_after
            if kind == "restart" and back is None:
                back = 0.0
            if kind == "power_off":
                return lambda: self._node_without_power(fault, back)
            return lambda: self._node_down(fault, killed=kind in ("kill", "crash"), back=back)
        return lambda: self._hit_all(fault, self._targets(kind, target))

    def _targets(self, kind: str, target: str) -> list[Host]:
        """Who is hit: those that run. A program that has ended can be started again."""
        actors = self.world.actors_of(target, all=True)
        guests = self.world.guests if kind == "restart" else {}
        alone = target in {actor.name for actor in actors}
        return [actor for actor in actors if alone or actor.running or (actor.name in guests and actor.life)]

    # -- actors ----------------------------------------------------------------------------------------------

    def _hit_all(self, fault: Fault, actors: list[Host]) -> None:
        for actor in actors:
            self._hit(fault, actor)

    def _hit(self, fault: Fault, actor: Host) -> None:
        match fault.kind:
            case "crash" | "kill" | "power_off":
                back = fault.restart_after if fault.restart_after is not None else fault.down
                self._span(fault, self._later(back, actor.start), actor.name)
                actor.power_off() if fault.kind == "power_off" else actor.crash()
            case "stop" | "restart":
                back = fault.down if fault.kind == "restart" else fault.restart_after
                back = 0.0 if fault.kind == "restart" and back is None else back
                self._span(fault, NAN if back is None else self.clock._now + back, actor.name)
                self.world.stop_then_start(actor, back)
            case "terminate":
                grace = GRACE if fault.grace is None else fault.grace
                self._span(
                    fault, self._later(grace, partial(self._out_of_patience, actor, actor.life)), actor.name
                )
                actor.terminate()
            case "slow":
                factor = fault.factor or 1.0
                self._span(
                    fault,
                    self._later(fault.for_, partial(self._unslow, actor, factor, actor.life)),
                    actor.name,
                )
                self.world.log(EventKind.SLOWED, actor.name, detail=f"{factor:g}")
                actor.slow(factor)
            case "hang":
                self._span(fault, self._later(fault.for_, actor.restore), actor.name)
                actor.hang()
            case _:
                self._span(fault, self.clock._now, actor.name)
                actor.drop_connection()

    def _out_of_patience(self, actor: Host, life: int) -> None:
        """Who was told to end still runs: it is killed."""
        if actor.running and actor.life == life:
            actor.crash()

    def _unslow(self, actor: Host, factor: float, life: int) -> None:
        if actor.life == life:
            self.world.log(EventKind.RESTORED, actor.name)
            actor.end_slow(factor)

    def _fail(self, number: int, fault: Fault) -> None:
        """Something that work needs is down: for all of a group, also those that start meanwhile."""
        purpose = f"outage {number}"
        hit = [
            each for each in self.world.actors_of(fault.targets[0], all=True) if isinstance(each, Consumer)
        ]

        def over() -> None:
            for consumer in hit:
                consumer.end_fail(purpose)

        self._span(fault, self._later(fault.for_, over))
        for consumer in hit:
            consumer.fail(purpose, fault.fails(consumer.spec.fails))

    # -- broker and network ----------------------------------------------------------------------------------

    def _node_down(self, fault: Fault, *, killed: bool, back: float | None) -> None:
        hit = self.world.cluster.target(fault.targets[0])
        self._span(fault, self._later(back, hit.start))
        hit.stop(killed)

    def _node_without_power(self, fault: Fault, back: float | None) -> None:
        cluster = self.world.cluster
        hit = cluster.target(fault.targets[0])
        if isinstance(hit, Node):
            self._span(fault, self._later(back, partial(cluster.unresponsive.power_on, hit)))
            cluster.unresponsive.power_off(hit)
        else:
            self._span(fault, self._later(back, hit.power_on))
            hit.power_off()

    def _fail_service(self, fault: Fault) -> None:
        """A service does not answer. Where several outages overlap, the end of the last one ends them."""
        name = fault.targets[0]
        self._span(fault, self._later(fault.for_, lambda: self._end_failure(name)))
        self._failures[name] += 1
        if self._failures[name] == 1:
            self.world.log(EventKind.SERVICE_FAILED, name)
            self.world.set_service(name, works=False)

    def _end_failure(self, name: str) -> None:
        self._failures[name] -= 1
        if not self._failures[name]:
            self.world.log(EventKind.SERVICE_RECOVERED, name)
            self.world.set_service(name, works=True)

    def _alarm(self, fault: Fault) -> None:
        kind = fault.targets[0]
        self._span(fault, self._later(fault.for_, lambda: self._end_alarm(kind)))
        self._alarms[kind] += 1
        if self._alarms[kind] == 1:
            self.world.node.alarm(kind, True, cause="fault")

    def _end_alarm(self, kind: str) -> None:
        """One alarm of a kind is over; the last one's end clears it."""
        self._alarms[kind] -= 1
        if not self._alarms[kind]:
            self.world.node.alarm(kind, False, cause="fault")

    def _partition(self, fault: Fault) -> None:
        cut = self._cut_links(fault)
        self._span(fault, self._later(fault.for_, lambda: self._heal(cut)))
        for one, other, links in cut:
            self.world.log(EventKind.PARTITIONED, one if isinstance(one, str) else one.name, other)
            for link in links:
                link.cut()
            if isinstance(one, str):
                continue
            actor, session = one, one.session
            if session is None or session.link not in links:
                continue
            session.rebind()
            patience = _HEARTBEATS * actor.heartbeat
            if patience > 0 and (fault.for_ is None or fault.for_ > patience):
                self._later(patience, partial(self._given_up, actor, session))
        self.world.cluster.unresponsive.look()

    def _given_up(self, actor: Host, session: Session) -> None:
        """Neither end has heard of the other for too long: each closes its side, if it is still there."""
        if session.broker_open:
            session.node.close(session)
        if actor.session is session:
            actor.close_both_ends(session, "missed heartbeats from broker")

    def _cut_links(self, fault: Fault) -> list[Cut]:
        """What a partition cuts: between two nodes, or between actors and one or all nodes."""
        world, cluster = self.world, self.world.cluster
        one, other = fault.targets
        if cluster.named(one) and cluster.named(other):
            return [(a, b, [link]) for a, b, link in cluster.wires_between(one, other)]
        broker, ends = (one, other) if cluster.named(one) else (other, one)
        numbers = [cluster.nodes.index(node) for node in cluster.named(broker)]
        name = "broker" if len(numbers) == len(cluster.nodes) else broker
        return [(actor, name, [actor.links[k] for k in numbers]) for actor in world.actors_of(ends, all=True)]

    def _heal(self, cut: list[Cut]) -> None:
        for one, other, links in cut:
            self.world.log(EventKind.HEALED, one if isinstance(one, str) else one.name, other)
            for link in links:
                link.heal()
            if not isinstance(one, str) and one.session is not None:
                one.session.rebind()
        self.world.cluster.unresponsive.look()

    # -- again and again -------------------------------------------------------------------------------------

    def _recur(self, number: int, fault: Fault) -> None:
        target = fault.targets[0]
        targets: list[Host | Node | Cluster] = (
            [self.world.cluster.target(target)]
            if self.world.cluster.named(target)
            else list(self.world.actors_of(target, all=True))
        )
        for hit in targets:
            name = target if isinstance(hit, Node | Cluster) else hit.name
            assert fault.every is not None
            assert fault.repair is not None
            purpose = f"{fault.kind} {number}"
            lives = self.world.streams.sampler(name, purpose, fault.every).draws()
            repairs = self.world.streams.sampler(name, f"{purpose} repair", fault.repair).draws()
            Recurrence(self, fault, hit, lives, repairs)


class Recurrence:
    """One fault that hits one target again and again; its clock runs while the hit is up."""

    def __init__(
        self,
        faults: Faults,
        fault: Fault,
        hit: Host | Node | Cluster,
        lives: Iterator[float],
        repairs: Iterator[float],
    ) -> None:
        self._faults = faults
        self._fault = fault
        self._target = hit
        self._lives = lives
        self._repairs = repairs
        self._left = next(lives)
        self._since = 0.0
        self._epoch = 0
        self._up = False
        hit.up_listeners.append(self._up_changed)
        if hit.running:
            self._up_changed(True)

    def _up_changed(self, up: bool) -> None:
        clock = self._faults.clock
        if up == self._up:
            return
        self._up = up
        self._epoch += 1
        if up:
            self._since = clock._now
            clock.call_at(clock._now + self._left, self._hit, self._epoch, FAULT)
        else:
            self._left -= clock._now - self._since

    def _hit(self, event: simpy.Event) -> None:
        if event._value != self._epoch:
            return
        hit, fault, faults = self._target, self._fault, self._faults
        back = next(self._repairs)
        if isinstance(hit, Node | Cluster):
            if fault.kind == "power_off":
                faults._node_without_power(fault, back)
            else:
                faults._node_down(fault, killed=True, back=back)
        else:
            faults._span(fault, faults._later(back, hit.start), hit.name)
            hit.power_off() if fault.kind == "power_off" else hit.crash()
        self._left = next(self._lives)
        faults.world.finish_instant()
