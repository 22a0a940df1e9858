"""A channel's deliveries: acknowledged, refused, given back; in a transaction, at its end."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mqsim.broker import replies
from mqsim.broker.consumer import Consumer
from mqsim.broker.declaring import Declaring
from mqsim.broker.lifecycle import State
from mqsim.broker.message import Message
from mqsim.broker.queue import Queue

if TYPE_CHECKING:
    from mqsim.broker.connection import Connection

Held = tuple[Message, Consumer | None, float]


class Settling(Declaring):
    """What a channel holds, and how it is let go.

    Attributes:
        unacked: deliveries that wait for an acknowledgement: tag to (message, consumer or None for a get,
        time sent).
    """

    def __init__(self, connection: Connection, number: int) -> None:
        super().__init__(connection, number)
        self.last_tag = 0
        self.unacked: dict[int, Held] = {}
        # In a transaction: what was settled and is not committed, and how (`ack`, `nack`, `reject`; requeued
        # or not).
        self._settled: list[tuple[dict[int, Held], str, bool]] = []

    def oldest(self) -> float | None:
        """When the delivery was sent that waits longest for its acknowledgement, or None."""
        first = next(iter(self.unacked.values()), None)
        return None if first is None else first[2]

    def ack(self, tag: int, *, multiple: bool = False) -> None:
        """Acknowledge a delivery; with `multiple` all up to `tag`, or all there are if `tag` is 0.

        Raises:
            ChannelError: 406 if there is no such delivery on this channel.
        """
        if self._quick and not multiple:
            entry = self.unacked.pop(tag, None)
            if entry is not None:
                message, consumer, _ = entry
                queue = message.queue
                queue.unacked -= 1
                queue.settled(message)
                if consumer is not None:
                    consumer.unacked -= 1
                    if consumer.parked or queue.waiting:
                        consumer.awaken()
                return
        self._use()
        self._settle(self._take(tag, multiple, "basic.ack"), "ack", False)

    def nack(self, tag: int, *, multiple: bool = False, requeue: bool = True) -> None:
        """Refuse a delivery (or several): requeue it, or let it go to the dead-letter exchange.

        Raises:
            ChannelError: 406 if there is no such delivery on this channel.
        """
        self._use()
        self._settle(self._take(tag, multiple, "basic.nack"), "nack", requeue)

    def reject(self, tag: int, *, requeue: bool = True) -> None:
        """Refuse one delivery. Raises as `nack` does."""
        self._use()
        self._settle(self._take(tag, False, "basic.reject"), "reject", requeue)

    def recover(self) -> None:
        """Requeue all that is unacknowledged on this channel."""
        self._use()
        taken = dict(self.unacked)
        self.unacked.clear()
        self._carry_out(taken, "recover", True)

    def _take(self, tag: int, multiple: bool, method: str) -> dict[int, Held]:
        tags = [each for each in self.unacked if each <= tag or not tag] if multiple else [tag]
        if (
            (tags and tags[-1] not in self.unacked)
            or (not tags and tag)
            or (multiple and tag > self.last_tag)
        ):
            with self.during(method):
                raise replies.unknown_tag(tag)
        return {each: self.unacked.pop(each) for each in tags}

    def _settle(self, taken: dict[int, Held], how: str, requeue: bool) -> None:
        if self.mode is State.TRANSACTIONAL:
            self._settled.append((taken, how, requeue))
        else:
            self._carry_out(taken, how, requeue)

    def _carry_out(self, taken: dict[int, Held], how: str, requeue: bool) -> None:
        for message, consumer, _ in taken.values():
            message.queue.unacked -= 1
            if consumer is not None:
                consumer.unacked -= 1
        if requeue:
            self._give_back([message for message, _, _ in taken.values()], how)
        for message, _, _ in taken.values():
            if how == "ack":
                message.queue.settled(message)
            elif not requeue:
                message.queue.refuse(message, how)
        for consumer in {consumer: None for _, consumer, _ in taken.values() if consumer is not None}:
            consumer.awaken()

    def _give_back(self, messages: list[Message], reason: str) -> None:
        by_queue: dict[Queue, list[Message]] = {}
        for message in messages:
            by_queue.setdefault(message.queue, []).append(message)
        for queue, returned in by_queue.items():
            if queue.deleted:
                for message in returned:
                    self.broker.watcher.left(message, queue, "deleted")
            else:
                queue.take_back(returned, reason)
        for queue in by_queue:
            queue.dispatch()

    def disown(self, queue: Queue, stand_in: Queue) -> list[Message]:
        """Let go of what is held of a queue whose node is gone; its tags stay known, and mean nothing.

        Returns:
            The messages.
        """
        disowned = []
        for held in (self.unacked, *(taken for taken, _, _ in self._settled)):
            for tag, (message, consumer, sent) in held.items():
                if message.queue is queue:
                    disowned.append(message)
                    copy = type(message)(message.envelope)
                    copy.queue = stand_in
                    held[tag] = (copy, consumer, sent)
        return disowned

    # -- transactions ----------------------------------------------------------------------------------------

    def _settle_all(self) -> None:
        """Carry out what a transaction settled."""
        settled, self._settled = self._settled, []
        for taken, how, requeue in settled:
            self._carry_out(taken, how, requeue)

    def _hold_again(self) -> None:
        """Hold again what a transaction settled, in the order of its tags."""
        settled, self._settled = self._settled, []
        for taken, _, _ in settled:
            self.unacked.update(taken)
        self.unacked = dict(sorted(self.unacked.items()))
