"""Whether a classic queue's node answers: it does, it is down (as all know), or silent (nobody knows yet).

A queue asks its `availability` object wherever that makes a difference. What clients of other nodes still
hold of a queue whose node is down belongs to nobody any more: an `UnreachableQueue` takes what they say of
it.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from mqsim.broker import replies
from mqsim.broker.lifecycle import NodeInput
from mqsim.broker.reasons import Reason

if TYPE_CHECKING:
    from mqsim.broker.confirms import Confirm
    from mqsim.broker.context import Context
    from mqsim.broker.durability import Durability
    from mqsim.broker.message import Message
    from mqsim.broker.queues.queue import Queue

Request = Callable[[bool], None]
"""What is on its way to a silent queue; called with whether the queue goes on (else it is given up)."""


class Availability:
    """The queue's node answers, which is the ordinary case.

    Attributes:
        silent: whether requests to it wait for an answer.
    """

    __slots__ = ()
    silent = False

    @property
    def routable(self) -> bool:
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
        context: the broker's.
        how: whether the node was stopped or killed.
    """

    __slots__ = ("context", "how")

    def __init__(self, context: Context, how: NodeInput) -> None:
        self.context = context
        self.how = how

    @property
    def routable(self) -> bool:
        """Whether a publish still finds the queue, to be refused (4.x), or passes it by (3.10)."""
        return self.context.profile.finds_queues_that_are_down

    def check(self, queue: Queue, method: str, *, may_wait: bool = True) -> None:
        """As for every availability."""
        if not self.context.profile.finds_queues_that_are_down:
            raise replies.home_is_down(queue.name, queue.node)
        if method in ("queue.bind", "queue.unbind"):
            return
        if self.silent or self.how is NodeInput.KILL:
            if method != "queue.delete" and may_wait:
                raise replies.waits_for_home(queue.name, queue.node)
        elif method == "queue.delete":
            raise replies.internal_error()
        else:
            raise replies.stopped_with_its_node(queue.name)


class Silent(Down):
    """The queue's node is silent: what clients ask of it is on its way, and nothing comes back.

    Args:
        context: the broker's.
        durability: hands in what arrives.

    Attributes:
        requests: what is on its way, in order.
        unheard: messages that were acknowledged, refused or returned, which the queue does not know yet.
    """

    __slots__ = ("durability", "requests", "unheard")
    silent = True

    def __init__(self, context: Context, durability: Durability) -> None:
        super().__init__(context, NodeInput.FALL_SILENT)
        self.durability = durability
        self.requests: list[Request] = []
        self.unheard: list[Message] = []

    @property
    def routable(self) -> bool:
        """As long as nobody knows, publishes go there."""
        return True

    def publish(self, message: Message, queue: Queue, confirm: Confirm | None) -> None:
        """A message is on its way to the queue; `confirm` waits for it."""
        message.queue = queue
        if confirm is not None:
            confirm.expect()

        def arrive(there: bool) -> None:
            if there and (confirm is None or not confirm.answered):
                self.durability.hand_in(message, queue, confirm)
                if confirm is not None:
                    confirm.safe()
                return
            self.context.observer.left(message, queue, Reason.LOST)
            if confirm is not None:
                confirm.refused()

        self.requests.append(arrive)

    def tell(self, message: Message, act: Callable[[], None]) -> None:
        """What a client says of a delivery is on its way: an acknowledgement, a refusal or a return."""
        self.unheard.append(message)
        self.requests.append(lambda there: act() if there else None)
