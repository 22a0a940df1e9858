"""Record whatever happens to orders in Europe."""

import ledger
import pika


def on_event(channel, method, properties, body):
    # Write your code here.
    ...


# Write your code here.
...
