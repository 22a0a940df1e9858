"""Nodes that fall silent: without power, or cut off from most of the others.

Who is connected to a node without power hears nothing: it gives the connection up after two heartbeats, or
learns of its end when the node is back. The members of quorum queues miss a silent leader after
`LEADER_MISSED`; all else that others know of a node they know until `NODE_MISSED`.

A node that is cut off from most of the others does nothing for its clients, who keep their connections to it.
After `NODE_MISSED` it pauses (RabbitMQ's `pause_minority`, which its documentation recommends; the default,
`ignore`, would have both sides go on by themselves): it ends the connections, and starts again when it is
whole. If it is whole sooner, it goes on as if nothing had been.

Sources: RabbitMQ's documentation of net ticks and of partitions; a quorum queue's leader that was suspended
was missed after two to eight seconds on 3.10, 4.0 and 4.3 (the recordings are kept with the tests).
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING, Final

import simpy

from mqsim.broker import NodeState
from mqsim.sim.links import Link
from mqsim.sim.node import Node
from mqsim.sim.session import Server, Session

if TYPE_CHECKING:
    from mqsim.sim.cluster import Cluster
    from mqsim.sim.company import Host
    from mqsim.sim.world import World

LEADER_MISSED: Final = 5.0
"""Seconds until a quorum queue's members miss their silent leader; then they elect."""

NODE_MISSED: Final = 60.0
"""Seconds until a silent node counts as down: RabbitMQ's default for net_ticktime."""

_HEARTBEATS: Final = 2


class Silences:
    """The silent nodes of a cluster.

    Args:
        world: whose clock and actors they are.
        cluster: the nodes, and the wires between them.
    """

    def __init__(self, world: World, cluster: Cluster) -> None:
        self._world = world
        self._cluster = cluster
        # Without power: the connections that nobody has ended at the client. Cut off: none.
        self._dark: dict[Server, list[Session]] = {}
        self._cut_off: set[Node] = set()
        # Counts silences, so that what a former one set going does nothing in the next.
        self._silences: dict[Node, int] = {}

    # -- without power ---------------------------------------------------------------------------------------

    def power_off(self, node: Node) -> None:
        """A node goes dark."""
        if not node.running:
            return
        world = self._world
        world.broker.advance(world.clock._now)
        world.log("powered-off", node.name)
        sessions = [session for session in node.sessions.values() if session.node is node]
        self._dark[node] = sessions
        self._each_link(node, lambda actor, link: link.cut())
        for session in sessions:
            session.rebind()
            patience = _HEARTBEATS * session.client.heartbeat
            if patience > 0:
                self._later(patience, partial(self._given_up, session))
        node.running = False
        if any(other.running for other in self._cluster.nodes):
            self._fall_silent(node)
        else:
            self._missed(node)
        for lifted in node.lifted:
            lifted(False)

    def power_on(self, node: Node) -> None:
        """A node without power is back; who is still connected learns that the connection is no more."""
        if node not in self._dark:
            return
        if self._world.broker.nodes[node.host] is NodeState.SILENT:
            self._missed(node)
        for session in self._dark.pop(node):
            if session.client_open:
                session.client.closed(session, "connection reset by peer")
                session.client_open = False
        self._each_link(node, lambda actor, link: link.heal())
        node.start()

    def _given_up(self, session: Session) -> None:
        if session.client_open and session in self._dark.get(session.node, ()):
            session.client.closed(session, "missed heartbeats from broker")
            session.client_open = False

    # -- cut off ---------------------------------------------------------------------------------------------

    def look(self) -> None:
        """A wire between nodes was cut or is whole: see who is cut off from most of the others now."""
        for node in self._cluster.nodes:
            away = self._is_cut_off(node)
            if away and node.running and node not in self._cut_off:
                self._cut_off.add(node)
                self._each_link(node, lambda actor, link: link.stall())
                self._fall_silent(node)
            elif not away and node in self._cut_off:
                self._cut_off.remove(node)
                self._whole(node)

    def _is_cut_off(self, node: Node) -> bool:
        others = [other for other in self._cluster.nodes if other is not node]
        cut = [other for other in others if self._cluster.wire(node.host, other.host).cuts]
        return 2 * len(cut) >= len(self._cluster.nodes)

    def _whole(self, node: Node) -> None:
        broker = self._world.broker
        broker.advance(self._world.clock._now)
        paused = broker.nodes[node.host] is not NodeState.SILENT
        if not paused:
            broker.node_resumed(node.host)
        self._each_link(node, lambda actor, link: link.release())
        if paused:
            node.start()

    # -- noticed ---------------------------------------------------------------------------------------------

    def _fall_silent(self, node: Node) -> None:
        broker = self._world.broker
        broker.advance(self._world.clock._now)
        number = self._silences[node] = self._silences.get(node, 0) + 1
        broker.node_silent(node.host)

        def while_silent(act: Callable[[], None]) -> None:
            if self._silences[node] == number and broker.nodes[node.host] is NodeState.SILENT:
                broker.advance(self._world.clock._now)
                act()

        self._later(LEADER_MISSED, partial(while_silent, lambda: broker.node_suspected(node.host)))
        self._later(NODE_MISSED, partial(while_silent, lambda: self._missed(node)))

    def _missed(self, node: Node) -> None:
        """The others give the node up; one that was cut off pauses."""
        sessions = node.fall()
        self._world.broker.node_down(node.host, killed=True)
        if node in self._cut_off:
            self._world.log("broker-stopped", node.name, detail="it is cut off from most nodes")
            self._each_link(node, lambda actor, link: link.release())
            node.dismiss(sessions, killed=False)
            self._each_link(node, lambda actor, link: link.stall())

    # -- what all of this needs ------------------------------------------------------------------------------

    def _later(self, delay: float, act: Callable[[], None]) -> None:
        def happen(_: simpy.Event) -> None:
            act()
            self._world.settle()

        self._world.clock.call_at(self._world.clock._now + delay, happen)

    def _each_link(self, node: Node, act: Callable[[Host, Link], None]) -> None:
        """Do something to every actor's link to a node."""
        number = self._cluster.nodes.index(node)
        for actor in self._world.everyone():
            act(actor, actor.links[number])
            if actor.session is not None:
                actor.session.rebind()
