"""What the broker keeps for one client, whether or not it is connected: its session state.

Source: MQTT 5.0, sections 4.1, 4.4, 4.6 and 4.9.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol

from mqsim.mqtt.message import NEVER, Message
from mqsim.mqtt.states import OUTGOING, Life, Outgoing, OutgoingInput

if TYPE_CHECKING:
    from mqsim.mqtt.packets import Will
    from mqsim.mqtt.storage import Storage
    from mqsim.mqtt.subscriptions import Subscription
    from mqsim.mqtt.topics import Shared

LAST_ID = 65_535


@dataclass(slots=True, eq=False)
class Delivery:
    """A message for one client.

    Attributes:
        message: what it is.
        qos, retain: as it is sent.
        identifiers: of the subscriptions because of which it is sent.
        group: the group that it was meant for, if it came by a shared subscription.
        number: its place among all that were ever queued for the client.
        state: where it is.
        packet_id: 0 before it was sent first.
    """

    message: Message
    qos: int
    retain: bool = False
    identifiers: tuple[int, ...] = ()
    group: Shared | None = None
    number: int = 0
    state: Outgoing = Outgoing.QUEUED
    packet_id: int = 0


class Attached(Protocol):
    """The connection of a client, as its session state knows it."""

    def send_message(self, delivery: Delivery, dup: bool) -> bool:
        """Send a message; False if the client can't take one of that size."""

    def send_release(self, delivery: Delivery) -> None:
        """Send a PUBREL."""

    def close_for_another(self) -> None:
        """Another connection takes the session over."""

    def close_for_shutdown(self) -> None:
        """The broker stops."""

    @property
    def crowded(self) -> bool:
        """Whether the client has left much unread."""


@dataclass(slots=True, eq=False)
class SessionState:
    """A client's session.

    Attributes:
        client_id: the client's name.
        expiry: seconds for which it is kept after its connection ended; infinite is forever.
        limit: messages that wait for acknowledgement at a time.
        queue_limit: messages that wait to be sent.
        storage: is told of what has changed.
        life: where it is.
        connection: the client's, while there is one.
        subscriptions: by filter, as the client wrote it.
        incoming: QoS 2 messages of the client, by packet identifier, that wait for their PUBREL.
        in_flight: messages that were sent and are not acknowledged, by packet identifier, in order.
        queue: messages that wait to be sent.
        will: what is published when the client is lost.
        will_at: when it is due, once the connection is lost.
        ends_at: when the session ends, once the connection is over.
        dropped: how many messages found the queue full.
    """

    client_id: str
    expiry: float
    limit: int
    queue_limit: int
    storage: Storage
    life: Life = Life.ABSENT
    connection: Attached | None = None
    subscriptions: dict[str, Subscription] = field(default_factory=dict)
    incoming: dict[int, Message] = field(default_factory=dict)
    in_flight: dict[int, Delivery] = field(default_factory=dict)
    queue: deque[Delivery] = field(default_factory=deque)
    will: Will | None = None
    will_at: float = NEVER
    ends_at: float = NEVER
    dropped: int = 0
    number: int = 0
    last_id: int = 0
    _resending: deque[Delivery] = field(default_factory=deque)
    # Packet identifiers that use up what the client may be sent at a time, on this connection.
    _unanswered: set[int] = field(default_factory=set)

    def offer(self, delivery: Delivery, now: float) -> None:
        """A message comes for the client.

        QoS 0 is sent at once or not at all: not to a client that is away or does not read. What finds the
        queue full is dropped.
        """
        connection = self.connection
        if not delivery.qos:
            if connection is not None and not connection.crowded:
                connection.send_message(delivery, dup=False)
            return
        if len(self.queue) >= self.queue_limit and not self._may_send():
            self.dropped += 1
            return
        self.number += 1
        delivery.number = self.number
        self.queue.append(delivery)
        self.storage.keep_delivery(self, delivery)
        self.pump(now)

    def attach(self, connection: Attached, limit: int) -> None:
        """The client is connected, and takes so many messages at a time."""
        self.connection = connection
        self.limit = limit
        self._unanswered = {
            each.packet_id for each in self.in_flight.values() if each.state is Outgoing.RELEASED
        }
        self._resending = deque(self.in_flight.values())

    def detach(self) -> None:
        """It is not any more."""
        self.connection = None
        self._resending.clear()
        self._unanswered.clear()

    def resume(self, now: float) -> None:
        """Send again what was not acknowledged before, in its order [MQTT-4.4.0-1], then what waits."""
        assert self.connection is not None
        for each in self._resending:
            if each.state is Outgoing.RELEASED:
                self.connection.send_release(each)
        self._resending = deque(each for each in self._resending if each.state is not Outgoing.RELEASED)
        self.pump(now)

    def _may_send(self) -> bool:
        connection = self.connection
        return connection is not None and len(self._unanswered) < self.limit and not connection.crowded

    def pump(self, now: float) -> None:
        """Send as much of what waits as the client takes now."""
        connection = self.connection
        while self._resending and self._may_send() and connection is not None:
            again = self._resending.popleft()
            if self.in_flight.get(again.packet_id) is again:
                self._unanswered.add(again.packet_id)
                if not connection.send_message(again, dup=True):
                    self._done(again)
        while self.queue and not self._resending and self._may_send() and connection is not None:
            delivery = self.queue.popleft()
            packet_id = self._free_id()
            if delivery.message.expires <= now:
                self.storage.forget_delivery(self, delivery)
                continue
            if not packet_id:
                self.queue.appendleft(delivery)
                return
            delivery.packet_id = packet_id
            self.in_flight[packet_id] = delivery
            self._unanswered.add(packet_id)
            self._step(delivery, OutgoingInput.SEND_1 if delivery.qos == 1 else OutgoingInput.SEND_2)
            if not connection.send_message(delivery, dup=False):
                self._done(delivery)

    def _free_id(self) -> int:
        for _ in range(LAST_ID):
            self.last_id = self.last_id % LAST_ID + 1
            if self.last_id not in self.in_flight:
                return self.last_id
        return 0

    def answered(self, packet_id: int, given: OutgoingInput, now: float) -> Delivery | None:
        """The client acknowledges a message; None if that is out of place, and nothing has changed."""
        delivery = self.in_flight.get(packet_id)
        if delivery is None or not self._step(delivery, given):
            return None
        if delivery.state is Outgoing.DONE:
            self._done(delivery)
            self.pump(now)
        return delivery

    def _step(self, delivery: Delivery, given: OutgoingInput) -> bool:
        after = OUTGOING.step(delivery.state, given)
        if after is None:
            return False
        delivery.state = after
        if after is not Outgoing.DONE:
            self.storage.keep_delivery(self, delivery)
        return True

    def _done(self, delivery: Delivery) -> None:
        del self.in_flight[delivery.packet_id]
        self._unanswered.discard(delivery.packet_id)
        self.storage.forget_delivery(self, delivery)
