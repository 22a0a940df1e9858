"""The broker's nodes together: their links, which of them a name means, and how all stop and start at once.

A client's own node is `broker-((k - 1) mod N + 1)` for the k-th actor of a group. It connects to the first
node, from its own on and round, that runs and to which its link is not cut.
"""

from __future__ import annotations

from itertools import combinations
from typing import TYPE_CHECKING

from mqsim.sim.links import Link, Wire
from mqsim.sim.unresponsive_nodes import UnresponsiveNodes
from mqsim.trace.event_kinds import EventKind

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from mqsim.scenario.network import NetworkSpec
    from mqsim.sim.hosts import Host, NodeWorld
    from mqsim.sim.node import Node

BROKER = "broker"


class Cluster:
    """All nodes of one broker.

    Args:
        world: whose clock and outbox the links use.
        network: latencies and bandwidths.
        nodes: `broker-1` and so on; one is a cluster as well.

    Attributes:
        up_listeners: called when the first node came up, and when the last one went down.
        unresponsive: its nodes without power, and those that are cut off.
    """

    def __init__(self, world: NodeWorld, network: NetworkSpec, nodes: Sequence[Node]) -> None:
        self.world = world
        self.network = network
        self.nodes = list(nodes)
        self.up_listeners: list[Callable[[bool], None]] = []
        self.unresponsive = UnresponsiveNodes(world, self.nodes, self.wire)
        self._stopped: list[Node] = []
        self._wires: dict[tuple[str, str], Wire] = {}
        self._up = True
        for one, other in combinations([node.host for node in self.nodes], 2):
            link = self._link((one, one), other)
            self._wires[one, other], self._wires[other, one] = link.up, link.down
        for node in self.nodes:
            node.up_listeners.append(self._node_up_changed)

    # -- names -----------------------------------------------------------------------------------------------

    def named(self, name: str) -> list[Node]:
        """The nodes that a name in the scenario means: all for `broker`, none for an actor."""
        return [node for node in self.nodes if name in (BROKER, node.host)]

    def target(self, name: str) -> Node | Cluster:
        """What a fault aimed at `broker` or `broker-k` hits."""
        named = self.named(name)
        return named[0] if len(named) == 1 else self

    # -- links -----------------------------------------------------------------------------------------------

    def links(self, name: str, group: str) -> list[Link]:
        """The links between an actor and each node: its own, else its group's, else the network's."""
        return [self._link((name, group), node.host) for node in self.nodes]

    def _link(self, ends: tuple[str, str], host: str) -> Link:
        latency, bandwidth = self.network.latency, None
        name = ends[0]
        for spec in sorted(self.network.links, key=lambda spec: (name in spec.between, host in spec.between)):
            if _joins(spec.between, (*ends, BROKER) if self.named(name) else ends, (host, BROKER)):
                latency = latency if spec.latency is None else spec.latency
                bandwidth = spec.bandwidth
        world = self.world
        wires = [Wire(world.clock, world.outbox, world.finish_instant, latency, bandwidth) for _ in range(2)]
        return Link(*wires)

    def wire(self, sender: str, receiver: str) -> Wire:
        """The wire from one node to another one."""
        return self._wires[sender, receiver]

    def wires_between(self, one: str, other: str) -> list[tuple[str, str, Link]]:
        """The links between two nodes, or between all that two names mean: both ends, and the link."""
        pairs = {
            (min(a, b), max(a, b))
            for a in (node.host for node in self.named(one))
            for b in (node.host for node in self.named(other))
            if a != b
        }
        return [(a, b, Link(self._wires[a, b], self._wires[b, a])) for a, b in sorted(pairs)]

    def nearest_node(self, actor: Host) -> tuple[Node, Link]:
        """The node that an actor connects to now, and the link to it."""
        count = len(self.nodes)
        number = actor.name.rpartition("-")[2]
        own = (int(number) - 1) % count if number.isdigit() else 0
        for k in range(own, own + count):
            node, link = self.nodes[k % count], actor.links[k % count]
            if node.running and not link.up.cuts:
                return node, link
        return self.nodes[own], actor.links[own]

    # -- all at once ----------------------------------------------------------------------------------------

    @property
    def running(self) -> bool:
        """Whether any node runs."""
        return any(node.running for node in self.nodes)

    def _node_up_changed(self, _: bool) -> None:
        if self._up != self.running:
            self._up = self.running
            for listener in self.up_listeners:
                listener(self._up)

    def stop(self, killed: bool) -> None:
        """Have all nodes that run go down at once."""
        if not self.running:
            return
        world = self.world
        world.broker.advance(world.clock._now)
        self._stopped = [node for node in self.nodes if node.running]
        sessions = [session for node in self._stopped for session in node.take_down()]
        world.log(EventKind.BROKER_KILLED if killed else EventKind.BROKER_STOPPED, BROKER)
        if killed:
            world.broker.kill()
        else:
            world.broker.stop()
        for node in self._stopped:
            node.tell_clients([session for session in sessions if session.node is node], killed)

    def power_off(self) -> None:
        """Take the power from all nodes that run."""
        self._stopped = [node for node in self.nodes if node.running]
        for node in self._stopped:
            self.unresponsive.power_off(node)

    def power_on(self) -> None:
        """Have those come up again that lost their power with all."""
        back, self._stopped = self._stopped, []
        for node in back:
            self.unresponsive.power_on(node)

    def start(self) -> None:
        """Have those come up again that went down with all."""
        back = [node for node in self._stopped if not node.running]
        self._stopped = []
        if back:
            self.world.log(EventKind.BROKER_STARTED, BROKER)
        for node in back:
            node.bring_up()


def _joins(between: Sequence[str], some: Sequence[str], others: Sequence[str]) -> bool:
    """Whether a link that is `between` two ends joins one of `some` with one of `others`."""
    first, second = between
    return (first in some and second in others) or (second in some and first in others)
