import functools
import threading
import time

import pika

import ledger


def record_once(task):
    while True:
        try:
            return ledger.record_once(task)
        except OSError:
            time.sleep(0.5)


def do_work(connection, channel, tag, task):
    time.sleep(len(task) - len(task.rstrip(".")))
    fresh = record_once(task)
    connection.add_callback_threadsafe(functools.partial(done, channel, tag, task, fresh))


def done(channel, tag, task, fresh):
    print(task, "is done" if fresh else "was done already")


def on_message(channel, method, properties, body, connection):
    channel.basic_ack(method.delivery_tag)
    arguments = (connection, channel, method.delivery_tag, body.decode())
    threading.Thread(target=do_work, args=arguments, daemon=True).start()


def main():
    connection = pika.BlockingConnection(pika.ConnectionParameters("localhost"))
    channel = connection.channel()
    channel.queue_declare("task_queue", durable=True, arguments={"x-queue-type": "quorum"})
    channel.basic_qos(prefetch_count=1)
    channel.basic_consume("task_queue", functools.partial(on_message, connection=connection))
    channel.start_consuming()


main()
