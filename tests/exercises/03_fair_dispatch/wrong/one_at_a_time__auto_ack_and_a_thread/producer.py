import sys

import pika


class Sender:
    QUEUE = "task_queue"

    def __init__(self, url="amqp://localhost"):
        self._connection = pika.BlockingConnection(pika.URLParameters(url))
        self._channel = self._connection.channel()
        self._channel.queue_declare(self.QUEUE, durable=True, arguments={"x-queue-type": "quorum"})

    def send(self, *tasks):
        for task in tasks:
            self._channel.basic_publish("", self.QUEUE, task)

    def close(self):
        self._connection.close()


sender = Sender()
sender.send(*sys.argv[1:])
sender.close()
