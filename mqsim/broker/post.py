"""The post office: gives queues their copies, has them made safe, confirms them, and sends on what dies.

What is asked of the storage and of the other nodes is kept here until they have answered.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from mqsim.broker import deadletter, replies
from mqsim.broker.availability import Silent
from mqsim.broker.exchange import route
from mqsim.broker.lifecycle import State
from mqsim.broker.message import Envelope, Message, failures_of
from mqsim.broker.queue import FAILURES, Queue
from mqsim.broker.quorum import QuorumQueue
from mqsim.broker.seams import Confirm, Proposal, Replication, Storage
from mqsim.broker.topology import Topology

MOST_ROUTES_KNOWN = 4096
"""How many routes are kept before all are forgotten; keys can be without number."""


class Post(Topology):
    """Publishing, safety, confirms and dead-lettering.

    Attributes:
        now: the broker's time, in seconds.
        storage: where messages go that are to survive; None means that they are safe at once.
        replication: the members of quorum queues; None means that they have everything at once.
    """

    def __init__(self) -> None:
        super().__init__()
        self.now = 0.0
        self.storage: Storage | None = None
        self.replication: Replication | None = None
        self._numbered = 0
        self._writes: dict[int, tuple[Message, Confirm | None]] = {}
        self._erasures: dict[int, tuple[Message, Queue]] = {}
        self._entries: dict[int, Proposal] = {}

    # -- publishing ------------------------------------------------------------------------------------------

    def route_of(self, envelope: Envelope) -> tuple[Queue, ...]:
        """The queues that a message goes to.

        Raises:
            ChannelError: 404 if its exchange is not there, 403 if that is an internal one.
        """
        known = self.routes.get(envelope.exchange)
        if known is not None and envelope.headers is None and envelope.key in known:
            return known[envelope.key]
        exchange = self.exchanges.get(envelope.exchange)
        if exchange is None and envelope.exchange:
            raise replies.no_exchange(envelope.exchange)
        if exchange is not None and exchange.internal:
            told = f"cannot publish to internal {replies.exchange_named(exchange.name)}"
            raise replies.channel_error(replies.ACCESS_REFUSED, told)
        found = self._reach(envelope)
        if envelope.headers is None:
            if self._routes_known >= MOST_ROUTES_KNOWN:
                self.routes.clear()
                self._routes_known = 0
            self.routes.setdefault(envelope.exchange, {})[envelope.key] = found
            self._routes_known += 1
        return found

    def _reach(self, envelope: Envelope, only: bool = False) -> tuple[Queue, ...]:
        """The queues of a message; with `only`, by its routing key alone, whatever its CC header says."""
        found = route(self.exchanges, self.queues, envelope, only)
        if not envelope.exchange and envelope.key in self.addresses:
            found += (self.addresses[envelope.key],)
        return found

    def spread(
        self, message: Message, queues: Sequence[Queue], answer: Callable[[bool], None] | None
    ) -> None:
        """Give each queue its copy.

        `answer` is called once: with False if a queue refuses, with True when all copies are safe.
        """
        copies = [message] + [type(message)(message.envelope) for _ in queues[1:]]
        for copy, queue in zip(copies[1:], queues[1:], strict=True):
            self.watcher.copied(message, copy, queue, "fanout")
        confirm = None if answer is None else Confirm(answer)
        for copy, queue in zip(copies, queues, strict=True):
            if isinstance(queue, QuorumQueue):
                self.propose(copy, queue, confirm)
            else:
                self.hand_in(copy, queue, confirm)
        if confirm is not None:
            confirm.safe()

    def hand_in(self, message: Message, queue: Queue, confirm: Confirm | None) -> None:
        """Give a message to a queue; one that is to survive is written."""
        if isinstance(queue.availability, Silent):
            queue.availability.publish(message, queue, confirm)
            return
        storage = self._disk_for(message, queue)
        if storage is None:
            if not queue.accept(message) and confirm is not None:
                confirm.refused()
            return
        self._numbered += 1
        write = message.write = self._numbered
        self._writes[write] = (message, confirm)
        if confirm is not None:
            confirm.expect()
        if queue.accept(message):
            if message.write:
                storage.store(write, message)
        else:
            del self._writes[write]
            message.write = 0
            if confirm is not None:
                confirm.refused()

    def _disk_for(self, message: Message, queue: Queue) -> Storage | None:
        """The storage that has to write a message, if any; a quorum's members write what they replicate."""
        if (
            self.storage is None
            or not queue.keeps(message)
            or (queue.replicated and self.replication is not None)
        ):
            return None
        return self.storage

    def stored(self, write: int) -> None:
        """What was asked of the storage under this number is safe."""
        self._erasures.pop(write, None)
        entry = self._writes.pop(write, None)
        if entry is not None:
            message, confirm = entry
            message.write = 0
            if confirm is not None:
                confirm.safe()

    def forget(self, message: Message, queue: Queue) -> None:
        """A message is done with; until the storage knows, a crash would bring it back."""
        storage = self._disk_for(message, queue)
        if storage is None:
            return
        if message.write:
            self.stored(message.write)
            return
        self._numbered += 1
        self._erasures[self._numbered] = (message, queue)
        storage.forget(self._numbered, message)

    # -- replication -----------------------------------------------------------------------------------------

    def propose(self, message: Message, queue: QuorumQueue, confirm: Confirm | None = None) -> None:
        """Publish to a quorum queue: the message is in it once a majority has it.

        While nobody leads the queue, it waits.
        """
        self._numbered += 1
        message.queue = queue
        proposal = queue.proposals[self._numbered] = Proposal(self._numbered, message, queue, confirm)
        if confirm is not None:
            confirm.expect()
        if queue.state is State.LED:
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
        if last is None or last.queue.state is not State.LED:
            return
        for number in [number for number in last.queue.proposals if number <= entry]:
            proposal = last.queue.proposals.pop(number)
            self._entries.pop(number, None)
            self.hand_in(proposal.message, proposal.queue, proposal.confirm)
            if proposal.confirm is not None:
                proposal.confirm.safe()

    def ask_for_election(self, queue: QuorumQueue) -> None:
        """Have a queue's members elect; without a replication the first that is up leads at once."""
        for entry in queue.proposals:
            self._entries.pop(entry, None)
        if self.replication is None:
            queue.elect(next(member for member in queue.members if self.is_up(member)))
        else:
            self.replication.elect(queue)

    def elected(self, name: str, node: str) -> None:
        """The members of the queue of that name elected `node`; late news is passed over."""
        queue = self.queues.get(name)
        if isinstance(queue, QuorumQueue) and queue.state is State.ELECTING and self.is_up(node):
            queue.elect(node)

    # -- leaving ---------------------------------------------------------------------------------------------

    def discard(self, message: Message, queue: Queue, reason: str) -> None:
        """Let a message go: to the dead-letter exchange, if there is one.

        The reason is `expired`, `rejected`, `maxlen` or `delivery_limit`.
        """
        if queue.arguments.dead_letter_exchange is None:
            self.watcher.left(message, queue, reason)
        else:
            self.dead_letter(message, queue, reason)
        self.forget(message, queue)

    def reject(self, message: Message, queue: Queue, how: str) -> None:
        """A consumer refuses a delivery for good; `how` is `nack` or `reject`."""
        if how in FAILURES or (queue.replicated and self.profile.quorum_counts_every_return):
            message.failures = failures_of(message) + 1
        self.discard(message, queue, "rejected")

    def _carry_failures(self, message: Message, copy: Message, among_quorum_queues: bool) -> None:
        """Have a dead-lettered copy remember what failed before, as far as the version does."""
        profile, failures = self.profile, failures_of(message)
        if among_quorum_queues and profile.quorum_carries_counts:
            copy.acquired_before = message.deliveries + getattr(message, "acquired_before", 0)
        elif not profile.dead_letter_counts_failures:
            return
        if failures:
            copy.failures = failures
            copy.redelivered = True

    def dead_letter(self, message: Message, queue: Queue, reason: str) -> None:
        """Send a message on to its queue's dead-letter exchange.

        One that is not there, or that finds no queue, loses the message.
        """
        exchange = queue.arguments.dead_letter_exchange or ""
        key = queue.arguments.dead_letter_key
        envelope = deadletter.next_life(message, queue.name, reason, (exchange, key), self.now, self.profile)
        found: Sequence[Queue] = ()
        if exchange == "" or exchange in self.exchanges:
            found = self._reach(envelope, only=key is not None)
        deaths = deadletter.deaths_of(envelope)
        targets = [
            each for each in found if reason == "rejected" or not deadletter.is_cycle(each.name, deaths)
        ]
        if not targets:
            self.watcher.left(message, queue, "cycle" if found else "dead-letter-unroutable")
            return
        copies = [type(message)(envelope) for _ in targets]
        for target, copy in zip(targets, copies, strict=True):
            self._carry_failures(message, copy, queue.replicated and target.replicated)
            self.watcher.copied(message, copy, target, reason)
        self.watcher.left(message, queue, "dead-lettered")
        for target, copy in zip(targets, copies, strict=True):
            self.spread(copy, [target], None)
