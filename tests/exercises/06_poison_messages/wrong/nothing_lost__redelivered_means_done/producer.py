import sys

import pika

TASK_QUEUE = {"x-dead-letter-exchange": "", "x-dead-letter-routing-key": "dead_tasks"}

if __name__ == "__main__":
    connection = pika.BlockingConnection(pika.ConnectionParameters("localhost"))
    channel = connection.channel()
    channel.queue_declare("dead_tasks", durable=True)
    channel.queue_declare("task_queue", durable=True, arguments=TASK_QUEUE)
    for task in sys.argv[1:]:
        channel.basic_publish("", "task_queue", task, pika.BasicProperties(delivery_mode=2))
    connection.close()
