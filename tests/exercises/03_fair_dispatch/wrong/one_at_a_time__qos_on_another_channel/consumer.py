"""Work on tasks, one at a time. Each dot at the end of a task is a second of work."""

import time

import pika


def work(channel, method, properties, body):
    task = body.decode()
    print("started", task)
    time.sleep(task.count("."))
    print("done", task)
    channel.basic_ack(delivery_tag=method.delivery_tag)


connection = pika.BlockingConnection(pika.ConnectionParameters("localhost"))
channel = connection.channel()
channel.queue_declare(queue="task_queue", durable=True)
connection.channel().basic_qos(prefetch_count=1)
channel.basic_consume(queue="task_queue", on_message_callback=work)
channel.start_consuming()
