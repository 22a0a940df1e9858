"""A pool of one thread; the main thread looks after the connection, and at Ctrl-C waits for the pool."""

import concurrent.futures
import functools
import time

import pika


class LongTaskWorker:
    def __init__(self, queue="long_tasks"):
        self.connection = pika.BlockingConnection(pika.ConnectionParameters("localhost", heartbeat=60))
        self.channel = self.connection.channel()
        self.channel.queue_declare(queue, durable=True)
        self.channel.basic_qos(prefetch_count=4)
        self.consumer_tag = self.channel.basic_consume(queue, self.on_message)
        self.pool = concurrent.futures.ThreadPoolExecutor(max_workers=4)
        self.in_hand = set()

    def on_message(self, channel, method, properties, body):
        self.in_hand.add(method.delivery_tag)
        self.pool.submit(self.work, method.delivery_tag, body.decode())

    def work(self, tag, task):
        deadline = time.monotonic() + int(task.split("-")[-1])
        while (rest := deadline - time.monotonic()) > 0:
            time.sleep(min(rest, 20))
        self.connection.add_callback_threadsafe(functools.partial(self.finished, tag))

    def finished(self, tag):
        self.channel.basic_ack(tag)
        self.in_hand.discard(tag)

    def run(self):
        try:
            while True:
                self.connection.process_data_events(time_limit=None)
        except KeyboardInterrupt:
            self.channel.basic_cancel(self.consumer_tag)
            while self.in_hand:
                self.connection.process_data_events(time_limit=5)
        self.pool.shutdown()
        self.connection.close()


LongTaskWorker().run()
