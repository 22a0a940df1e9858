import time

import pika

connection = pika.BlockingConnection(pika.ConnectionParameters("localhost"))
channel = connection.channel()
channel.queue_declare(queue="tasks")


def callback(ch, method, properties, body):
    print("received", body.decode())
    time.sleep(1)
    print("done", body.decode())


channel.basic_consume(queue="tasks", on_message_callback=callback, auto_ack=True)
print("waiting")
channel.start_consuming()
