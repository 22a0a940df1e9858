"""Print whatever arrives in the queue `hello`."""

import pika


def greet(channel, method, properties, body):
    print("received", body.decode())


connection = pika.BlockingConnection(pika.ConnectionParameters("localhost"))
channel = connection.channel()
channel.queue_declare(queue="hello")
channel.basic_consume(queue="hello", on_message_callback=greet, auto_ack=True)
connection.close()
