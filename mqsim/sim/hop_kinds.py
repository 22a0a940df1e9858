"""What travels between a client and the broker, one class for each kind of hop.

Each knows what it does at the other end, which of the broker's costs it has, and how many bytes it weighs
where a link has a bandwidth: the body of the message that it carries, else nothing.

Everything that comes to the broker first moves the broker's own time on.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from mqsim.errors import BrokerError
from mqsim.sim.links import Cost, Hop
from mqsim.trace import Outcome

if TYPE_CHECKING:
    from collections.abc import Callable

    from mqsim.broker import Consumer as Subscription
    from mqsim.broker import Message
    from mqsim.sim.session import Session


class _OverSession(Hop):
    """A hop of one connection."""

    __slots__ = ("session",)

    def __init__(self, session: Session) -> None:
        self.session = session

    def _advance(self) -> None:
        node = self.session.node
        node.broker.advance(node.clock._now)


class _Tagged(_OverSession):
    """What a client says of one delivery, by its tag."""

    __slots__ = ("tag",)

    def __init__(self, session: Session, tag: int) -> None:
        self.session = session
        self.tag = tag


# -- to the broker -------------------------------------------------------------------------------------------


class Open(_OverSession):
    """A client connects."""

    __slots__ = ()

    def arrive(self) -> None:
        """At the broker: set the connection up, if the node runs."""
        self._advance()
        session = self.session
        if not session.node.running:
            session.down(Closed(session, "connection refused"))
            return
        session.node.accept(session)
        session.down(Opened(session))


class Close(_OverSession):
    """A client's end of the connection is gone: closed in order, or by its kernel as it died."""

    __slots__ = ()

    def arrive(self) -> None:
        """At the broker: take the connection down."""
        self.session.node.close(self.session)


class Publish(_OverSession):
    """A client publishes a message."""

    __slots__ = ("message",)

    cost = Cost.PUBLISH

    def __init__(self, session: Session, message: Message) -> None:
        self.session = session
        self.message = message

    @property
    def size(self) -> int:
        """Bytes of the body."""
        return self.message.envelope.size

    def arrive(self) -> None:
        """At the broker: route it; one that comes over a connection that is gone is lost."""
        session, message = self.session, self.message
        node = session.node
        broker, now = node.broker, node.clock._now
        if broker.context.now != now:
            broker.advance(now)
        if session.broker_open:
            try:
                session.channel.publish(message)
            except BrokerError as error:
                node.copies.end(message.row, Outcome.LOST, now, error.text)
        else:
            node.copies.end(message.row, Outcome.LOST, now, "its connection was gone before it arrived")


class Ack(_Tagged):
    """A client acknowledges a delivery."""

    __slots__ = ()

    def arrive(self) -> None:
        """At the broker: the message is done with."""
        session = self.session
        node = session.node
        broker, now = node.broker, node.clock._now
        if broker.context.now != now:
            broker.advance(now)
        if session.broker_open:
            # `suppress` costs as much as all the rest of this hop.
            try:  # noqa: SIM105
                session.channel.ack(self.tag)
            except BrokerError:
                pass


class Nack(_Tagged):
    """A client gives a delivery back."""

    __slots__ = ()

    def arrive(self) -> None:
        """At the broker: requeue it."""
        self._advance()
        if self.session.broker_open:
            self.session.channel.nack(self.tag)


class Reject(_Tagged):
    """A client refuses a delivery for good."""

    __slots__ = ()

    def arrive(self) -> None:
        """At the broker: let it go, or dead-letter it."""
        self._advance()
        if self.session.broker_open:
            self.session.channel.reject(self.tag, requeue=False)


class Cancel(_OverSession):
    """A client wants no more deliveries for a subscription; what it holds stays its own."""

    __slots__ = ("subscription",)

    def __init__(self, session: Session, subscription: str) -> None:
        self.session = session
        self.subscription = subscription

    def arrive(self) -> None:
        """At the broker: end the subscription."""
        self._advance()
        if self.session.broker_open:
            self.session.channel.cancel(self.subscription)


# -- to the client -------------------------------------------------------------------------------------------


class Opened(_OverSession):
    """The connection is there."""

    __slots__ = ()

    def arrive(self) -> None:
        """At the client, if it still waits for that."""
        if self.session.client_open:
            self.session.client.opened(self.session)


class Closed(_OverSession):
    """The broker's end of the connection is gone.

    Args:
        session: the connection.
        why: as the log tells it.
    """

    __slots__ = ("why",)

    def __init__(self, session: Session, why: str) -> None:
        self.session = session
        self.why = why

    def arrive(self) -> None:
        """At the client, if its end is still open."""
        session = self.session
        if session.client_open:
            session.client_open = False
            session.client.closed(session, self.why)


class Blocked(_OverSession):
    """An alarm of the broker blocks publishers, or (False) is over."""

    __slots__ = ("blocked",)

    def __init__(self, session: Session, blocked: bool) -> None:
        self.session = session
        self.blocked = blocked

    def arrive(self) -> None:
        """At the client."""
        if self.session.client_open:
            self.session.client.blocked(self.session, self.blocked)


class Cancelled(_OverSession):
    """The broker ended a subscription, as its queue is gone.

    Args:
        session: the connection.
        tell: the client's part that wants to know.
    """

    __slots__ = ("tell",)

    def __init__(self, session: Session, tell: Callable[[Session], None]) -> None:
        self.session = session
        self.tell = tell

    def arrive(self) -> None:
        """At the client."""
        self.tell(self.session)


class Confirm(_OverSession):
    """The broker confirms a publish, or (not `ok`) says that it did not take it.

    Args:
        session: the connection.
        number: counts the channel's publishes from 1.
        ok: whether the message is safe.
        tell: the client's part that waits for confirms.
    """

    __slots__ = ("number", "ok", "tell")

    def __init__(
        self, session: Session, number: int, ok: bool, tell: Callable[[Session, int, bool], None]
    ) -> None:
        self.session = session
        self.number = number
        self.ok = ok
        self.tell = tell

    def arrive(self) -> None:
        """At the client."""
        self.tell(self.session, self.number, self.ok)


class Return(_OverSession):
    """The broker returns a mandatory message that no queue was bound for: no delivery, so without its cost.

    Args:
        session: the connection.
        message: what comes back.
        tell: the client's part that takes it.
    """

    __slots__ = ("message", "tell")

    def __init__(self, session: Session, message: Message, tell: Callable[[Session, Message], None]) -> None:
        self.session = session
        self.message = message
        self.tell = tell

    @property
    def size(self) -> int:
        """Bytes of the body, which comes back as well."""
        return self.message.envelope.size

    def arrive(self) -> None:
        """At the client."""
        self.tell(self.session, self.message)


class Deliver(_OverSession):
    """The broker sends a message to a consumer: a `ReceivedDelivery` as its client sees it.

    Args:
        session: the connection.
        tag: its number on the channel.
        message: what is delivered; `message.attempt` is its row in the table of deliveries now.
    """

    __slots__ = ("attempt", "message", "tag")

    cost = Cost.DELIVER

    def __init__(self, session: Session, tag: int, message: Message) -> None:
        self.session = session
        self.tag = tag
        self.attempt = message.attempt
        self.message = message

    @property
    def size(self) -> int:
        """Bytes of the body."""
        return self.message.envelope.size

    def arrive(self) -> None:
        """At the client, if there still is one. If not, what counts as acknowledged already is lost."""
        session = self.session
        if session.client_open:
            session.client.receive(self)
            return
        why = "it was on its way to a consumer that was gone"
        session.node.copies.lose_acked(self.message, self.attempt, session.node.clock._now, why)


def deliveries_to(session: Session, *, auto: bool) -> Callable[[Subscription, int, Message], None]:
    """What a subscription calls at the broker for each message that it sends over a connection; `auto`: and
    then counts it as acknowledged.
    """
    sent, code = session.node.recorder.sent, session.code
    copies = session.node.copies

    def deliver(_: Subscription, tag: int, message: Message) -> None:
        sent(message, code)
        if auto:
            copies.expect_work(message.attempt)
        session.down(Deliver(session, tag, message))

    return deliver
