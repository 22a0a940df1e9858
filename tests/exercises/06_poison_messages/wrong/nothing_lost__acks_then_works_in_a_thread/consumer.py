"""Works in a thread, and tries a task three times before it gives up. What fails then is dead-lettered."""

import threading

import pika

import work

ARGUMENTS = {"x-dead-letter-exchange": "", "x-dead-letter-routing-key": "dead_tasks"}


class Worker:
    def __init__(self):
        self.connection = pika.BlockingConnection(pika.ConnectionParameters("localhost"))
        self.channel = self.connection.channel()
        self.channel.queue_declare("dead_tasks", durable=True)
        self.channel.queue_declare("task_queue", durable=True, arguments=ARGUMENTS)
        self.channel.basic_qos(prefetch_count=1)
        self.channel.basic_consume("task_queue", self.on_task)

    def on_task(self, channel, method, properties, body):
        channel.basic_ack(method.delivery_tag)
        threading.Thread(target=self.work, args=(method.delivery_tag, body.decode()), daemon=True).start()

    def work(self, tag, task):
        for _ in range(3):
            try:
                work.do(task)
            except Exception as error:
                print(error)
            else:
                return
        self.connection.add_callback_threadsafe(lambda: self.channel.basic_publish("", "dead_tasks", task))


Worker().channel.start_consuming()
