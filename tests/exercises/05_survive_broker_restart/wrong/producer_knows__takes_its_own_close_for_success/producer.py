"""Publishes everything at once, and counts the confirms; what has none goes out again on the next connection."""

import sys
import time

import pika


class Producer:
    def __init__(self, tasks):
        self.todo = list(tasks)
        self.finished = not self.todo

    def connect(self):
        self.connection = pika.SelectConnection(
            pika.ConnectionParameters("localhost"),
            on_open_callback=self.on_open,
            on_open_error_callback=self.on_closed,
            on_close_callback=self.on_closed,
        )
        self.connection.ioloop.start()

    def on_open(self, connection):
        connection.channel(on_open_callback=self.on_channel)

    def on_channel(self, channel):
        self.channel = channel
        channel.confirm_delivery(self.on_confirm, callback=self.on_confirming)

    def on_confirming(self, frame):
        self.channel.queue_declare("task_queue", durable=True, callback=self.on_queue)

    def on_queue(self, frame):
        self.sent = dict(enumerate(self.todo, 1))
        for task in self.sent.values():
            self.channel.basic_publish("", "task_queue", task, pika.BasicProperties(delivery_mode=2))

    def on_confirm(self, frame):
        answer = frame.method
        tags = [tag for tag in self.sent if tag == answer.delivery_tag or answer.multiple and tag <= answer.delivery_tag]
        for tag in tags:
            task = self.sent.pop(tag)
            if isinstance(answer, pika.spec.Basic.Ack):
                self.todo.remove(task)
        if not self.sent:
            self.finished = not self.todo
            self.connection.close()

    def on_closed(self, connection, reason):
        self.finished = True
        connection.ioloop.stop()


producer = Producer(sys.argv[1:])
while not producer.finished:
    producer.connect()
    if not producer.finished:
        time.sleep(1)
