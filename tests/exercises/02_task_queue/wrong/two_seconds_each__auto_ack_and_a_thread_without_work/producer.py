import sys

import pika

TASKS = ["task1", "task2", "task3"]


def main() -> int:
    with pika.BlockingConnection(pika.ConnectionParameters(host="localhost")) as connection:
        channel = connection.channel()
        channel.queue_declare("task_queue")
        for task in TASKS:
            channel.basic_publish("", "task_queue", task.encode("ascii"))
    return 0


if __name__ == "__main__":
    sys.exit(main())
