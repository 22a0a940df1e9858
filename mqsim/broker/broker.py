"""The broker: exchanges, queues and connections, on one node or several, as a state machine without a clock.

Time is passed in: `advance(now)` moves it and does what has become due (`next_deadline` says when that will
be). Everything else happens in zero time, in the order in which it is asked; what takes time elsewhere goes
through the seams.

    broker = Broker()
    channel = broker.connect("me").channel()
    queue = channel.declare_queue("tasks", durable=True)
"""

from __future__ import annotations

from collections.abc import Mapping

from mqsim.broker import replies
from mqsim.broker.arguments import QUORUM, QueueArguments
from mqsim.broker.connection import Connection
from mqsim.broker.lifecycle import NODE, Input, State
from mqsim.broker.message import Message
from mqsim.broker.post import Post
from mqsim.broker.profiles import profile
from mqsim.broker.queue import Queue
from mqsim.broker.quorum import USUAL_MEMBERS, QuorumQueue
from mqsim.broker.seams import Deadlines
from mqsim.broker.watch import Watcher
from mqsim.errors import SimulationError

TIMEOUT_CHECK_EVERY = 60.0
"""Seconds between two looks for overdue acknowledgements, as RabbitMQ has it."""


class Broker(Post):
    """One broker: a node, or a cluster seen as one.

    Args:
        version: whose rules apply: `3.10`, `4.0` or `4.3`.
        watcher: is told what happens; by default nobody.
        consumer_timeout: seconds a delivery may go unacknowledged before its channel is closed, or None for
        ever.
        timeout_check_every: seconds between two looks for overdue acknowledgements.
        nodes: how many nodes it has, `broker-1` to `broker-N`.

    Attributes:
        state: whether it runs, as a whole; `nodes` the same for each node.
    """

    def __init__(
        self,
        version: str = "4.3",
        watcher: Watcher | None = None,
        *,
        consumer_timeout: float | None = None,
        timeout_check_every: float = TIMEOUT_CHECK_EVERY,
        nodes: int = 1,
    ) -> None:
        super().__init__()
        self.profile = profile(version)
        self.watcher = watcher or Watcher()
        self.state = NODE.begin
        self.nodes = {f"broker-{n}": NODE.begin for n in range(1, nodes + 1)}
        self.connections: dict[Connection, None] = {}
        self.alarms: set[str] = set()
        self.deadlines = Deadlines()
        self.consumer_timeout = consumer_timeout
        self.timeout_check_every = timeout_check_every
        if consumer_timeout is not None:
            self.deadlines.add(timeout_check_every, self._check_timeouts)
        self.watcher.watching(self)

    # -- time ------------------------------------------------------------------------------------------------

    def advance(self, now: float) -> None:
        """Move time on to `now` and do what has become due, in order.

        Raises:
            SimulationError: time would run backwards.
        """
        if now < self.now:
            raise SimulationError(f"the broker is at {self.now} s and can't go back to {now} s")
        if self.deadlines.next <= now and self.state is State.RUNNING:
            while (due := self.deadlines.take(now)) is not None:
                time, act = due
                self.now = max(self.now, time)
                act(self.now)
        self.now = now

    def next_deadline(self) -> float:
        """When `advance` is next needed, in seconds; infinite if never."""
        return self.deadlines.next if self.state is State.RUNNING else float("inf")

    def _check_timeouts(self, now: float) -> None:
        timeout = self.consumer_timeout
        if timeout is None:
            return
        for connection in list(self.connections):
            for channel in list(connection.channels.values()):
                since = channel.oldest()
                if since is None or now - since < timeout:
                    continue
                if self.profile.timeout_closes_channel:
                    channel.close(replies.ack_timed_out(timeout, channel.number))
                else:
                    channel.take_overdue(now - timeout)
        self.deadlines.add(now + self.timeout_check_every, self._check_timeouts)

    # -- connections and queues ------------------------------------------------------------------------------

    def connect(self, name: str = "client", *, node: str = "", user: str = "guest") -> Connection:
        """Open a connection to a node; without a name, to the first that is up.

        Raises:
            SimulationError: the node is down.
        """
        self.state = NODE.step("the broker", self.state, Input.USE)
        node = node or next(each for each in self.nodes if self.is_up(each))
        self.nodes[node] = NODE.step(node, self.nodes[node], Input.USE)
        connection = Connection(self, name, node, user)
        self.connections[connection] = None
        return connection

    def is_up(self, node: str) -> bool:
        """Whether a node is up."""
        return self.nodes.get(node) is State.RUNNING

    def _make_queue(
        self,
        name: str,
        durable: bool,
        auto_delete: bool,
        owner: Connection | None,
        arguments: QueueArguments,
        table: Mapping[str, object],
        by: Connection,
    ) -> Queue:
        if arguments.kind == QUORUM:
            others = [node for node in self.nodes if node != by.node]
            members = (by.node, *others)[: arguments.members or USUAL_MEMBERS]
            return QuorumQueue(self, name, members, arguments, table)
        return Queue(
            self,
            name,
            durable=durable,
            auto_delete=auto_delete,
            owner=owner,
            arguments=arguments,
            table=table,
            node=by.node,
        )

    # -- alarms ----------------------------------------------------------------------------------------------

    def set_alarm(self, kind: str, raised: bool) -> None:
        """Raise or clear the `memory` or the `disk` alarm; while one is raised, publishers are blocked."""
        before = bool(self.alarms)
        if raised:
            self.alarms.add(kind)
        else:
            self.alarms.discard(kind)
        self.watcher.alarmed(kind, raised)
        if before != bool(self.alarms):
            for connection in list(self.connections):
                connection.on_blocked(raised, f"low on {kind}" if raised else "")

    # -- stop and start --------------------------------------------------------------------------------------

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

    def node_down(self, node: str, killed: bool = False) -> None:
        """One node of a cluster stops, or is killed; the last one takes the broker with it.

        Raises:
            SimulationError: it is down, or there is none of that name.
        """
        if sum(self.is_up(each) for each in self.nodes) == 1 and self.is_up(node):
            self._go_down(Input.KILL if killed else Input.STOP)
        else:
            how = Input.KILL if killed else Input.STOP
            self._check_node(node)
            self.nodes[node] = NODE.step(node, self.nodes[node], how)
            self._after_stop(node, how)

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

    def _go_down(self, how: Input) -> None:
        after = NODE.step("the broker", self.state, how)
        stopping = [node for node in self.nodes if self.is_up(node)]
        for node in stopping:
            self.nodes[node] = NODE.step(node, self.nodes[node], how)
        for node in stopping:
            self._after_stop(node, how)
        self.state = after
        for queue in self.queues.values():
            if isinstance(queue, QuorumQueue):
                self._stop_queue(queue, how)
        self._writes.clear()
        self._erasures.clear()
        if not self.profile.keeps_transient_exchanges:
            for exchange in [e for e in self.exchanges.values() if not e.durable]:
                self.remove_exchange(exchange)

    def _check_node(self, node: str) -> None:
        if node not in self.nodes:
            raise SimulationError(f"there is no node {node}; there are {', '.join(self.nodes)}")

    def _after_stop(self, node: str, how: Input) -> None:
        self.version += 1
        error = replies.shut_down() if how is Input.STOP else None
        # Who lost its leader hands nothing out any more, also not what the connections are about to give
        # back.
        replicated = [queue for queue in self.queues.values() if isinstance(queue, QuorumQueue)]
        electing = [queue for queue in replicated if node in queue.members and queue.member_down(node)]
        there = [connection for connection in self.connections if connection.node == node]
        for connection in there:
            connection.retire()
        for connection in there:
            connection.close(error)
        for queue in list(self.queues.values()):
            if queue.node == node and not queue.replicated:
                for consumer in list(queue.circle.order):
                    consumer.channel.dismiss(consumer)
                self._stop_queue(queue, how)
        for queue in electing:
            self.ask_for_election(queue)

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
        if not queue.durable:
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

    def _node_starts(self, node: str) -> None:
        self.version += 1
        self.nodes[node] = NODE.step(node, self.nodes[node], Input.START)
        for queue in list(self.queues.values()):
            if isinstance(queue, QuorumQueue) and node in queue.members:
                queue.member_up()


def _take_all(queue: Queue) -> list[tuple[int, Message]]:
    """Take a quorum queue's proposals that no majority has."""
    if not isinstance(queue, QuorumQueue):
        return []
    proposals = [(entry, proposal.message) for entry, proposal in queue.proposals.items()]
    queue.proposals.clear()
    return proposals
