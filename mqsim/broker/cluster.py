"""The nodes of a cluster: how they stop, are killed, fall silent and come back, and what that does to queues.

What a client of another node sees of a classic queue whose node is down was recorded on clusters of three
nodes of 3.10, 4.0 and 4.3; the recordings are kept with the tests.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from mqsim.broker import replies
from mqsim.broker.lifecycle import NODE, Leadership, NodeInput, NodeState
from mqsim.broker.queues.classic import ClassicQueue, UnreachableQueue
from mqsim.broker.queues.quorum import QuorumQueue
from mqsim.broker.reasons import DeliveryEnd
from mqsim.errors import SimulationError

if TYPE_CHECKING:
    from collections.abc import Callable

    from mqsim.broker.broker import Broker
    from mqsim.broker.queues.queue import Queue


class Cluster:
    """One node or several.

    Attributes:
        state: whether the broker runs, as a whole.
        waiting: called, once, when a node is back: by whoever got a `NoAnswerError`.
    """

    def __init__(self, broker: Broker) -> None:
        self.broker = broker
        self.context = broker.context
        self.topology = broker.topology
        self.durability = broker.durability
        self.replicator = broker.replicator
        self.disconnected = broker.disconnected
        self.state = NODE.begin
        self.waiting: list[Callable[[], None]] = []

    @property
    def nodes(self) -> dict[str, NodeState]:
        """Whether each node runs."""
        return self.context.nodes

    # -- down ------------------------------------------------------------------------------------------------

    def stop(self) -> None:
        """Stop cleanly: connections are closed with 320, what is durable and persistent is on disk.

        Raises:
            SimulationError: the broker is down.
        """
        self._go_down(NodeInput.STOP)

    def kill(self) -> None:
        """End at once: connections break.

        What had not reached the disk is lost, and what had not left it comes back.

        Raises:
            SimulationError: the broker is down.
        """
        self._go_down(NodeInput.KILL)

    def node_down(self, node: str, killed: bool = False) -> None:
        """One node of a cluster stops, is killed, or is given up; the last one takes the broker with it.

        Raises:
            SimulationError: it is down, or there is none of that name.
        """
        self._check_node(node)
        how = NodeInput.KILL if killed else NodeInput.STOP
        if sum(state is not NodeState.DOWN for state in self.nodes.values()) == 1:
            NODE.step(node, self.nodes[node], how)
            self._go_down(how)
            return
        before = self.nodes[node]
        self.nodes[node] = NODE.step(node, before, how)
        self._after_stop(node, how, knew=before is NodeState.SILENT)

    def node_silent(self, node: str) -> None:
        """One node of a cluster says nothing any more, and the others do not know it yet.

        Classic queues that live there answer nothing, nor do quorum queues that it leads. Follow it with
        `node_suspected` when the members of quorum queues miss it, with `node_down` when all give it up, and
        with `node_resumed` when it goes on.

        Raises:
            SimulationError: it is down or silent, or there is none of that name.
        """
        self._check_node(node)
        self.nodes[node] = NODE.step(node, self.nodes[node], NodeInput.FALL_SILENT)
        self.topology.changed()
        electing = [queue for queue in self._replicated_on(node) if queue.member_silent(node)]
        for queue in self._living_on(node):
            queue.fall_silent()
        for queue in electing:
            self.replicator.ask_for_election(queue)

    def node_suspected(self, node: str) -> None:
        """Members of quorum queues miss a silent node: those that it leads elect. For others it is no news.

        Raises:
            SimulationError: there is none of that name.
        """
        self._check_node(node)
        if self.nodes[node] is NodeState.SILENT:
            for queue in self._replicated_on(node):
                if queue.state is Leadership.SILENT and queue.leader == node and queue.member_down(node):
                    self.replicator.ask_for_election(queue)

    def node_resumed(self, node: str) -> None:
        """A silent node goes on: what it was asked meanwhile arrives.

        Raises:
            SimulationError: it is not silent, or there is none of that name.
        """
        self._check_node(node)
        self.nodes[node] = NODE.step(node, self.nodes[node], NodeInput.RESUME)
        self.topology.changed()
        for queue in self._living_on(node):
            queue.resume()
        for queue in self._replicated_on(node):
            queue.member_up(node)
        self._answer_now()

    def _go_down(self, how: NodeInput) -> None:
        after = NODE.step("the broker", self.state, how)
        stopping = {node: state for node, state in self.nodes.items() if state is not NodeState.DOWN}
        for node, state in stopping.items():
            self.nodes[node] = NODE.step(node, state, how)
        for node, state in stopping.items():
            self._after_stop(node, how, knew=state is NodeState.SILENT)
        self.state = after
        self.disconnected.let_all_go()
        for queue in self._replicated():
            self._stop_queue(queue, how)
        self.durability.clear()
        if not self.context.profile.keeps_transient_exchanges:
            for exchange in [e for e in self.topology.exchanges.values() if not e.durable]:
                self.topology.remove_exchange(exchange)

    def _check_node(self, node: str) -> None:
        if node not in self.nodes:
            raise SimulationError(f"there is no node {node}; there are {', '.join(self.nodes)}")

    def _replicated(self) -> list[QuorumQueue]:
        return [queue for queue in self.topology.queues.values() if isinstance(queue, QuorumQueue)]

    def _replicated_on(self, node: str) -> list[QuorumQueue]:
        """The quorum queues that a node is a member of."""
        return [queue for queue in self._replicated() if node in queue.members]

    def _living_on(self, node: str) -> list[ClassicQueue]:
        """The classic queues of a node."""
        return [
            queue
            for queue in self.topology.queues.values()
            if queue.node == node and isinstance(queue, ClassicQueue) and not queue.replicated
        ]

    def _after_stop(self, node: str, how: NodeInput, knew: bool) -> None:
        """Carry out that a node is down; `knew`: quorum queues that it does not lead knew already."""
        self.topology.changed()
        error = replies.shut_down() if how is NodeInput.STOP else None
        # Who lost its leader hands nothing out any more, also not what the connections are about to give
        # back.
        news = [queue for queue in self._replicated_on(node) if not knew or queue.leader == node]
        electing = [queue for queue in news if queue.member_down(node)]
        there = [connection for connection in self.broker.connections if connection.node == node]
        for connection in there:
            connection.retire()
        vanished = how is NodeInput.KILL and any(map(self.context.is_up, self.nodes))
        for connection in there:
            connection.close(error, vanished=vanished)
        for queue in self._living_on(node):
            self._take_away(queue, how)
        for queue in electing:
            self.replicator.ask_for_election(queue)

    def _take_away(self, queue: ClassicQueue, how: NodeInput) -> None:
        """A classic queue's node is down: its consumers are cancelled, and what they hold is not theirs."""
        stand_in = UnreachableQueue(queue.host, queue.name, node=queue.node)
        held = [
            message
            for connection in self.broker.connections
            for channel in connection.channels.values()
            for message in channel.unacknowledged.disown(queue, stand_in)
        ]
        queue.unacked -= len(held)
        held += queue.give_up()
        if held:
            marks = [(message, message.redelivered) for message in held]
            queue.take_back(sorted(held), DeliveryEnd.CLOSED)
            if how is NodeInput.STOP and not self.context.profile.stop_marks_what_others_hold:
                for message, before in marks:
                    message.redelivered = before
        for consumer in list(queue.subscribers):
            consumer.dismiss()
        self._stop_queue(queue, how)
        if not queue.deleted:
            queue.go_down(how)

    def _stop_queue(self, queue: Queue, how: NodeInput) -> None:
        """Keep of a queue's ready messages what is on disk."""
        killed = how is NodeInput.KILL
        if isinstance(queue, QuorumQueue):
            self.replicator.give_up(queue)
        kept = self.durability.surviving(queue, killed)
        if not queue.durable and not self._stays_known(queue):
            self.topology.remove_queue(queue)
            return
        queue.survive(sorted(kept + self.durability.reviving(queue, killed)))

    def _stays_known(self, queue: Queue) -> bool:
        """Whether others still know a queue that will not outlive its node."""
        return self.context.profile.knows_fleeting_queues_that_are_down and any(
            map(self.context.is_up, self.nodes)
        )

    # -- up --------------------------------------------------------------------------------------------------

    def start(self) -> None:
        """Come up again with what survived.

        Raises:
            SimulationError: the broker is running.
        """
        self.state = NODE.step("the broker", self.state, NodeInput.START)
        for node in self.nodes:
            if not self.context.is_up(node):
                self._node_starts(node)
        self.broker.advance(self.context.now)
        self._answer_now()

    def node_up(self, node: str) -> None:
        """One node of a cluster is up again.

        Raises:
            SimulationError: it is running, or there is none of that name.
        """
        self._check_node(node)
        if self.state is NodeState.DOWN:
            self.state = NODE.step("the broker", self.state, NodeInput.START)
        self._node_starts(node)
        self.broker.advance(self.context.now)
        self._answer_now()

    def _node_starts(self, node: str) -> None:
        self.topology.changed()
        self.nodes[node] = NODE.step(node, self.nodes[node], NodeInput.START)
        for queue in self._living_on(node):
            queue.come_back()
            if not queue.durable or queue.owner is not None:
                self.topology.remove_queue(queue)
        self.disconnected.let_go(node)
        for queue in self._replicated_on(node):
            queue.member_up(node)

    def _answer_now(self) -> None:
        waiting, self.waiting = self.waiting, []
        for act in waiting:
            act()
