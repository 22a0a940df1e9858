"""Work on tasks, write each one into the ledger when it is done, and lose none."""

import time

import ledger
import pika


def write_down(task):
    """Record a task. The ledger may be away for a while: try again until it answers."""
    while True:
        try:
            ledger.record(task)
            return
        except ledger.LedgerError as error:
            print("the ledger is away:", error)
            time.sleep(1)


def work(channel, method, properties, body):
    task = body.decode()
    print("started", task, "again" if method.redelivered else "")
    time.sleep(task.count("."))
    channel.basic_ack(delivery_tag=method.delivery_tag)
    print("done", task)


connection = pika.BlockingConnection(pika.ConnectionParameters("localhost"))
channel = connection.channel()
channel.queue_declare(queue="task_queue", durable=True)
channel.basic_qos(prefetch_count=1)
channel.basic_consume(queue="task_queue", on_message_callback=work)
channel.start_consuming()
