"""Send one greeting to the queue `hello`."""

import pika

connection = pika.BlockingConnection(pika.ConnectionParameters("localhost"))
channel = connection.channel()
channel.queue_declare(queue="hello")
channel.basic_publish(exchange="hello", routing_key="", body="Hello World!")
print("sent")
connection.close()
