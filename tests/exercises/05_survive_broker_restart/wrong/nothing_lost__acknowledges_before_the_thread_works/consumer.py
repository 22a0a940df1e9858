import functools
import threading
import time

import pika

import ledger


def acknowledge(channel, tag):
    if channel.is_open:
        channel.basic_ack(tag)


def do_work(connection, channel, tag, body):
    time.sleep(body.count(b"."))
    ledger.record(body)


def on_message(channel, method, properties, body, connection):
    channel.basic_ack(method.delivery_tag)
    threading.Thread(target=do_work, args=(connection, channel, method.delivery_tag, body), daemon=True).start()


def run():
    connection = pika.BlockingConnection(pika.ConnectionParameters("localhost"))
    channel = connection.channel()
    channel.queue_declare("task_queue", durable=True)
    channel.basic_qos(prefetch_count=1)
    channel.basic_consume("task_queue", functools.partial(on_message, connection=connection))
    channel.start_consuming()


while True:
    try:
        run()
    except pika.exceptions.AMQPConnectionError:
        time.sleep(0.5)
    except KeyboardInterrupt:
        break
