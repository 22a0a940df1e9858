import time

import pika

connection = pika.BlockingConnection(pika.ConnectionParameters("localhost"))
channel = connection.channel()
channel.queue_declare(queue="hello")
# One greeting is all there is: ask for it until it is here.
while True:
    method, properties, body = channel.basic_get("hello", auto_ack=True)
    if method is not None:
        print("received", body.decode())
        break
    time.sleep(0.2)
connection.close()
