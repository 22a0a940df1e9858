"""A broker on the table: what the tests hold in their hands."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from mqsim.broker import Broker, Channel, Consumer, Envelope, Message, QueueArguments
from tests.broker.journal import Journal

if TYPE_CHECKING:
    from collections.abc import Mapping

Got = list[str]


class Bench:
    """A broker, a journal of it, and one channel to prepare and to look with.

    Attributes:
        got: bodies by consumer tag, in order of delivery, with a `*` behind a redelivered one.
        tags: the delivery tags in the same order.
        confirms: what `confirm` of a channel that was put into confirm mode here was told.
    """

    def __init__(self, version: str = "4.3", **more: Any) -> None:
        self.journal = Journal()
        self.broker = Broker(version, self.journal, **more)
        self.channel = self.new_channel()
        self.got: dict[str, Got] = {}
        self.tags: dict[str, list[int]] = {}
        self.confirms: list[tuple[int, bool]] = []

    def new_channel(self, node: str = "") -> Channel:
        """A channel on a connection of its own."""
        return self.broker.connect("client", node=node).channel()

    def queue(self, name: str = "q", durable: bool = True, **arguments: Any) -> None:
        """Declare a queue with `QueueArguments`."""
        self.channel.declare_queue(name, durable=durable, arguments=QueueArguments(**arguments))

    def put(
        self, *bodies: str, to: str = "q", exchange: str = "", by: Channel | None = None, **more: Any
    ) -> None:
        """Publish bodies; persistent unless said."""
        for body in bodies:
            envelope = Envelope(exchange, to, body=body.encode(), **{"persistent": True, **more})
            (by or self.channel).publish(Message(envelope))

    def confirming(self) -> Channel:
        """A channel in confirm mode."""
        channel = self.new_channel()
        channel.confirm_select(lambda number, ok: self.confirms.append((number, ok)))
        return channel

    def consume(
        self, tag: str, *, queue: str = "q", prefetch: int = 0, channel: Channel | None = None, **more: Any
    ) -> Channel:
        """A consumer on a channel of its own, unless one is given."""
        channel = channel or self.new_channel()
        channel.qos(prefetch)
        self.got.setdefault(tag, [])
        self.tags.setdefault(tag, [])
        channel.consume(queue, self._take, tag=tag, **more)
        return channel

    def _take(self, consumer: Consumer, tag: int, message: Message) -> None:
        self.got[consumer.tag].append(shown(message))
        self.tags[consumer.tag].append(tag)

    def fetch(self, queue: str = "q") -> str | None:
        """One message by `basic.get`, acknowledged."""
        answer = self.channel.get(queue, no_ack=True)
        return None if answer is None else shown(answer[1])

    def drain(self, queue: str = "q") -> Got:
        """All that is ready, taken out."""
        found = []
        while (one := self.fetch(queue)) is not None:
            found.append(one)
        return found

    def ready(self, queue: str = "q") -> int:
        """How many messages are ready."""
        return self.broker.queues[queue].waiting

    def left(self, queue: str = "q") -> list[tuple[str, str]]:
        """(body, reason) of what left a queue without an acknowledgement."""
        from tests.broker.records import Left

        return [(event.body, event.reason) for event in self.journal.of(Left) if event.queue == queue]


def shown(message: Message) -> str:
    """The body, with a `*` behind a redelivered one."""
    return message.envelope.body.decode() + ("*" if message.redelivered else "")


def headers(message: Message) -> Mapping[str, object]:
    """The message's headers."""
    return message.envelope.headers or {}
