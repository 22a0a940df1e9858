"""Queues, exchanges and bindings of a scenario on a real RabbitMQ, under names that nobody else has."""

from __future__ import annotations

import secrets
from typing import TYPE_CHECKING, Any

import pika

from mqsim.errors import UsageError

if TYPE_CHECKING:
    from pika.adapters.blocking_connection import BlockingChannel

    from mqsim.live.address import Address
    from mqsim.scenario import Scenario
    from mqsim.scenario.brokerspec import QueueSpec

_FORGOTTEN = 600_000
"""Milliseconds after which RabbitMQ itself removes a queue that nobody uses: should we be killed outright."""
_PLAIN = {
    "max_length": "x-max-length",
    "max_bytes": "x-max-length-bytes",
    "max_priority": "x-max-priority",
    "delivery_limit": "x-delivery-limit",
    "members": "x-quorum-initial-group-size",
}


class Topology:
    """What is declared for one run, and taken away after it.

    Args:
        scenario: whose broker it is.
        prefix: of all names; by default one that is made up.

    Attributes:
        prefix: of all names.
    """

    def __init__(self, scenario: Scenario, prefix: str | None = None) -> None:
        self.prefix = prefix or f"mqsim-calibrate-{secrets.token_hex(4)}-"
        self._broker = scenario.broker
        self._queues: list[str] = []
        self._exchanges: list[str] = []

    def route(self, exchange: str, key: str) -> tuple[str, str]:
        """Where a message goes there that goes to this exchange, with this key, in the scenario."""
        return (self.prefix + exchange, key) if exchange else ("", self.prefix + key)

    def queue(self, name: str) -> str:
        """What a queue is called there."""
        return self.prefix + name

    def declare(self, connection: pika.BlockingConnection) -> None:
        """Declare all of it.

        Raises:
            UsageError: RabbitMQ refuses something; what was declared before is still there to be removed.
        """
        channel = connection.channel()
        try:
            for name, spec in self._broker.exchanges.items():
                arguments = (
                    {} if spec.alternate is None else {"alternate-exchange": self._named(spec.alternate)}
                )
                self._exchanges.append(self.prefix + name)
                channel.exchange_declare(
                    self.prefix + name, spec.type, durable=spec.durable, arguments=arguments
                )
            for name, queue in self._broker.queues.items():
                self._queues.append(self.prefix + name)
                channel.queue_declare(
                    self.prefix + name, durable=queue.durable, arguments=self._arguments(queue)
                )
            self._bind(channel)
        except pika.exceptions.ChannelClosedByBroker as error:
            raise UsageError(f"--amqp: RabbitMQ refuses the scenario's queues: {error.reply_text}") from None
        channel.close()

    def _bind(self, channel: BlockingChannel) -> None:
        for each in self._broker.bindings:
            source = self.prefix + each.exchange
            if each.queue is not None:
                channel.queue_bind(self.prefix + each.queue, source, each.key, arguments=dict(each.arguments))
            elif each.to_exchange is not None:
                channel.exchange_bind(
                    self.prefix + each.to_exchange, source, each.key, arguments=dict(each.arguments)
                )

    def remove(self, address: Address) -> list[str]:
        """Take all of it away; gives the names of what could not be removed."""
        try:
            with address.connect() as connection:
                for names, kind in ((self._queues, "queue"), (self._exchanges, "exchange")):
                    while names:
                        channel = connection.channel()
                        (channel.queue_delete if kind == "queue" else channel.exchange_delete)(names[-1])
                        channel.close()
                        names.pop()
        except (UsageError, pika.exceptions.AMQPError, OSError):
            pass  # what is left is told
        return [*self._queues, *self._exchanges]

    def _named(self, exchange: str) -> str:
        return self.prefix + exchange if exchange else ""

    def _arguments(self, spec: QueueSpec) -> dict[str, Any]:
        found: dict[str, Any] = {"x-expires": _FORGOTTEN}
        if spec.type != "classic":
            found["x-queue-type"] = spec.type
        for field, argument in _PLAIN.items():
            if (value := getattr(spec, field)) is not None:
                found[argument] = value
        if spec.max_length is not None or spec.max_bytes is not None:
            found["x-overflow"] = spec.overflow
        if spec.single_active_consumer:
            found["x-single-active-consumer"] = True
        if spec.message_ttl is not None:
            found["x-message-ttl"] = round(1000 * spec.message_ttl)
        if spec.dead_letter is not None:
            found["x-dead-letter-exchange"] = self._named(spec.dead_letter.exchange)
            if spec.dead_letter.key is not None:
                key = spec.dead_letter.key
                found["x-dead-letter-routing-key"] = key if spec.dead_letter.exchange else self.prefix + key
        return found
