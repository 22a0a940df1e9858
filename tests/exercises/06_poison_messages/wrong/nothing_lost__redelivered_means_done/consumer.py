"""Counts the tries in a header of its own. What is redelivered counts as done by whoever had it."""

import pika

import work
from producer import TASK_QUEUE

MOST = 3


def on_task(channel, method, properties, body):
    tries = (properties.headers or {}).get("tries", 1)
    if method.redelivered:
        channel.basic_ack(method.delivery_tag)
        return
    try:
        work.do(body)
    except work.WorkError as error:
        print("try", tries, error)
        if tries == MOST:
            channel.basic_reject(method.delivery_tag, requeue=False)
            return
        again = pika.BasicProperties(delivery_mode=2, headers={"tries": tries + 1})
        channel.basic_publish("", "task_queue", body, again)
    channel.basic_ack(method.delivery_tag)


connection = pika.BlockingConnection(pika.ConnectionParameters("localhost"))
channel = connection.channel()
channel.queue_declare("dead_tasks", durable=True)
channel.queue_declare("task_queue", durable=True, arguments=TASK_QUEUE)
channel.basic_qos(prefetch_count=1)
channel.basic_consume("task_queue", on_task)
channel.start_consuming()
