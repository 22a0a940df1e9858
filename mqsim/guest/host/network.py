"""Where a program's connections lead: names and ports of a world, and the links to them.

`localhost`, `127.0.0.1`, `broker` and `rabbitmq` are the broker; in a cluster they lead to the node that a
modelled client would take, the actor's own if it runs. `broker-2` is that node and no other. All listen on
the ports of `protocols`. Other services have links of their own, with the network's latency.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from mqsim.guest.host.protocols import AMQP_PORT
from mqsim.guest.kernel.operations import NO_TLS
from mqsim.sim.hosts import Host
from mqsim.sim.links import Link, Wire

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Mapping

    from mqsim.guest.host.deliveries import ClientDeliveries
    from mqsim.guest.host.port import Port
    from mqsim.guest.host.services import Route, Service
    from mqsim.sim.world import World

BROKER = frozenset({"localhost", "broker", "rabbitmq"})

TLS_PORT = 5671
"""Where brokers listen for AMQP over TLS."""

Address = tuple[str, int]


class Connecting(Host, Protocol):
    """An actor that connects.

    Attributes:
        deliveries: what it holds; its record tells of connections that were refused.
    """

    deliveries: ClientDeliveries

    def remark(self, text: str) -> None:
        """Have the transcript say something of it, once for each of its processes."""


class Network:
    """The network of a world as its programs see it.

    Args:
        world: the world.
        ports: each node's ports by number, in the nodes' order.
        services: further services by host and port.
        aliases: further hosts and ports at which the broker listens for AMQP.
    """

    def __init__(
        self,
        world: World,
        ports: list[dict[int, Port]],
        services: Mapping[Address, Service],
        aliases: Collection[Address] = (),
    ) -> None:
        self._world = world
        self._ports = ports
        self._aliases = frozenset(aliases)
        self.services = dict(services)
        self._links: dict[tuple[str, Address], Link] = {}

    def of(self, actor: Connecting) -> Route:
        """What is reached by one actor."""
        return lambda _, host, port: self._road(actor, host, port)

    def _road(self, actor: Connecting, host: str, port: int) -> tuple[Callable[[], Service | None], Link]:
        other = self.services.get((host, port))
        if other is not None:
            return lambda: other, self._link(actor, (host, port))
        number = self._number(actor, host)
        ports = self._ports[number or 0]
        gate = ports.get(port) if number is not None else None
        if (host, port) in self._aliases:
            gate = ports[AMQP_PORT]

        def find() -> Service | None:
            if gate is not None and gate.node.running:
                return gate
            if port == TLS_PORT and number is not None:
                actor.remark(f"wants TLS (port {port}); {NO_TLS}")
            actor.deliveries.record.connection_refused(f"{host}:{port}")
            return None

        return find, actor.links[number or 0]

    def _number(self, actor: Connecting, host: str) -> int | None:
        """Which node a host's name means."""
        cluster = self._world.cluster
        if host in BROKER or any(host == name for name, _ in self._aliases):
            return cluster.nodes.index(cluster.nearest_node(actor)[0])
        return next((k for k, node in enumerate(cluster.nodes) if node.host == host), None)

    def _link(self, actor: Connecting, address: Address) -> Link:
        key = (actor.name, address)
        if key not in self._links:
            world = self._world
            latency = world.scenario.network.latency
            wires = [Wire(world.clock, world.outbox, world.finish_instant, latency, None) for _ in range(2)]
            self._links[key] = Link(*wires)
        return self._links[key]
