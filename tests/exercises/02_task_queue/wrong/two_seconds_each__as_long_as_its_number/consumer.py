"""Take tasks from the queue `task_queue`. Each task takes two seconds."""

import time

import pika


def work(channel, method, properties, body):
    print("started", body.decode())
    time.sleep(int(body[-1:]))
    print("done", body.decode())
    channel.basic_ack(delivery_tag=method.delivery_tag)


connection = pika.BlockingConnection(pika.ConnectionParameters("localhost"))
channel = connection.channel()
channel.queue_declare(queue="task_queue", durable=True)
channel.basic_qos(prefetch_count=1)
channel.basic_consume(queue="task_queue", on_message_callback=work)
channel.start_consuming()
