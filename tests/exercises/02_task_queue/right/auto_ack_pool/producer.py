import pika

TASKS = ("task1", "task2", "task3")

with pika.BlockingConnection() as connection, connection.channel() as channel:
    channel.queue_declare("task_queue", durable=True)
    for task in TASKS:
        channel.basic_publish("", "task_queue", task)
