"""Nodes that do not respond: without power, or cut off from most of the others.

Who is connected to a node without power hears nothing: it gives the connection up after two heartbeats, or
learns of its end when the node is back. The members of quorum queues miss a silent leader after
`LEADER_MISSED`; all else that others know of a node they know until `NODE_MISSED`.

A node that is cut off from most of the others does nothing for its clients, who keep their connections to it.
After `NODE_MISSED` it pauses (RabbitMQ's `pause_minority`, which its documentation recommends; the default,
`ignore`, would have both sides go on by themselves): it ends the connections, and starts again when it is
reconnected. If that is sooner, it goes on as if nothing had been.

Sources: RabbitMQ's documentation of net ticks and of partitions; a quorum queue's leader that was suspended
was missed after two to eight seconds on 3.10, 4.0 and 4.3 (the recordings are kept with the tests).
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Final

from mqsim.broker import NodeState
from mqsim.trace.event_kinds import EventKind

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    import simpy

    from mqsim.sim.hosts import Host, NodeWorld
    from mqsim.sim.links import Link, Wire
    from mqsim.sim.node import Node
    from mqsim.sim.session import Server, Session

LEADER_MISSED: Final = 5.0
"""Seconds until a quorum queue's members miss their silent leader; then they elect."""

NODE_MISSED: Final = 60.0
"""Seconds until a silent node counts as down: RabbitMQ's default for net_ticktime."""

_HEARTBEATS: Final = 2


class UnresponsiveNodes:
    """The nodes of a cluster that do not respond.

    Args:
        world: whose clock and actors they are.
        nodes: all of the cluster.
        wire: the wire from one node to another one, by their names.
    """

    def __init__(self, world: NodeWorld, nodes: Sequence[Node], wire: Callable[[str, str], Wire]) -> None:
        self._world = world
        self._nodes = nodes
        self._wire = wire
        # Without power: the connections that nobody has ended at the client. Cut off: none.
        self._without_power: dict[Server, list[Session]] = {}
        self._cut_off: set[Node] = set()
        # Counts unresponsive, so that what a former one set going does nothing in the next.
        self._times: dict[Node, int] = {}

    # -- without power ---------------------------------------------------------------------------------------

    def power_off(self, node: Node) -> None:
        """A node loses its power."""
        if not node.running:
            return
        world = self._world
        world.broker.advance(world.clock._now)
        world.log(EventKind.POWERED_OFF, node.name)
        sessions = [session for session in node.sessions.values() if session.node is node]
        self._without_power[node] = sessions
        self._each_link(node, lambda _, link: link.cut())
        for session in sessions:
            session.rebind()
            patience = _HEARTBEATS * session.client.heartbeat
            if patience > 0:
                self._later(patience, partial(self._given_up, session))
        node.running = False
        if any(other.running for other in self._nodes):
            self._stop_responding(node)
        else:
            self._missed(node)
        for listener in node.up_listeners:
            listener(False)

    def power_on(self, node: Node) -> None:
        """A node without power is back; who is still connected learns that the connection is no more."""
        if node not in self._without_power:
            return
        if self._world.broker.nodes[node.host] is NodeState.SILENT:
            self._missed(node)
        for session in self._without_power.pop(node):
            if session.client_open:
                session.client.closed(session, "connection reset by peer")
                session.client_open = False
        self._each_link(node, lambda _, link: link.heal())
        node.start()

    def _given_up(self, session: Session) -> None:
        if session.client_open and session in self._without_power.get(session.node, ()):
            session.client.closed(session, "missed heartbeats from broker")
            session.client_open = False

    # -- cut off ---------------------------------------------------------------------------------------------

    def look(self) -> None:
        """A wire between nodes was cut or is healed: see who is cut off from most of the others now."""
        for node in self._nodes:
            away = self._is_cut_off(node)
            if away and node.running and node not in self._cut_off:
                self._cut_off.add(node)
                self._each_link(node, lambda _, link: link.stall())
                self._stop_responding(node)
            elif not away and node in self._cut_off:
                self._cut_off.remove(node)
                self._reconnected(node)

    def _is_cut_off(self, node: Node) -> bool:
        others = [other for other in self._nodes if other is not node]
        cut = [other for other in others if self._wire(node.host, other.host).cuts]
        return 2 * len(cut) >= len(self._nodes)

    def _reconnected(self, node: Node) -> None:
        broker = self._world.broker
        broker.advance(self._world.clock._now)
        paused = broker.nodes[node.host] is not NodeState.SILENT
        if not paused:
            broker.node_resumed(node.host)
        self._each_link(node, lambda _, link: link.release())
        if paused:
            node.start()

    # -- noticed ---------------------------------------------------------------------------------------------

    def _stop_responding(self, node: Node) -> None:
        broker = self._world.broker
        broker.advance(self._world.clock._now)
        number = self._times[node] = self._times.get(node, 0) + 1
        broker.node_silent(node.host)

        def while_unresponsive(act: Callable[[], None]) -> None:
            if self._times[node] == number and broker.nodes[node.host] is NodeState.SILENT:
                broker.advance(self._world.clock._now)
                act()

        self._later(LEADER_MISSED, partial(while_unresponsive, lambda: broker.node_suspected(node.host)))
        self._later(NODE_MISSED, partial(while_unresponsive, lambda: self._missed(node)))

    def _missed(self, node: Node) -> None:
        """The others give the node up; one that was cut off pauses."""
        sessions = node.take_down()
        self._world.broker.node_down(node.host, killed=True)
        if node in self._cut_off:
            self._world.log(EventKind.BROKER_STOPPED, node.name, detail="it is cut off from most nodes")
            self._each_link(node, lambda _, link: link.release())
            node.tell_clients(sessions, killed=False)
            self._each_link(node, lambda _, link: link.stall())

    # -- what all of this needs ------------------------------------------------------------------------------

    def _later(self, delay: float, act: Callable[[], None]) -> None:
        def happen(_: simpy.Event) -> None:
            act()
            self._world.finish_instant()

        self._world.clock.call_at(self._world.clock._now + delay, happen)

    def _each_link(self, node: Node, act: Callable[[Host, Link], None]) -> None:
        """Do something to every actor's link to a node."""
        number = self._nodes.index(node)
        for actor in self._world.everyone():
            act(actor, actor.links[number])
            if actor.session is not None:
                actor.session.rebind()
