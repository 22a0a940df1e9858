import pika


class Consumer:
    queue = "hello"

    def __init__(self):
        parameters = pika.ConnectionParameters(host="localhost")
        self.connection = pika.SelectConnection(parameters, on_open_callback=self.on_open)
        self.channel = None

    def on_open(self, connection):
        self.channel = connection.channel(on_open_callback=self.on_channel)

    def on_channel(self, channel):
        channel.queue_declare(self.queue, callback=self.on_declared)

    def on_declared(self, _):
        self.channel.basic_consume(self.queue, self.on_message)

    def on_message(self, channel, method, properties, body):
        print(body.decode("utf-8"))
        channel.basic_ack(method.delivery_tag)


consumer = Consumer()
try:
    consumer.connection.ioloop.start()
except KeyboardInterrupt:
    consumer.connection.close()
    consumer.connection.ioloop.start()
