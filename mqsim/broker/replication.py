"""Replication: a message is in a quorum queue once a majority of the queue's members has it.

The broker never waits for other nodes. It asks, goes on, and is told later (`Broker.replicated`,
`Broker.elected`). Without a replication everything is with a majority at once.
"""

from __future__ import annotations

from abc import abstractmethod
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from mqsim.broker.lifecycle import Leadership
from mqsim.broker.queues.queue import Queue
from mqsim.broker.reasons import Reason

if TYPE_CHECKING:
    from mqsim.broker.confirms import Confirm
    from mqsim.broker.context import Context
    from mqsim.broker.durability import Durability
    from mqsim.broker.message import Message


class ReplicatedQueue(Queue):
    """A queue that is kept on several nodes, and led by one of them.

    Attributes:
        members: the nodes that it is kept on, the first leader first.
        leader: the node that leads it; empty while there is none.
        state: whether it is led, its leader silent, electing, or without a majority.
        proposals: what was published and is not with a majority yet, in order.
    """

    members: tuple[str, ...]
    leader: str
    state: Leadership
    proposals: dict[int, Proposal]

    @abstractmethod
    def elect(self, node: str) -> None:
        """A majority chose `node`."""


class Replication(Protocol):
    """The members of quorum queues. `Broker.node_down` and `Broker.node_up` tell who comes and goes."""

    def replicate(self, entry: int, queue: ReplicatedQueue, message: Message) -> None:
        """Send an entry to the queue's members; call `Broker.replicated(entry)` once a majority has it."""

    def elect(self, queue: ReplicatedQueue) -> None:
        """Have the members that are up elect; call `Broker.elected(queue.name, node)` when they have."""


@dataclass(slots=True, eq=False)
class Proposal:
    """A message that a quorum queue's leader proposes to its members.

    Attributes:
        entry: its number.
        message, queue: what, and where.
        confirm: who waits for it, if anybody.
    """

    entry: int
    message: Message
    queue: ReplicatedQueue
    confirm: Confirm | None


class Replicator:
    """What is asked of the other nodes is kept here until they have answered.

    Attributes:
        replication: the members of quorum queues; None means that they have everything at once.
    """

    def __init__(self, context: Context, durability: Durability) -> None:
        self.context = context
        self.durability = durability
        self.replication: Replication | None = None
        self._entries: dict[int, Proposal] = {}

    def propose(self, message: Message, queue: ReplicatedQueue, confirm: Confirm | None = None) -> None:
        """Publish to a quorum queue: the message is in it once a majority has it.

        While nobody leads the queue, it waits.
        """
        entry = self.durability.next_number()
        message.queue = queue
        proposal = queue.proposals[entry] = Proposal(entry, message, queue, confirm)
        if confirm is not None:
            confirm.expect()
        if queue.state is Leadership.LED:
            self.put_forward(proposal)

    def put_forward(self, proposal: Proposal) -> None:
        """A queue's leader proposes an entry to the members: the first time, or again after an election."""
        self._entries[proposal.entry] = proposal
        if self.replication is None:
            self.replicated(proposal.entry)
        else:
            self.replication.replicate(proposal.entry, proposal.queue, proposal.message)

    def replicated(self, entry: int) -> None:
        """A majority has an entry, and with it all earlier ones of its queue: they are in the queue."""
        last = self._entries.get(entry)
        if last is None or last.queue.state is not Leadership.LED:
            return
        for number in [number for number in last.queue.proposals if number <= entry]:
            proposal = last.queue.proposals.pop(number)
            self._entries.pop(number, None)
            self.durability.hand_in(proposal.message, proposal.queue, proposal.confirm)
            if proposal.confirm is not None:
                proposal.confirm.safe()

    def ask_for_election(self, queue: ReplicatedQueue) -> None:
        """Have a queue's members elect; without a replication the first that is up leads at once."""
        for entry in queue.proposals:
            self._entries.pop(entry, None)
        if self.replication is None:
            queue.elect(next(member for member in queue.members if self.context.is_up(member)))
        else:
            self.replication.elect(queue)

    def elected(self, queue: Queue | None, node: str) -> None:
        """The members of a queue elected `node`; late news is passed over."""
        if (
            isinstance(queue, ReplicatedQueue)
            and queue.state is Leadership.ELECTING
            and self.context.is_up(node)
        ):
            queue.elect(node)

    def give_up(self, queue: ReplicatedQueue) -> None:
        """All members of a queue are down: what no majority has is lost."""
        for entry, proposal in queue.proposals.items():
            self._entries.pop(entry, None)
            self.context.observer.left(proposal.message, queue, Reason.LOST)
        queue.proposals.clear()
