"""Work on tasks, write each one into the ledger when it is done, and lose none."""

import time

import ledger
import pika


def write_down(task):
    """Record a task. The ledger may be away for a while: try again until it answers."""
    # Write your code here.
    ...


def work(channel, method, properties, body):
    task = body.decode()
    print("started", task, "again" if method.redelivered else "")
    # Write your code here.
    ...
    print("done", task)


# Write your code here.
...
