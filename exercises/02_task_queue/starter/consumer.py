"""Take tasks from the queue `task_queue`. Each task takes two seconds."""

import time

import pika


def work(channel, method, properties, body):
    # Write your code here.
    ...


# Write your code here.
...
