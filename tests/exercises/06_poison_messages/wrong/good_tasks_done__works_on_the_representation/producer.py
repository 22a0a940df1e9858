import sys

import pika

QUORUM = {
    "x-queue-type": "quorum",
    "x-dead-letter-exchange": "dlx",
    "x-dead-letter-routing-key": "dead",
    "x-dead-letter-strategy": "at-most-once",
}

connection = pika.BlockingConnection(pika.ConnectionParameters("localhost"))
channel = connection.channel()
channel.exchange_declare("dlx", "direct", durable=True)
channel.queue_declare("dead_tasks", durable=True, arguments={"x-queue-type": "quorum"})
channel.queue_bind("dead_tasks", "dlx", "dead")
channel.queue_declare("task_queue", durable=True, arguments=QUORUM)
for task in sys.argv[1:]:
    channel.basic_publish("", "task_queue", task)
connection.close()
