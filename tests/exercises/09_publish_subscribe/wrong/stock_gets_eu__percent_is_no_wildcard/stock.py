import pika

import ledger

NAME, PATTERN = "stock", "order.%.eu"


class Subscriber:
    def __init__(self):
        self.connection = pika.SelectConnection(
            pika.ConnectionParameters("localhost"),
            on_open_callback=lambda connection: connection.channel(on_open_callback=self.on_channel),
        )

    def on_channel(self, channel):
        self.channel = channel
        channel.exchange_declare("events", "topic", durable=True, callback=self.on_exchange)

    def on_exchange(self, _):
        self.channel.queue_declare(NAME, durable=True, callback=self.on_queue)

    def on_queue(self, _):
        self.channel.queue_bind(NAME, "events", PATTERN, callback=self.on_bound)

    def on_bound(self, _):
        self.channel.basic_consume(NAME, self.on_event)

    def on_event(self, channel, method, properties, body):
        ledger.record("%s %s %s" % (NAME, method.routing_key, body.decode()))
        channel.basic_ack(method.delivery_tag)


Subscriber().connection.ioloop.start()
