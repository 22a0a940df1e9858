import sys

import pika

ARGUMENTS = {"x-dead-letter-exchange": "", "x-dead-letter-routing-key": "dead_tasks"}


def main(tasks):
    connection = pika.BlockingConnection(pika.ConnectionParameters("localhost"))
    channel = connection.channel()
    for name, arguments in {"dead_tasks": None, "task_queue": ARGUMENTS}.items():
        channel.queue_declare(name, durable=True, arguments=arguments)
    for task in tasks:
        channel.basic_publish("", "task_queue", task, pika.BasicProperties(delivery_mode=2))
    connection.close()


main(sys.argv[1:])
