"""The callback hands each task to one worker thread, and the broker has forgotten it by then."""

import queue
import threading
import time

import pika

tasks = queue.Queue()


def worker():
    while True:
        task = tasks.get()
        time.sleep(2)
        print("finished", task)


threading.Thread(target=worker, daemon=True).start()
with pika.BlockingConnection(pika.ConnectionParameters("localhost")) as connection:
    channel = connection.channel()
    channel.queue_declare(queue="task_queue", durable=True)
    channel.basic_consume("task_queue", lambda *found: tasks.put(found[-1].decode()), auto_ack=True)
    channel.start_consuming()
