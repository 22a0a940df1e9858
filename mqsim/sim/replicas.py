"""The members of quorum queues: when a majority has a message, and when there is a leader.

The leader writes a message down and sends it to the others; each writes it down and says so. The message is
in the queue once more than half of the members have it. One that was down is sent again what no majority has.

Source: the Raft paper (Ongaro and Ousterhout, 2014), sections 5.2 and 5.3, without its terms and log
positions.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from mqsim.sim.links import Deferred, Hop

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    import simpy

    from mqsim.broker import Message, ReplicatedQueue
    from mqsim.sim.actor_world import ActorWorld
    from mqsim.sim.node import Node


class Request:
    """One entry on its way to a majority.

    Attributes:
        entry, queue, message: what the broker asked for.
        leader: the node that proposed it.
        holders: the members that have it.
    """

    __slots__ = ("entry", "holders", "leader", "message", "queue")

    def __init__(self, entry: int, queue: ReplicatedQueue, message: Message) -> None:
        self.entry = entry
        self.queue = queue
        self.message = message
        self.leader = queue.leader
        self.holders: set[str] = set()


class Written(Hop):
    """A member tells the leader that it has an entry."""

    __slots__ = ("member", "request", "tell")

    def __init__(self, request: Request, member: str, tell: Callable[[Request, str], None]) -> None:
        self.request = request
        self.member = member
        self.tell = tell

    def arrive(self) -> None:
        """At the other node."""
        self.tell(self.request, self.member)


class Entry(Written):
    """The leader sends a member an entry."""

    __slots__ = ()

    @property
    def size(self) -> int:
        """Bytes of the message's body."""
        return self.request.message.envelope.size


class Replicas:
    """Carries what quorum queues replicate; the broker's `Replication`.

    Args:
        world: whose nodes these are.
        elections: seconds until there is a new leader.
        syncs: for each node the seconds that it takes to write a message down; None is nothing.
    """

    def __init__(
        self, world: ActorWorld, elections: Iterator[float], syncs: dict[str, Iterator[float] | None]
    ) -> None:
        self._world = world
        self._clock = world.clock
        self._elections = elections
        self._syncs = syncs
        self._nodes = {node.host: node for node in world.cluster.nodes}
        self._requests: dict[int, Request] = {}
        self._votes: dict[str, int] = {}
        for node in world.cluster.nodes:
            node.up_listeners.append(self._catching_up(node))

    # -- messages --------------------------------------------------------------------------------------------

    def replicate(self, entry: int, queue: ReplicatedQueue, message: Message) -> None:
        """As `Replication` says. What an earlier leader had under way counts no more."""
        request = self._requests[entry] = Request(entry, queue, message)
        self._write(request, request.leader)
        for member in queue.members:
            if member != request.leader:
                self._send(request, member)

    def _send(self, request: Request, member: str) -> None:
        wire = self._world.cluster.wire(request.leader, member)
        wire.send(Entry(request, member, self._arrived))

    def _arrived(self, request: Request, member: str) -> None:
        if self._nodes[member].running:
            self._write(request, member)

    def _write(self, request: Request, member: str) -> None:
        sync = self._syncs[member]
        if sync is None:
            self._world.outbox.append(Deferred(partial(self._written, request, member)))
        else:
            self._clock.call_at(self._clock._now + next(sync), self._synced, (request, member))

    def _synced(self, event: simpy.Event) -> None:
        self._written(*event._value)
        self._world.finish_instant()

    def _written(self, request: Request, member: str) -> None:
        if not self._nodes[member].running:
            return
        if member == request.leader:
            self._has_it(request, member)
        else:
            self._world.cluster.wire(member, request.leader).send(Written(request, member, self._has_it))

    def _has_it(self, request: Request, member: str) -> None:
        """At the leader: a member has the entry."""
        if self._requests.get(request.entry) is not request or not self._nodes[request.leader].running:
            return
        request.holders.add(member)
        if 2 * len(request.holders) > len(request.queue.members):
            broker = self._world.broker
            broker.advance(self._clock._now)
            broker.replicated(request.entry)
            # A majority for one is a majority for all before it.
            waiting = request.queue.proposals
            for entry in [
                e for e, r in self._requests.items() if r.queue is request.queue and e not in waiting
            ]:
                del self._requests[entry]

    def _catching_up(self, node: Node) -> Callable[[bool], None]:
        def up_changed(up: bool) -> None:
            if not up:
                return
            for request in self._requests.values():
                queue = request.queue
                if request.entry not in queue.proposals or node.host not in queue.members:
                    continue
                if node.host != request.leader and request.leader == queue.leader:
                    self._send(request, node.host)

        return up_changed

    # -- leaders ---------------------------------------------------------------------------------------------

    def elect(self, queue: ReplicatedQueue) -> None:
        """As `Replication` says; who is its queue's only member leads at once."""
        vote = self._votes[queue.name] = self._votes.get(queue.name, 0) + 1
        pause = next(self._elections) if len(queue.members) > 1 else 0.0
        self._clock.call_at(self._clock._now + pause, self._counted, (queue, vote))

    def _counted(self, event: simpy.Event) -> None:
        queue, vote = event._value
        if self._votes[queue.name] != vote:
            return
        broker = self._world.broker
        running = [member for member in queue.members if broker.is_up(member)]
        if running:
            broker.advance(self._clock._now)
            broker.elected(queue.name, running[0])
        self._world.finish_instant()
