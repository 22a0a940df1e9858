import collections
import sys
import time

import pika


class Publisher:
    """Keeps what is not confirmed, and sends it again on a new connection."""

    def __init__(self, tasks):
        self.pending = collections.deque(tasks)

    def run(self):
        while self.pending:
            try:
                with pika.BlockingConnection(pika.ConnectionParameters("localhost")) as connection:
                    self.send(connection.channel())
            except (pika.exceptions.AMQPError, OSError):
                time.sleep(0.5)

    def send(self, channel):
        channel.queue_declare("task_queue", durable=True, arguments={"x-queue-type": "quorum"})
        channel.confirm_delivery()
        while self.pending:
            channel.basic_publish("", "task_queue", self.pending.popleft(), pika.BasicProperties(delivery_mode=2))


Publisher(sys.argv[1:]).run()
