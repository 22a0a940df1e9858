"""A message as the broker keeps it."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from mqsim.mqtt.properties import Properties, Property

if TYPE_CHECKING:
    from mqsim.mqtt.packets import Publish, Will

NEVER = float("inf")
_PASSED_ON = (
    Property.PAYLOAD_FORMAT_INDICATOR,
    Property.CONTENT_TYPE,
    Property.RESPONSE_TOPIC,
    Property.CORRELATION_DATA,
    Property.USER_PROPERTY,
)
"""Properties that go to subscribers unchanged; the expiry interval goes with what is left of it."""


@dataclass(slots=True, eq=False)
class Message:
    """A message.

    Attributes:
        topic, payload, qos, retain: as it was published.
        properties: those that are passed on.
        sender: the client that published it.
        expires: when it is too old to be sent, in the broker's seconds; infinite if never.
        note: what the observer knows it by.
    """

    topic: str
    payload: bytes
    qos: int = 0
    retain: bool = False
    properties: Properties = field(default_factory=dict)
    sender: str = ""
    expires: float = NEVER
    note: Any = None

    def told(self, now: float) -> Properties:
        """The properties that a subscriber is sent at `now` [MQTT-3.3.2-6]."""
        told = dict(self.properties)
        if self.expires != NEVER:
            told[Property.MESSAGE_EXPIRY_INTERVAL] = max(math.ceil(self.expires - now), 0)
        return told


def made(packet: Publish | Will, topic: str, sender: str, now: float) -> Message:
    """The message of a PUBLISH or of a will, which came at `now`."""
    told = packet.properties
    after = told.get(Property.MESSAGE_EXPIRY_INTERVAL)
    return Message(
        topic,
        packet.payload,
        packet.qos,
        packet.retain,
        {prop: told[prop] for prop in _PASSED_ON if prop in told},
        sender,
        NEVER if after is None else now + after,
    )
