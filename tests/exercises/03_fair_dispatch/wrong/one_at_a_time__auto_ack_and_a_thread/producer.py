import sys

import pika

with pika.BlockingConnection() as connection:
    channel = connection.channel()
    channel.queue_declare("task_queue", durable=True)
    for task in sys.argv[1:]:
        channel.basic_publish(exchange="", routing_key="task_queue", body=task)
