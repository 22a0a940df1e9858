"""Send one greeting to the queue `hello`."""

import os

import pika

connection = pika.BlockingConnection(pika.ConnectionParameters("localhost"))
channel = connection.channel()
channel.queue_declare(queue="hello")
channel.basic_publish(exchange="", routing_key="hello", body="Hello World!")
print("sent")
connection.process_data_events()
os._exit(0)
