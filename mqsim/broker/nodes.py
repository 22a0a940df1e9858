"""The nodes of a cluster: how they stop, are killed, fall silent and come back, and what that does to queues.

What a client of another node sees of a classic queue whose node is down was recorded on clusters of three
nodes of 3.10, 4.0 and 4.3; the recordings are kept with the tests.
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable
from typing import TYPE_CHECKING

from mqsim.broker import replies
from mqsim.broker.availability import ANSWERS, Down, Silent, give_up, go_on
from mqsim.broker.lifecycle import NODE, Input, State
from mqsim.broker.message import Message
from mqsim.broker.post import Post
from mqsim.broker.queue import Queue, UnreachableQueue
from mqsim.broker.quorum import QuorumQueue
from mqsim.broker.seams import Deadlines
from mqsim.errors import SimulationError

if TYPE_CHECKING:
    from mqsim.broker.connection import Connection


class Nodes(Post):
    """One node or several.

    Attributes:
        state: whether the broker runs, as a whole; `nodes` the same for each node.
        connections: those that are open.
        waiting: called, once, when a node is back: by whoever got a `NoAnswerError`.
    """

    state: State
    nodes: dict[str, State]
    connections: dict[Connection, None]
    deadlines: Deadlines

    def __init__(self) -> None:
        super().__init__()
        self.waiting: list[Callable[[], None]] = []
        # What clients of killed nodes hold of quorum queues, by node.
        self._held: dict[str, list[Message]] = {}

    @abstractmethod
    def advance(self, now: float) -> None:
        """Move time on."""

    def is_up(self, node: str) -> bool:
        """Whether a node is up."""
        return self.nodes.get(node) is State.RUNNING

    def has_majority(self) -> bool:
        """Whether more than half of the nodes are up."""
        return 2 * sum(state is State.RUNNING for state in self.nodes.values()) > len(self.nodes)

    # -- down ------------------------------------------------------------------------------------------------

    def stop(self) -> None:
        """Stop cleanly: connections are closed with 320, what is durable and persistent is on disk.

        Raises:
            SimulationError: the broker is down.
        """
        self._go_down(Input.STOP)

    def kill(self) -> None:
        """End at once: connections break.

        What had not reached the disk is lost, and what had not left it comes back.

        Raises:
            SimulationError: the broker is down.
        """
        self._go_down(Input.KILL)

    def node_down(self, node: str, killed: bool = False) -> None:
        """One node of a cluster stops, is killed, or is given up; the last one takes the broker with it.

        Raises:
            SimulationError: it is down, or there is none of that name.
        """
        self._check_node(node)
        how = Input.KILL if killed else Input.STOP
        if sum(state is not State.DOWN for state in self.nodes.values()) == 1:
            NODE.step(node, self.nodes[node], how)
            self._go_down(how)
            return
        before = self.nodes[node]
        self.nodes[node] = NODE.step(node, before, how)
        self._after_stop(node, how, knew=before is State.SILENT)

    def node_silent(self, node: str) -> None:
        """One node of a cluster says nothing any more, and the others do not know it yet.

        Classic queues that live there answer nothing, nor do quorum queues that it leads. Follow it with
        `node_suspected` when the members of quorum queues miss it, with `node_down` when all give it up, and
        with `node_resumed` when it goes on.

        Raises:
            SimulationError: it is down or silent, or there is none of that name.
        """
        self._check_node(node)
        self.nodes[node] = NODE.step(node, self.nodes[node], Input.FALL_SILENT)
        self.changed()
        electing = [queue for queue in self._replicated_on(node) if queue.member_silent(node)]
        for queue in self._living_on(node):
            queue.become(Silent())
        for queue in electing:
            self.ask_for_election(queue)

    def node_suspected(self, node: str) -> None:
        """Members of quorum queues miss a silent node: those that it leads elect. For others it is no news.

        Raises:
            SimulationError: there is none of that name.
        """
        self._check_node(node)
        if self.nodes[node] is State.SILENT:
            for queue in self._replicated_on(node):
                if queue.state is State.SILENT and queue.leader == node and queue.member_down(node):
                    self.ask_for_election(queue)

    def node_resumed(self, node: str) -> None:
        """A silent node goes on: what it was asked meanwhile arrives.

        Raises:
            SimulationError: it is not silent, or there is none of that name.
        """
        self._check_node(node)
        self.nodes[node] = NODE.step(node, self.nodes[node], Input.RESUME)
        self.changed()
        for queue in self._living_on(node):
            go_on(queue)
        for queue in self._replicated_on(node):
            queue.member_up(node)
        self._answer_now()

    def _go_down(self, how: Input) -> None:
        after = NODE.step("the broker", self.state, how)
        stopping = {node: state for node, state in self.nodes.items() if state is not State.DOWN}
        for node, state in stopping.items():
            self.nodes[node] = NODE.step(node, state, how)
        for node, state in stopping.items():
            self._after_stop(node, how, knew=state is State.SILENT)
        self.state = after
        for node, held in list(self._held.items()):
            self._let_go(node, held, "closed")
        for queue in self._replicated():
            self._stop_queue(queue, how)
        self._writes.clear()
        self._erasures.clear()
        if not self.profile.keeps_transient_exchanges:
            for exchange in [e for e in self.exchanges.values() if not e.durable]:
                self.remove_exchange(exchange)

    def _check_node(self, node: str) -> None:
        if node not in self.nodes:
            raise SimulationError(f"there is no node {node}; there are {', '.join(self.nodes)}")

    def _replicated(self) -> list[QuorumQueue]:
        return [queue for queue in self.queues.values() if isinstance(queue, QuorumQueue)]

    def _replicated_on(self, node: str) -> list[QuorumQueue]:
        """The quorum queues that a node is a member of."""
        return [queue for queue in self._replicated() if node in queue.members]

    def _living_on(self, node: str) -> list[Queue]:
        """The classic queues of a node."""
        return [queue for queue in self.queues.values() if queue.node == node and not queue.replicated]

    def _after_stop(self, node: str, how: Input, knew: bool) -> None:
        """Carry out that a node is down; `knew`: quorum queues that it does not lead knew already."""
        self.changed()
        error = replies.shut_down() if how is Input.STOP else None
        # Who lost its leader hands nothing out any more, also not what the connections are about to give
        # back.
        news = [queue for queue in self._replicated_on(node) if not knew or queue.leader == node]
        electing = [queue for queue in news if queue.member_down(node)]
        there = [connection for connection in self.connections if connection.node == node]
        for connection in there:
            connection.retire()
        vanished = how is Input.KILL and any(map(self.is_up, self.nodes))
        for connection in there:
            connection.close(error, vanished=vanished)
        for queue in self._living_on(node):
            self._take_away(queue, how)
        for queue in electing:
            self.ask_for_election(queue)

    def hold_for(self, node: str, held: list[Message]) -> list[Message]:
        """Keep from their quorum queues, for a while, messages that a client of a killed node held.

        Returns:
            The others.
        """
        seconds = self.profile.quorum_holds_for_the_lost
        kept = [message for message in held if seconds and message.queue.replicated]
        if kept:
            self._held.setdefault(node, []).extend(kept)
            self.deadlines.add(self.now + seconds, lambda _: self._let_go(node, kept, "vanished"))
        return [message for message in held if not (seconds and message.queue.replicated)]

    def _let_go(self, node: str, messages: list[Message], reason: str) -> None:
        """Give back to their queues what was kept from them; what is back already is passed over."""
        still = self._held.get(node, [])
        self._held[node] = [message for message in still if message not in messages]
        queues: dict[Queue, list[Message]] = {}
        for message in still:
            if message in messages:
                message.queue.unacked -= 1
                queues.setdefault(message.queue, []).append(message)
        for queue, returned in queues.items():
            if queue.deleted:
                for message in returned:
                    self.watcher.left(message, queue, "deleted")
            else:
                queue.take_back(returned, reason)
                queue.dispatch()

    def _take_away(self, queue: Queue, how: Input) -> None:
        """A classic queue's node is down: its consumers are cancelled, and what they hold is not theirs."""
        stand_in = UnreachableQueue(queue.broker, queue.name, node=queue.node)
        held = [
            message
            for connection in self.connections
            for channel in connection.channels.values()
            for message in channel.disown(queue, stand_in)
        ]
        queue.unacked -= len(held)
        held += give_up(queue)
        if held:
            marks = [(message, message.redelivered) for message in held]
            queue.take_back(sorted(held), "closed")
            if how is Input.STOP and not self.profile.stop_marks_what_others_hold:
                for message, before in marks:
                    message.redelivered = before
        for consumer in list(queue.circle.order):
            consumer.channel.dismiss(consumer)
        self._stop_queue(queue, how)
        if not queue.deleted:
            queue.become(Down(how))

    def _stop_queue(self, queue: Queue, how: Input) -> None:
        """Keep of a queue's ready messages what is on disk."""
        killed = how is Input.KILL
        kept = []
        for proposal in _take_all(queue):
            self._entries.pop(proposal[0], None)
            self.watcher.left(proposal[1], queue, "lost")
        for message in queue.drain():
            safe = queue.keeps(message) and not (killed and message.write)
            self._writes.pop(message.write, None)
            message.write = 0
            if safe:
                # A queue whose end was not in order can't tell which of its messages were delivered.
                message.redelivered = message.redelivered or (killed and not queue.replicated)
                kept.append(message)
            else:
                self.watcher.left(message, queue, "lost")
        if not queue.durable and not self._stays_known(queue):
            self.remove_queue(queue)
            return
        erased = [(number, entry) for number, entry in self._erasures.items() if entry[1] is queue]
        for number, (message, _) in erased:
            del self._erasures[number]
            if killed:
                message.redelivered = True
                self.watcher.revived(message, queue)
                kept.append(message)
        queue.survive(sorted(kept))

    def _stays_known(self, queue: Queue) -> bool:
        """Whether others still know a queue that will not outlive its node."""
        return self.profile.knows_fleeting_queues_that_are_down and any(map(self.is_up, self.nodes))

    # -- up --------------------------------------------------------------------------------------------------

    def start(self) -> None:
        """Come up again with what survived.

        Raises:
            SimulationError: the broker is running.
        """
        self.state = NODE.step("the broker", self.state, Input.START)
        for node in self.nodes:
            if not self.is_up(node):
                self._node_starts(node)
        self.advance(self.now)
        self._answer_now()

    def node_up(self, node: str) -> None:
        """One node of a cluster is up again.

        Raises:
            SimulationError: it is running, or there is none of that name.
        """
        self._check_node(node)
        if self.state is State.DOWN:
            self.state = NODE.step("the broker", self.state, Input.START)
        self._node_starts(node)
        self.advance(self.now)
        self._answer_now()

    def _node_starts(self, node: str) -> None:
        self.changed()
        self.nodes[node] = NODE.step(node, self.nodes[node], Input.START)
        for queue in self._living_on(node):
            queue.become(ANSWERS)
            if not queue.durable or queue.owner is not None:
                self.remove_queue(queue)
        self._let_go(node, self._held.get(node, []), "closed")
        for queue in self._replicated_on(node):
            queue.member_up(node)

    def _answer_now(self) -> None:
        waiting, self.waiting = self.waiting, []
        for act in waiting:
            act()

    def check_metadata(self, told: str) -> None:
        """Raise where exchanges, queues and bindings can't be changed: without a majority, from 4.3 on.

        Raises:
            ConnectionError: 541, with what RabbitMQ says of it.
        """
        if self.profile.metadata_needs_majority and not self.has_majority():
            raise replies.metadata_timed_out(told)


def _take_all(queue: Queue) -> list[tuple[int, Message]]:
    """Take a quorum queue's proposals that no majority has."""
    if not isinstance(queue, QuorumQueue):
        return []
    proposals = [(entry, proposal.message) for entry, proposal in queue.proposals.items()]
    queue.proposals.clear()
    return proposals
