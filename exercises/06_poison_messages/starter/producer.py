"""Send each task of the command line to a queue that puts aside what fails too often."""

import sys

import pika

connection = pika.BlockingConnection(pika.ConnectionParameters("localhost"))
channel = connection.channel()
# Write your code here.
...
for task in sys.argv[1:]:
    channel.basic_publish(
        exchange="",
        routing_key="task_queue",
        body=task,
        properties=pika.BasicProperties(delivery_mode=pika.DeliveryMode.Persistent),
    )
    print("sent", task)
connection.close()
