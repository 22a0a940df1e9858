"""Send one greeting to the queue `hello`."""

import pika

# Write your code here.
...
