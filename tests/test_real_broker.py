"""A real RabbitMQ, asked through pika for the two rules that everything here rests on.

What is expected comes from RabbitMQ's documentation of dispatch and acknowledgements, not from a run.
The wider comparison, three generations of RabbitMQ beside the simulated one, is in tests/conformance.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import closing
from typing import TYPE_CHECKING

import pika
import pytest
from pika.adapters.blocking_connection import BlockingChannel, BlockingConnection

if TYPE_CHECKING:
    from tests.conformance.servers import RealBroker

pytestmark = pytest.mark.xdist_group("rabbitmq")

Connect = Callable[[], BlockingConnection]


@pytest.fixture
def connect(real_rabbitmq: RealBroker) -> Connect:
    parameters = pika.ConnectionParameters("127.0.0.1", real_rabbitmq.port, heartbeat=0)
    return lambda: pika.BlockingConnection(parameters)


@pytest.fixture
def queue(connect: Connect, request: pytest.FixtureRequest) -> Iterator[str]:
    """A durable queue that belongs to one test."""
    name = request.node.name
    with closing(connect()) as connection:
        channel = connection.channel()
        channel.queue_declare(name, durable=True)
        yield name
        channel.queue_delete(name)


def publish(connection: BlockingConnection, queue: str, *bodies: str) -> None:
    channel = connection.channel()
    channel.confirm_delivery()
    for body in bodies:
        channel.basic_publish("", queue, body.encode(), pika.BasicProperties(delivery_mode=2))
    channel.close()


def subscribe(channel: BlockingChannel, queue: str, prefetch: int) -> list[tuple[int, str]]:
    """Consume without ever acknowledging; the list that comes back grows by (tag, body) as messages come."""
    got: list[tuple[int, str]] = []
    channel.basic_qos(prefetch_count=prefetch)
    channel.basic_consume(queue, lambda _, method, __, body: got.append((method.delivery_tag, body.decode())))
    return got


def settle(connection: BlockingConnection, until: Callable[[], bool]) -> None:
    """Handle what comes until the condition holds, and a moment more, so that a delivery too many shows."""
    for _ in range(100):
        if until():
            break
        connection.process_data_events(time_limit=0.1)
    connection.process_data_events(time_limit=0.3)


def test_prefetch_1_hands_each_of_two_consumers_one_message_until_it_acknowledges(
    connect: Connect, queue: str
) -> None:
    with closing(connect()) as connection:
        one, two = connection.channel(), connection.channel()
        got_one, got_two = subscribe(one, queue, 1), subscribe(two, queue, 1)
        publish(connection, queue, "m1", "m2", "m3", "m4")
        settle(connection, lambda: bool(got_one and got_two))
        assert [got_one, got_two] == [[(1, "m1")], [(1, "m2")]]

        two.basic_ack(1)
        settle(connection, lambda: len(got_two) == 2)
        assert [got_one, got_two] == [[(1, "m1")], [(1, "m2"), (2, "m3")]]

        one.basic_ack(1)
        settle(connection, lambda: len(got_one) == 2)
        assert [got_one, got_two] == [[(1, "m1"), (2, "m4")], [(1, "m2"), (2, "m3")]]


def test_what_a_lost_consumer_held_goes_back_to_the_head_marked_redelivered(
    connect: Connect, queue: str
) -> None:
    with closing(connect()) as connection:
        with closing(connect()) as lost:
            publish(connection, queue, "m1", "m2", "m3")
            held = subscribe(lost.channel(), queue, 2)
            settle(lost, lambda: len(held) == 2)
            assert [body for _, body in held] == ["m1", "m2"]
        channel = connection.channel()
        again = [channel.basic_get(queue, auto_ack=True) for _ in range(4)]
    seen = [(body.decode(), method.redelivered) for method, _, body in again if method]
    assert seen == [("m1", True), ("m2", True), ("m3", False)]
