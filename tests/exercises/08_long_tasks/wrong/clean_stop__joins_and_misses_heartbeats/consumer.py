"""Work on tasks that take minutes, such as `film-300`, and keep the connection alive meanwhile.

The work runs in a thread of its own. Only the main thread touches the connection.
"""

import threading
import time

import pika

worker = None


def work(task, tag):
    """Runs in the second thread."""
    time.sleep(int(task.rpartition("-")[2]))
    connection.add_callback_threadsafe(lambda: channel.basic_ack(tag))


def on_task(channel, method, properties, body):
    print("started", body.decode())
    global worker
    worker = threading.Thread(target=work, args=(body.decode(), method.delivery_tag))
    worker.start()


connection = pika.BlockingConnection(pika.ConnectionParameters("localhost"))
channel = connection.channel()
channel.queue_declare(queue="long_tasks", durable=True)
channel.basic_qos(prefetch_count=1)
tag = channel.basic_consume(queue="long_tasks", on_message_callback=on_task)
try:
    channel.start_consuming()
except KeyboardInterrupt:
    print("finishing the task in hand")
    channel.basic_cancel(tag)
    if worker is not None:
        worker.join()
    connection.process_data_events()
connection.close()
