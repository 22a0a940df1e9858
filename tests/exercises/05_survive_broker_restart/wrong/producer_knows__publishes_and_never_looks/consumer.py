import time

import ledger
import pika


class Consumer:
    """One connection's life."""

    def run(self):
        connection = pika.SelectConnection(
            pika.ConnectionParameters("localhost", heartbeat=20),
            on_open_callback=self.on_open,
            on_open_error_callback=self.on_end,
            on_close_callback=self.on_end,
        )
        self.loop = connection.ioloop
        self.loop.start()

    def on_open(self, connection):
        connection.channel(on_open_callback=self.on_channel)

    def on_channel(self, channel):
        channel.basic_qos(prefetch_count=1)
        channel.queue_declare("task_queue", durable=True)
        channel.basic_consume("task_queue", self.on_task)

    def on_task(self, channel, method, properties, body):
        self.loop.call_later(body.count(b"."), lambda: self.on_done(channel, method.delivery_tag, body.decode()))

    def on_done(self, channel, tag, task):
        if channel.is_open:
            ledger.record(task)
            channel.basic_ack(tag)

    def on_end(self, connection, reason):
        self.loop.stop()


while True:
    Consumer().run()
    time.sleep(1)
