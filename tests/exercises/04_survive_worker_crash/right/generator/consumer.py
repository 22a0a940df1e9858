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
    channel.basic_qos(prefetch_count=1)
    for method, _, body in channel.consume("task_queue"):
        if attempt(body.decode()):
            channel.basic_ack(method.delivery_tag)
        else:
            # Somebody will do it again, and by then the ledger may be back.
            channel.basic_nack(method.delivery_tag, requeue=True)


if __name__ == "__main__":
    main()
