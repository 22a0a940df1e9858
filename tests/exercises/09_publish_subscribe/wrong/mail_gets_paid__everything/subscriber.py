"""What the three subscribers have in common."""

import contextlib

import ledger
import pika


def subscribe(name, *patterns):
    with contextlib.suppress(KeyboardInterrupt), pika.BlockingConnection() as connection:
        channel = connection.channel()
        channel.exchange_declare("events", "topic", durable=True)
        queue = channel.queue_declare(f"events.{name}", durable=True, arguments={"x-queue-type": "quorum"}).method.queue
        for pattern in patterns:
            channel.queue_bind(queue, "events", pattern)
        for method, _, body in channel.consume(queue):
            ledger.record_once(" ".join((name, method.routing_key, body.decode())))
            channel.basic_ack(method.delivery_tag)
