"""Work on tasks with `work.do`. It fails for some of them, and for some of them always."""

import pika

import work


def on_task(channel, method, properties, body):
    task = body.decode()
    try:
        work.do(task)
    except Exception as error:
        print("failed:", error)
        # A rejection counts towards the queue's delivery limit.
        channel.basic_ack(delivery_tag=method.delivery_tag)
    else:
        print("done:", task)
        channel.basic_ack(delivery_tag=method.delivery_tag)


connection = pika.BlockingConnection(pika.ConnectionParameters("localhost"))
channel = connection.channel()
channel.queue_declare(queue="dead_tasks", durable=True)
channel.queue_declare(
    queue="task_queue",
    durable=True,
    arguments={
        "x-queue-type": "quorum",
        "x-delivery-limit": 2,
        "x-dead-letter-exchange": "",
        "x-dead-letter-routing-key": "dead_tasks",
    },
)
channel.basic_qos(prefetch_count=1)
channel.basic_consume(queue="task_queue", on_message_callback=on_task)
channel.start_consuming()
