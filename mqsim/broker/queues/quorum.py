"""A quorum queue: kept on several nodes, led by one of them, and safe as long as a majority of them is up.

Its leader takes messages, and they are in the queue, confirmed and handed out, once a majority has them. When
the leader's node goes down the members elect another; until then publishes wait, and so do consumers. Without
a majority all waits. Where a returned message goes, and what of it counts towards the delivery limit, is the
version's matter (see `Profile`).

Source: RabbitMQ's documentation of quorum queues; recorded on one node of 3.10, 4.0 and 4.3. What a cluster
does (leader, majority) follows the documentation and Raft.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from mqsim.broker import replies
from mqsim.broker.field_types import Long
from mqsim.broker.lifecycle import LEADERSHIP, Leadership, LeadershipInput
from mqsim.broker.message import Message, failures_of
from mqsim.broker.queues.classic import ClassicQueue, QueueHost
from mqsim.broker.queues.dispatch import QuorumRoundRobin, RoundRobin, SingleActiveConsumer
from mqsim.broker.queues.queue_order import (
    ByPriority,
    FirstInFirstOut,
    MessageOrder,
    ReturnedFirst,
    TwoPriorities,
)
from mqsim.broker.reasons import FAILURES, DeliveryEnd, Reason
from mqsim.broker.replication import Proposal, ReplicatedQueue

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from mqsim.broker.queues.arguments import QueueArguments

HIGHEST_PRIORITY, UNSET_PRIORITY = 31, 4
USUAL_MEMBERS = 3
FEW_HOLDERS = 16
"""So many holders are kept without asking which of them still hold something."""

WELL_BELOW = 0.8
"""The share of a limit below which publishers that were stopped go on."""


class QuorumQueue(ClassicQueue, ReplicatedQueue):
    """One quorum queue.

    Attributes:
        limit: how many returns a message may have; None is no limit.
    """

    replicated = True
    shortest_life = 0.001

    def __init__(
        self,
        host: QueueHost,
        name: str,
        members: tuple[str, ...],
        arguments: QueueArguments,
        table: Mapping[str, object] | None = None,
    ) -> None:
        self.members = members
        self.leader = members[0]
        self.state = LEADERSHIP.begin
        profile = host.context.profile
        own = arguments.delivery_limit
        unlimited = own is not None and own < 0 and profile.quorum_negative_is_unlimited
        self.limit = None if unlimited else profile.quorum_default_limit if own is None else own
        self.proposals: dict[int, Proposal] = {}
        self._stopped = False
        self._holders: list[Callable[[], bool]] = []
        self._most_holders = FEW_HOLDERS
        super().__init__(host, name, arguments=arguments, table=table, node=members[0])

    def _rotation(self) -> RoundRobin:
        if self.arguments.single_active_consumer:
            return SingleActiveConsumer(self.context.profile.quorum_newcomer_takes_over)
        return QuorumRoundRobin()

    def _order(self) -> MessageOrder:
        kinds = self.context.profile.quorum_priorities
        if kinds == "all":
            return ReturnedFirst(ByPriority(HIGHEST_PRIORITY, UNSET_PRIORITY))
        return ReturnedFirst(TwoPriorities() if kinds == "two" else FirstInFirstOut())

    def keeps(self, message: Message) -> bool:
        """Whether a message here is to survive a restart: every one is."""
        return True

    def headers_of(self, message: Message, got: bool) -> dict[str, object]:
        """The counts of failed and of all earlier deliveries, as far as the version tells them."""
        profile = self.context.profile
        headers: dict[str, object] = {}
        failures = failures_of(message)
        if failures or (got and profile.quorum_tells_first):
            headers["x-delivery-count"] = Long(failures)
        acquired = message.deliveries - 1 + getattr(message, "acquired_before", 0)
        if profile.quorum_tells_acquired and acquired:
            headers["x-acquired-count"] = Long(acquired)
        return headers

    # -- in --------------------------------------------------------------------------------------------------

    def publish(self, message: Message) -> bool:
        """Propose a message to the members; always True, for a refusal comes later."""
        self.host.replicator.propose(message, self)
        return True

    def accept(self, message: Message) -> bool:
        """Take in what a majority has, or refuse it because of the queue's limit.

        Its publishers are told to stop once it is over its limit, and to go on when it is well below.
        """
        if not self._limit.exists or self._limit.drops_head:
            return self._publish_limited(message)
        self._stopped = self._is_over() or (self._stopped and not self._is_well_below())
        if self._stopped:
            self.observer.refused(message, self)
            return False
        self.admit(message)
        self.dispatch()
        self.expire(self.context.now)
        self._stopped = self._is_over()
        return True

    def _is_well_below(self) -> bool:
        most, most_bytes = self.arguments.max_length, self.arguments.max_bytes
        few = most is None or self.waiting <= int(most * WELL_BELOW)
        return few and (most_bytes is None or self.waiting_bytes <= int(most_bytes * WELL_BELOW))

    def dispatch(self) -> None:
        """Send what is ready, as long as somebody leads."""
        if self.state is Leadership.LED:
            super().dispatch()

    def after_cancel(self) -> None:
        """A consumer was cancelled: where it was the single active one, the next gets its turn."""
        self.dispatch()

    def after_departure(self) -> None:
        """A consumer is gone with its channel: the next one gets its turn when all is back."""

    @property
    def counted(self) -> int:
        """How many ready messages a declaration tells of: none while nobody leads."""
        return self.waiting if self.state is Leadership.LED else 0

    @property
    def consumers(self) -> int:
        """How many consumers a declaration tells of; while nobody leads, nobody can tell.

        Of several with a single active one, only that one. Also counted: each unacknowledged `basic.get`, and
        each consumer that was cancelled and still holds something.
        """
        if self.state is not Leadership.LED:
            return 0
        self._holders = [is_held for is_held in self._holders if is_held()]
        subscribed = len(self.rotation)
        return (min(subscribed, 1) if self.arguments.single_active_consumer else subscribed) + len(
            self._holders
        )

    def note_holder(self, is_held: Callable[[], bool]) -> None:
        """As for every queue."""
        if len(self._holders) >= self._most_holders:
            self._holders = [each for each in self._holders if each()]
            self._most_holders = max(FEW_HOLDERS, 2 * len(self._holders))
        self._holders.append(is_held)

    def check_leader(self, method: str) -> None:
        """Raise where it can't be asked now.

        Raises:
            ChannelError: 405 for a `basic.get` where there is a single active consumer.
            ConnectionError: 541 for a `basic.get` while nobody leads, for others without a majority.
        """
        if method == "basic.get":
            if self.arguments.single_active_consumer:
                raise replies.no_get_beside_active(self.name, self.context.profile.version)
            if self.state is not Leadership.LED:
                raise replies.no_leader_to_get_from(self.name)
        elif self.state is Leadership.WITHOUT_MAJORITY:
            if method == "basic.consume":
                raise replies.no_leader_to_consume_from(self.name, self.context.profile.version)
            raise replies.internal_error()

    # -- back ------------------------------------------------------------------------------------------------

    def take_back(self, messages: Iterable[Message], how: DeliveryEnd) -> None:
        """Requeue deliveries, unless they were returned too often: then they are dead-lettered."""
        limit = self.limit
        for message in messages:
            message.redelivered = True
            if how in FAILURES or self.context.profile.quorum_counts_every_return:
                message.failures = failures_of(message) + 1
            if limit is not None and failures_of(message) > limit:
                self.host.dead_lettering.discard(message, self, Reason.DELIVERY_LIMIT)
                continue
            if limit is None and how is not DeliveryEnd.CLOSED and self.context.profile.version == "3.10":
                self.ready.push(message)
            else:
                self.ready.give_back(message)
            self.waiting += 1
            self.waiting_bytes += message.envelope.size
            self.observer.requeued(message, self, how)
        self.dispatch()
        self._make_room()
        if self._expiring:
            self.expire(self.context.now)

    # -- members ---------------------------------------------------------------------------------------------

    def has_majority(self) -> bool:
        """Whether more than half of its members are up."""
        up = sum(self.context.is_up(member) for member in self.members)
        return 2 * up > len(self.members)

    def _step(self, given: LeadershipInput) -> None:
        self.state = LEADERSHIP.step(f"queue {self.name}", self.state, given)

    def member_down(self, node: str) -> bool:
        """One of its nodes went down.

        Returns:
            Whether the others have to elect.
        """
        if not self.has_majority():
            self._step(LeadershipInput.LOSE_MAJORITY)
            self._lose_leader()
        elif node == self.leader or self.state in (Leadership.ELECTING, Leadership.SILENT):
            self._step(LeadershipInput.LOSE_LEADER)
            self._lose_leader()
            return True
        return False

    def member_silent(self, node: str) -> bool:
        """One of its nodes says nothing any more. The leader's silence is not noticed yet.

        Returns:
            Whether the others have to elect.
        """
        if node == self.leader and self.state is Leadership.LED:
            self._step(LeadershipInput.FALL_SILENT)
            return False
        return self.member_down(node)

    def member_up(self, node: str) -> None:
        """One of its nodes is up again, or no longer silent."""
        if self.state is Leadership.SILENT and node == self.leader:
            self._step(LeadershipInput.RESUME)
            self._go_on()
        if self.state is Leadership.WITHOUT_MAJORITY and self.has_majority():
            self._step(LeadershipInput.REGAIN_MAJORITY)
            self.host.replicator.ask_for_election(self)

    def _lose_leader(self) -> None:
        if self.leader:
            self.leader = ""
            self.observer.leader_lost(self)

    def elect(self, node: str) -> None:
        """A majority chose `node`: what waited goes on.

        Raises:
            SimulationError: the queue is not electing.
        """
        self._step(LeadershipInput.ELECT)
        self.leader = self.node = node
        self.observer.leader_elected(self, node)
        self._go_on()

    def _go_on(self) -> None:
        """What waited for a leader goes on."""
        for proposal in list(self.proposals.values()):
            self.host.replicator.put_forward(proposal)
        self.dispatch()
