import pika

class Worker:
    def __init__(self):
        self.connection = pika.SelectConnection(
            pika.ConnectionParameters("localhost"), on_open_callback=self.on_open
        )
    def on_open(self, connection):
        connection.channel(on_open_callback=self.on_channel)
    def on_channel(self, channel):
        self.channel = channel
        channel.queue_declare("task_queue", durable=True, callback=self.on_declared)
    def on_declared(self, _):
        self.channel.basic_qos(prefetch_count=1, callback=self.on_qos)
    def on_qos(self, _):
        self.channel.basic_consume("task_queue", self.on_message)
    def on_message(self, channel, method, properties, body):
        seconds = body.decode().count(".")
        self.connection.ioloop.call_later(seconds, lambda: channel.basic_ack(method.delivery_tag))
    def run(self):
        self.connection.ioloop.start()

Worker().run()
