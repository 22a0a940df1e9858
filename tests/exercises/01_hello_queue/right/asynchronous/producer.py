"""A producer that never blocks: everything happens in callbacks."""

import pika


class Producer:
    def __init__(self):
        self.connection = pika.SelectConnection(
            pika.ConnectionParameters(host="localhost"), on_open_callback=self.opened
        )

    def opened(self, connection):
        connection.channel(on_open_callback=self.channel_opened)

    def channel_opened(self, channel):
        self.channel = channel
        channel.queue_declare("hello", callback=self.declared)

    def declared(self, frame):
        self.channel.basic_publish("", "hello", "Hello World!")
        self.connection.add_on_close_callback(lambda *_: self.connection.ioloop.stop())
        self.connection.close()

    def run(self):
        self.connection.ioloop.start()


Producer().run()
