import time

import pika

connection = pika.BlockingConnection(pika.ConnectionParameters("localhost"))
channel = connection.channel()
channel.queue_declare("mine", exclusive=True)
channel.queue_declare("ours", durable=True)
print("declared")
time.sleep(1.5)
connection.close()
