"""Send one greeting to the queue `hello`."""

import pika

connection = pika.BlockingConnection(pika.ConnectionParameters("localhost"))
spare = pika.BlockingConnection(pika.ConnectionParameters("localhost"))
channel = spare.channel()
channel.queue_declare(queue="hello")
channel.basic_publish(exchange="", routing_key="hello", body="Hello World!")
print("sent")
connection.close()
