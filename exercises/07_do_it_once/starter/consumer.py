"""Work on tasks. Each task has one effect, however often it comes."""

import time

import ledger
import pika


def write_down_once(task):
    """Record a task unless it is recorded already. The ledger may be away for a while."""
    # Write your code here.
    ...


def work(channel, method, properties, body):
    task = body.decode()
    print("started", task)
    # Write your code here.
    ...
    print("done", task)


# Write your code here.
...
