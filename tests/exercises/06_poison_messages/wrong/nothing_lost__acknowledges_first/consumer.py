import pika

import producer
import work


MOST = 3


def on_task(channel, method, properties, body):
    channel.basic_ack(method.delivery_tag)
    try:
        work.do(body.decode())
    except Exception as error:
        # The broker starts x-death afresh for a copy that a program sends. So there is a header of our own.
        tries = int((properties.headers or {}).get("x-tries", 1))
        print(error, "- try", tries)
        if tries < MOST:
            later = pika.BasicProperties(delivery_mode=2, headers={"x-tries": tries + 1})
            channel.basic_publish("", "task_retry", body, later)
        else:
            channel.basic_publish("", "dead_tasks", body)


connection = pika.BlockingConnection(pika.ConnectionParameters("localhost"))
channel = connection.channel()
producer.declare(channel)
channel.basic_qos(prefetch_count=1)
channel.basic_consume("task_queue", on_task)
channel.start_consuming()
