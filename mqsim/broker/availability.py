"""Whether a classic queue's node answers: it does, it is down (as all know), or silent (nobody knows yet).

A queue asks its `availability` object wherever that makes a difference. What clients of other nodes still
hold of a queue whose node is down belongs to nobody any more: an `UnreachableQueue` takes what they say of
it.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from mqsim.broker import replies
from mqsim.broker.lifecycle import Input
from mqsim.broker.message import Message

if TYPE_CHECKING:
    from mqsim.broker.queue import Queue
    from mqsim.broker.seams import Confirm

Request = Callable[[bool], None]
"""What is on its way to a silent queue; called with whether the queue goes on (else it is given up)."""


class Availability:
    """The queue's node answers, which is the ordinary case.

    Attributes:
        silent: whether requests to it wait for an answer.
    """

    __slots__ = ()
    silent = False

    def is_routable(self, queue: Queue) -> bool:
        """Whether routing finds the queue."""
        return True

    def check(self, queue: Queue, method: str, *, may_wait: bool = True) -> None:
        """Raise where the queue's node does not answer.

        Args:
            queue: the queue.
            method: what is asked of it, such as `queue.declare`.
            may_wait: whether that is the last thing to be looked at; RabbitMQ waits only then.

        Raises:
            ChannelError: 404, where RabbitMQ says so.
            ConnectionError: 541, where RabbitMQ's channel fails at it.
            NoAnswerError: where RabbitMQ waits for the node.
        """


ANSWERS = Availability()


class Down(Availability):
    """The queue's node is down.

    Args:
        how: whether the node was stopped or killed.
    """

    __slots__ = ("how",)

    def __init__(self, how: Input) -> None:
        self.how = how

    def is_routable(self, queue: Queue) -> bool:
        """Whether a publish still finds the queue, to be refused (4.x), or passes it by (3.10)."""
        return queue.broker.profile.finds_queues_that_are_down

    def check(self, queue: Queue, method: str, *, may_wait: bool = True) -> None:
        """As for every availability."""
        if not queue.broker.profile.finds_queues_that_are_down:
            raise replies.home_is_down(queue.name, queue.node)
        if method in ("queue.bind", "queue.unbind"):
            return
        if self.silent or self.how is Input.KILL:
            if method != "queue.delete" and may_wait:
                raise replies.waits_for_home(queue.name, queue.node)
        elif method == "queue.delete":
            raise replies.internal_error()
        else:
            raise replies.stopped_with_its_node(queue.name)


class Silent(Down):
    """The queue's node is silent: what clients ask of it is on its way, and nothing comes back.

    Attributes:
        requests: what is on its way, in order.
        unheard: messages that were acknowledged, refused or returned, which the queue does not know yet.
    """

    __slots__ = ("requests", "unheard")
    silent = True

    def __init__(self) -> None:
        super().__init__(Input.FALL_SILENT)
        self.requests: list[Request] = []
        self.unheard: list[Message] = []

    def is_routable(self, queue: Queue) -> bool:
        """As long as nobody knows, publishes go there."""
        return True

    def publish(self, message: Message, queue: Queue, confirm: Confirm | None) -> None:
        """A message is on its way to the queue; `confirm` waits for it."""
        message.queue = queue
        if confirm is not None:
            confirm.expect()

        def arrive(there: bool) -> None:
            if there and (confirm is None or not confirm.answered):
                queue.broker.hand_in(message, queue, confirm)
                if confirm is not None:
                    confirm.safe()
                return
            queue.watcher.left(message, queue, "lost")
            if confirm is not None:
                confirm.refused()

        self.requests.append(arrive)

    def tell(self, message: Message, act: Callable[[], None]) -> None:
        """What a client says of a delivery is on its way: an acknowledgement, a refusal or a return."""
        self.unheard.append(message)
        self.requests.append(lambda there: act() if there else None)


def go_on(queue: Queue) -> None:
    """A silent queue's node goes on: what was on its way arrives."""
    silent = queue.availability
    assert isinstance(silent, Silent)
    queue.become(ANSWERS)
    for arrive in silent.requests:
        arrive(True)
    queue.expire(queue.broker.now)
    queue.dispatch()


def give_up(queue: Queue) -> list[Message]:
    """The queue's node is down: what was on its way to it is lost, and its publishers are told.

    Returns:
        What clients acknowledged, refused or returned in vain: it is in the queue still.
    """
    silent = queue.availability
    if not isinstance(silent, Silent):
        return []
    queue.become(ANSWERS)
    for arrive in silent.requests:
        arrive(False)
    return silent.unheard
