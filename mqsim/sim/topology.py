"""What is declared on the broker before anyone connects."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mqsim.broker import Broker, QueueArguments
from mqsim.scenario.routing import declare_exchanges

if TYPE_CHECKING:
    from mqsim.scenario import Scenario
    from mqsim.scenario.brokerspec import QueueSpec


def declare(broker: Broker, scenario: Scenario) -> None:
    """Declare a scenario's queues, exchanges and bindings."""
    for name, queue in scenario.broker.queues.items():
        connection = broker.connect("scenario", node=queue.leader or "")
        connection.channel().declare_queue(name, durable=queue.durable, arguments=arguments_of(queue))
        connection.close()
    declare_exchanges(broker, scenario.broker)


def terminal_queues(scenario: Scenario) -> list[str]:
    """Queues that nobody consumes from and that messages do not leave by themselves.

    A run `until: drained` does not wait for what lies there.
    """
    consumed = {spec.queue for spec in scenario.consumers.values()}
    if any(spec.expiration is not None for spec in scenario.producers.values()):
        return []
    return [
        name
        for name, spec in scenario.broker.queues.items()
        if name not in consumed and spec.message_ttl is None and spec.expires is None
    ]


def arguments_of(spec: QueueSpec) -> QueueArguments:
    """A queue's arguments as the broker takes them."""
    dead = spec.dead_letter
    return QueueArguments(
        message_ttl=spec.message_ttl,
        expires=spec.expires,
        max_length=spec.max_length,
        max_bytes=spec.max_bytes,
        overflow=spec.overflow,
        dead_letter_exchange=None if dead is None else dead.exchange,
        dead_letter_key=None if dead is None else dead.key,
        max_priority=spec.max_priority,
        single_active_consumer=spec.single_active_consumer,
        kind=spec.type,
        delivery_limit=spec.delivery_limit,
        members=spec.members,
    )
