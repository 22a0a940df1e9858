"""Never subscribes: it asks for the next task when it has none. So there is nothing to prefetch."""

import time

import pika

connection = pika.BlockingConnection(pika.ConnectionParameters("localhost"))
channel = connection.channel()
channel.queue_declare(queue="task_queue", durable=True)
while True:
    batch = []
    while len(batch) < 5:
        method, properties, body = channel.basic_get(queue="task_queue")
        if body is None:
            break
        batch.append((method.delivery_tag, body))
    for tag, body in batch:
        time.sleep(body.count(b"."))
        channel.basic_ack(tag)
    connection.sleep(0.25)
