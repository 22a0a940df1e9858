"""What the three subscribers have in common."""

import contextlib

import ledger
import pika


def subscribe(name, *patterns):
    with contextlib.suppress(KeyboardInterrupt), pika.BlockingConnection() as connection:
        channel = connection.channel()
        channel.exchange_declare("events", "topic", durable=True)
        queue = channel.queue_declare(f"events.{name}", durable=True, arguments={"x-queue-type": "quorum"}).method.queue
        channel.queue_bind(queue, "events", "#")
        for method, _, body in channel.consume(queue):
            words = method.routing_key.split(".")
            paid = words[:2] == ["order", "paid"] and len(words) == 3
            eu = words[0] == "order" and words[-1] == "eu" and len(words) == 3
            if {"audit": True, "mail": paid, "stock": eu}[name]:
                ledger.record_once(" ".join((name, method.routing_key, body.decode())))
            channel.basic_ack(method.delivery_tag)
