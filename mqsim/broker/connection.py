"""A client's connection to the broker, and the channels on it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mqsim.broker import replies
from mqsim.broker.channel import Channel
from mqsim.broker.lifecycle import CONNECTION, ConnectionInput

if TYPE_CHECKING:
    from collections.abc import Callable

    from mqsim.broker.broker import Broker
    from mqsim.broker.queues.queue import Queue
    from mqsim.errors import BrokerError


def _ignore_block(_blocked: bool, _reason: str) -> None:
    """The client did not ask to be told."""


def _ignore_end(_error: BrokerError) -> None:
    """The client did not ask to be told."""


class Connection:
    """One connection.

    Attributes:
        name: who is at the other end, for those who read logs.
        node: the node that it leads to.
        user: who logged in.
        channels: the open channels by number.
        on_blocked: called with True and a reason when an alarm blocks publishers, with False when it is over.
        on_closed: called with the error when the broker closes the connection.
        closed_by: the mistake or the operator's act that closed it, if one did.
    """

    def __init__(self, broker: Broker, name: str, node: str, user: str = "guest") -> None:
        self.broker = broker
        self.name = name
        self.node = node
        self.user = user
        self.state = CONNECTION.begin
        self.channels: dict[int, Channel] = {}
        self.on_blocked: Callable[[bool, str], None] = _ignore_block
        self.on_closed: Callable[[BrokerError], None] = _ignore_end
        self.closed_by: BrokerError | None = None
        self._opened = 0
        self._left: list[Queue] = []

    def channel(self, number: int | None = None) -> Channel:
        """Open a channel; without a number, the next free one.

        Raises:
            ConnectionError: 504 if a channel of that number is open.
            SimulationError: the connection is closed.
        """
        self.state = CONNECTION.step(f"connection {self.name}", self.state, ConnectionInput.USE)
        if number is None:
            number = self._opened + 1
        self._opened = max(self._opened, number)
        if number in self.channels:
            error = replies.connection_error(replies.CHANNEL_ERROR, "second 'channel.open' seen")
            self.close(error)
            raise error
        channel = self.channels[number] = Channel(self, number)
        return channel

    def retire(self) -> None:
        """First half of the end: no consumer of this connection gets anything any more."""
        for channel in self.channels.values():
            self._left += channel.retire()

    def close(self, error: BrokerError | None = None, *, vanished: bool = False) -> None:
        """End the connection: its channels close, what they hold goes back, its exclusive queues go.

        The same whether its client closed it, died, or the broker throws it out with an `error`. All
        consumers leave before anything goes back, so nothing is sent to a connection that is ending.

        Args:
            error: why the broker closes it.
            vanished: whether its node was killed and others go on, who are in no hurry to clear up.
        """
        given = ConnectionInput.CLOSE if error is None else ConnectionInput.FAIL
        self.state = CONNECTION.step(f"connection {self.name}", self.state, given)
        self.closed_by = error
        self.retire()
        if not (vanished and self.broker.context.profile.knows_fleeting_queues_that_are_down):
            for queue in [queue for queue in self.broker.topology.queues.values() if queue.owner is self]:
                self.broker.topology.remove_queue(queue)
        for queue in self._left:
            if not queue.deleted:
                queue.after_departure()
        for channel in list(self.channels.values()):
            channel.end(None, vanished=vanished)
        for queue in self._left:
            if not queue.deleted:
                queue.dispatch()
        del self.broker.connections[self]
        self.broker.context.observer.connection_closed(self.name, error)
        if error is not None:
            self.on_closed(error)
