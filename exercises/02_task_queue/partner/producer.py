"""Our own producer. It takes the student's queue as it is, whether durable or not."""

import time

import pika

connection = pika.BlockingConnection(pika.ConnectionParameters("localhost"))
while True:
    channel = connection.channel()
    try:
        channel.queue_declare(queue="task_queue", passive=True)
        break
    except pika.exceptions.ChannelClosedByBroker:
        time.sleep(0.5)
for task in ("task1", "task2", "task3"):
    channel.basic_publish("", "task_queue", task, pika.BasicProperties(delivery_mode=2))
connection.close()
