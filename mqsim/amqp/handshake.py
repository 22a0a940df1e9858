"""How a connection begins: what the server says of itself, who may log in, and which limits are agreed.

Sources: AMQP 0-9-1 specification, section 2.2.4; RabbitMQ's documentation of access control and of client
capabilities; what RabbitMQ 3.10, 4.0 and 4.3 say was recorded.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from pamqp import commands

from mqsim.amqp.fields import UNREADABLE, read_table, write_long
from mqsim.amqp.frames import GREETING
from mqsim.amqp.methods import made

if TYPE_CHECKING:
    from mqsim.amqp.versions import Wire
    from mqsim.protocol.access import Access

MECHANISMS: Final = "AMQPLAIN PLAIN"
CAPABILITIES: Final[Mapping[str, bool]] = {
    "publisher_confirms": True,
    "exchange_exchange_bindings": True,
    "basic.nack": True,
    "consumer_cancel_notify": True,
    "connection.blocked": True,
    "consumer_priorities": True,
    "authentication_failure_close": True,
    "per_consumer_qos": True,
    "direct_reply_to": True,
}
"""What RabbitMQ can do beyond the specification, in its words."""

GREETINGS: Final = (GREETING, b"AMQP\x01\x01\x00\x09")
"""Protocol headers that are answered: AMQP 0-9-1's and 0-9's."""


@dataclass(frozen=True, slots=True)
class Limits:
    """What a server proposes; what is agreed is not more.

    Attributes:
        frame_max: bytes of the largest frame.
        channel_max: the number of channels of one connection.
        heartbeat: seconds between signs of life; the client's answer counts, 0 is none.
    """

    frame_max: int = 131072
    channel_max: int = 2047
    heartbeat: int = 60

    def accept(self, answer: commands.Connection.TuneOk, smallest: int) -> bool:
        """Whether a client's answer keeps to these limits; 0 means without a limit, which is more.

        Args:
            answer: what the client wants.
            smallest: bytes of the frame that it has to take.
        """
        frame_max, channel_max = answer.frame_max or 0, answer.channel_max or 0
        if self.frame_max and not smallest <= frame_max <= self.frame_max:
            return False
        return not self.channel_max or 0 < channel_max <= self.channel_max


@dataclass(frozen=True, slots=True)
class Client:
    """What a client says of itself.

    Attributes:
        mechanism: how it logs in.
        user: who it is; None if it did not say so in a way that can be read.
        trusted: whether the password is right.
        capabilities: what it understands beyond the specification.
        properties: all that it tells of itself.
    """

    mechanism: str
    user: str | None
    trusted: bool
    capabilities: frozenset[str]
    properties: Mapping[str, Any]


def start(wire: Wire) -> commands.Connection.Start:
    """The server's first words."""
    return made(
        commands.Connection.Start,
        version_major=0,
        version_minor=9,
        server_properties={
            "capabilities": dict(CAPABILITIES),
            "cluster_name": "mqsim@localhost",
            "copyright": "The mqsim authors",
            "information": "A simulated broker for teaching, with RabbitMQ's rules; it is not RabbitMQ",
            "platform": "mqsim",
            # Client libraries look at product and version to know what they may ask for.
            "product": "RabbitMQ",
            "version": wire.release,
        },
        mechanisms=MECHANISMS,
        locales="en_US",
    )


def client_of(answer: commands.Connection.StartOk, access: Access) -> Client:
    """Read what a client answers to that, and check its password."""
    told: Mapping[str, Any] = answer.client_properties or {}
    capable = told.get("capabilities")
    names = [name for name, can in capable.items() if can is True] if isinstance(capable, Mapping) else []
    response: Any = answer.response
    data = response.encode() if isinstance(response, str) else bytes(response)
    mechanism = str(answer.mechanism)
    login = {"PLAIN": _plain, "AMQPLAIN": _amqplain}.get(mechanism, _unknown)(data)
    return Client(
        mechanism,
        None if login is None else login[0],
        login is not None and access.trusts(*login),
        frozenset(str(name) for name in names),
        told,
    )


def _plain(data: bytes) -> tuple[str, str] | None:
    """PLAIN (RFC 4616): on whose behalf, user and password, parted by zero bytes."""
    parts = data.split(b"\0")
    if len(parts) != 3:
        return None
    return parts[1].decode(errors="replace"), parts[2].decode(errors="replace")


def _amqplain(data: bytes) -> tuple[str, str] | None:
    """AMQPLAIN: a field table without its length."""
    try:
        table, _ = read_table(write_long(data), 0)
    except UNREADABLE:
        return None
    user, password = table.get("LOGIN"), table.get("PASSWORD")
    return (user, password) if isinstance(user, str) and isinstance(password, str) else None


def _unknown(_data: bytes) -> None:
    """A mechanism that is not offered."""
