#!/usr/bin/env python
import pika

connection = pika.BlockingConnection(pika.ConnectionParameters(host="localhost"))
channel = connection.channel()

channel.queue_declare(queue="task_queue", durable=True)

tasks = [f"task{n}" for n in range(1, 4)]
for message in tasks:
    channel.basic_publish(
        exchange="",
        routing_key="task_queue",
        body=message,
        properties=pika.BasicProperties(delivery_mode=2, message_id=message),
    )
    print(f" [x] Sent {message}")
connection.close()
