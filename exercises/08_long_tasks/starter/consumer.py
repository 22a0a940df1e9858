"""Work on tasks that take minutes, such as `film-300`, and keep the connection alive meanwhile.

The work runs in a thread of its own. Only the main thread touches the connection.
"""

import threading
import time

import pika

worker = None


def work(task, tag):
    """Runs in the second thread."""
    # Write your code here.
    ...


def on_task(channel, method, properties, body):
    print("started", body.decode())
    # Write your code here.
    ...


connection = pika.BlockingConnection(pika.ConnectionParameters("localhost"))
channel = connection.channel()
channel.queue_declare(queue="long_tasks", durable=True)
# Write your code here.
...
connection.close()
