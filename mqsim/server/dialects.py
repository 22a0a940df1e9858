"""The protocols that the broker speaks beside AMQP, each on a port of its own.

A protocol is one function here: it is given the host once, and gives the `Dialect` that opens each client's
session. To add one, write the function and name it in `DIALECTS`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from mqsim.mqtt import Broker as MqttBroker
from mqsim.mqtt import Limits
from mqsim.mqtt import Session as MqttSession
from mqsim.protocol.access import VHOST
from mqsim.server.mqtt_tables import MqttTables
from mqsim.stomp import Session as StompSession
from mqsim.stomp.observer import Observer as StompObserver

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from mqsim.broker import Message
    from mqsim.protocol import Session
    from mqsim.server.host import Dialect, Host


@dataclass(frozen=True, slots=True)
class Spoken:
    """A protocol.

    Attributes:
        title: its name for people.
        option: the command's option that gives its port.
        start: gives the dialect on a host, with its settings; what is to be kept goes into the host's data
            file, if it has one.
    """

    title: str
    option: str
    start: Callable[[Host, Sequence[str]], Dialect]


def mqtt(host: Host, settings: Sequence[str]) -> Dialect:
    """MQTT 3.1.1 and 5.0, with a broker of its own; the settings are its limits.

    Raises:
        UsageError: a limit is none.
    """
    limits = Limits.parse(settings)
    disk = host.vhosts.disks.get(VHOST)
    if disk is None:
        broker = MqttBroker(limits)
    else:
        tables = MqttTables(disk.file, host.epoch)
        broker = MqttBroker(limits, tables)
        tables.restore(broker)
    host.beside.append(broker)

    def open_session(_host: Host, _name: str, wake: Callable[[], None]) -> Session:
        return MqttSession(broker, wake)

    return open_session


class _Deliveries(StompObserver):
    """Has what STOMP sends counted."""

    def __init__(self, delivered: Callable[[Message, bool], None]) -> None:
        self._delivered = delivered

    def sends(self, tag: int, message: Message, no_ack: bool) -> None:
        """As `Observer` says."""
        self._delivered(message, no_ack)


def _stomp(host: Host, name: str, wake: Callable[[], None]) -> Session:
    """STOMP 1.0, 1.1 and 1.2, over the same broker as AMQP: a `Dialect`."""
    session = StompSession(
        host.broker,
        name,
        wake=lambda _: wake(),
        access=host.accounts.access(host.vhosts.brokers),
        vhosts=host.vhosts.brokers,
        observer=None if host.delivered is None else _Deliveries(host.delivered),
    )
    if host.vhosts.disks:
        session.handed = lambda message: host.handed(session, message)
    return session


DIALECTS: Mapping[str, Spoken] = {
    "mqtt": Spoken("MQTT", "--mqtt-port", mqtt),
    "stomp": Spoken("STOMP", "--stomp-port", lambda _host, _settings: _stomp),
}
