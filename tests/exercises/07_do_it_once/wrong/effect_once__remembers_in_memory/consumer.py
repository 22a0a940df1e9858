"""Work on tasks. Each task has one effect, however often it comes."""

import time

import ledger
import pika


done = set()


def write_down_once(task):
    """Record a task unless it is recorded already. The ledger may be away for a while."""
    while True:
        try:
            if task not in done:
                ledger.record(task)
                done.add(task)
            return True
        except ledger.LedgerError:
            time.sleep(0.5)


def work(channel, method, properties, body):
    task = body.decode()
    print("started", task)
    time.sleep(task.count("."))
    if not write_down_once(task):
        print(task, "was done before")
    channel.basic_ack(delivery_tag=method.delivery_tag)
    print("done", task)


connection = pika.BlockingConnection(pika.ConnectionParameters("localhost"))
channel = connection.channel()
channel.queue_declare(queue="task_queue", durable=True)
channel.basic_qos(prefetch_count=1)
channel.basic_consume(queue="task_queue", on_message_callback=work)
channel.start_consuming()
