import pika

import ledger


class Worker:
    def __init__(self):
        self.connection = pika.SelectConnection(
            pika.ConnectionParameters("localhost"), on_open_callback=self.on_connection_open
        )

    def on_connection_open(self, connection):
        connection.channel(on_open_callback=self.on_channel_open)

    def on_channel_open(self, channel):
        self.channel = channel
        channel.queue_declare("task_queue", durable=True, callback=self.on_queue_declared)

    def on_queue_declared(self, frame):
        self.channel.basic_qos(prefetch_count=1, callback=self.on_qos)

    def on_qos(self, frame):
        self.channel.basic_consume("task_queue", self.on_message)

    def on_message(self, channel, method, properties, body):
        task = body.decode()
        self.connection.ioloop.call_later(task.count("."), lambda: self.finish(task, method.delivery_tag))

    def finish(self, task, tag):
        try:
            ledger.record(task)
        except ledger.LedgerError:
            self.connection.ioloop.call_later(0.5, lambda: self.finish(task, tag))
        else:
            self.channel.basic_ack(tag)

    def run(self):
        self.connection.ioloop.start()


if __name__ == "__main__":
    Worker().run()
