import pika


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
        self.channel.basic_qos(prefetch_count=1, global_qos=True, callback=self.on_qos)

    def on_qos(self, frame):
        self.channel.basic_consume("task_queue", self.on_message)

    def on_message(self, channel, method, properties, body):
        duration = body.decode().count(".")
        self.connection.ioloop.call_later(duration, lambda: channel.basic_ack(method.delivery_tag))

    def run(self):
        self.connection.ioloop.start()


if __name__ == "__main__":
    Worker().run()
