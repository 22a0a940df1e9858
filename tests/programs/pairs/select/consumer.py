import pika


class Consumer:
    def __init__(self, parameters, most):
        self.most = most
        self.count = 0
        self.channel = None
        self.connection = pika.SelectConnection(
            parameters,
            on_open_callback=self.on_open,
            on_open_error_callback=self.on_open_error,
            on_close_callback=self.on_close,
        )

    def run(self):
        self.connection.ioloop.start()

    def on_open(self, connection):
        connection.channel(on_open_callback=self.on_channel)

    def on_open_error(self, connection, error):
        print("could not connect:", error)
        connection.ioloop.stop()

    def on_channel(self, channel):
        self.channel = channel
        channel.add_on_close_callback(lambda _, reason: print("channel closed:", reason.reply_code))
        channel.queue_declare("orders", callback=self.on_queue)

    def on_queue(self, frame):
        print("queue", frame.method.queue, "holds", frame.method.message_count)
        self.channel.basic_qos(prefetch_count=1, callback=self.on_qos)

    def on_qos(self, _):
        self.channel.basic_consume("orders", self.on_message)

    def on_message(self, channel, method, properties, body):
        print("got", body.decode())
        # The work: the loop goes on meanwhile.
        self.connection.ioloop.call_later(0.4, lambda: self.done(method.delivery_tag))

    def done(self, tag):
        self.channel.basic_ack(tag)
        self.count += 1
        print("done", self.count)
        if self.count == self.most:
            self.channel.close()
            self.connection.ioloop.call_later(0.2, self.connection.close)

    def on_close(self, connection, reason):
        print("connection closed:", reason.reply_code)
        connection.ioloop.stop()


Consumer(pika.ConnectionParameters("localhost"), 4).run()
