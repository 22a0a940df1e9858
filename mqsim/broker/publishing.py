"""Publishing: the route of a message, and a copy for each queue on it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mqsim.broker import replies
from mqsim.broker.confirms import Confirm
from mqsim.broker.exchanges import route
from mqsim.broker.reasons import Reason
from mqsim.broker.replication import ReplicatedQueue, Replicator

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from mqsim.broker.context import Context
    from mqsim.broker.durability import Durability
    from mqsim.broker.message import Envelope, Message
    from mqsim.broker.queues.queue import Queue
    from mqsim.broker.topology import Topology


class Publishing:
    """Takes messages to the queues that their exchange finds."""

    def __init__(
        self, context: Context, topology: Topology, durability: Durability, replicator: Replicator
    ) -> None:
        self.context = context
        self.topology = topology
        self.durability = durability
        self.replicator = replicator

    def known_route(self, envelope: Envelope) -> tuple[Queue, ...] | None:
        """The queues that a message goes to, if that is known; with headers it is worked out each time."""
        known = None if envelope.headers is not None else self.topology.routes.get(envelope.exchange)
        return None if known is None else known.get(envelope.key)

    def route_of(self, envelope: Envelope) -> tuple[Queue, ...]:
        """The queues that a message goes to, worked out.

        Raises:
            ChannelError: 404 if its exchange is not there, 403 if that is an internal one.
        """
        topology = self.topology
        exchange = topology.exchanges.get(envelope.exchange)
        if exchange is None and envelope.exchange:
            raise replies.no_exchange(envelope.exchange)
        if exchange is not None and exchange.internal:
            told = f"cannot publish to internal {replies.exchange_named(exchange.name)}"
            raise replies.channel_error(replies.ACCESS_REFUSED, told)
        found = self.find(envelope)
        if envelope.headers is None:
            topology.keep_route(envelope, found)
        return found

    def find(self, envelope: Envelope, only: bool = False) -> tuple[Queue, ...]:
        """The queues of a message, worked out anew.

        With `only`, by its routing key alone, whatever its CC header says.
        """
        topology = self.topology
        found = route(topology.exchanges, topology.queues, envelope, only)
        if not envelope.exchange and envelope.key in topology.addresses:
            found += (topology.addresses[envelope.key],)
        return found

    def spread(
        self, message: Message, queues: Sequence[Queue], answer: Callable[[bool], None] | None
    ) -> None:
        """Give each queue its copy.

        `answer` is called once: with False if a queue refuses, with True when all copies are safe.
        """
        copies = [message]
        for queue in queues[1:]:
            copies.append(type(message)(message.envelope))
            self.context.observer.copied(message, copies[-1], queue, Reason.FANOUT)
        confirm = None if answer is None else Confirm(answer)
        for copy, queue in zip(copies, queues, strict=True):
            if isinstance(queue, ReplicatedQueue):
                self.replicator.propose(copy, queue, confirm)
            else:
                self.durability.hand_in(copy, queue, confirm)
        if confirm is not None:
            confirm.safe()
