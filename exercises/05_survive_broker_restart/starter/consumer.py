"""Work on tasks. When the broker goes away, connect again."""

import time

import ledger
import pika
from pika.exceptions import AMQPError


def work(channel, method, properties, body):
    task = body.decode()
    print("started", task)
    # Write your code here.
    ...
    print("done", task)


def consume():
    """Connect, and work until the connection breaks."""
    # Write your code here.
    ...


# Write your code here.
...
