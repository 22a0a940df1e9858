import sys

import pika


def declare(channel):
    """task_queue → dead_tasks for good; a copy waits in `task_retry` and comes back from there by itself."""
    channel.queue_declare("dead_tasks", durable=True)
    back = {"x-message-ttl": 500, "x-dead-letter-exchange": "", "x-dead-letter-routing-key": "task_queue"}
    channel.queue_declare("task_retry", durable=True, arguments=back)
    aside = {"x-dead-letter-exchange": "", "x-dead-letter-routing-key": "dead_tasks"}
    channel.queue_declare("task_queue", durable=True, arguments=aside)


if __name__ == "__main__":
    connection = pika.BlockingConnection(pika.ConnectionParameters("localhost"))
    channel = connection.channel()
    declare(channel)
    for task in sys.argv[1:]:
        channel.basic_publish("", "task_queue", task, pika.BasicProperties(delivery_mode=2))
    connection.close()
