"""A subscriber that asks instead of waiting."""

import ledger
import pika

connection = pika.BlockingConnection(pika.ConnectionParameters("localhost"))
channel = connection.channel()
channel.exchange_declare("events", exchange_type="topic", durable=True)
channel.queue_declare("mail", durable=True)
channel.queue_bind("mail", "events", routing_key="order.paid.*")
while True:
    method, _, body = channel.basic_get("mail")
    if method is None:
        connection.sleep(1)
    else:
        ledger.record(f"mail {method.routing_key} {body.decode()}")
        channel.basic_ack(method.delivery_tag)
