"""Classic queues whose node does not answer: gone down, as all know, or silent, which nobody knows yet.

A queue changes its class for as long as that lasts, so that it costs those that run nothing. What clients of
other nodes still hold of it is nobody's any more: a `Ghost` takes what they say of that.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING

from mqsim.broker import replies
from mqsim.broker.lifecycle import Input
from mqsim.broker.message import Message
from mqsim.broker.queue import Queue

if TYPE_CHECKING:
    from mqsim.broker.consumer import Consumer
    from mqsim.broker.seams import Confirm

Mail = Callable[[bool], None]
"""What reached a silent queue; called with True when it goes on, with False when it is given up."""


class AwayQueue(Queue):
    """A queue whose node is down.

    Attributes:
        how: whether the node was stopped or killed.
    """

    how: Input

    @property
    def routable(self) -> bool:  # type: ignore[override]
        """Whether a publish still finds it, to be refused (4.x), or passes it by (3.10)."""
        return self.broker.profile.finds_queues_that_are_down

    def publish(self, message: Message) -> bool:
        """Refuse a message: it is lost, and its publisher is told so."""
        message.queue = self
        self.watcher.left(message, self, "lost")
        return False

    def dispatch(self) -> None:
        """Nobody is there to send anything."""

    def expire(self, now: float) -> int:
        """Nothing expires while nobody looks."""
        return self.waiting


class SilentQueue(AwayQueue):
    """A queue whose node is silent: what clients ask of it is under way, and nothing comes back.

    Attributes:
        mail: what is under way, in order.
        settling: messages that were settled while it was silent, which it does not know yet.
    """

    mail: list[Mail]
    settling: list[Message]

    @property
    def routable(self) -> bool:  # type: ignore[override]
        """As long as nobody knows, all goes there."""
        return True

    def post(self, message: Message, confirm: Confirm | None) -> None:
        """A message is on its way there; `confirm` waits for it."""
        message.queue = self
        if confirm is not None:
            confirm.expect()

        def arrive(there: bool) -> None:
            if there and (confirm is None or not confirm.answered):
                self.broker.hand_in(message, self, confirm)
                if confirm is not None:
                    confirm.safe()
                return
            self.watcher.left(message, self, "lost")
            if confirm is not None:
                confirm.refused()

        self.mail.append(arrive)

    def publish(self, message: Message) -> bool:
        """A message is on its way there."""
        self.post(message, None)
        return True

    def settled(self, message: Message, consumer: Consumer | None) -> None:
        """An acknowledgement is on its way there."""
        self._settle(message, lambda: self.settled(message, consumer))

    def refuse(self, message: Message, how: str) -> None:
        """So is a refusal."""
        self._settle(message, lambda: self.refuse(message, how))

    def take_back(self, messages: Iterable[Message], reason: str) -> None:
        """So is a return."""
        for message in messages:
            self._settle(message, lambda message=message: self.take_back([message], reason))  # type: ignore[misc]

    def _settle(self, message: Message, act: Callable[[], None]) -> None:
        self.settling.append(message)
        self.mail.append(lambda there: act() if there else None)


class Ghost(Queue):
    """Stands for a queue in the eyes of those who hold a message that it has back: it passes over all."""

    def settled(self, message: Message, consumer: Consumer | None) -> None:
        """The acknowledgement comes to nothing."""

    def refuse(self, message: Message, how: str) -> None:
        """Nor does a refusal."""

    def take_back(self, messages: Iterable[Message], reason: str) -> None:
        """Nor a return."""


def fall_silent(queue: Queue) -> None:
    """The queue's node says nothing any more."""
    queue.__class__ = SilentQueue
    assert isinstance(queue, SilentQueue)
    queue.mail = []
    queue.settling = []


def _be_a_queue(queue: Queue) -> None:
    queue.__class__ = Queue


def go_on(queue: Queue) -> None:
    """The queue's node goes on: what was under way arrives."""
    assert isinstance(queue, SilentQueue)
    mail = queue.mail
    _be_a_queue(queue)
    for arrive in mail:
        arrive(True)
    queue.expire(queue.broker.now)
    queue.dispatch()


def give_up(queue: Queue) -> list[Message]:
    """The queue's node is gone: what was under way is lost, and its publishers are told.

    Returns:
        What clients settled in vain: it is in the queue still.
    """
    if not isinstance(queue, SilentQueue):
        return []
    mail, settling = queue.mail, queue.settling
    _be_a_queue(queue)
    for arrive in mail:
        arrive(False)
    return settling


def check_there(queue: Queue, method: str, *, may_wait: bool = True) -> None:
    """Raise where a classic queue's node does not answer.

    Args:
        queue: the queue.
        method: what is asked of it, such as `queue.declare`.
        may_wait: whether that is the last thing to be looked at; RabbitMQ waits only then.

    Raises:
        ChannelError: 404, where RabbitMQ says so.
        ConnectionError: 541, where RabbitMQ's channel fails at it.
        NoAnswerError: where RabbitMQ waits for the node.
    """
    if not isinstance(queue, AwayQueue):
        return
    if not queue.broker.profile.finds_queues_that_are_down:
        raise replies.home_is_down(queue.name, queue.node)
    if method in ("queue.bind", "queue.unbind"):
        return
    if isinstance(queue, SilentQueue) or queue.how is Input.KILL:
        if method != "queue.delete" and may_wait:
            raise replies.waits_for_home(queue.name, queue.node)
    elif method == "queue.delete":
        raise replies.internal_error()
    else:
        raise replies.stopped_with_its_node(queue.name)
