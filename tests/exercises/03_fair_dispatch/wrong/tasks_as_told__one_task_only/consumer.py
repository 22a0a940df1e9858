"""Never subscribes: it asks for the next task when it has none. So there is nothing to prefetch."""

import time

import pika

connection = pika.BlockingConnection(pika.ConnectionParameters("localhost"))
channel = connection.channel()
channel.queue_declare(queue="task_queue", durable=True)
while True:
    method, properties, body = channel.basic_get(queue="task_queue", auto_ack=True)
    if body is None:
        connection.sleep(0.25)
        continue
    print("began", body.decode())
    time.sleep(str(body).count("."))
    print("ended", body.decode())
