import queue
import threading
import time

import pika

tasks = queue.Queue()


def worker():
    while True:
        task = tasks.get()
        time.sleep(task.count("."))
        print("finished", task)


threading.Thread(target=worker, daemon=True).start()
connection = pika.BlockingConnection(pika.ConnectionParameters("localhost"))
channel = connection.channel()
channel.queue_declare(queue="task_queue", durable=True)
channel.basic_qos(prefetch_count=1)
channel.basic_consume("task_queue", lambda *found: tasks.put(found[-1].decode()), auto_ack=True)
channel.start_consuming()
