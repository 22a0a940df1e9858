import argparse

import pika

parser = argparse.ArgumentParser(description="Send tasks to the queue.")
parser.add_argument("tasks", nargs="*", help="such as film-300")
parser.add_argument("--host", default="localhost")
options = parser.parse_args()

with pika.BlockingConnection(pika.ConnectionParameters(options.host)) as connection:
    channel = connection.channel()
    channel.confirm_delivery()
    channel.queue_declare(queue="long_tasks", durable=True)
    for task in options.tasks:
        channel.basic_publish("", "long_tasks", task.encode(), mandatory=True)
