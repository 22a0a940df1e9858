"""The acknowledgement is part of a transaction; the work is skipped where the ledger has seen it."""

import time

import ledger
import pika


def patiently(function, *args):
    pause = 0.25
    while True:
        try:
            return function(*args)
        except ledger.LedgerError:
            time.sleep(pause)
            pause = min(2 * pause, 2)


def work(channel, method, properties, body):
    if not (method.redelivered and patiently(ledger.seen, body)):
        time.sleep(body.count(b"."))
        patiently(ledger.record, body)
    channel.basic_ack(method.delivery_tag)
    channel.tx_commit()


with pika.BlockingConnection(pika.ConnectionParameters("localhost")) as connection:
    channel = connection.channel()
    channel.queue_declare("task_queue", durable=True)
    channel.tx_select()
    channel.basic_qos(prefetch_count=1)
    channel.basic_consume("task_queue", work)
    channel.start_consuming()
