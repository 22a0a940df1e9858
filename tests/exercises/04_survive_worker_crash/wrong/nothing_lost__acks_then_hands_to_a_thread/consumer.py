import functools
import logging
import threading
import time

import pika

import ledger

log = logging.getLogger("worker")
logging.basicConfig(level=logging.WARNING)


def record_somehow(task, pause=0.5):
    for attempt in range(100):
        try:
            return ledger.record_once(task)
        except OSError:
            log.warning("ledger away, attempt %d", attempt)
            time.sleep(pause)
    raise RuntimeError("no ledger")


def do_work(channel, tag, body):
    task = body.decode()
    time.sleep(task.count("."))
    record_somehow(task)


def on_message(channel, method, properties, body):
    channel.basic_ack(method.delivery_tag)
    threading.Thread(target=do_work, args=(channel, method.delivery_tag, body), daemon=True).start()


connection = pika.BlockingConnection(pika.ConnectionParameters("localhost"))
channel = connection.channel()
channel.queue_declare("task_queue", durable=True, arguments={"x-queue-type": "quorum"})
channel.basic_qos(prefetch_count=1)
channel.basic_consume("task_queue", on_message)
channel.start_consuming()
