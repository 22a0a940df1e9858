"""Counts what passes through queues, for the rates of the management API.

Publishes and acknowledgements are told by the broker, deliveries by the sessions that send them.
"""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import TYPE_CHECKING

from mqsim.amqp.observer import Observer as SessionObserver
from mqsim.broker import Observer

if TYPE_CHECKING:
    from mqsim.amqp.channel import ChannelEnd
    from mqsim.broker import Consumer, Message, Queue


@dataclass(slots=True)
class Count:
    """How often something happened, in RabbitMQ's words (`message_stats`)."""

    publish: int = 0
    deliver: int = 0
    deliver_no_ack: int = 0
    get: int = 0
    get_no_ack: int = 0
    ack: int = 0
    redeliver: int = 0

    def add(self, other: Count) -> None:
        """Add another's numbers."""
        for each in fields(other):
            setattr(self, each.name, getattr(self, each.name) + getattr(other, each.name))

    def shown(self) -> dict[str, int]:
        """As the API shows it."""
        told = {each.name: getattr(self, each.name) for each in fields(self)}
        return told | {"deliver_get": self.deliver + self.deliver_no_ack + self.get + self.get_no_ack}


class Counts(Observer):
    """A broker's counts.

    Attributes:
        queues: by queue, those that are gone included until they are looked at.
        gone: what passed through queues that are deleted.
    """

    def __init__(self) -> None:
        self.queues: dict[Queue, Count] = {}
        self.gone = Count()

    def of(self, queue: Queue) -> Count:
        """The counts of a queue."""
        found = self.queues.get(queue)
        if found is None:
            found = self.queues[queue] = Count()
        return found

    def enqueued(self, message: Message, queue: Queue) -> None:
        """A message came."""
        self.of(queue).publish += 1

    def acked(self, message: Message, queue: Queue) -> None:
        """A message was acknowledged, or sent where nobody acknowledges: only the first counts here."""
        self.of(queue).ack += 1

    def delivered(self, message: Message, no_ack: bool) -> None:
        """A consumer is sent a message; what nobody acknowledges was counted as acknowledged, and is not."""
        count = self.of(message.queue)
        count.deliver += not no_ack
        count.deliver_no_ack += no_ack
        count.ack -= no_ack
        count.redeliver += message.redelivered

    def total(self) -> Count:
        """All together."""
        for queue in [queue for queue in self.queues if queue.deleted]:
            self.gone.add(self.queues.pop(queue))
        made = Count()
        for each in (self.gone, *self.queues.values()):
            made.add(each)
        return made


class SessionCounts(SessionObserver):
    """Counts what a session sends.

    Args:
        counts: where to; that of the broker which the session leads to.
    """

    def __init__(self, counts: Counts) -> None:
        self._counts = counts

    def sends(
        self, end: ChannelEnd, tag: int, message: Message, consumer: Consumer | None, no_ack: bool
    ) -> None:
        """A message is about to be sent; what nobody acknowledges was counted as acknowledged, and is not."""
        if consumer is not None:
            self._counts.delivered(message, no_ack)
            return
        count = self._counts.of(message.queue)
        count.get += not no_ack
        count.get_no_ack += no_ack
        count.ack -= no_ack
        count.redeliver += message.redelivered
