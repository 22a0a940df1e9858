import time

import pika


def seconds(task: bytes) -> int:
    return len(task) - len(task.rstrip(b"."))


def main() -> None:
    connection = pika.BlockingConnection(pika.ConnectionParameters("localhost"))
    channel = connection.channel()
    channel.queue_declare(queue="task_queue", durable=True)
    channel.basic_qos(prefetch_count=1)
    for method, _, task in channel.consume("task_queue"):
        for _ in range(seconds(task)):
            time.sleep(1)
        channel.basic_ack(method.delivery_tag)


try:
    main()
except KeyboardInterrupt:
    print("bye")
