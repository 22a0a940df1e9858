"""Where a broker keeps what is to outlive it: told of each change, in order."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from mqsim.mqtt.message import Message
    from mqsim.mqtt.session_state import Delivery, SessionState
    from mqsim.mqtt.subscriptions import Subscription


class Storage:
    """Keeps nothing; override what is to be kept.

    `flush` is called before a client is told of anything: what was acknowledged has to be safe by then.
    """

    def keep_session(self, state: SessionState) -> None:
        """A session is new, or its expiry, its will or its deadlines are others."""

    def forget_session(self, state: SessionState) -> None:
        """A session has ended, with all that is in it."""

    def keep_subscription(self, subscription: Subscription) -> None:
        """A subscription is new, or has other options."""

    def forget_subscription(self, subscription: Subscription) -> None:
        """It is no more."""

    def keep_delivery(self, state: SessionState, delivery: Delivery) -> None:
        """A message is queued for a client, or has come a step further."""

    def forget_delivery(self, state: SessionState, delivery: Delivery) -> None:
        """It is done with."""

    def keep_incoming(self, state: SessionState, packet_id: int, message: Message) -> None:
        """A QoS 2 message of a client waits for its PUBREL."""

    def forget_incoming(self, state: SessionState, packet_id: int) -> None:
        """It does not any more."""

    def keep_retained(self, message: Message) -> None:
        """A message is its topic's retained one from now on."""

    def forget_retained(self, topic: str) -> None:
        """The topic has none any more."""

    def flush(self) -> None:
        """Have all that on disk."""
