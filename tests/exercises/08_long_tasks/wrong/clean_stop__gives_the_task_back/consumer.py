import pika


class Worker:
    """The loop itself waits for the end of a task, so it never misses a heartbeat."""

    def __init__(self):
        self.in_hand = None
        self.stopping = False
        self.connection = pika.SelectConnection(
            pika.ConnectionParameters("localhost"),
            on_open_callback=lambda connection: connection.channel(on_open_callback=self.on_channel),
            on_close_callback=lambda connection, reason: connection.ioloop.stop(),
        )

    def on_channel(self, channel):
        self.channel = channel
        channel.basic_qos(prefetch_count=1)
        channel.queue_declare("long_tasks", durable=True)
        self.tag = channel.basic_consume("long_tasks", self.on_task)

    def on_task(self, channel, method, properties, body):
        self.in_hand = method.delivery_tag
        self.connection.ioloop.call_later(int(body.rpartition(b"-")[2]), self.on_done)

    def on_done(self):
        self.channel.basic_ack(self.in_hand)
        self.in_hand = None
        if self.stopping:
            self.connection.close()

    def stop(self):
        self.stopping = True
        self.channel.basic_cancel(self.tag)
        self.connection.close()

    def run(self):
        try:
            self.connection.ioloop.start()
        except KeyboardInterrupt:
            self.stop()
            self.connection.ioloop.start()


Worker().run()
