import logging

import pika

logging.basicConfig(level=logging.WARNING, format="%(levelname)s %(message)s")


class TaskSender:
    """A task sender that knows whether its tasks arrived."""

    def __init__(self, queue):
        self.queue = queue

    def __enter__(self):
        self.connection = pika.BlockingConnection(pika.ConnectionParameters("localhost"))
        self.channel = self.connection.channel()
        self.channel.confirm_delivery()
        self.channel.queue_declare(queue=self.queue, durable=True, arguments={"x-queue-type": "quorum"})
        return self

    def __exit__(self, *exc):
        self.connection.close()

    def send(self, task):
        self.channel.basic_publish(exchange="", routing_key=self.queue, body=task, mandatory=True)


with TaskSender("task_queue") as sender:
    for i in range(3):
        sender.send("task%d" % (i + 1))
