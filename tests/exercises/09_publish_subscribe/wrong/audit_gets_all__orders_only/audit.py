"""Record every event."""

import ledger
import pika


def on_event(channel, method, properties, body):
    effect = f"audit {method.routing_key} {body.decode()}"
    ledger.record(effect)
    print("recorded", effect)
    channel.basic_ack(delivery_tag=method.delivery_tag)


connection = pika.BlockingConnection(pika.ConnectionParameters("localhost"))
channel = connection.channel()
channel.exchange_declare(exchange="events", exchange_type="topic", durable=True)
channel.queue_declare(queue="audit", durable=True)
channel.queue_bind(queue="audit", exchange="events", routing_key="order.#")
channel.basic_qos(prefetch_count=1)
channel.basic_consume(queue="audit", on_message_callback=on_event)
channel.start_consuming()
