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
from mqsim.broker.nodes import Nodes
from mqsim.broker.profiles import profile
from mqsim.broker.queue import Queue
from mqsim.broker.quorum import USUAL_MEMBERS, QuorumQueue
from mqsim.broker.seams import Deadlines
from mqsim.broker.watch import Watcher
from mqsim.errors import SimulationError

TIMEOUT_CHECK_EVERY = 60.0
"""Seconds between two looks for overdue acknowledgements, as RabbitMQ has it."""


class Broker(Nodes):
    """One broker: a node, or a cluster seen as one.

    Args:
        version: whose rules apply: `3.10`, `4.0` or `4.3`.
        watcher: is told what happens; by default nobody.
        consumer_timeout: seconds a delivery may go unacknowledged before its channel is closed, or None for
        ever.
        timeout_check_every: seconds between two looks for overdue acknowledgements.
        nodes: how many nodes it has, `broker-1` to `broker-N`.

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

    def awaits(self) -> bool:
        """Whether anything is due at a known time, but for the look for overdue acknowledgements, which
        always is.
        """
        looks = self.consumer_timeout is not None
        return self.state is State.RUNNING and len(self.deadlines.heap) > looks

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
            if 2 * sum(map(self.is_up, members)) <= len(members):
                raise replies.quorum_not_formed(name, by.node)
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
