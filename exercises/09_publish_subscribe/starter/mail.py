"""Record every order that was paid, wherever."""

import ledger
import pika


def on_event(channel, method, properties, body):
    # Write your code here.
    ...


# Write your code here.
...
