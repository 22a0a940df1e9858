"""Reason codes, and the error that carries one.

Source: MQTT 5.0, section 2.4; MQTT 3.1.1, table 3.1 (return codes of CONNACK).
"""

from __future__ import annotations

from enum import IntEnum
from typing import TYPE_CHECKING, Final

from mqsim.errors import MqsimError

if TYPE_CHECKING:
    from collections.abc import Mapping


class Reason(IntEnum):
    """What a packet says of what was asked: from 0x80 on it was refused."""

    SUCCESS = 0x00
    GRANTED_QOS_1 = 0x01
    GRANTED_QOS_2 = 0x02
    DISCONNECT_WITH_WILL = 0x04
    NO_MATCHING_SUBSCRIBERS = 0x10
    NO_SUBSCRIPTION_EXISTED = 0x11
    CONTINUE_AUTHENTICATION = 0x18
    RE_AUTHENTICATE = 0x19
    UNSPECIFIED_ERROR = 0x80
    MALFORMED_PACKET = 0x81
    PROTOCOL_ERROR = 0x82
    IMPLEMENTATION_SPECIFIC_ERROR = 0x83
    UNSUPPORTED_PROTOCOL_VERSION = 0x84
    CLIENT_IDENTIFIER_NOT_VALID = 0x85
    BAD_USER_NAME_OR_PASSWORD = 0x86
    NOT_AUTHORIZED = 0x87
    SERVER_UNAVAILABLE = 0x88
    SERVER_BUSY = 0x89
    BANNED = 0x8A
    SERVER_SHUTTING_DOWN = 0x8B
    BAD_AUTHENTICATION_METHOD = 0x8C
    KEEP_ALIVE_TIMEOUT = 0x8D
    SESSION_TAKEN_OVER = 0x8E
    TOPIC_FILTER_INVALID = 0x8F
    TOPIC_NAME_INVALID = 0x90
    PACKET_IDENTIFIER_IN_USE = 0x91
    PACKET_IDENTIFIER_NOT_FOUND = 0x92
    RECEIVE_MAXIMUM_EXCEEDED = 0x93
    TOPIC_ALIAS_INVALID = 0x94
    PACKET_TOO_LARGE = 0x95
    MESSAGE_RATE_TOO_HIGH = 0x96
    QUOTA_EXCEEDED = 0x97
    ADMINISTRATIVE_ACTION = 0x98
    PAYLOAD_FORMAT_INVALID = 0x99
    RETAIN_NOT_SUPPORTED = 0x9A
    QOS_NOT_SUPPORTED = 0x9B
    USE_ANOTHER_SERVER = 0x9C
    SERVER_MOVED = 0x9D
    SHARED_SUBSCRIPTIONS_NOT_SUPPORTED = 0x9E
    CONNECTION_RATE_EXCEEDED = 0x9F
    MAXIMUM_CONNECT_TIME = 0xA0
    SUBSCRIPTION_IDENTIFIERS_NOT_SUPPORTED = 0xA1
    WILDCARD_SUBSCRIPTIONS_NOT_SUPPORTED = 0xA2


REFUSED: Final = 0x80
"""The first code of those that refuse."""

SUBACK_FAILURE: Final = 0x80
"""What a SUBACK of 3.1.1 says of a filter that was refused, and one of 5.0 where no reason is given."""

CONNACK_CODES: Mapping[Reason, int] = {
    Reason.UNSUPPORTED_PROTOCOL_VERSION: 1,
    Reason.CLIENT_IDENTIFIER_NOT_VALID: 2,
    Reason.SERVER_UNAVAILABLE: 3,
    Reason.BAD_USER_NAME_OR_PASSWORD: 4,
    Reason.NOT_AUTHORIZED: 5,
}
"""What a CONNACK of 3.1.1 can say; for all else the server closes without a word."""


class PacketError(MqsimError):
    """A packet that breaks the protocol: its connection ends.

    Args:
        reason: what a DISCONNECT or a CONNACK says.
        text: what is wrong, in words.
        version: the protocol level that a CONNECT asked for, if the packet was one; else 0.
    """

    def __init__(self, reason: Reason, text: str, version: int = 0) -> None:
        super().__init__(f"0x{reason:02X} {text}")
        self.reason = reason
        self.text = text
        self.version = version


def malformed(text: str) -> PacketError:
    """The bytes can't be read as a packet."""
    return PacketError(Reason.MALFORMED_PACKET, text)


def protocol_error(text: str) -> PacketError:
    """The packet can be read, and says what is not allowed."""
    return PacketError(Reason.PROTOCOL_ERROR, text)
