import functools
import threading
import time

import pika


def acknowledge(channel, tag):
    if channel.is_open:
        channel.basic_ack(tag)


def do_work(connection, channel, tag, body):
    time.sleep(2)
    print("finished", body.decode(), "in", threading.current_thread().name)
    connection.add_callback_threadsafe(functools.partial(acknowledge, channel, tag))


def on_message(channel, method, properties, body, connection):
    thread = threading.Thread(target=do_work, args=(connection, channel, method.delivery_tag, body))
    thread.start()


connection = pika.BlockingConnection(pika.ConnectionParameters("localhost"))
channel = connection.channel()
channel.queue_declare(queue="task_queue", durable=True, arguments={"x-max-priority": 5})
channel.basic_qos(prefetch_count=1)
channel.basic_consume("task_queue", functools.partial(on_message, connection=connection))
channel.start_consuming()
