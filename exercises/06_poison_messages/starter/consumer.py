"""Work on tasks with `work.do`. It fails for some of them, and for some of them always."""

import pika

import work


def on_task(channel, method, properties, body):
    task = body.decode()
    # Write your code here.
    ...


connection = pika.BlockingConnection(pika.ConnectionParameters("localhost"))
channel = connection.channel()
# Write your code here.
...
