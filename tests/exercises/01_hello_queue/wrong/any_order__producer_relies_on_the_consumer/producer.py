"""Send one greeting to the queue `hello`."""

import pika

connection = pika.BlockingConnection(pika.ConnectionParameters("localhost"))
channel = connection.channel()
channel.basic_publish(exchange="", routing_key="hello", body="Hello World!")
print("sent")
connection.close()
