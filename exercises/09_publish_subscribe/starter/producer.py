"""Send events: python producer.py "order.paid.eu=Order 17" "order.sent.us=Order 12"."""

import sys

import pika

connection = pika.BlockingConnection(pika.ConnectionParameters("localhost"))
channel = connection.channel()
# Write your code here.
...
connection.close()
