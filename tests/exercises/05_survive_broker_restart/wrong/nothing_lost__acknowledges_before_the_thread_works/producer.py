import queue
import sys
import threading
import time

import pika

tasks = queue.Queue()


def publisher():
    """Has the connection for itself. A task leaves the queue when the broker has confirmed it."""
    channel = connection = None
    while True:
        task = tasks.get()
        while task is not None:
            try:
                if channel is None or channel.is_closed:
                    connection = pika.BlockingConnection(pika.ConnectionParameters("localhost"))
                    channel = connection.channel()
                    channel.queue_declare(queue="task_queue", durable=True)
                    channel.confirm_delivery()
                channel.basic_publish("", "task_queue", task, pika.BasicProperties(delivery_mode=2))
                break
            except pika.exceptions.AMQPError:
                channel = None
                time.sleep(1)
        tasks.task_done()
        if task is None:
            if connection is not None and connection.is_open:
                connection.close()
            return


thread = threading.Thread(target=publisher)
thread.start()
for argument in sys.argv[1:]:
    tasks.put(argument)
tasks.put(None)
thread.join()
