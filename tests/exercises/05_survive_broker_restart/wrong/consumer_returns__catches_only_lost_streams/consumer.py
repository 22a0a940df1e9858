"""Work on tasks. When the broker goes away, connect again."""

import time

import ledger
import pika
from pika.exceptions import StreamLostError


def work(channel, method, properties, body):
    task = body.decode()
    print("started", task)
    time.sleep(task.count("."))
    ledger.record(task)
    channel.basic_ack(delivery_tag=method.delivery_tag)
    print("done", task)


def consume():
    """Connect, and work until the connection breaks."""
    connection = pika.BlockingConnection(pika.ConnectionParameters("localhost"))
    channel = connection.channel()
    channel.queue_declare(queue="task_queue", durable=True)
    channel.basic_qos(prefetch_count=1)
    channel.basic_consume(queue="task_queue", on_message_callback=work)
    channel.start_consuming()


while True:
    try:
        consume()
    except StreamLostError as error:
        print("connecting again:", type(error).__name__)
        time.sleep(1)
