"""A channel: where a client's commands meet the broker's rules.

Errors close the channel (`ChannelError`) or the connection (`ConnectionError`): the state changes first, then
the error is raised, so that a protocol can put it on the wire and a test can catch it.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from mqsim.broker import replies
from mqsim.broker.consuming import Consuming
from mqsim.broker.declaring import REPLY_TO
from mqsim.broker.endpoint import wrong_mode
from mqsim.broker.lifecycle import CHANNEL, MODE, Input, State
from mqsim.broker.message import Message
from mqsim.broker.queue import Queue
from mqsim.errors import BrokerError

if TYPE_CHECKING:
    from mqsim.broker.connection import Connection

Confirm = Callable[[int, bool], None]
Return = Callable[[Message, int, str], None]


def _ignore_return(_message: Message, _code: int, _text: str) -> None:
    """The client does not listen for returned messages."""


class Channel(Consuming):
    """One channel of a connection.

    Attributes:
        published: how many messages were published in confirm mode.
        on_return: called with message, code and text when a mandatory message finds no queue.
    """

    def __init__(self, connection: Connection, number: int) -> None:
        super().__init__(connection, number)
        self.published = 0
        self.on_return: Return = _ignore_return
        self._confirm: Confirm | None = None
        self._plain = True
        # Published in a transaction that is not committed.
        self._pending: list[Message] = []

    # -- modes -----------------------------------------------------------------------------------------------

    def confirm_select(self, confirm: Confirm) -> None:
        """From now on have `confirm(number, ok)` called once for each publish; numbers count from 1.

        Raises:
            ChannelError: 406 on a transactional channel.
        """
        self._use()
        with self.during("confirm.select"):
            if self.mode is State.TRANSACTIONAL:
                raise wrong_mode("cannot switch from tx to confirm mode")
        self._change(Input.CONFIRM)
        self._confirm = confirm

    def tx_select(self) -> None:
        """From now on have publishes and acknowledgements wait for `tx_commit`.

        Raises:
            ChannelError: 406 on a channel with confirms.
        """
        self._use()
        with self.during("tx.select"):
            if self.mode is State.CONFIRMING:
                raise wrong_mode("cannot switch from confirm to tx mode")
        self._change(Input.TRANSACT)

    def tx_commit(self) -> None:
        """Publish what was published and settle what was settled since the last end of a transaction.

        Raises:
            ChannelError: 406 on a channel that is not transactional.
        """
        self._end_transaction(Input.COMMIT, "tx.commit")
        pending, self._pending = self._pending, []
        for message in pending:
            self._post(message, self._route(message))
        self._settle_all()

    def tx_rollback(self) -> None:
        """Forget what was published; hold again what was settled.

        Raises:
            ChannelError: 406 on a channel that is not transactional.
        """
        self._end_transaction(Input.ROLL_BACK, "tx.rollback")
        self._pending.clear()
        self._hold_again()

    def _end_transaction(self, how: Input, method: str) -> None:
        self._use()
        with self.during(method):
            if self.mode is not State.TRANSACTIONAL:
                raise wrong_mode("channel is not transactional")
        self._change(how)

    def _change(self, how: Input) -> None:
        self.mode = MODE.step(f"channel {self.number}", self.mode, how)
        self._settle_pace()

    def _settle_pace(self) -> None:
        super()._settle_pace()
        self._plain = self.state is State.OPEN and self.mode is State.PLAIN

    # -- publishing ------------------------------------------------------------------------------------------

    def publish(self, message: Message) -> None:
        """Publish a message: each queue that its exchange finds gets one copy.

        Raises:
            ChannelError: 404 if the exchange is not there; 403 if it is an internal one.
        """
        broker = self.broker
        envelope = message.envelope
        if self._plain:
            try:
                queues = broker.routes[envelope.exchange][envelope.key]
            except KeyError:
                queues = self._route(message)
            else:
                if envelope.headers is not None:
                    queues = self._route(message)
            if len(queues) == 1 and broker.storage is None:
                queues[0].publish(message)
            else:
                self._post(message, queues)
            return
        self._use()
        queues = self._route(message)
        if self.mode is State.TRANSACTIONAL:
            self._pending.append(message)
            return
        assert self._confirm is not None
        self.published += 1
        number, confirm = self.published, self._confirm
        if queues:
            broker.spread(message, queues, lambda ok: confirm(number, ok))
        else:
            self._post(message, queues)
            confirm(number, True)

    def _route(self, message: Message) -> tuple[Queue, ...]:
        with self.during("basic.publish"):
            return self.broker.route_of(message.envelope)

    def _post(self, message: Message, queues: tuple[Queue, ...]) -> None:
        envelope = message.envelope
        if queues:
            self.broker.spread(message, queues, None)
            return
        gone = envelope.key.startswith(f"{REPLY_TO}.") and not self.broker.profile.returns_late_replies
        returned = envelope.mandatory and not gone
        self.broker.watcher.unroutable(message, returned)
        if returned:
            self.on_return(message, replies.NO_ROUTE, "NO_ROUTE")

    # -- ending ----------------------------------------------------------------------------------------------

    def close(self, error: BrokerError | None = None) -> None:
        """End the channel: its consumers leave, then what it holds goes back to its queues."""
        left = self.retire()
        for queue in left:
            queue.after_departure()
        self.end(error)
        for queue in left:
            queue.dispatch()

    def retire(self) -> list[Queue]:
        """First half of the end: no consumer of this channel gets anything any more.

        Returns:
            The queues that its consumers left, in which it may be another's turn now.
        """
        gone = list(self.consumers.values())
        self.consumers.clear()
        for consumer in gone:
            self._let_go(consumer)
        return [consumer.queue for consumer in gone if not consumer.queue.deleted]

    def end(self, error: BrokerError | None, *, vanished: bool = False) -> None:
        """Second half of the end: unacknowledged deliveries go back to the queues that are still there.

        Args:
            error: why the broker closes it.
            vanished: whether its node was killed and others go on, see `Nodes.hold_for`.
        """
        given = Input.CLOSE if error is None else Input.FAIL
        self.state = CHANNEL.step(f"channel {self.number}", self.state, given)
        self._settle_pace()
        self.closed_by = error
        self.connection.channels.pop(self.number, None)
        self._pending.clear()
        self._hold_again()
        held = [message for message, _, _ in self.unacked.values()]
        self.unacked.clear()
        if vanished:
            held = self.broker.hold_for(self.connection.node, held)
        for message in held:
            message.queue.unacked -= 1
        self._give_back(held, "closed")
        self.broker.watcher.channel_closed(self, error)
        if error is not None:
            self.on_closed(error)
