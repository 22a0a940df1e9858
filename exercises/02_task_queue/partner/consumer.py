"""Our own consumer. It takes the student's queue as it is, whether durable or not."""

import time

import pika


def work(channel, method, properties, body):
    """Take two seconds, and acknowledge."""
    time.sleep(2)
    channel.basic_ack(method.delivery_tag)


connection = pika.BlockingConnection(pika.ConnectionParameters("localhost"))
while True:
    channel = connection.channel()
    try:
        channel.queue_declare(queue="task_queue", passive=True)
        break
    except pika.exceptions.ChannelClosedByBroker:
        connection.sleep(0.5)
channel.basic_qos(prefetch_count=1)
channel.basic_consume("task_queue", work)
channel.start_consuming()
