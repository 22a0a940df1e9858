"""What a server may limit, with what it tells clients of it."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import TYPE_CHECKING, Any

from mqsim.errors import UsageError
from mqsim.mqtt.properties import Properties, Property

if TYPE_CHECKING:
    from collections.abc import Iterable

FOREVER = 0xFFFF_FFFF
"""A session expiry interval that never ends."""


@dataclass(frozen=True, slots=True)
class Limits:
    """A server's limits; those that MQTT 5.0 has words for are told in the CONNACK.

    Attributes:
        receive_maximum: QoS 2 messages of a client that may wait for their PUBREL, 1 to 65,535.
        packet_size: bytes of the largest packet that is taken; 0 is what the protocol allows.
        topic_aliases: how many a client may use.
        maximum_qos: 0, 1 or 2.
        retained: whether messages are retained.
        wildcards, shared, identifiers: whether there are wildcard subscriptions, shared ones, and
            subscription identifiers.
        keep_alive: the longest keep-alive in seconds, for clients of 5.0; 0 is no limit.
        session_expiry: seconds after which the session of a client that is gone ends at the latest;
            `FOREVER` is no limit.
        in_flight: messages that wait for a client's acknowledgement at a time, at most.
        queued: messages that wait for a client, at most; further ones are dropped.
        connect_timeout: seconds in which a client has to send its CONNECT.
        denied: filters to which nobody may subscribe; their SUBACK says 0x80.
        response_information: what clients are told that ask for it: where they may have responses sent to.
    """

    receive_maximum: int = 65_535
    packet_size: int = 0
    topic_aliases: int = 10
    maximum_qos: int = 2
    retained: bool = True
    wildcards: bool = True
    shared: bool = True
    identifiers: bool = True
    keep_alive: int = 0
    session_expiry: int = FOREVER
    in_flight: int = 20
    queued: int = 1000
    connect_timeout: float = 10.0
    denied: tuple[str, ...] = ()
    response_information: str = ""

    @classmethod
    def parse(cls, settings: Iterable[str]) -> Limits:
        """Limits from texts such as `keep_alive=60`; `denied` may be given several times.

        Raises:
            UsageError: there is no such limit, or it can't have that value.
        """
        found: dict[str, Any] = {}
        for setting in settings:
            name, _, value = setting.partition("=")
            default = next((each.default for each in fields(cls) if each.name == name), None)
            if default is None:
                names = ", ".join(each.name for each in fields(cls))
                raise UsageError(f"there is no MQTT limit {name!r}. Give NAME=VALUE; the names are {names}.")
            try:
                found[name] = (*found.get(name, ()), value) if name == "denied" else _read(value, default)
            except ValueError:
                kind = "true or false" if isinstance(default, bool) else "a number"
                raise UsageError(f"the MQTT limit {name} is {value!r}; it must be {kind}.") from None
        return cls(**found)

    def __post_init__(self) -> None:
        for name, least, most in (
            ("receive_maximum", 1, 65_535),
            ("packet_size", 0, FOREVER),
            ("topic_aliases", 0, 65_535),
            ("maximum_qos", 0, 2),
            ("keep_alive", 0, 65_535),
            ("session_expiry", 0, FOREVER),
            ("in_flight", 1, 65_535),
            ("queued", 0, FOREVER),
        ):
            if not least <= getattr(self, name) <= most:
                raise UsageError(
                    f"{name} is {getattr(self, name)}; an MQTT server takes {least} to {most} for it."
                )

    def told(self) -> Properties:
        """What a CONNACK says of them: all that is not as the protocol takes it for granted."""
        said: Properties = {}
        for prop, value, granted in (
            (Property.RECEIVE_MAXIMUM, self.receive_maximum, 65_535),
            (Property.MAXIMUM_QOS, self.maximum_qos, 2),
            (Property.RETAIN_AVAILABLE, int(self.retained), 1),
            (Property.MAXIMUM_PACKET_SIZE, self.packet_size, 0),
            (Property.TOPIC_ALIAS_MAXIMUM, self.topic_aliases, 0),
            (Property.WILDCARD_SUBSCRIPTION_AVAILABLE, int(self.wildcards), 1),
            (Property.SUBSCRIPTION_IDENTIFIER_AVAILABLE, int(self.identifiers), 1),
            (Property.SHARED_SUBSCRIPTION_AVAILABLE, int(self.shared), 1),
        ):
            if value != granted:
                said[prop] = value
        return said


def _read(value: str, default: Any) -> Any:
    """A value of the default's type.

    Raises:
        ValueError: it is none.
    """
    if isinstance(default, bool):
        return bool(("false", "true").index(value.lower()))
    return type(default)(value)
