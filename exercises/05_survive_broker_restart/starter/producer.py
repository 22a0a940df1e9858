"""Send each task of the command line, and know of each that the broker has taken it."""

import sys
import time

import pika
from pika.exceptions import AMQPError


def connect():
    """A channel on which the broker confirms what it takes. It waits while there is no broker."""
    # Write your code here.
    ...


connection, channel = connect()
for task in sys.argv[1:]:
    # Write your code here.
    ...
    print("sent", task)
if connection.is_open:
    connection.close()
