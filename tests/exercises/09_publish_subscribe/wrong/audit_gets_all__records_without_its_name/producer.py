"""Send events: python producer.py "order.paid.eu=Order 17" "order.sent.us=Order 12"."""

import sys

import pika

connection = pika.BlockingConnection(pika.ConnectionParameters("localhost"))
channel = connection.channel()
channel.exchange_declare(exchange="events", exchange_type="topic", durable=True)
for event in sys.argv[1:]:
    key, _, text = event.partition("=")
    channel.basic_publish(
        exchange="events",
        routing_key=key,
        body=text,
        properties=pika.BasicProperties(delivery_mode=pika.DeliveryMode.Persistent),
    )
    print("sent", key, text)
connection.close()
