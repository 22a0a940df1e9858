"""What every command of a channel has in common: whether it may be given, and what a mistake closes."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable
from typing import TYPE_CHECKING

from mqsim.broker import replies
from mqsim.broker.lifecycle import CHANNEL, MODE, Input, State
from mqsim.broker.topology import with_method
from mqsim.errors import BrokerError, ChannelError, ConnectionError

if TYPE_CHECKING:
    from mqsim.broker.broker import Broker
    from mqsim.broker.connection import Connection


class Endpoint(ABC):
    """One end of a channel.

    Attributes:
        number: its number on its connection.
        state: open or closed; mode: plain, confirming or transactional.
        closed_by: the mistake that closed it, if one did.
        on_closed: called with the error when the broker closes the channel.
    """

    def __init__(self, connection: Connection, number: int) -> None:
        self.connection = connection
        self.broker: Broker = connection.broker
        self.number = number
        self.state = CHANNEL.begin
        self.mode = MODE.begin
        self.closed_by: BrokerError | None = None
        self.on_closed: Callable[[BrokerError], None] = _ignore
        # Open, and no transaction and no shared prefetch that an acknowledgement would have to look at.
        self._quick = True

    @abstractmethod
    def close(self, error: BrokerError | None = None) -> None:
        """End the channel."""

    def _use(self, given: Input = Input.USE) -> None:
        self.state = CHANNEL.step(f"channel {self.number}", self.state, given)
        self._settle_pace()

    def _settle_pace(self) -> None:
        self._quick = self.state is State.OPEN and self.mode is not State.TRANSACTIONAL

    def during(self, method: str) -> Closing:
        """In a `with`, a mistake closes what it must; `method` is the command, such as `queue.declare`."""
        return Closing(self, method)


class Closing:
    """Close the channel, or the connection, when a mistake raises an error; then let the error through.

    Args:
        channel: where the command was given.
        method: the command, such as `queue.declare`; the error carries its numbers.
    """

    __slots__ = ("channel", "method")

    def __init__(self, channel: Endpoint, method: str) -> None:
        self.channel = channel
        self.method = method

    def __enter__(self) -> None:
        return None

    def __exit__(self, _type: object, error: BaseException | None, _trace: object) -> None:
        if isinstance(error, ChannelError):
            self.channel.close(with_method(error, self.method))
        elif isinstance(error, ConnectionError):
            self.channel.connection.close(with_method(error, self.method))


def _ignore(_error: BrokerError) -> None:
    """Nobody asked to be told."""


def wrong_mode(told: str) -> ChannelError:
    """A command that does not go with the channel's mode: 406."""
    return replies.channel_error(replies.PRECONDITION_FAILED, told)
