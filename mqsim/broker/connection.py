"""A client's connection to the broker, and the channels on it."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from mqsim.broker.channel import Channel
from mqsim.broker.lifecycle import CONNECTION, Input, State, step
from mqsim.errors import BrokerError

if TYPE_CHECKING:
    from mqsim.broker.broker import Broker


def _ignore_block(_blocked: bool, _reason: str) -> None:
    """The client did not ask to be told."""


class Connection:
    """One connection.

    Attributes:
        name: who is at the other end, for those who read logs.
        channels: the open channels by number.
        on_blocked: called with True and a reason when an alarm blocks publishers, with False when it is over.
    """

    def __init__(self, broker: Broker, name: str) -> None:
        self.broker = broker
        self.name = name
        self.state = State.OPEN
        self.channels: dict[int, Channel] = {}
        self.on_blocked: Callable[[bool, str], None] = _ignore_block
        self._opened = 0

    def channel(self, number: int | None = None) -> Channel:
        """Open a channel; without a number, the next free one.

        Raises:
            SimulationError: the connection is closed.
        """
        self.state = step(CONNECTION, f"connection {self.name}", self.state, Input.USE)
        self._opened = number if number is not None else self._opened + 1
        channel = self.channels[self._opened] = Channel(self, self._opened)
        return channel

    def close(self, error: BrokerError | None = None) -> None:
        """End the connection: its channels close, what they hold goes back, its exclusive queues go.

        The same whether its client closed it, died, or the broker throws it out with an `error`. All
        consumers leave before anything goes back, so nothing is sent to a connection that is ending.
        """
        given = Input.CLOSE if error is None else Input.FAIL
        self.state = step(CONNECTION, f"connection {self.name}", self.state, given)
        channels = list(self.channels.values())
        for channel in channels:
            channel.retire()
        for queue in [queue for queue in self.broker.queues.values() if queue.owner is self]:
            self.broker.remove_queue(queue)
        for channel in channels:
            channel.end(None)
        del self.broker.connections[self]
        self.broker.watcher.connection_closed(self, error)
