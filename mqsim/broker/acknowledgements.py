"""Acknowledgements: what a channel has sent, and how each delivery ends; in a transaction, at its end."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mqsim.broker import replies
from mqsim.broker.message import Message
from mqsim.broker.queues.queue import Queue, Subscriber
from mqsim.broker.reasons import DeliveryEnd, Reason

if TYPE_CHECKING:
    from collections.abc import Iterable

    from mqsim.broker.context import Context

_ABOVE_EVERY_TAG = 1 << 64

Delivery = tuple[Message, Subscriber | None, float]
"""A message, its consumer (None for a `basic.get`), and when it was sent."""


class Unacknowledged:
    """The deliveries of one channel that wait for an acknowledgement.

    Attributes:
        last_tag: the delivery tag that was given last.
        deliveries: what waits, by delivery tag.
    """

    def __init__(self, context: Context) -> None:
        self.context = context
        self.last_tag = 0
        self.deliveries: dict[int, Delivery] = {}
        # Ended in a transaction that is not committed: which, how, and whether requeued.
        self._uncommitted: list[tuple[dict[int, Delivery], DeliveryEnd, bool]] = []

    def oldest(self) -> float | None:
        """When the delivery was sent that waits longest for its acknowledgement, or None."""
        first = next(iter(self.deliveries.values()), None)
        return None if first is None else first[2]

    def holds(self, tag: int | None = None) -> bool:
        """Whether a delivery (that of `tag`, or any) is not done with; it may be ended in a transaction."""
        held = (self.deliveries, *(taken for taken, _, _ in self._uncommitted))
        return any(each if tag is None else tag in each for each in held)

    def take(self, tag: int, multiple: bool) -> dict[int, Delivery]:
        """Take the delivery of that tag; with `multiple` all up to it, or all there are if it is 0.

        Raises:
            ChannelError: 406 if there is no such delivery on this channel.
        """
        waiting = self.deliveries
        tags = [each for each in waiting if each <= tag or not tag] if multiple else [tag]
        if (tags and tags[-1] not in waiting) or (not tags and tag) or (multiple and tag > self.last_tag):
            raise replies.unknown_tag(tag)
        return {each: waiting.pop(each) for each in tags}

    def take_all(self) -> dict[int, Delivery]:
        """Take all deliveries."""
        taken = dict(self.deliveries)
        self.deliveries.clear()
        return taken

    def end(self, taken: dict[int, Delivery], how: DeliveryEnd, requeue: bool) -> None:
        """End deliveries that were taken: acknowledged, refused for good, or given back to their queues.

        Each consumer's are ended by themselves, in the order of queues and consumer tags; a `basic.get` goes
        before all consumers. Source: `rabbit_channel` (`foreach_per_queue`).
        """
        if len(taken) == 1:
            self._end_together(taken, how, requeue)
            return
        groups: dict[tuple[str, int, str], dict[int, Delivery]] = {}
        for tag, held in taken.items():
            message, consumer, _ = held
            key = (
                (message.queue.name, tag, "")
                if consumer is None
                else (message.queue.name, _ABOVE_EVERY_TAG, consumer.tag)
            )
            groups.setdefault(key, {})[tag] = held
        for _, group in sorted(groups.items()):
            self._end_together(group, how, requeue)

    def _end_together(self, taken: dict[int, Delivery], how: DeliveryEnd, requeue: bool) -> None:
        """End deliveries of one consumer, or one of a `basic.get`."""
        for message, consumer, _ in taken.values():
            message.queue.unacked -= 1
            if consumer is not None:
                consumer.unacked -= 1
        _, consumer, _ = next(iter(taken.values()))
        if requeue:
            # A quorum queue may give what comes back to the same consumer, which has room again.
            if consumer is not None and all(message.queue.replicated for message, _, _ in taken.values()):
                consumer.rejoin()
            self.give_back([message for message, _, _ in taken.values()], how)
        for message, _, _ in taken.values():
            if how is DeliveryEnd.ACK:
                message.queue.acknowledged(message)
            elif not requeue and message.queue.deleted:
                self.context.observer.left(message, message.queue, Reason.DELETED)
            elif not requeue:
                message.queue.refuse(message, how)
        if consumer is not None:
            consumer.awaken()

    def give_back(self, messages: Iterable[Message], how: DeliveryEnd) -> None:
        """Requeue messages, each to its own queue; of a queue that is deleted they are gone."""
        by_queue: dict[Queue, list[Message]] = {}
        for message in messages:
            by_queue.setdefault(message.queue, []).append(message)
        for queue, returned in by_queue.items():
            if queue.deleted:
                for message in returned:
                    self.context.observer.left(message, queue, Reason.DELETED)
            else:
                queue.take_back(returned, how)
        for queue in by_queue:
            queue.dispatch()

    def disown(self, queue: Queue, stand_in: Queue) -> list[Message]:
        """Let go of what is held of a queue whose node is gone; its tags stay known, and mean nothing.

        Returns:
            The messages.
        """
        disowned = []
        for held in (self.deliveries, *(taken for taken, _, _ in self._uncommitted)):
            for tag, (message, consumer, sent) in held.items():
                if message.queue is queue:
                    disowned.append(message)
                    copy = type(message)(message.envelope)
                    copy.queue = stand_in
                    held[tag] = (copy, consumer, sent)
        return disowned

    # -- transactions ----------------------------------------------------------------------------------------

    def end_at_commit(self, taken: dict[int, Delivery], how: DeliveryEnd, requeue: bool) -> None:
        """Remember how deliveries are to end when the transaction is committed."""
        self._uncommitted.append((taken, how, requeue))

    def commit(self) -> None:
        """End the deliveries that the transaction was to end."""
        uncommitted, self._uncommitted = self._uncommitted, []
        for taken, how, requeue in uncommitted:
            self.end(taken, how, requeue)

    def roll_back(self) -> None:
        """Hold again what the transaction was to end, in the order of its tags."""
        uncommitted, self._uncommitted = self._uncommitted, []
        for taken, _, _ in uncommitted:
            self.deliveries.update(taken)
        if uncommitted:
            in_order = sorted(self.deliveries.items())
            self.deliveries.clear()
            self.deliveries.update(in_order)
