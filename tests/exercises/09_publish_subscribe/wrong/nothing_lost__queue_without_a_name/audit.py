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
name = channel.queue_declare(queue="", exclusive=True).method.queue
channel.queue_bind(queue=name, exchange="events", routing_key="#")
channel.basic_qos(prefetch_count=1)
channel.basic_consume(queue=name, on_message_callback=on_event)
channel.start_consuming()
