"""The MQTT broker: sessions, subscriptions, retained messages and wills; without clock and sockets.

    broker = Broker()
    session = Session(broker, wake=...)      # one for each connection
    broker.advance(now)                      # before each call, and at broker.next_deadline()

Source: MQTT 5.0 and MQTT 3.1.1, chapters 3 and 4.
"""

from __future__ import annotations

import heapq
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

from mqsim.errors import SimulationError
from mqsim.mqtt.limits import Limits
from mqsim.mqtt.message import NEVER, Message, made
from mqsim.mqtt.properties import Property
from mqsim.mqtt.session_state import Attached, Delivery, SessionState
from mqsim.mqtt.states import LIFE, Life, LifeInput, Outgoing
from mqsim.mqtt.storage import Storage
from mqsim.mqtt.subscriptions import Subscription, Subscriptions
from mqsim.mqtt.topics import matches

if TYPE_CHECKING:
    from mqsim.mqtt.packets import Will

Users = Mapping[str, str]


class Broker:
    """One broker.

    Args:
        limits: what it limits.
        storage: keeps what is to outlive it; nothing unless told.
        users: passwords by user; None lets everybody in.

    Attributes:
        now: seconds since it began.
        sessions: by client.
        retained: messages by topic.
        subscriptions: of all sessions.
        running: whether connections are taken.
        rings: called with each new deadline, and with whether a client may hear of it: a will is due.
    """

    def __init__(
        self, limits: Limits | None = None, storage: Storage | None = None, users: Users | None = None
    ) -> None:
        self.limits = limits or Limits()
        self.storage = storage or Storage()
        self.users = users
        self.now = 0.0
        self.sessions: dict[str, SessionState] = {}
        self.retained: dict[str, Message] = {}
        self.subscriptions = Subscriptions()
        self.running = True
        self.rings: Callable[[float, bool], None] = _nobody
        self._named = 0
        self._asked = 0
        # When to look at a session, with a number that decides between equal times.
        self._due: list[tuple[float, int, SessionState]] = []

    # -- time ------------------------------------------------------------------------------------------------

    def advance(self, now: float) -> None:
        """Move on to `now`: wills and ends of sessions that are due happen in their order.

        Raises:
            SimulationError: time would run backwards.
        """
        if now < self.now:
            raise SimulationError(f"the MQTT broker is at {self.now} s and can't go back to {now} s.")
        while self._due and self._due[0][0] <= now:
            at, _, state = heapq.heappop(self._due)
            self.now = max(self.now, at)
            self._look_at(state)
        self.now = now

    def next_deadline(self) -> float:
        """When `advance` is next needed; infinite if never."""
        return self._due[0][0] if self._due else NEVER

    def _look_at(self, state: SessionState) -> None:
        if state.life is not Life.DETACHED:
            return
        if state.will_at <= self.now:
            self._publish_will(state)
        if state.ends_at <= self.now:
            self.end(state)

    def _schedule(self, state: SessionState) -> None:
        for at, heard in ((state.will_at, True), (state.ends_at, False)):
            if at < NEVER:
                self._asked += 1
                heapq.heappush(self._due, (at, self._asked, state))
                self.rings(at, heard)

    # -- sessions --------------------------------------------------------------------------------------------

    def new_name(self) -> str:
        """A name for a client that has none."""
        while True:
            self._named += 1
            name = f"mqsim-{self._named}"
            if name not in self.sessions:
                return name

    def attach(
        self, connection: Attached, client_id: str, clean: bool, expiry: float, will: Will | None, limit: int
    ) -> tuple[SessionState, bool]:
        """A client connects: its session, and whether that was kept from before.

        Another connection of the same client is closed [MQTT-3.1.4-3]. With `clean` a kept session ends first
        [MQTT-3.1.2-4]. A will that waits for its delay is not published where the session goes on
        [MQTT-3.1.3-9].
        """
        state = self.sessions.get(client_id)
        if state is not None and state.connection is not None:
            state.connection.close_for_another()
            state = self.sessions.get(client_id)
        if state is not None and clean:
            self.end(state)
            state = None
        present = state is not None
        if state is None:
            limits = self.limits
            state = SessionState(client_id, expiry, limit, limits.queued, self.storage)
            self.sessions[client_id] = state
        self._step(state, LifeInput.CLEAN if clean else LifeInput.CONNECT)
        state.expiry, state.will = expiry, will
        state.will_at = state.ends_at = NEVER
        state.attach(connection, limit)
        self.storage.keep_session(state)
        return state, present

    def detach(self, state: SessionState, with_will: bool) -> None:
        """A client's connection is over; `with_will`: not by a DISCONNECT that says so in order."""
        state.detach()
        self._step(state, LifeInput.LOSE)
        if not with_will:
            state.will = None
        self._set_deadlines(state)

    def _set_deadlines(self, state: SessionState) -> None:
        state.ends_at = self.now + state.expiry
        if state.will is not None:
            delay = state.will.properties.get(Property.WILL_DELAY_INTERVAL, 0)
            state.will_at = self.now + min(delay, state.expiry)
        self.storage.keep_session(state)
        self._look_at(state)
        if state.life is Life.DETACHED:
            self._schedule(state)

    def _step(self, state: SessionState, given: LifeInput) -> None:
        after = LIFE.step(state.life, given)
        assert after is not None
        state.life = after

    def end(self, state: SessionState) -> None:
        """A session is over: its will is published at the latest now, its subscriptions go.

        What a group's member had not been sent goes to another member; so does what it had been sent with
        QoS 1 and did not acknowledge.
        """
        if state.will_at < NEVER:
            self._publish_will(state)
        self.sessions.pop(state.client_id, None)
        for subscription in state.subscriptions.values():
            self.subscriptions.remove(subscription)
        state.life = Life.ABSENT
        state.will_at = state.ends_at = NEVER
        self.storage.forget_session(state)
        for delivery in [*state.in_flight.values(), *state.queue]:
            fresh = delivery.state in (Outgoing.QUEUED, Outgoing.PUBLISHED_1)
            if delivery.group is not None and fresh and delivery.message.expires > self.now:
                members = self.subscriptions.matching(delivery.message.topic)[1].get(delivery.group)
                if members:
                    self._send_to_group(delivery.message, members)

    def _publish_will(self, state: SessionState) -> None:
        will, state.will, state.will_at = state.will, None, NEVER
        if will is not None:
            self.storage.keep_session(state)
            self.publish(made(will, will.topic, state.client_id, self.now))

    def restore(self, states: list[SessionState], retained: list[Message]) -> None:
        """Take in what was kept: clients that were connected have lost their connection now."""
        for message in retained:
            self.retained[message.topic] = message
        for state in states:
            self.sessions[state.client_id] = state
            for subscription in state.subscriptions.values():
                self.subscriptions.add(subscription)
        for state in states:
            was_attached = state.ends_at == NEVER and state.expiry < NEVER
            state.life = Life.DETACHED
            if was_attached or (state.will is not None and state.will_at == NEVER):
                self._set_deadlines(state)
            else:
                self._schedule(state)

    def stop(self) -> None:
        """Take no more connections, and close those that there are [0x8B]."""
        self.running = False
        for state in list(self.sessions.values()):
            if state.connection is not None:
                state.connection.close_for_shutdown()
        self.storage.flush()

    # -- messages --------------------------------------------------------------------------------------------

    def publish(self, message: Message) -> bool:
        """Pass a message on; whether anybody has subscribed to its topic."""
        if message.retain:
            self._retain(message)
        own, shared = self.subscriptions.matching(message.topic)
        for client, found in own.items():
            self._send_to(self.sessions[client], message, found)
        for members in shared.values():
            self._send_to_group(message, members)
        return bool(own or shared)

    def _send_to(self, state: SessionState, message: Message, found: list[Subscription]) -> None:
        """One copy for a client, however many of its subscriptions match [MQTT-3.3.4-2, MQTT-3.3.4-4]."""
        wanted = [each for each in found if not (each.request.no_local and message.sender == state.client_id)]
        if wanted:
            qos = min(message.qos, max(each.request.qos for each in wanted))
            retain = message.retain and any(each.request.as_published for each in wanted)
            identifiers = tuple(each.identifier for each in wanted if each.identifier)
            state.offer(Delivery(message, qos, retain, identifiers), self.now)

    def _send_to_group(self, message: Message, members: list[Subscription]) -> None:
        """One member of a group gets it: one that is connected, if any is."""
        here = [each for each in members if self.sessions[each.client].connection is not None]
        chosen = self.subscriptions.next_of(members[0].to, here or members)
        request = chosen.request
        delivery = Delivery(
            message,
            min(message.qos, request.qos),
            message.retain and request.as_published,
            (chosen.identifier,) if chosen.identifier else (),
            chosen.to,
        )
        self.sessions[chosen.client].offer(delivery, self.now)

    def _retain(self, message: Message) -> None:
        """Keep a topic's last message; an empty one takes it away [MQTT-3.3.1-6, MQTT-3.3.1-7]."""
        if message.payload:
            self.retained[message.topic] = message
            self.storage.keep_retained(message)
        elif self.retained.pop(message.topic, None) is not None:
            self.storage.forget_retained(message.topic)

    # -- subscriptions ---------------------------------------------------------------------------------------

    def subscribe(self, state: SessionState, subscription: Subscription) -> list[Delivery]:
        """Add a subscription, or change the one with the same filter [MQTT-3.8.4-3].

        Returns:
            The retained messages that are sent because of it.
        """
        text = subscription.request.filter
        is_new = text not in state.subscriptions
        state.subscriptions[text] = subscription
        self.subscriptions.add(subscription)
        self.storage.keep_subscription(subscription)
        handling = subscription.request.handling
        if subscription.to.group or handling == 2 or (handling == 1 and not is_new):
            return []
        return self._retained_for(subscription)

    def _retained_for(self, subscription: Subscription) -> list[Delivery]:
        request = subscription.request
        identifiers = (subscription.identifier,) if subscription.identifier else ()
        found = []
        for topic, message in list(self.retained.items()):
            if message.expires <= self.now:
                del self.retained[topic]
                self.storage.forget_retained(topic)
            elif matches(subscription.to.filter, topic) and not (
                request.no_local and message.sender == subscription.client
            ):
                found.append(Delivery(message, min(message.qos, request.qos), True, identifiers))
        return found

    def unsubscribe(self, state: SessionState, text: str) -> bool:
        """Take a subscription away; whether there was one. What is queued because of it is still sent."""
        subscription = state.subscriptions.pop(text, None)
        if subscription is None:
            return False
        self.subscriptions.remove(subscription)
        self.storage.forget_subscription(subscription)
        return True


def _nobody(_at: float, _heard: bool) -> None:
    """Nobody is to be woken."""
