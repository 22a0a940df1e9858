"""Which protocol is spoken on which port of the broker in the world.

A protocol is one function here: it is given a node's setting once, and gives what makes the client of each
program that connects. To add one, write the function and name its port in `PROTOCOLS`.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

from mqsim.guest.host.amqp_client import AmqpClient
from mqsim.guest.host.mqtt_client import MqttBroker, MqttClient
from mqsim.guest.host.operation_words import STOMP_PORT
from mqsim.guest.host.port import OpenClient, Port
from mqsim.guest.host.stomp_client import StompClient

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from mqsim.guest.host.deliveries import ClientDeliveries
    from mqsim.guest.host.disk import Disk
    from mqsim.guest.host.services import Connection
    from mqsim.protocol.access import Access
    from mqsim.sim.node import Node
    from mqsim.sim.world import World


@dataclass(frozen=True, slots=True)
class Setting:
    """What the ports of a world's broker share.

    Attributes:
        world: the world.
        deliveries: what each program holds, by the actor's name.
        access: who may log in.
        remark: has the transcript say something of a program, by the actor's name.
        disk: is told of what publishers want to be safe; None where the broker's disk is modelled.
    """

    world: World
    deliveries: Mapping[str, ClientDeliveries]
    access: Access
    remark: Callable[[str, str], None]
    disk: Disk | None


def amqp(setting: Setting) -> OpenClient:
    """AMQP 0-9-1."""

    def open_client(connection: Connection) -> AmqpClient:
        return AmqpClient(
            setting.world,
            connection.fd,
            setting.deliveries[connection.client_name],
            setting.access,
            partial(setting.remark, connection.client_name),
            setting.disk,
        )

    return open_client


def mqtt(setting: Setting) -> OpenClient:
    """MQTT 3.1.1 and 5.0, with a broker of its own."""
    broker = MqttBroker(setting.world)

    def open_client(connection: Connection) -> MqttClient:
        return MqttClient(setting.world, broker, setting.deliveries[connection.client_name])

    return open_client


def stomp(setting: Setting) -> OpenClient:
    """STOMP 1.0, 1.1 and 1.2, over the same broker as AMQP."""

    def open_client(connection: Connection) -> StompClient:
        return StompClient(
            setting.world,
            connection.fd,
            setting.deliveries[connection.client_name],
            setting.access,
            partial(setting.remark, connection.client_name),
            setting.disk,
        )

    return open_client


AMQP_PORT = 5672
MQTT_PORT = 1883

PROTOCOLS: Mapping[int, Callable[[Setting], OpenClient]] = {
    AMQP_PORT: amqp,
    MQTT_PORT: mqtt,
    STOMP_PORT: stomp,
}


def ports_of(setting: Setting, nodes: list[Node]) -> list[dict[int, Port]]:
    """The ports at which each node listens, by number, in the nodes' order.

    Nodes of one cluster share what a protocol keeps.
    """
    clients = {number: protocol(setting) for number, protocol in PROTOCOLS.items()}
    return [
        {number: Port(setting.world, node, open_client) for number, open_client in clients.items()}
        for node in nodes
    ]
