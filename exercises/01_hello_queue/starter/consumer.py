"""Print whatever arrives in the queue `hello`."""

import pika


def greet(channel, method, properties, body):
    # Write your code here.
    ...


# Write your code here.
...
