"""Send each task of the command line, and know of each that the broker has taken it."""

import sys
import time

import pika
from pika.exceptions import AMQPError


def connect():
    """A channel on which the broker confirms what it takes. It waits while there is no broker."""
    while True:
        try:
            connection = pika.BlockingConnection(pika.ConnectionParameters("localhost"))
            channel = connection.channel()
            channel.queue_declare(queue="task_queue", durable=True)
            channel.confirm_delivery()
            return connection, channel
        except AMQPError:
            time.sleep(1)


connection, channel = connect()
for task in sys.argv[1:]:
    channel.basic_publish("", "task_queue", task, pika.BasicProperties(delivery_mode=2), mandatory=True)
    print("sent", task)
if connection.is_open:
    connection.close()
