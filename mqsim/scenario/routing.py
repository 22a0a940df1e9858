"""Where a scenario's messages go: its exchanges and bindings stand on a broker, and that is asked."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mqsim.broker import Broker, Envelope, ExchangeType
from mqsim.broker.exchanges import route

if TYPE_CHECKING:
    from collections.abc import Iterable

    from mqsim.scenario.brokerspec import BrokerSpec
    from mqsim.scenario.destinations import Target


def declare_exchanges(broker: Broker, spec: BrokerSpec) -> None:
    """Declare exchanges and bindings on a broker that has the queues."""
    for name, exchange in spec.exchanges.items():
        broker.topology.declare_exchange(
            name,
            ExchangeType(exchange.type),
            durable=exchange.durable,
            auto_delete=exchange.auto_delete,
            internal=exchange.internal,
            alternate=exchange.alternate,
        )
    for binding in spec.bindings:
        target = (
            broker.queues[binding.queue]
            if binding.queue is not None
            else broker.exchanges[binding.to_exchange or ""]
        )
        broker.topology.bind(binding.exchange, target, binding.key, dict(binding.arguments))


class Routing:
    """The routes of a scenario, by the broker's own rules.

    Args:
        spec: the scenario's broker. Modelled messages carry no headers.
    """

    def __init__(self, spec: BrokerSpec) -> None:
        self._broker = Broker(spec.profile)
        connection = self._broker.connect("routing")
        for name in spec.queues:
            connection.channel().declare_queue(name, durable=True)
        connection.close()
        declare_exchanges(self._broker, spec)

    def queues(self, exchange: str, key: str) -> tuple[str, ...]:
        """The queues that get a copy of a message with this exchange and key; none if there is no such
        exchange.
        """
        if exchange and exchange not in self._broker.exchanges:
            return ()
        found = route(self._broker.exchanges, self._broker.queues, Envelope(exchange, key))
        return tuple(queue.name for queue in found)

    def exchanges_to(self, targets: Iterable[Target]) -> dict[str, str]:
        """The queues that destinations reach with any of their keys, each with the exchange that is published
        to; the first, where there are several.
        """
        found: dict[str, str] = {}
        for target in targets:
            for key in target.key.possible():
                for queue in self.queues(target.exchange, key):
                    found.setdefault(queue, target.exchange)
        return found
