import argparse

import pika

parser = argparse.ArgumentParser(description="Send tasks to the queue.")
parser.add_argument("tasks", nargs="*", help="such as resize...")
parser.add_argument("--host", default="localhost")
options = parser.parse_args()

with pika.BlockingConnection(pika.ConnectionParameters(options.host)) as connection:
    channel = connection.channel()
    channel.confirm_delivery()
    channel.queue_declare(queue="task_queue", durable=True)
    for task in options.tasks:
        channel.basic_publish("", "task_queue", task.encode(), mandatory=True)
