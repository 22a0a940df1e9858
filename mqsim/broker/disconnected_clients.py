"""Clients of killed nodes: what they held of quorum queues, which wait for them for a while.

From 4.3 on a quorum queue keeps what a consumer holds whose node was killed, unless that node is back sooner.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from mqsim.broker.reasons import DeliveryEnd, Reason

if TYPE_CHECKING:
    from collections.abc import Iterable

    from mqsim.broker.context import Context
    from mqsim.broker.message import Message
    from mqsim.broker.queues.queue import Queue


class DisconnectedClients:
    """What is kept from its quorum queues, by the node of the client that held it."""

    def __init__(self, context: Context) -> None:
        self.context = context
        self.held: dict[str, list[Message]] = {}

    def hold(self, node: str, held: list[Message]) -> list[Message]:
        """Keep from their quorum queues, for a while, messages that a client of a killed node held.

        Returns:
            The others.
        """
        seconds = self.context.profile.quorum_holds_for_the_lost
        kept = [message for message in held if seconds and message.queue.replicated]
        if kept:
            self.held.setdefault(node, []).extend(kept)
            due = self.context.now + seconds
            self.context.deadlines.add(due, lambda _: self._let_go(node, kept, DeliveryEnd.VANISHED))
        return [message for message in held if not (seconds and message.queue.replicated)]

    def let_go(self, node: str) -> None:
        """Give back all that was kept for the clients of a node."""
        self._let_go(node, self.held.get(node, []), DeliveryEnd.CLOSED)

    def let_all_go(self) -> None:
        """Give back all that was kept."""
        for node in list(self.held):
            self.let_go(node)

    def _let_go(self, node: str, messages: Iterable[Message], how: DeliveryEnd) -> None:
        """Give back to their queues what was kept from them; what is back already is passed over."""
        messages = list(messages)
        still = self.held.get(node, [])
        self.held[node] = [message for message in still if message not in messages]
        queues: dict[Queue, list[Message]] = {}
        for message in still:
            if message in messages:
                message.queue.unacked -= 1
                queues.setdefault(message.queue, []).append(message)
        for queue, returned in queues.items():
            if queue.deleted:
                for message in returned:
                    self.context.observer.left(message, queue, Reason.DELETED)
            else:
                queue.take_back(returned, how)
                queue.dispatch()
