import queue
import threading

import pika

tasks = queue.Queue()


def worker():
    while True:
        print("finished", tasks.get())


threading.Thread(target=worker, daemon=True).start()
connection = pika.BlockingConnection(pika.ConnectionParameters("localhost"))
channel = connection.channel()
channel.queue_declare(queue="task_queue")
channel.basic_consume("task_queue", lambda *found: tasks.put(found[-1].decode()), auto_ack=True)
channel.start_consuming()
