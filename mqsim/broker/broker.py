"""The broker: exchanges, queues and connections, on one node or several, as a state machine without a clock.

Time is passed in: `advance(now)` moves it and does what has become due (`next_deadline` says when that will
be). Everything else happens in zero time, in the order in which it is asked; what takes time elsewhere the
broker asks for (`durability`, `replication`) and is told of later.

    broker = Broker()
    channel = broker.connect("me").channel()
    queue = channel.declare_queue("tasks", durable=True)
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from mqsim.broker import replies
from mqsim.broker.cluster import Cluster
from mqsim.broker.connection import Connection
from mqsim.broker.context import Context
from mqsim.broker.dead_lettering import DeadLettering
from mqsim.broker.disconnected_clients import DisconnectedClients
from mqsim.broker.durability import Durability, Storage
from mqsim.broker.lifecycle import NODE, NodeInput, NodeState
from mqsim.broker.observer import Observer
from mqsim.broker.profiles import Profile, profile
from mqsim.broker.publishing import Publishing
from mqsim.broker.queues.arguments import QUORUM
from mqsim.broker.queues.classic import ClassicQueue, QueueHost
from mqsim.broker.queues.quorum import USUAL_MEMBERS, QuorumQueue
from mqsim.broker.reasons import Alarm
from mqsim.broker.replication import Replication, Replicator
from mqsim.broker.topology import Declaration, Topology
from mqsim.errors import SimulationError

if TYPE_CHECKING:
    from collections.abc import Callable

    from mqsim.broker.deadlines import Deadlines
    from mqsim.broker.exchanges import Exchange
    from mqsim.broker.queues.queue import Queue

TIMEOUT_CHECK_EVERY = 60.0
"""Seconds between two looks for overdue acknowledgements, as RabbitMQ has it."""


class Broker:
    """One broker: a node, or a cluster seen as one.

    Args:
        version: whose rules apply: `3.10`, `4.0` or `4.3`.
        observer: is told what happens; by default nobody.
        consumer_timeout: seconds a delivery may go unacknowledged before its channel is closed, or None for
            ever.
        timeout_check_every: seconds between two looks for overdue acknowledgements.
        nodes: how many nodes it has, `broker-1` to `broker-N`.

    Attributes:
        context: its time, its rules, its nodes, its observer.
        topology: its exchanges, queues and bindings.
        publishing, dead_lettering, durability, replicator, cluster, disconnected: its other parts.
        connections: those that are open.
        alarms: what it is low on.
    """

    def __init__(
        self,
        version: str = "4.3",
        observer: Observer | None = None,
        *,
        consumer_timeout: float | None = None,
        timeout_check_every: float = TIMEOUT_CHECK_EVERY,
        nodes: int = 1,
    ) -> None:
        self.context = Context(profile(version), observer or Observer(), nodes)
        self.topology = Topology(self.context, self._make_queue)
        self.durability = Durability(self.context)
        self.replicator = Replicator(self.context, self.durability)
        self.publishing = Publishing(self.context, self.topology, self.durability, self.replicator)
        self.dead_lettering = DeadLettering(self.context, self.topology, self.publishing, self.durability)
        self.disconnected = DisconnectedClients(self.context)
        self.queue_host = QueueHost(
            self.context, self.topology, self.durability, self.dead_lettering, self.replicator
        )
        self.cluster = Cluster(self)
        self.connections: dict[Connection, None] = {}
        self.alarms: set[Alarm] = set()
        self.consumer_timeout = consumer_timeout
        self.timeout_check_every = timeout_check_every
        if consumer_timeout is not None:
            self.deadlines.add(timeout_check_every, self._check_timeouts)
        self.context.observer.observing(self.context)

    def _make_queue(self, asked: Declaration) -> Queue:
        if asked.arguments.kind == QUORUM:
            others = [node for node in self.nodes if node != asked.node]
            members = (asked.node, *others)[: asked.arguments.members or USUAL_MEMBERS]
            if 2 * sum(map(self.is_up, members)) <= len(members):
                raise replies.quorum_not_formed(asked.name, asked.node)
            return QuorumQueue(self.queue_host, asked.name, members, asked.arguments, asked.table)
        return ClassicQueue(
            self.queue_host,
            asked.name,
            durable=asked.durable,
            auto_delete=asked.auto_delete,
            owner=asked.owner,
            arguments=asked.arguments,
            table=asked.table,
            node=asked.node,
        )

    # -- what it says of itself ------------------------------------------------------------------------------

    @property
    def profile(self) -> Profile:
        """Whose rules apply."""
        return self.context.profile

    @property
    def queues(self) -> dict[str, Queue]:
        """Its queues by name."""
        return self.topology.queues

    @property
    def exchanges(self) -> dict[str, Exchange]:
        """Its exchanges by name, but for the default one."""
        return self.topology.exchanges

    @property
    def version(self) -> int:
        """Counts the changes of exchanges, queues, bindings and nodes."""
        return self.topology.version

    @property
    def state(self) -> NodeState:
        """Whether it runs, as a whole."""
        return self.cluster.state

    @property
    def nodes(self) -> dict[str, NodeState]:
        """Whether each node runs."""
        return self.context.nodes

    def is_up(self, node: str) -> bool:
        """Whether a node is up."""
        return self.context.is_up(node)

    # -- time ------------------------------------------------------------------------------------------------

    @property
    def now(self) -> float:
        """Its time, in seconds."""
        return self.context.now

    @now.setter
    def now(self, now: float) -> None:
        self.context.now = now

    @property
    def deadlines(self) -> Deadlines:
        """What it has to do at a known time."""
        return self.context.deadlines

    def advance(self, now: float) -> None:
        """Move time on to `now` and do what has become due, in order.

        Raises:
            SimulationError: time would run backwards.
        """
        context = self.context
        if now < context.now:
            raise SimulationError(f"the broker is at {context.now} s and can't go back to {now} s")
        if context.deadlines.next <= now and self.state is NodeState.RUNNING:
            while (due := context.deadlines.take(now)) is not None:
                time, act = due
                context.now = max(context.now, time)
                act(context.now)
        context.now = now

    def next_deadline(self) -> float:
        """When `advance` is next needed, in seconds; infinite if never."""
        return self.deadlines.next if self.state is NodeState.RUNNING else float("inf")

    def awaits(self) -> bool:
        """Whether anything is due at a known time, but for the look for overdue acknowledgements, which
        always is.
        """
        looks = self.consumer_timeout is not None
        return self.state is NodeState.RUNNING and len(self.deadlines.heap) > looks

    def _check_timeouts(self, now: float) -> None:
        timeout = self.consumer_timeout
        if timeout is None:
            return
        for connection in list(self.connections):
            for channel in list(connection.channels.values()):
                since = channel.unacknowledged.oldest()
                if since is None or now - since < timeout:
                    continue
                if self.context.profile.timeout_closes_channel:
                    channel.close(replies.ack_timed_out(timeout, channel.number))
                else:
                    channel.take_overdue(now - timeout)
        self.deadlines.add(now + self.timeout_check_every, self._check_timeouts)

    # -- connections -----------------------------------------------------------------------------------------

    def connect(self, name: str = "client", *, node: str = "", user: str = "guest") -> Connection:
        """Open a connection to a node; without a name, to the first that is up.

        Raises:
            SimulationError: the node is down.
        """
        self.cluster.state = NODE.step("the broker", self.state, NodeInput.USE)
        node = node or next(each for each in self.nodes if self.is_up(each))
        self.nodes[node] = NODE.step(node, self.nodes[node], NodeInput.USE)
        connection = Connection(self, name, node, user)
        self.connections[connection] = None
        return connection

    # -- alarms ----------------------------------------------------------------------------------------------

    def set_alarm(self, alarm: Alarm | str, raised: bool) -> None:
        """Raise or clear the `memory` or the `disk` alarm; while one is raised, publishers are blocked."""
        before, alarm = bool(self.alarms), Alarm(alarm)
        if raised:
            self.alarms.add(alarm)
        else:
            self.alarms.discard(alarm)
        self.context.observer.alarmed(alarm, raised)
        if before != bool(self.alarms):
            for connection in list(self.connections):
                connection.on_blocked(raised, f"low on {alarm}" if raised else "")

    # -- what takes time elsewhere ---------------------------------------------------------------------------

    @property
    def storage(self) -> Storage | None:
        """Where messages go that are to survive; None means that they are safe at once."""
        return self.durability.storage

    @storage.setter
    def storage(self, storage: Storage | None) -> None:
        self.durability.storage = storage

    @property
    def replication(self) -> Replication | None:
        """The members of quorum queues; None means that they have everything at once."""
        return self.replicator.replication

    @replication.setter
    def replication(self, replication: Replication | None) -> None:
        self.replicator.replication = replication
        self.durability.members_write = replication is not None

    def stored(self, write: int) -> None:
        """What was asked of the storage under this number is safe."""
        self.durability.stored(write)

    def replicated(self, entry: int) -> None:
        """A majority has an entry, and with it all earlier ones of its queue: they are in the queue."""
        self.replicator.replicated(entry)

    def elected(self, name: str, node: str) -> None:
        """The members of the queue of that name elected `node`; late news is passed over."""
        self.replicator.elected(self.queues.get(name), node)

    # -- its nodes -------------------------------------------------------------------------------------------

    @property
    def waiting(self) -> list[Callable[[], None]]:
        """Called, once, when a node is back: by whoever got a `NoAnswerError`."""
        return self.cluster.waiting

    def stop(self) -> None:
        """Stop cleanly: connections are closed with 320, what is durable and persistent is on disk.

        Raises:
            SimulationError: the broker is down.
        """
        self.cluster.stop()

    def kill(self) -> None:
        """End at once: connections break.

        What had not reached the disk is lost, and what had not left it comes back.

        Raises:
            SimulationError: the broker is down.
        """
        self.cluster.kill()

    def start(self) -> None:
        """Come up again with what survived.

        Raises:
            SimulationError: the broker is running.
        """
        self.cluster.start()

    def node_down(self, node: str, killed: bool = False) -> None:
        """One node stops, is killed, or is given up; see `Cluster.node_down`."""
        self.cluster.node_down(node, killed)

    def node_silent(self, node: str) -> None:
        """One node says nothing any more; see `Cluster.node_silent`."""
        self.cluster.node_silent(node)

    def node_suspected(self, node: str) -> None:
        """Members of quorum queues miss a silent node; see `Cluster.node_suspected`."""
        self.cluster.node_suspected(node)

    def node_resumed(self, node: str) -> None:
        """A silent node goes on; see `Cluster.node_resumed`."""
        self.cluster.node_resumed(node)

    def node_up(self, node: str) -> None:
        """One node is up again; see `Cluster.node_up`."""
        self.cluster.node_up(node)
