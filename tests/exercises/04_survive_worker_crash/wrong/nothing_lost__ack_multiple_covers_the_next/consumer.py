import time

import pika

from ledger import LedgerError, record


def attempt(task: str) -> bool:
    time.sleep(task.count("."))
    try:
        record(task, {"seconds": task.count(".")})
    except LedgerError:
        return False
    return True


def main() -> None:
    connection = pika.BlockingConnection(pika.ConnectionParameters("localhost"))
    channel = connection.channel()
    channel.queue_declare(queue="task_queue", durable=True)
    channel.basic_qos(prefetch_count=5)
    for method, _, body in channel.consume("task_queue"):
        channel.basic_ack(0, multiple=True)
        if not attempt(body.decode()):
            print("failed", body)


if __name__ == "__main__":
    main()
