"""Work on tasks, one at a time. Each dot at the end of a task is a second of work."""

import time

import pika


def work(channel, method, properties, body):
    # Write your code here.
    ...


# Write your code here.
...
