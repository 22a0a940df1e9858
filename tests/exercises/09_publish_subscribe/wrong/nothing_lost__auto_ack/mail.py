"""Record every order that was paid, wherever."""

import ledger
import pika


def on_event(channel, method, properties, body):
    effect = f"mail {method.routing_key} {body.decode()}"
    ledger.record(effect)
    print("recorded", effect)
    channel.basic_ack(delivery_tag=method.delivery_tag)


connection = pika.BlockingConnection(pika.ConnectionParameters("localhost"))
channel = connection.channel()
channel.exchange_declare(exchange="events", exchange_type="topic", durable=True)
channel.queue_declare(queue="mail", durable=True)
channel.queue_bind(queue="mail", exchange="events", routing_key="order.paid.*")
channel.basic_qos(prefetch_count=1)
channel.basic_consume(queue="mail", on_message_callback=on_event)
channel.start_consuming()
