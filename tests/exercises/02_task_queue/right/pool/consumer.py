"""One thread works, the main thread looks after the connection; all tasks are taken at once."""

import time
from concurrent.futures import ThreadPoolExecutor

import pika

connection = pika.BlockingConnection(pika.ConnectionParameters("localhost"))
channel = connection.channel()
channel.queue_declare("task_queue", False, True)
pool = ThreadPoolExecutor(max_workers=1)


def job(task, tag):
    time.sleep(2)
    print(task, "done")
    connection.add_callback_threadsafe(lambda: channel.basic_ack(tag))


channel.basic_consume("task_queue", lambda ch, m, p, body: pool.submit(job, body.decode(), m.delivery_tag))
channel.start_consuming()
