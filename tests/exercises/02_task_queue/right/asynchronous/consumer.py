import pika


class Worker:
    """Works without ever blocking: the loop calls it again when a task's two seconds are over."""

    def __init__(self):
        self.connection = pika.SelectConnection(on_open_callback=self.on_open)

    def on_open(self, connection):
        connection.channel(on_open_callback=self.on_channel)

    def on_channel(self, channel):
        self.channel = channel
        channel.basic_qos(prefetch_count=1, callback=self.on_qos)

    def on_qos(self, frame):
        self.channel.queue_declare("task_queue", callback=self.on_queue)

    def on_queue(self, frame):
        self.channel.basic_consume(frame.method.queue, self.on_task)

    def on_task(self, channel, method, properties, body):
        self.connection.ioloop.call_later(2, lambda: self.done(method.delivery_tag, body))

    def done(self, tag, body):
        print("done", body.decode())
        self.channel.basic_ack(tag)


Worker().connection.ioloop.start()
